// How edges run: in curves from column to column, around the boxes in between; and where a line of the picture ends, down
// to the next one, as the eye goes on at the next line of a text.
"use strict";

const CLEAR = 7; // between an edge and a box that it passes
const CORNER = 9;

/** Where each edge enters its box: below one another, in the order in which they come. */
function portsOf(scene, laid) {
  const entering = new Map();
  for (const edge of scene.edges) entering.set(edge.head, [...(entering.get(edge.head) ?? []), edge]);
  const ports = new Map();
  for (const [box, edges] of entering) {
    const at = laid.boxes.get(box);
    const step = Math.min(11, (at.high - 12) / Math.max(edges.length - 1, 1));
    edges.sort((one, other) => laid.boxes.get(one.tail).y - laid.boxes.get(other.tail).y || (one.edges[0].slot ?? 0) - (other.edges[0].slot ?? 0));
    edges.forEach((edge, k) => ports.set(edge, { port: at.y + (k - (edges.length - 1) / 2) * step, crowded: edges.length > 1 && step < 9 }));
  }
  return ports;
}

/** The way of an edge: the path, where its number stands, and its middle, which has room for a note. */
function route(link, laid, { port, crowded }) {
  const [from, to] = [laid.boxes.get(link.edge.tail), laid.boxes.get(link.edge.head)];
  const start = [from.x + from.wide / 2, from.y];
  const end = [to.x - to.wide / 2 - 7, port]; // the arrowhead fills the rest
  const label = crowded ? null : [end[0] - 5, port];
  const goesOn = link.tail !== link.head && link.tail.line === link.head.line && link.tail.column < link.head.column;
  const points = goesOn ? [start, ...between(link, start, end), end] : around(link, start, end);
  return { d: goesOn ? curve(points) : turns(points), label, end, middle: middleOf(points) };
}

/** The middle of the longest part of a way. */
function middleOf(points) {
  let [best, longest] = [points[0], -1];
  for (let k = 1; k < points.length; k++) {
    const [[x, y], [toX, toY]] = [points[k - 1], points[k]];
    const length = Math.hypot(toX - x, toY - y);
    if (length > longest) [best, longest] = [[(x + toX) / 2, (y + toY) / 2], length];
  }
  return best;
}

/** Points that lead an edge around what stands in the columns between its ends; where nothing stands, straight on. */
function between(link, start, end) {
  const slope = (end[1] - start[1]) / (end[0] - start[0] || 1);
  const ways = passed(link).map(({ container, column }) => {
    const left = container.left + column.left;
    const straight = start[1] + slope * (left + column.wide / 2 - start[0]);
    const y = container.absolute + free(column.items, straight - container.absolute);
    return { left: left - 4, right: left + column.wide + 4, y, isFree: y === straight };
  });
  const isOn = (k) => k > 0 && k + 1 < ways.length && ways[k - 1].isFree && ways[k].isFree && ways[k + 1].isFree;
  return ways.flatMap(({ left, right, y }, k) => (isOn(k) ? [] : [[left, y, k > 0 && isOn(k - 1)], [right, y]]));
}

/** The columns that an edge passes, from left to right: out of the frames of its tail, and into those of its head. */
function passed({ container, tail, head, edge }) {
  const found = [];
  const collect = (inside, line, first, last) => {
    const columns = inside.lines[line].columns.slice(first, last);
    found.push(...columns.map((column) => ({ container: inside, column })));
  };
  const leave = (item) => {
    if (item.box) return;
    const inner = item.inner.standsFor.get(edge.tail);
    leave(inner);
    collect(item.inner, inner.line, inner.column + 1);
  };
  const enter = (item) => {
    if (item.box) return;
    const inner = item.inner.standsFor.get(edge.head);
    collect(item.inner, inner.line, 0, inner.column);
    enter(inner);
  };
  leave(tail);
  collect(container, tail.line, tail.column + 1, head.column);
  enter(head);
  return found;
}

/** The height nearest to this one at which no item of a column stands. */
function free(items, height) {
  const isFree = (y) => items.every((item) => Math.abs(y - item.y) >= item.high / 2 + CLEAR - 1);
  if (isFree(height)) return height;
  const edges = items.flatMap((item) => [item.y - item.high / 2 - CLEAR, item.y + item.high / 2 + CLEAR]).filter(isFree);
  return edges.reduce((best, y) => (Math.abs(y - height) < Math.abs(best - height) ? y : best), edges[0] ?? height);
}

/** A curve through points that runs level at each of them, but for those that are reached by a straight line. */
function curve(points) {
  let path = `M${at(points[0])}`;
  points.slice(1).forEach((point, k) => {
    const before = points[k];
    const middle = (before[0] + point[0]) / 2;
    const isStraight = point[2] || before[1] === point[1];
    path += isStraight ? `L${at(point)}` : `C${at([middle, before[1]])} ${at([middle, point[1]])} ${at(point)}`;
  });
  return path;
}

const at = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;

/** The corners of the way to another line, or back: out of the column, along below the line, into the other column. */
function around({ container, tail, head, edge }, start, end) {
  const { lines } = container;
  const shift = (edge.edges[0].tail.place % 5) * 3; // so that several such ways do not lie upon each other
  const out = start[0] + 8 + shift;
  const into = end[0] - 8 - shift;
  const isBack = tail.line >= head.line;
  const below = container.absolute + (isBack ? lines[tail.line].bottom + 6 : lines[tail.line + 1].top - 8) - shift;
  if (isBack || head.line === tail.line + 1) return [start, [out, start[1]], [out, below], [into, below], [into, end[1]], end];
  const above = container.absolute + lines[head.line].top - 8 - shift;
  const side = container.left + container.wide - 4 - shift;
  return [start, [out, start[1]], [out, below], [side, below], [side, above], [into, above], [into, end[1]], end];
}

/** A path through corners, which are rounded. */
function turns(points) {
  let path = `M${at(points[0])}`;
  for (let k = 1; k + 1 < points.length; k++) {
    const corner = points[k];
    const near = towards(corner, points[k - 1]);
    const far = towards(corner, points[k + 1]);
    path += `L${at(near)}Q${at(corner)} ${at(far)}`;
  }
  return `${path}L${at(points.at(-1))}`;
}

/** A point a little away from a corner, on the way to another one. */
function towards([x, y], [toX, toY]) {
  const length = Math.hypot(toX - x, toY - y) || 1;
  const part = Math.min(CORNER, length / 2) / length;
  return [x + (toX - x) * part, y + (toY - y) * part];
}
