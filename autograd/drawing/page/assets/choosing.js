// Choosing boxes: what belongs together stays bright, search and filters, opening and closing modules.
"use strict";

function dim() {
  const kept = chosen ? new Set([...graph.reach(chosen.nodes, true), ...graph.reach(chosen.nodes, false)]) : null;
  const words = byId("search").value.trim().toLowerCase();
  const limit = threshold();
  const isFaded = (node) => {
    if (kept && !kept.has(node)) return true;
    if (words && ![node.label, node.title, node.op, graph.path(node).join(".")].some((text) => text.toLowerCase().includes(words))) return true;
    if (byId("only-parameters").checked && node.kind !== "parameter") return true;
    return limit > 0 && (node.grad === null || !(sizeOf(node.grad) >= limit));
  };
  const bare = byId("no-constants").checked;
  const hidden = (box) => bare && box.node?.kind === "constant" && !box.node.root;
  for (const [box, { group }] of picture.items) {
    group.classList.toggle("dim", box.nodes.every(isFaded));
    group.classList.toggle("gone", hidden(box));
  }
  for (const [edge, { group }] of picture.lines) {
    const kin = !kept || edge.edges.some((each) => kept.has(each.tail) && kept.has(each.head));
    const flows = !(limit > 0) || edge.edges.some((each) => each.flow !== null && sizeOf(each.flow) >= limit);
    group.classList.toggle("dim", !kin || !flows || (words !== "" && edge.edges.every((each) => isFaded(each.tail) && isFaded(each.head))));
    group.classList.toggle("gone", hidden(edge.tail));
  }
  const found = words ? graph.nodes.filter((node) => !isFaded(node)).length : 0;
  if (words) byId("live").textContent = `${found} found`;
}

function threshold() {
  const place = Number(byId("threshold").value) / 100;
  const [low, high] = story.scale.map(Math.log10);
  const limit = place === 0 ? 0 : 10 ** (low + place * (high - low));
  byId("threshold-text").textContent = short(limit, 2);
  return limit;
}

function choose(box, redraw = true) {
  chosen = box;
  shares = box?.node ? graph.shares(box.node) : new Map();
  if (redraw) update();
}

function chooseNode(node) {
  const box = scene.boxOf.get(node);
  choose(box);
  picture.frame([box]);
}

function describe() {
  const box = pointed ?? chosen;
  if (!box) showNothing(graph);
  else if (box.node) showNode(box.node, sweep, box === chosen ? shares : graph.shares(box.node), chooseNode);
  else showModule(box.module, box.nodes, sweep, false, () => toggle(box.module.id));
}

function toggle(id) {
  if (open.has(id)) {
    for (const [other, module] of graph.modules) if (module.chain.includes(id)) open.delete(other);
  } else open.add(id);
  byId("level").value = "";
  return rebuild();
}

function listen(box) {
  const { group } = picture.items.get(box);
  const point = (to) => () => {
    pointed = to;
    describe();
  };
  group.addEventListener("pointerenter", point(box));
  group.addEventListener("pointerleave", point(null));
  group.addEventListener("focus", () => {
    point(box)();
    rove(box);
    if (group.matches(":focus-visible")) picture.frame([box]); // by keyboard: under a pointer it must stay where it is
  });
  group.addEventListener("blur", point(null));
  group.addEventListener("click", () => {
    if (!picture.dragged) choose(chosen === box ? null : box);
  });
  group.addEventListener("dblclick", () => box.module && toggle(box.module.id));
  if (box === scene.boxes[0]) group.setAttribute("tabindex", 0);
}

/** One box at a time can be reached with Tab: the last one that had the focus. */
function rove(box) {
  for (const { group } of picture.items.values()) group.setAttribute("tabindex", -1);
  picture.items.get(box).group.setAttribute("tabindex", 0);
}

/** The next box in a direction: along the edges to the left and right, else whichever lies nearest there. */
function neighbour(box, key) {
  const here = picture.laid.boxes.get(box.id);
  const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const linked = new Set(scene.edges.flatMap((edge) => (edge.tail === box ? [edge.head] : edge.head === box ? [edge.tail] : [])));
  let best = null;
  let least = Infinity;
  for (const other of scene.boxes) {
    const at = picture.laid.boxes.get(other.id);
    if (other === box || !at || picture.items.get(other).group.classList.contains("gone")) continue;
    const along = (at.x - here.x) * right + (at.y - here.y) * down;
    const aside = Math.abs((at.x - here.x) * down) + Math.abs((at.y - here.y) * right);
    const far = (along + 2 * aside) * (right && linked.has(other) ? 0.2 : 1);
    if (along > 1 && far < least) [best, least] = [other, far];
  }
  return best;
}
