// The scene: which values share a box when some modules are open, the edges between boxes, and the frames around them.
"use strict";

const MOST_AT_FIRST = 300; // boxes that a person can still read
const MOST_LEAVES = 24; // stay where they are far from the result: they are what a reader can move
const MOST_BOXES = 1500; // boxes that a browser can still draw while one waits

class Scene {
  /** What is drawn of a graph when these modules are open. */
  constructor(graph, open, most = MOST_BOXES) {
    this.graph = graph;
    this.boxOf = new Map();
    const boxes = new Map();
    for (const node of graph.nodes) {
      const closed = graph.chain(node).find((id) => !open.has(id));
      const id = closed ?? node.id;
      if (!boxes.has(id)) {
        const module = closed ? graph.modules.get(closed) : null;
        boxes.set(id, { id, module, node: module ? null : node, nodes: [], frame: module ? module.parent : node.module });
      }
      boxes.get(id).nodes.push(node);
      this.boxOf.set(node, boxes.get(id));
    }
    this.left = boxes.size > most ? this.leaveOut(boxes, most) : 0;
    this.boxes = [...boxes.values()].sort((one, other) => lastPlace(one) - lastPlace(other));
    for (const box of this.boxes) describeBox(box);
    this.edges = this.bundle();
    const needed = new Set(this.boxes.flatMap((box) => graph.modules.get(box.frame)?.chain ?? []));
    this.frames = [...graph.modules.values()].filter((module) => needed.has(module.id));
    this.byId = new Map(this.boxes.map((box) => [box.id, box]));
    this.edgeOf = new Map(this.edges.flatMap((edge) => edge.edges.map((each) => [each, edge])));
  }

  /** Between two single values one edge for each operand; between other boxes one for all. */
  bundle() {
    const edges = new Map();
    for (const edge of this.graph.edges) {
      const [tail, head] = [this.boxOf.get(edge.tail), this.boxOf.get(edge.head)];
      if (tail === head) continue;
      const key = tail.node && head.node ? edge.id : `${tail.id} ${head.id}`;
      if (!edges.has(key)) edges.set(key, { id: edge.id, tail, head, edges: [] });
      edges.get(key).edges.push(edge);
    }
    for (const edge of edges.values()) if (edge.edges.length > 1) edge.id = `e${edge.tail.id}_${edge.head.id}`;
    return [...edges.values()];
  }

  /** Only the boxes nearest to the result stay, and the leaves if they are few; all others become one. */
  leaveOut(boxes, most) {
    const kept = new Set();
    const waiting = this.graph.roots.map((root) => this.boxOf.get(root));
    for (let next = 0; next < waiting.length && kept.size < most; next++) {
      if (kept.has(waiting[next])) continue;
      kept.add(waiting[next]);
      for (const node of waiting[next].nodes) waiting.push(...node.operands.map((edge) => this.boxOf.get(edge.tail)));
    }
    const leaves = [...boxes.values()].filter(({ nodes: [node] }) => node.kind !== "constant" && !node.operands.length && !node.module);
    if (leaves.length <= MOST_LEAVES) for (const box of leaves) kept.add(box);
    const rest = { id: "others", module: null, node: null, nodes: [], frame: "" };
    for (const [id, box] of boxes) {
      if (kept.has(box)) continue;
      boxes.delete(id);
      rest.nodes.push(...box.nodes);
    }
    for (const node of rest.nodes) this.boxOf.set(node, rest);
    boxes.set(rest.id, rest); // not "rest": that is what was left out before the page was written
    return rest.nodes.length;
  }

  /** The steps of a sweep after which all values of a box have had their turn: the steps of this picture. */
  completions(order) {
    const left = new Map();
    for (const node of order) left.set(this.boxOf.get(node), (left.get(this.boxOf.get(node)) ?? 0) + 1);
    const steps = [];
    order.forEach((node, k) => {
      const box = this.boxOf.get(node);
      left.set(box, left.get(box) - 1);
      if (left.get(box) === 0) steps.push(k + 1);
    });
    return steps;
  }

  /**
   * What flowed back along an edge of the picture: along the edges it stands for the sum, if they come from one value;
   * else their norm. Null while nothing has.
   */
  flow(edge, has = () => true) {
    if (edge.edges.length === 1) return has(edge.edges[0]) ? edge.edges[0].flow : null;
    const flows = edge.edges.filter((each) => has(each) && each.flow !== null).map((each) => each.flow);
    if (!flows.length) return null;
    if (flows.length === 1) return flows[0];
    if (edge.tail.output && flows.every((flow) => typeof flow === "number")) return sum(flows);
    return { size: Math.hypot(...flows.map(sizeOf)) };
  }

  /** The derivative of the box at the end of an edge to the box at its start; null where it is no single number. */
  derivative(edge) {
    if (!edge.tail.output || !edge.head.output) return null;
    const through = edge.head.node ? null : this.through(edge.head);
    const parts = edge.edges.map((each) => (each.partial === null ? null : each.partial * (through?.get(each.head) ?? 1)));
    return parts.includes(null) ? null : sum(parts);
  }

  /** Of a box with one result: its derivative to each value inside. */
  through(box) {
    const inside = new Set(box.nodes);
    const found = new Map([[box.output, 1]]);
    for (const node of [...box.nodes].sort((one, other) => other.place - one.place)) {
      for (const edge of node.operands) {
        if (!inside.has(edge.tail) || edge.partial === null) continue;
        found.set(edge.tail, (found.get(edge.tail) ?? 0) + (found.get(node) ?? 0) * edge.partial);
      }
    }
    return found;
  }
}

/** What does not change about a box: what it is, and the one value that leaves it, if there is only one. */
function describeBox(box) {
  box.output = box.node ?? box.module?.output ?? null;
  box.kind = box.node ? box.node.kind : !box.module ? "rest" : box.output ? "neuron" : "module";
  box.titles = box.node ? [box.node.title] : box.module ? [box.module.name, box.output ? box.module.sign : box.module.equation] : ["…"];
  box.titles = box.titles.filter(Boolean);
  box.flags = [box.nodes.some((node) => node.root) && "root", box.nodes.some((node) => node.mark) && "marked"].filter(Boolean).join(" ");
  box.isGraded = box.kind !== "constant" && box.kind !== "rest";
}

const lastPlace = (box) => box.nodes[box.nodes.length - 1].place;

/** The modules that are open when no more than `depth` frames lie inside one another. */
function openAt(graph, depth) {
  const deepest = graph.depth;
  return new Set([...graph.modules.values()].filter((module) => (isFold(module) ? depth >= deepest : module.chain.length <= depth)).map((module) => module.id));
}

/** A neuron that is no module: it is closed wherever not every value is shown. */
const isFold = (module) => module.id.startsWith("s");
