// What the page shows now: which modules are open, which step it is, what is chosen; and the painting of it.
"use strict";

const story = JSON.parse(byId("story").textContent);
const graph = new Graph(story);
document.body.classList.toggle("trains", Boolean(story.training));
const sweeps = { forward: new Sweep(graph, "forward"), backward: new Sweep(graph, "backward") };
const picture = new Picture(byId("graph"));
const camera = new Camera(byId("graph"), () => {
  minimap.update();
  if (state.behind !== null) update();
});
const minimap = new Minimap(byId("minimap"), camera);

const state = {
  sweep: graph.hasGradients ? sweeps.backward : sweeps.forward,
  colours: new Colours(story.scale),
  open: new Set(), // the modules that are open
  scene: null,
  fitted: null, // its layout
  chosen: null, // a box that was clicked, or a value inside one: the others are dimmed
  pointed: null, // a box under the pointer or in focus
  lit: new Set(), // the edges of the path that is shown
  path: 0, // which of the paths in the panel that is
  cancels: false, // whether the paths of the chosen value's gradient nearly cancel
  shares: new Map(), // of the chosen value: how much of its gradient came along each edge
  playing: null,
  isHeld: false, // the picture is pressed or dragged: its boxes have to stay where they are
  version: 0, // how often the numbers have changed
  behind: null, // the timer that will paint what was left out in a hurry
  isFresh: true, // nobody has taken a step yet: the picture shows the end of the story
};

const strip = new Strip(byId("strip"), graph, (nodes) => chooseNode(nodes.reduce((best, node) => (sizeOf(node.grad ?? 0) > sizeOf(best.grad ?? 0) ? node : best))));
let table = null;

const MOST_CHIPS = 10;

const isComparing = () => Boolean(story.compare) && byId("compare").value === "difference";

/** What is known at this step, for those who write it down. */
function present(sweep = state.sweep) {
  const gradient = (node) => sweep.gradient(node);
  const value = (node) => sweep.value(node);
  return {
    isBackward: sweep.isBackward,
    hasGradients: sweep.isBackward && graph.hasGradients,
    gradient,
    value,
    flow: (edge) => (sweep.isBackward ? state.scene.flow(edge, (each) => sweep.passed.has(each)) : null),
    pair(node) {
      if (node.kind === "constant") return [held(value(node)), null];
      if (isComparing() && node.id in story.compare.nodes) return [null, `∇ ${short(decode(story.compare.nodes[node.id]))} | ${short(node.grad)}`];
      return [held(value(node)), sweep.isBackward ? gradientText(gradient(node)) : null];
    },
  };
}

/** What is written at the end of the story: it takes the most room. */
function final() {
  return { ...present(), gradient: (node) => node.grad, value: (node) => node.value, hasGradients: graph.hasGradients, pair: (node) => [held(node.value), node.kind === "constant" || !graph.hasGradients ? null : gradientText(node.grad)] };
}

// ------------------------------------------------------------------------------------------------------------ layout

const linesFor = (now, stacked) => (box) => linesOf(box, stacked, now);

function fitted(scene) {
  const now = final();
  const label = (edge) => widestLabel(labelOf(scene, edge, { ...now, isBackward: graph.hasGradients, flow: (each) => scene.flow(each) }));
  return fitScene(scene, camera.room, (box, stacked) => linesOf(box, stacked, now), label);
}

/** The deepest level at which everything can be read at once; if there is none, the one with the largest letters. */
function readableDepth() {
  let best = { depth: 0, scale: 0 };
  for (let depth = graph.depth; depth >= 0; depth--) {
    const scene = new Scene(graph, openAt(graph, depth), MOST_AT_FIRST);
    if (scene.boxes.length > WRITTEN_ON_EDGES && depth > 0) continue;
    const { scale } = fitted(scene);
    if (scale >= SMALLEST) return depth;
    if (scale > best.scale) best = { depth, scale };
  }
  return best.depth;
}

/** Lay the scene out for the modules that are open, and draw it. */
function rebuild(most = MOST_BOXES) {
  const scene = new Scene(graph, state.open, graph.modules.size ? most : MOST_AT_FIRST);
  state.scene = scene;
  state.fitted = fitted(scene);
  camera.whole = state.fitted.laid;
  const focused = document.activeElement?.closest?.("#graph .box")?.id;
  picture.show(scene, state.fitted, linesFor(final(), state.fitted.stacked));
  minimap.show(state.fitted.laid);
  for (const box of scene.boxes) listen(box);
  if (focused && scene.byId.has(focused)) picture.boxes.get(scene.byId.get(focused)).group.focus();
  for (const frame of byId("graph").querySelectorAll(".frame")) listenFrame(frame);
  const box = state.chosen && (scene.byId.get(state.chosen.box.id) ?? scene.boxOf.get(state.chosen.box.node ?? state.chosen.node));
  choose(box ?? null, box ? state.chosen.node : null, false, state.path);
  state.pointed = null;
  camera.fit();
  update();
  byId("summary").textContent = summary();
  document.body.dataset.ready = "yes";
}

