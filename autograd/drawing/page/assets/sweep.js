// The story: what is known after each step of forward or backward. The terms are added here in the engine's order, so the
// sums are the engine's too, at every step.
"use strict";

class Sweep {
  constructor(graph, direction) {
    this.graph = graph;
    this.direction = direction;
    this.order = direction === "forward"
      ? graph.nodes.filter((node) => node.operands.length)
      : (graph.story.backward ?? []).map((id) => graph.byId.get(id));
    this.length = this.order.length;
    this.restart();
  }

  get isBackward() {
    return this.direction === "backward";
  }

  restart() {
    this.at = 0;
    this.node = null; // the one that this step is about
    this.terms = []; // what it passed on
    this.passed = new Set(); // the edges along which something went, so far
    this.sums = new Map(); // gradients so far
    this.missing = new Map(); // how many terms each gradient still waits for
    this.values = new Set(); // the values that are computed, on the way forward
    if (!this.isBackward) {
      for (const node of this.graph.nodes) if (!node.operands.length) this.values.add(node);
      return;
    }
    const visited = new Set(this.order);
    for (const node of this.graph.nodes) {
      if (node.kind === "module") this.sums.set(node, node.grad); // its values are not told, so neither are their sums
      if (node.before !== null) this.sums.set(node, node.before);
      this.missing.set(node, node.uses.filter((edge) => visited.has(edge.head) && edge.flow !== null).length);
    }
    if (this.length) for (const root of this.graph.roots) if (root.grad !== null) this.sums.set(root, root.grad);
  }

  goTo(step) {
    const target = Math.min(Math.max(step, 0), this.length);
    if (target < this.at) this.restart();
    while (this.at < target) this.advance();
  }

  /** After the numbers of the graph have changed: the same step, told anew. */
  retell() {
    const { at } = this;
    this.restart();
    this.goTo(at);
  }

  advance() {
    this.node = this.order[this.at];
    this.at += 1;
    this.terms = [];
    if (!this.isBackward) {
      this.values.add(this.node);
      for (const edge of this.node.operands) this.passed.add(edge);
      return;
    }
    for (const edge of this.node.operands) {
      if (edge.flow === null || edge.constant) continue;
      const before = this.sums.get(edge.tail) ?? null;
      const left = this.missing.get(edge.tail) - 1;
      const after = edge.tail.kind === "module" ? before : this.sum(edge, before, left);
      this.missing.set(edge.tail, left);
      this.sums.set(edge.tail, after);
      this.passed.add(edge);
      this.terms.push({ edge, upstream: this.node.grad, before, after });
    }
  }

  sum(edge, before, left) {
    if (typeof edge.flow === "number") return left === 0 && edge.tail.before !== null ? edge.tail.grad : (before ?? 0) + edge.flow;
    return left === 0 ? edge.tail.grad : edge.after ?? { short: "so far", size: NaN };
  }

  /** The gradient of a value at this step; null while nothing has arrived. */
  gradient(node) {
    return this.isBackward ? this.sums.get(node) ?? null : null;
  }

  value(node) {
    return this.isBackward || this.values.has(node) ? node.value : null;
  }

  /** "waiting", "partial" (some terms are in) or "done". */
  state(node) {
    if (!this.isBackward) return this.values.has(node) ? "done" : "waiting";
    if (!this.sums.has(node)) return "waiting";
    return this.missing.get(node) > 0 ? "partial" : "done";
  }
}
