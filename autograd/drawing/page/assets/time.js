// Time: one step on or back, playing, forward or backward.
"use strict";

function goTo(step) {
  const { sweep } = state;
  const before = sweep.at;
  state.isFresh = false;
  sweep.goTo(step);
  if (state.chosen) choose(null, null, false);
  state.pointed = null;
  update();
  if (sweep.node && sweep.at) {
    const edges = [...passingEdges()];
    const boxes = [state.scene.boxOf.get(sweep.node), ...edges.map((edge) => edge.tail)];
    camera.frame(boxes.map((box) => state.fitted.laid.boxes.get(box)));
    if (sweep.at > before) picture.pulse(edges, sweep.isBackward);
  }
  if (state.playing === null) byId("live").textContent = sentence(sweep);
}

/** One step; in a collapsed picture as many as it takes until another box has had its turn. */
function step(by) {
  const { sweep, scene } = state;
  const steps = scene.completions(sweep.order);
  goTo(by > 0 ? steps.find((each) => each > sweep.at) ?? sweep.length : steps.findLast((each) => each < sweep.at) ?? 0);
}

function pause() {
  clearInterval(state.playing);
  state.playing = null;
  byId("play").setAttribute("aria-label", "Play");
  document.body.classList.remove("playing");
}

function play() {
  const { sweep } = state;
  if (state.playing !== null) {
    pause();
    byId("live").textContent = sentence(sweep);
    return;
  }
  if (sweep.at === sweep.length) goTo(0);
  byId("play").setAttribute("aria-label", "Pause");
  document.body.classList.add("playing");
  state.playing = setInterval(() => {
    step(1);
    if (sweep.at === sweep.length) pause();
  }, quiet.matches ? 2000 : 900);
}

function turn(direction) {
  if (direction === "backward" && !graph.hasGradients) return;
  pause();
  state.sweep = sweeps[direction];
  goTo(state.sweep.at);
}

/** As the page opens: the end of the story, and no step of it. */
function startAnew() {
  pause();
  state.sweep = graph.hasGradients ? sweeps.backward : sweeps.forward;
  state.sweep.goTo(state.sweep.length);
  state.isFresh = true;
}