function summary() {
  const parameters = graph.nodes.filter((node) => node.kind === "parameter").length;
  const parts = [count(story.total, "value"), ...(parameters ? [count(parameters, "parameter")] : [])];
  if (state.scene.boxes.length !== graph.nodes.length) parts.push(`${state.scene.boxes.length.toLocaleString("en")} boxes`);
  if (state.scene.left) parts.push(`${count(state.scene.left, "value")} left out`);
  return parts.join(" · ");
}

// ---------------------------------------------------------------------------------------------------------- painting

/**
 * Show the present step everywhere. In a hurry, while numbers follow a hand, only what can be seen of a large picture; the
 * rest is made good as soon as nothing has changed for a moment, or the camera moves.
 */
function update(isHurried = false) {
  const { sweep, scene, colours, isFresh } = state;
  const isPart = isHurried && scene.boxes.length > WRITTEN_ON_EDGES;
  clearTimeout(state.behind);
  state.behind = isPart ? setTimeout(() => update(), 250) : null;
  const places = state.fitted.laid.boxes;
  const isUnseen = (one, other = one) => isPart && !camera.sees(places.get(one), places.get(other));
  const isWritten = !(isPart && camera.isTiny);
  const now = present();
  const faded = fading();
  const current = sweep.node && !isFresh && sweep.at > 0 ? scene.boxOf.get(sweep.node) : null;
  const passing = current ? passingEdges() : new Set();
  const touched = new Set([...passing].map((edge) => edge.tail));
  const onPath = new Set([...state.lit].flatMap((edge) => [scene.boxOf.get(edge.tail), scene.boxOf.get(edge.head)]));
  for (const box of scene.boxes) {
    if (isUnseen(box)) continue;
    const look = [
      toneOf(box, now), stateOf(box, sweep), box === current && "current", touched.has(box) && box !== current && "operand",
      box === state.chosen?.box && "chosen", onPath.has(box) && "lit", faded.isFaded(box) && "dim", faded.isHidden(box) && "gone",
      box.flags, box.node && engine?.isLeaf(box.node) && "leaf", isBroken(box.node) && "broken",
    ].filter(Boolean).join(" ");
    const lines = isWritten ? linesOf(box, state.fitted.stacked, now) : [];
    picture.paintBox(box, lines, look, isPart ? null : () => spokenOf(box, lines, now));
  }
  const noted = notes();
  const hasNote = new Set(noted.map(({ edge }) => edge));
  for (const edge of scene.edges) {
    if (isUnseen(edge.tail, edge.head)) continue;
    const flow = now.flow(edge);
    const isConstant = edge.edges.every((each) => each.constant);
    const look = [
      isConstant ? "constant" : colours.tone(flow), flow === null && !isConstant && sweep.isBackward && "waiting", passing.has(edge) && "now", hasNote.has(edge) && "noted",
      edge.edges.some((each) => state.lit.has(each)) && "lit", faded.isFadedEdge(edge) && "dim", faded.isHidden(edge.tail) && "gone",
    ].filter(Boolean).join(" ");
    picture.paintEdge(edge, look, isConstant ? 0.8 : colours.width(flow, THIN.thinnest, THIN.thickest), labelOf(scene, edge, now));
  }
  picture.annotate(noted);
  strip.update((node) => (sweep.isBackward ? now.gradient(node) : node.grad), colours);
  showStep(byId("now"), state, chooseNode);
  describe();
  whatIf.show(state.chosen?.node ?? null);
  showChanges();
  table?.update(sweep);
  showTime();
  address.write();
}

/** The edges of the picture along which something goes at this step. */
function passingEdges() {
  const { sweep, scene } = state;
  const box = scene.boxOf.get(sweep.node);
  if (!box.node) return new Set(scene.edges.filter((edge) => edge.head === box));
  const edges = sweep.isBackward ? sweep.terms.map(({ edge }) => edge) : sweep.node.operands;
  return new Set(edges.map((edge) => scene.edgeOf.get(edge)).filter(Boolean));
}

