// Where everything goes: values in columns from left to right, each as near to the result as its users let it be; modules
// as frames that are laid out by themselves; and what is too wide for the view goes on in another line, as text does.
// Neurons stand in the order in which they ran. How edges run between the boxes is in routes.js.
"use strict";

const GAP = { row: 14, column: 30, line: 26, turn: 14, frame: 10, title: 22 }; // at a turn an edge goes down to the next line
const TALLEST = 24; // boxes in a column
const SIDEWAYS = 0.6; // columns squared for each box of a taller one: together they are about as wide as a view
const ROUNDS = 4; // of moving boxes towards their neighbours

/**
 * @param scene what is shown: boxes, edges, frames.
 * @param sizes the width and height of every box.
 * @param room the width of the text on every edge.
 * @param widest how wide a line may be.
 */
function layOut(scene, sizes, room, widest) {
  const containers = nest(scene, sizes);
  const links = shareEdges(scene, containers, room);
  for (const container of [...containers.values()].reverse()) arrange(container, Math.max(widest - 2 * GAP.frame * container.depth, 60));
  const whole = containers.get("");
  const laid = { boxes: new Map(), frames: new Map(), edges: new Map(), wide: whole.wide, high: whole.high };
  laid.lines = Math.max(...[...containers.values()].map((container) => container.lines.length));
  settle(whole, 0, 0, laid);
  const ports = portsOf(scene, laid);
  for (const edge of scene.edges) laid.edges.set(edge, route(links.get(edge), laid, ports.get(edge)));
  return laid;
}

// -------------------------------------------------------------------------------------------------------- containers

/** The frames as a tree: what each holds, outer ones first. The outermost is called "". */
function nest(scene, sizes) {
  const container = (id, depth, parent) => ({ id, depth, parent, items: [], links: [], standsFor: new Map() });
  const containers = new Map([["", container("", 0, null)]]);
  for (const frame of scene.frames) {
    const around = containers.get(frame.parent);
    const inner = container(frame.id, around.depth + 1, around);
    inner.item = { inner, place: Infinity, last: -1, wide: 0, high: 0, keepsOrder: true };
    containers.set(frame.id, inner);
    around.items.push(inner.item);
  }
  for (const box of scene.boxes) {
    const [wide, high] = sizes.get(box);
    const item = { box, place: box.nodes[0].place, last: lastPlace(box), wide, high, keepsOrder: Boolean(box.module) };
    containers.get(box.frame).items.push(item);
    let standing = item;
    for (let around = containers.get(box.frame); around; around = around.parent) {
      around.standsFor.set(box, standing); // what stands for the box in this container: itself, or the frame around it
      standing = around.item;
      if (!standing) break;
      standing.place = Math.min(standing.place, item.place);
      standing.last = Math.max(standing.last, item.last);
    }
  }
  return containers;
}

/** Every edge belongs to the innermost container around both of its ends, and links what stands for them there. */
function shareEdges(scene, containers, room) {
  const links = new Map();
  for (const edge of scene.edges) {
    let container = containers.get(edge.tail.frame);
    while (!container.standsFor.has(edge.head)) container = container.parent;
    const [tail, head] = [container.standsFor.get(edge.tail), container.standsFor.get(edge.head)];
    const link = { edge, container, tail, head, room: room.get(edge) ?? 0 };
    links.set(edge, link);
    container.links.push(link);
  }
  return links;
}

/** Place the items of a container: in columns, in lines of columns, and in height. */
function arrange(container, widest) {
  const { items, links } = container;
  for (const item of items) Object.assign(item, { rank: 0, heads: [], tails: [] });
  for (const link of links) {
    if (link.tail.last >= link.head.last) continue; // a module that runs twice has edges back to itself
    link.tail.heads.push(link);
    link.head.tails.push(link);
  }
  for (const item of [...items].sort((one, other) => other.last - one.last)) {
    for (const { head } of item.heads) item.rank = Math.max(item.rank, head.rank + 1);
  }
  const deepest = Math.max(0, ...items.map((item) => item.rank));
  const columns = Array.from({ length: deepest + 1 }, () => ({ items: [] }));
  for (const item of items) columns[deepest - item.rank].items.push(item);
  for (const column of columns) column.items.sort((one, other) => one.place - other.place);
  untangle(columns);
  container.lines = breakLines(columns.flatMap(side), widest);
  container.margin = container.id ? GAP.frame : 0;
  pile(container);
  if (container.item) Object.assign(container.item, { wide: container.wide, high: container.high });
}

