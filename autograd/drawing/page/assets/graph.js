// The graph: values, edges and modules, which of them share a box at a zoom level, and who depends on whom.
"use strict";

const MOST_AT_FIRST = 300; // boxes that a person can still read
const MOST_BOXES = 1200; // boxes that a browser can still lay out while one waits

class Graph {
  constructor(story) {
    this.story = story;
    this.modules = new Map((story.modules ?? []).map((each) => [each.id, { ...each, nodes: [], parent: each.parent ?? "" }]));
    for (const module of this.modules.values()) {
      const above = this.modules.get(module.parent);
      module.chain = above ? [...above.chain, module.id] : [module.id]; // outer modules come first
      module.path = above ? [...above.path, module.name] : [module.name];
    }
    this.nodes = story.nodes.map((node, place) => ({
      title: "", label: "", op: "", module: "", source: "", ...node, place,
      value: decode(node.value), grad: decode(node.grad), before: decode(node.before), operands: [], uses: [],
    }));
    this.byId = new Map(this.nodes.map((node) => [node.id, node]));
    this.edges = story.edges.map((edge) => ({
      mark: "", constant: false, ...edge, tail: this.byId.get(edge.tail), head: this.byId.get(edge.head),
      partial: decode(edge.partial), flow: decode(edge.flow), after: decode(edge.after),
      formula: story.formulas[edge.formula] ?? "",
    }));
    for (const edge of this.edges) {
      edge.head.operands.push(edge);
      edge.tail.uses.push(edge);
    }
    for (const node of this.nodes) node.operands.sort((one, other) => (one.slot ?? 0) - (other.slot ?? 0));
    for (const node of this.nodes) for (const id of this.chain(node)) this.modules.get(id).nodes.push(node);
    this.roots = this.nodes.filter((node) => node.root);
    this.depth = Math.max(0, ...[...this.modules.values()].map((module) => module.chain.length));
    this.hasGradients = (story.backward ?? []).length > 0;
  }

  chain(node) {
    return this.modules.get(node.module)?.chain ?? [];
  }

  path(node) {
    return this.modules.get(node.module)?.path ?? [];
  }

  /** The modules that are open when no more than `depth` frames lie inside one another. */
  openAt(depth) {
    return new Set([...this.modules.values()].filter((module) => module.chain.length <= depth).map((module) => module.id));
  }

  /** The deepest level that a person can read at once. */
  readableDepth() {
    for (let depth = this.depth; depth > 0; depth--) {
      if (this.boxes(this.openAt(depth), Infinity).boxes.length <= MOST_AT_FIRST) return depth;
    }
    return 0;
  }

  /** What is drawn when these modules are open: boxes of one value or one module, edges between them, frames. */
  boxes(open, most) {
    const boxes = new Map();
    const boxOf = new Map();
    for (const node of this.nodes) {
      const closed = this.chain(node).find((id) => !open.has(id));
      const id = closed ?? node.id;
      if (!boxes.has(id)) {
        const module = closed ? this.modules.get(closed) : null;
        boxes.set(id, { id, module, node: module ? null : node, nodes: [], frame: module ? module.parent : node.module });
      }
      boxes.get(id).nodes.push(node);
      boxOf.set(node, boxes.get(id));
    }
    let left = 0;
    if (boxes.size > most) left = this.leaveOut(boxes, boxOf, most);
    const edges = new Map();
    for (const edge of this.edges) {
      const [tail, head] = [boxOf.get(edge.tail), boxOf.get(edge.head)];
      if (tail === head) continue;
      const key = tail.node && head.node ? edge.id : `${tail.id} ${head.id}`;
      if (!edges.has(key)) edges.set(key, { id: edge.id, tail, head, edges: [] });
      edges.get(key).edges.push(edge);
    }
    for (const edge of edges.values()) if (edge.edges.length > 1) edge.id = `e${edge.tail.id}_${edge.head.id}`;
    const shown = [...boxes.values()];
    const needed = new Set(shown.flatMap((box) => this.modules.get(box.frame)?.chain ?? []));
    const frames = [...this.modules.values()].filter((module) => needed.has(module.id));
    return { boxes: shown, edges: [...edges.values()], frames, boxOf, left };
  }

  /** Only the boxes nearest to the result stay; all others become one. */
  leaveOut(boxes, boxOf, most) {
    const kept = new Set();
    const waiting = this.roots.map((root) => boxOf.get(root));
    for (let next = 0; next < waiting.length && kept.size < most; next++) {
      if (kept.has(waiting[next])) continue;
      kept.add(waiting[next]);
      for (const node of waiting[next].nodes) waiting.push(...node.operands.map((edge) => boxOf.get(edge.tail)));
    }
    const rest = { id: "rest", module: null, node: null, nodes: [], frame: "" };
    for (const [id, box] of boxes) {
      if (kept.has(box)) continue;
      boxes.delete(id);
      rest.nodes.push(...box.nodes);
    }
    for (const node of rest.nodes) boxOf.set(node, rest);
    boxes.set("rest", rest);
    return rest.nodes.length;
  }

  /** All that these values were computed from, or all that was computed from them; themselves included. */
  reach(nodes, forward) {
    const found = new Set(nodes);
    const waiting = [...nodes];
    while (waiting.length) {
      const node = waiting.pop();
      for (const edge of forward ? node.uses : node.operands) {
        const next = forward ? edge.head : edge.tail;
        if (!found.has(next)) {
          found.add(next);
          waiting.push(next);
        }
      }
    }
    return found;
  }

  /**
   * How much of a value's gradient came along each edge between it and the result: the sum over all paths through the
   * edge of the products of their local derivatives, divided by the whole. Empty where the gradient is 0 or unknown.
   */
  shares(node) {
    const shares = new Map();
    if (typeof node.grad !== "number" || !Number.isFinite(node.grad) || node.grad === 0) return shares;
    const from = new Map([[node, 1]]); // ∂each / ∂node
    const later = [...this.reach([node], true)].sort((one, other) => one.place - other.place);
    for (const each of later) {
      for (const edge of each.uses) {
        if (edge.partial === null || typeof edge.head.grad !== "number") continue;
        const carried = from.get(each) * edge.partial;
        from.set(edge.head, (from.get(edge.head) ?? 0) + carried);
        shares.set(edge, (carried * edge.head.grad) / node.grad);
      }
    }
    return shares;
  }
}

/** The norm of the gradients of a module's parameters, or of all its values if it has none; null if none is known. */
function together(nodes, gradientOf) {
  const parameters = nodes.filter((node) => node.kind === "parameter");
  const known = (parameters.length ? parameters : nodes).map(gradientOf).filter((amount) => amount !== null);
  if (!known.length) return null;
  const sizes = known.map(sizeOf);
  return { norm: Math.hypot(...sizes), low: Math.min(...sizes), high: Math.max(...sizes) };
}
