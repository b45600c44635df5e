// Why a gradient is this number: it is a sum over all paths from the value to the result, each the product of the local
// derivatives along it. The largest are found first, so that a graph may have more paths than anybody can count.
"use strict";

const MOST_PATHS = 6;
const CANCELLING = 1.5; // the paths together, each by its size, are so many times their sum

/**
 * The largest paths of a value's gradient: { paths: [{ edges, factors, product }], total, count, rest }, edges from the
 * result back to the value, and whether they nearly cancel; null where the gradient is no number or no path is known.
 */
function explain(graph, node, most = MOST_PATHS) {
  if (typeof node.grad !== "number" || !Number.isFinite(node.grad)) return null;
  const { reach, counts } = bounds(graph, node);
  if (!reach.has(node)) return null;
  const waiting = [{ node, product: 1, trail: null, bound: reach.get(node) }];
  const paths = [];
  while (waiting.length && paths.length < most) {
    const best = waiting.reduce((first, each, k) => (each.bound > waiting[first].bound ? k : first), 0);
    const [path] = waiting.splice(best, 1);
    if (path.node.root) paths.push(finished(path));
    for (const edge of path.node.uses) {
      const part = edge.partial === null ? 0 : edge.partial;
      const bound = Math.abs(path.product * part) * (reach.get(edge.head) ?? 0);
      if (bound > 0) waiting.push({ node: edge.head, product: path.product * part, trail: { edge, before: path.trail }, bound });
    }
  }
  const before = node.before ?? 0;
  const total = node.grad - before;
  const count = counts.get(node);
  const rest = count > paths.length ? total - sum(paths.map((path) => path.product)) : 0;
  const everything = sum(paths.map((path) => Math.abs(path.product))) + Math.abs(rest);
  return { paths, total, before, count, rest, cancels: everything > CANCELLING * Math.abs(total) };
}

/** For every value between this one and the result: the largest product of derivatives on the way, and how many ways. */
function bounds(graph, node) {
  const reach = new Map();
  const counts = new Map();
  for (const each of graph.later([node]).reverse()) {
    let largest = each.root && each.grad !== null ? Math.abs(each.grad) : 0;
    let ways = each.root ? 1 : 0;
    for (const edge of each.uses) {
      if (!edge.partial || !Number.isFinite(edge.partial)) continue;
      largest = Math.max(largest, Math.abs(edge.partial) * (reach.get(edge.head) ?? 0));
      ways += counts.get(edge.head) ?? 0;
    }
    if (largest > 0) reach.set(each, largest);
    counts.set(each, ways);
  }
  return { reach, counts };
}

/** A path from the result's side: what it starts with, and the derivatives in the order of backward. */
function finished({ node, product, trail }) {
  const edges = [];
  for (let last = trail; last; last = last.before) edges.push(last.edge); // from the result back
  return { edges, factors: [node.grad, ...edges.map((edge) => edge.partial)], product: product * node.grad };
}