// ----------------------------------------------------------------------------------------------------------- columns

/** Order the items of each column so that few edges cross; modules keep the order in which they ran. */
function untangle(columns) {
  const mean = (numbers) => numbers.reduce((total, each) => total + each, 0) / numbers.length;
  const settleOrder = ({ items }) => items.forEach((item, k) => { item.at = (k + 0.5) / items.length; });
  const pull = (column, neighbours) => {
    const wish = new Map(column.items.map((item) => [item, neighbours(item).length ? mean(neighbours(item).map((each) => each.at)) : item.at]));
    const ordered = column.items.filter((item) => item.keepsOrder);
    column.items.sort((one, other) => wish.get(one) - wish.get(other));
    column.items = column.items.map((item) => (item.keepsOrder ? ordered.shift() : item));
    settleOrder(column);
  };
  const heads = (item) => item.heads.map((link) => link.head);
  const tails = (item) => item.tails.map((link) => link.tail);
  columns.forEach(settleOrder);
  for (let round = 0; round < 2; round++) {
    for (const column of [...columns].reverse()) pull(column, heads);
    for (const column of columns) pull(column, tails);
  }
  for (const column of [...columns].reverse()) pull(column, (item) => (item.tails.length ? [] : heads(item)));
}

/** A column of many leaves, or of the many neurons of a layer, as several side by side: a tower cannot be read. */
function side(column) {
  const { items } = column;
  if (items.length <= TALLEST || !items.every((item) => item.keepsOrder || !item.tails.length)) return [column];
  const high = Math.ceil(items.length / Math.round(Math.sqrt(SIDEWAYS * items.length)));
  return Array.from({ length: Math.ceil(items.length / high) }, (_, k) => ({ items: items.slice(k * high, (k + 1) * high) }));
}

/** How wide a column is, and the gap after it: room for what is written on the edges into the next one. */
function measureColumns(columns) {
  columns.forEach((column, k) => {
    column.wide = Math.max(...column.items.map((item) => item.wide), 0);
    const labels = (columns[k + 1]?.items ?? []).flatMap((item) => item.tails.map((link) => link.room));
    column.gap = k + 1 < columns.length ? GAP.column + Math.max(0, ...labels) : 0;
  });
  return columns.reduce((total, column) => total + column.wide + column.gap, 0);
}

/** The columns in lines that are not too wide, all about equally long. */
function breakLines(columns, widest) {
  const total = measureColumns(columns);
  const count = Math.max(1, Math.ceil(total / widest - 0.02));
  const lines = [{ columns: [] }];
  let filled = 0;
  for (const column of columns) {
    const isFull = filled + column.wide > widest + 1 || (lines.length < count && filled + column.wide / 2 > total / count);
    if (filled && isFull) {
      lines.push({ columns: [] });
      filled = 0;
    }
    lines.at(-1).columns.push(column);
    filled += column.wide + column.gap;
  }
  if (lines.length > 1) moveLeaves(lines);
  for (const line of lines) measureColumns(line.columns);
  return lines.filter((line) => line.columns.length);
}

/** A leaf that is used first at the start of a line stands there, not at the end of the line before. */
function moveLeaves(lines) {
  lines.slice(1).forEach((next, k) => {
    const line = lines[k];
    const here = new Set(line.columns.flatMap((column) => column.items));
    const isMoved = (item) => !item.tails.length && item.heads.length > 0 && !item.heads.some((link) => here.has(link.head));
    const moved = [...here].filter(isMoved);
    if (!moved.length) return;
    for (const column of line.columns) column.items = column.items.filter((item) => !moved.includes(item));
    line.columns = line.columns.filter((column) => column.items.length);
    next.columns.unshift(...side({ items: moved }));
  });
}

// ------------------------------------------------------------------------------------------------------------- lines

