// The engine in the page: forward and backward of the whole graph, for any numbers of its leaves. LIVE.run was written by
// the compiler from the table of primitives; here its numbers are put where the page shows them.
"use strict";

class Engine {
  constructor(graph, live) {
    this.graph = graph;
    this.live = live;
    this.leaves = live.leaves.map((place) => graph.nodes[place]);
    this.frozen = live.frozen.map((place) => graph.nodes[place]); // their conditions were decided when they were recorded
    this.edges = graph.nodes.flatMap((node) => node.operands); // in the order of the engine: operand after operand
    this.place = new Map(this.leaves.map((leaf, k) => [leaf, k]));
    this.numbers = this.leaves.map((leaf) => leaf.value);
    this.seed = graph.roots[0].grad;
    this.cases = new Map(live.operations.map((name, k) => [name, live.cases[k]]));
    this.tell();
  }

  get result() {
    return this.graph.roots[0];
  }

  /** Whether a value is a number from outside, so that a reader can change it. */
  isLeaf(node) {
    return this.place.has(node);
  }

  get changed() {
    return this.leaves.filter((leaf, k) => !Object.is(this.numbers[k], leaf.told.value));
  }

  set(leaf, number) {
    this.numbers[this.place.get(leaf)] = number;
  }

  /** Forward and backward, into the numbers of the graph. The numbers that were told come back as they were. */
  compute() {
    if (this.changed.length) this.run();
    else this.restore();
  }

  run() {
    const { values, grads, locals, passes } = this.live.run(this.numbers, this.seed);
    this.graph.nodes.forEach((node, place) => {
      node.value = values[place];
      if (node.told.grad !== null) node.grad = grads[place] + (node.before ?? 0);
    });
    this.edges.forEach((edge, k) => {
      if (edge.constant) return;
      edge.partial = locals[k];
      if (edge.told.flow !== null) edge.flow = passes[k] ? edge.head.grad * locals[k] : 0;
      edge.case = this.caseOf(edge);
    });
  }

  /** The numbers as they are now become those that a change is told from. */
  rebase() {
    this.run();
    this.tell();
  }

  tell() {
    for (const node of this.graph.nodes) node.told = { value: node.value, grad: node.grad };
    for (const edge of this.edges) edge.told = { partial: edge.partial, flow: edge.flow, case: edge.case };
  }

  restore() {
    for (const node of this.graph.nodes) Object.assign(node, node.told);
    for (const edge of this.edges) Object.assign(edge, edge.told);
  }

  reset() {
    this.leaves.forEach((leaf, k) => { this.numbers[k] = leaf.told.value; });
  }

  /** Which case of its derivative applies on an edge. */
  caseOf(edge) {
    const which = this.cases.get(edge.head.op)?.[edge.slot];
    const [x, y] = edge.head.operands.map((each) => each.tail.value);
    return which ? which(x, y, edge.head.value) : edge.told.case;
  }

  /** The result where one leaf has another number; nothing is changed. */
  resultAt(leaf, number) {
    const numbers = [...this.numbers];
    numbers[this.place.get(leaf)] = number;
    return this.live.run(numbers, null).values[this.result.place];
  }

  /** The derivative of the result to a leaf, where that has another number; nothing is changed. */
  slopeAt(leaf, number) {
    const numbers = [...this.numbers];
    numbers[this.place.get(leaf)] = number;
    return this.live.run(numbers, 1).grads[leaf.place];
  }
}