/** The gradient that colours a box; null for none. */
function gradientOf(box, now) {
  if (!now.isBackward || !box.isGraded) return null;
  if (box.output) return now.gradient(box.output);
  const found = together(box.nodes, now.gradient);
  return found && { size: found.norm };
}

function toneOf(box, now) {
  if (isComparing()) {
    const gap = gapIn(box);
    if (gap === null || gap === 0 || !Number.isFinite(gap)) return gap === null ? "" : gap === 0 ? "zero" : "alarm";
    return `${gap < 0 ? "minus" : "plus"}${Math.max(2, Math.round(6 * Math.sqrt(Math.abs(gap) / largestGap())))}`;
  }
  const gradient = gradientOf(box, now);
  return Number.isNaN(gradient?.size) ? "" : state.colours.tone(gradient);
}

/** "waiting" or "partial" while not all of a box is known. */
function stateOf(box, sweep) {
  if (!box.isGraded) return "";
  const states = box.output ? [sweep.state(box.output)] : [...new Set(box.nodes.filter((node) => node.kind !== "constant").map((node) => sweep.state(node)))];
  if (states.every((each) => each === "done")) return "";
  return states.every((each) => each === "waiting") ? "waiting" : "partial";
}

const isBroken = (node) => typeof node?.value === "number" && !Number.isFinite(node.value);

/** How far two gradients of a value are apart; 0 where they differ by rounding only, null where there is but one. */
const gapOf = (node) => (node.id in story.compare.gaps ? decode(story.compare.gaps[node.id]) : null);

/** The largest difference in a box. */
function gapIn(box) {
  const gaps = box.nodes.map(gapOf).filter((gap) => gap !== null);
  return gaps.find(Number.isNaN) ?? (gaps.length ? gaps.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one)) : null);
}

const largestGap = () => Math.max(...Object.values(story.compare.gaps).map((gap) => Math.abs(decode(gap))).filter(Number.isFinite), 1e-300);

/** Words on edges: the products of this step; or of a chosen value the share of its gradient along each edge. */
function notes() {
  const { scene, sweep, shares } = state;
  if (shares.size) {
    const found = new Map();
    for (const [edge, share] of shares) if (scene.edgeOf.has(edge)) found.set(scene.edgeOf.get(edge), (found.get(scene.edgeOf.get(edge)) ?? 0) + share);
    const total = state.chosen.node.grad - (state.chosen.node.before ?? 0);
    const text = (share) => (state.cancels ? short(share * total) : percent(share));
    const isLit = (edge) => edge.edges.some((each) => state.lit.has(each));
    const visible = [...found].filter(([, share]) => Math.abs(share) >= 5e-4);
    const isWritten = visible.filter(([edge]) => isLit(edge)).length <= 2 * MOST_CHIPS; // on a long path it would stand on every box
    const shown = visible.length <= MOST_CHIPS ? visible : visible.filter(([edge]) => (isLit(edge) && isWritten) || edge.tail === state.chosen.box);
    return shown.map(([edge, share]) => ({ edge, text: text(share), look: isLit(edge) ? "lit" : "" }));
  }
  if (state.isFresh || !sweep.at || scene.boxes.length > MOST_AT_FIRST * 4) return [];
  const box = scene.boxOf.get(sweep.node);
  if (sweep.isBackward && box?.output && !box.node) {
    const entering = scene.edges.filter((edge) => edge.head === box && scene.derivative(edge) !== null);
    return entering.map((edge) => ({ edge, text: `${short(box.output.grad)} × ${short(scene.derivative(edge))}` }));
  }
  const inside = sweep.isBackward
    ? sweep.terms.map(({ edge, upstream }) => ({ edge: scene.edgeOf.get(edge), text: typeof edge.flow === "number" ? `${short(upstream)} × ${short(edge.partial)}` : `‖${short(edge.flow.size)}‖` }))
    : (sweep.node?.operands ?? []).map((edge) => ({ edge: scene.edgeOf.get(edge), text: short(edge.tail.value) }));
  return inside.filter(({ edge }) => edge && edge.edges.length === 1);
}

const directions = document.querySelectorAll("input[name=direction]");

function showTime() {
  const { sweep } = state;
  const slider = byId("slider");
  setAttribute(slider, "max", String(sweep.length));
  slider.value = sweep.at;
  setAttribute(slider, "aria-valuetext", sentence(sweep));
  rewrite(byId("counter"), `${sweep.at} / ${sweep.length}`);
  for (const input of directions) input.checked = input.value === sweep.direction;
  document.body.dataset.step = `${sweep.direction} ${sweep.at}`;
}