/** Lay the lines of a container below one another, with room for the edges that go from one to the next. */
function pile(container) {
  const lineOf = new Map();
  container.lines.forEach((line, number) => line.columns.forEach((column, k) => column.items.forEach((item) => {
    lineOf.set(item, number);
    Object.assign(item, { line: number, column: k });
  })));
  const entering = container.lines.map(() => 0);
  for (const { tail, head } of container.links) if (lineOf.get(tail) !== lineOf.get(head)) entering[lineOf.get(head)] += 1;
  const indent = Math.max(0, ...container.links.filter(({ tail, head }) => lineOf.get(tail) !== lineOf.get(head) && head.column === 0).map(({ room }) => room + GAP.row));
  let top = container.id ? GAP.title : 0;
  let wide = 0;
  container.lines.forEach((line, number) => {
    if (number) top += GAP.line + 3 * Math.min(entering[number], 8);
    line.top = top;
    top += stack(line, top);
    line.bottom = top;
    let left = container.margin + (number ? indent : 0);
    for (const column of line.columns) {
      column.left = left;
      for (const item of column.items) item.x = left + column.wide / 2;
      left += column.wide + column.gap;
    }
    wide = Math.max(wide, left);
  });
  container.wide = wide + container.margin + (container.lines.length > 1 ? GAP.turn : 0);
  container.high = top + container.margin;
}

/** Heights within a line: every item as near to its neighbours as the others in its column let it. Gives the height. */
function stack(line, top) {
  const here = new Set(line.columns.flatMap((column) => column.items));
  for (const column of line.columns) spread(column.items, column.items.map(() => 0));
  const wish = (item) => {
    const ends = [
      ...item.heads.map(({ edge, head }) => [head, portIn(head, edge.head) - portIn(item, edge.tail)]),
      ...item.tails.map(({ edge, tail }) => [tail, portIn(tail, edge.tail) - portIn(item, edge.head)]),
    ].filter(([other]) => here.has(other));
    return ends.length ? sum(ends.map(([other, offset]) => other.y + offset)) / ends.length : item.y;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const columns = round % 2 ? line.columns : [...line.columns].reverse();
    for (const column of columns) spread(column.items, column.items.map(wish));
  }
  const highest = Math.min(...[...here].map((item) => item.y - item.high / 2));
  const lowest = Math.max(...[...here].map((item) => item.y + item.high / 2));
  for (const item of here) item.y += top - highest;
  return lowest - highest;
}

/** How far below the middle of an item one of its boxes lies. */
function portIn(item, box) {
  if (item.box) return 0;
  const inner = item.inner.standsFor.get(box);
  return inner.y - item.high / 2 + portIn(inner, box);
}

/** Put items as near as possible to where they wish to be, in their order and without overlap. */
function spread(items, wishes) {
  const groups = []; // of items that touch
  items.forEach((item, k) => {
    let group = joined([item], [wishes[k]]);
    while (groups.length && groups.at(-1).bottom + GAP.row > group.top) {
      const above = groups.pop();
      group = joined([...above.items, ...group.items], [...above.wishes, ...group.wishes]);
    }
    groups.push(group);
  });
  for (const group of groups) group.items.forEach((item, k) => { item.y = group.top + group.middles[k]; });
}

/** Items directly below one another, where their wishes are met best. */
function joined(items, wishes) {
  let high = -GAP.row;
  const middles = items.map((item) => {
    high += GAP.row + item.high;
    return high - item.high / 2;
  });
  const top = sum(wishes.map((wish, k) => wish - middles[k])) / items.length;
  return { items, wishes, middles, top, bottom: top + high };
}

/** Places in the whole picture, from those within the containers. */
function settle(container, left, top, laid) {
  Object.assign(container, { left, absolute: top });
  for (const item of container.items) {
    const [x, y] = [left + item.x, top + item.y];
    if (item.box) laid.boxes.set(item.box, { x, y, wide: item.wide, high: item.high });
    else {
      const [cornerX, cornerY] = [x - item.wide / 2, y - item.high / 2];
      laid.frames.set(item.inner.id, { x: cornerX, y: cornerY, wide: item.wide, high: item.high });
      settle(item.inner, cornerX, cornerY, laid);
    }
  }
}
