// Time: one step on or back, playing, forward or backward.
"use strict";

function sentence() {
  if (sweep.at === 0 || !sweep.node) return `Start, ${sweep.direction}`;
  const name = nameOf(sweep.node) || sweep.node.op;
  const start = `Step ${sweep.at} of ${sweep.length}, ${sweep.direction}: ${name}`;
  if (sweep.direction === "forward") return `${start} is ${short(sweep.node.value)}`;
  const terms = sweep.terms.map(({ edge, upstream, after }) => (typeof edge.flow === "number"
    ? `to ${nameOf(edge.tail)} goes ${short(upstream)} times ${short(edge.partial)}, ${short(edge.flow)}, its sum is ${short(after)}`
    : `to ${nameOf(edge.tail)} goes ${short(edge.flow)}`));
  return `${start} has gradient ${short(sweep.node.grad)}; ${terms.join("; ") || "nothing goes on"}`;
}

function goTo(step) {
  fresh = false;
  sweep.goTo(step);
  if (chosen) choose(null, false);
  update();
  if (sweep.node && sweep.at) picture.frame([sweep.node, ...sweep.node.operands.map((edge) => edge.tail)].map((node) => scene.boxOf.get(node)));
  if (playing === null) byId("live").textContent = sentence();
}

/** One step; in a collapsed picture as many as it takes to come to another box. */
function step(by) {
  const boxAt = (place) => (place > 0 ? scene.boxOf.get(sweep.order[place - 1]) : null);
  let place = Math.min(Math.max(sweep.at + by, 0), sweep.length);
  const box = boxAt(place);
  while (box && !box.node && place + by > 0 && place + by <= sweep.length && boxAt(place + by) === box) place += by;
  goTo(place);
}

function pause() {
  clearInterval(playing);
  playing = null;
  byId("play").setAttribute("aria-label", "Play");
  document.body.classList.remove("playing");
}

function play() {
  if (playing !== null) {
    pause();
    byId("live").textContent = sentence();
    return;
  }
  if (sweep.at === sweep.length) goTo(0);
  byId("play").setAttribute("aria-label", "Pause");
  document.body.classList.add("playing");
  playing = setInterval(() => {
    step(1);
    if (sweep.at === sweep.length) pause();
  }, quiet.matches ? 2000 : 900);
}

function turn(direction) {
  if (direction === "backward" && !graph.hasGradients) return;
  pause();
  sweep = sweeps[direction];
  goTo(sweep.at);
}
