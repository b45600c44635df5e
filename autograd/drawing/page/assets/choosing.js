// Choosing boxes: what belongs together stays bright, search and filters, opening and closing modules.
"use strict";

/** What stands back at present: all that does not belong to the choice, or is not what is searched for. */
function fading() {
  const { chosen } = state;
  const from = chosen ? (chosen.node ? [chosen.node] : chosen.box.nodes) : null;
  const kept = from ? new Set([...graph.reach(from, true), ...graph.reach(from, false)]) : null;
  const words = byId("search").value.trim().toLowerCase();
  const limit = threshold();
  const onlyParameters = byId("only-parameters").checked;
  const noConstants = byId("no-constants").checked;
  const isOff = (node) => {
    if (kept && !kept.has(node)) return true;
    if (words && !matches(node, words)) return true;
    if (onlyParameters && node.kind !== "parameter") return true;
    return limit > 0 && (node.grad === null || !(sizeOf(node.grad) >= limit));
  };
  const isHidden = (box) => noConstants && box.node?.kind === "constant" && !box.node.root;
  const isFadedEdge = (edge) => {
    const isKin = !kept || edge.edges.some((each) => kept.has(each.tail) && kept.has(each.head));
    const flows = !(limit > 0) || edge.edges.some((each) => each.flow !== null && sizeOf(each.flow) >= limit);
    return !isKin || !flows || (words !== "" && edge.edges.every((each) => isOff(each.tail) && isOff(each.head)));
  };
  return { isFaded: (box) => box.nodes.every(isOff), isHidden, isFadedEdge };
}

const matches = (node, words) => [node.label, node.title, node.op, node.name, graph.path(node).join(".")].some((text) => text.toLowerCase().includes(words));

/** Say how many were found, also if that is none. */
function search() {
  const words = byId("search").value.trim().toLowerCase();
  const found = words ? graph.nodes.filter((node) => matches(node, words)).length : 0;
  byId("found").hidden = !words;
  byId("found").textContent = found ? `${found} found` : "nothing found";
  byId("live").textContent = words ? byId("found").textContent : "";
  update();
}

function threshold() {
  const place = Number(byId("threshold").value) / 100;
  const [low, high] = [state.colours.low, state.colours.high];
  const limit = place === 0 ? 0 : 10 ** (low + place * (high - low));
  rewrite(byId("threshold-text"), short(limit, 2));
  return limit;
}

/** Choose a box, or one of the values in it; nothing with null. A path of its gradient is lit: the largest comes first. */
function choose(box, node = box?.output ?? null, redraw = true, path = 0) {
  state.chosen = box ? { box, node } : null;
  state.shares = new Map();
  state.lit = new Set();
  state.path = 0;
  document.body.classList.toggle("has-choice", Boolean(box));
  if (node && !node.root) {
    for (const [edge, part] of graph.contributions(node)) if (node.grad) state.shares.set(edge, part / (node.grad - (node.before ?? 0)));
    const found = explain(graph, node);
    if (found?.paths[path]) state.path = path;
    if (found?.paths.length) state.lit = new Set(found.paths[state.path].edges);
    state.cancels = found ? found.cancels : false;
  }
  if (!redraw) return;
  update();
  if (box) showPart(byId("whatif").hidden ? byId("chosen") : byId("whatif"));
}

/** Bring a part of the panel to its top. */
function showPart(part) {
  const panel = byId("panel");
  panel.scrollTop += part.getBoundingClientRect().top - panel.getBoundingClientRect().top - 12;
}

function light(path, place) {
  state.lit = new Set(path.edges);
  state.path = place;
  update();
  byId("live").textContent = `This path adds ${short(path.product)}`;
}

function chooseNode(node) {
  const box = state.scene.boxOf.get(node);
  choose(box, node);
  camera.frame([state.fitted.laid.boxes.get(box)]);
}

/** Describe what is pointed at, else what is chosen. */
function describe() {
  const place = byId("chosen");
  const box = state.pointed ?? state.chosen?.box;
  const node = state.pointed ? null : state.chosen?.node;
  const shownKey = [state.version, box?.id, node?.id, state.sweep.direction, state.sweep.at, state.isFresh].join(" ");
  if (describe.shown === shownKey) return;
  describe.shown = shownKey;
  const context = { graph, sweep: state.sweep, scene: state.scene, choose: chooseNode, light, toggle, shares: node ? state.shares : new Map() };
  if (!box) showNothing(place, graph);
  else if (box.node) showNode(place, box.node, context);
  else if (node && node !== box.output) showNode(place, node, context);
  else showModule(place, box.module, box.nodes, false, () => toggle(box.module.id), context);
}

/** Open or close a module. What had the focus may be gone: it goes on to what took its place. */
function toggle(id) {
  const module = graph.modules.get(id);
  if (state.open.has(id)) {
    for (const [other, { chain }] of graph.modules) if (chain.includes(id)) state.open.delete(other);
  } else for (const each of module.chain) state.open.add(each);
  byId("level").value = "";
  const hadFocus = document.activeElement.closest("#graph, #panel");
  rebuild();
  if (hadFocus && !document.activeElement.closest("#graph")) picture.boxes.get(state.scene.byId.get(id) ?? state.scene.boxOf.get(module.nodes[0])).group.focus();
}

function listen(box) {
  const { group } = picture.boxes.get(box);
  const point = (to) => () => {
    if (state.chosen && to) return; // what was chosen stays until something else is
    state.pointed = to;
    describe();
  };
  listenLeaf(box, group);
  group.addEventListener("pointerenter", point(box));
  group.addEventListener("pointerleave", point(null));
  group.addEventListener("focus", () => {
    rove(box);
    if (!group.matches(":focus-visible")) return; // under a pointer it must stay where it is
    point(box)();
    camera.frame([state.fitted.laid.boxes.get(box)]);
  });
  group.addEventListener("blur", point(null));
  group.addEventListener("click", () => {
    if (camera.dragged) return;
    state.pointed = null;
    choose(state.chosen?.box === box ? null : box);
  });
  group.addEventListener("dblclick", () => box.module && toggle(box.module.id));
  if (box === state.scene.boxes[0]) group.setAttribute("tabindex", 0);
}

function listenFrame(frame) {
  const module = graph.modules.get(frame.dataset.module);
  frame.addEventListener("dblclick", () => toggle(module.id));
  frame.addEventListener("click", () => {
    if (camera.dragged) return;
    choose(null, null);
    describe.shown = "";
    showModule(byId("chosen"), module, module.nodes, true, () => toggle(module.id), { graph, scene: state.scene, choose: chooseNode, light });
  });
}

/** One box at a time can be reached with Tab: the last one that had the focus. */
function rove(box) {
  for (const { group } of picture.boxes.values()) setAttribute(group, "tabindex", "-1");
  picture.boxes.get(box).group.setAttribute("tabindex", 0);
}

/** The next box in a direction: along the edges to the left and right, else whichever lies nearest there. */
function neighbour(box, key) {
  const places = state.fitted.laid.boxes;
  const here = places.get(box);
  const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const linked = new Set(state.scene.edges.flatMap((edge) => (edge.tail === box ? [edge.head] : edge.head === box ? [edge.tail] : [])));
  let best = null;
  let least = Infinity;
  for (const other of state.scene.boxes) {
    const at = places.get(other);
    if (other === box || picture.boxes.get(other).group.classList.contains("gone")) continue;
    const along = (at.x - here.x) * right + (at.y - here.y) * down;
    const aside = Math.abs((at.x - here.x) * down) + Math.abs((at.y - here.y) * right);
    const far = (along + 2 * aside) * (right && linked.has(other) ? 0.2 : 1);
    if (along > 1 && far < least) [best, least] = [other, far];
  }
  return best;
}
