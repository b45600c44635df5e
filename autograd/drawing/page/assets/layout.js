// Where everything goes. Graphviz decides: on the machine that wrote the page, or viz-js in a worker, a fresh instance
// for every layout. The text it is given holds names and sizes of our own making and not one character of a user's.
"use strict";

const PATIENCE = 30000; // milliseconds until a layout is given up
const FONT = "12px Helvetica, Arial, sans-serif";

const measure = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = FONT;
  return (text) => pen.measureText(text).width;
})();

/** The size of a box around its lines, in points. */
function roomFor(lines) {
  const wide = Math.max(...lines.map(measure), 24) + 20;
  return [wide, lines.length * 15 + 10];
}

function dotText(scene, linesOf, labelOf) {
  const inches = (points) => (points / 72).toFixed(3);
  const text = [
    "digraph {",
    'graph [rankdir=LR nodesep=0.22 ranksep=0.7 fontsize=11 fontname="Helvetica"]',
    ...(scene.boxes.length > MOST_AT_FIRST ? ["graph [nslimit=1 nslimit1=1 mclimit=0.2 searchsize=10]"] : []), // hurry
    ...(scene.edges.length > 4 * scene.boxes.length ? ["graph [splines=line ranksep=2.5]"] : []), // layers side by side
    'node [shape=box fixedsize=true label=""]',
    'edge [fontsize=10 fontname="Helvetica" arrowsize=0.7]',
  ];
  const inside = new Map();
  for (const box of scene.boxes) {
    const [wide, high] = roomFor(linesOf(box));
    const line = `${box.id} [width=${inches(wide)} height=${inches(high)}]`;
    inside.set(box.frame, [...(inside.get(box.frame) ?? []), line]);
  }
  const children = new Map();
  for (const frame of scene.frames) children.set(frame.parent, [...(children.get(frame.parent) ?? []), frame]);
  const open = (frame) => {
    const name = "x".repeat(Math.min([...frame.name].length, 40)); // as long as the name, which is written later
    text.push(`subgraph cluster_${frame.id} {`, `graph [label="${name}" labelloc=t]`, ...(inside.get(frame.id) ?? []));
    for (const child of children.get(frame.id) ?? []) open(child);
    text.push("}");
  };
  for (const frame of children.get("") ?? []) open(frame);
  text.push(...(inside.get("") ?? []));
  for (const edge of scene.edges) {
    const label = labelOf(edge).replace(/[^-\d.,e−①-⑨ InfNa]/g, "");
    const crosses = edge.tail.frame !== edge.head.frame && edge.head.node ? " minlen=2" : "";
    text.push(`${edge.tail.id} -> ${edge.head.id} [id=${edge.id}${label ? ` label="${label}"` : ""}${crosses}]`);
  }
  text.push("}");
  return text.join("\n");
}

const JOB = `
;onmessage = async (message) => {
  try { postMessage({ laid: (await Viz.instance()).renderJSON(message.data) }); }
  catch (error) { postMessage({ error: String(error) }); }
}`;

let unpackedViz = null;

/** The text of viz-js, or null if this page did not bring it. */
function vizText() {
  const packed = byId("viz").textContent;
  if (!packed) return null;
  unpackedViz ??= new Response(
    new Blob([Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).text();
  return unpackedViz;
}

let working = null;

/** Lay a text out. A later call ends an earlier one, which then never answers. */
async function layOut(text, retries = 1) {
  const code = await vizText();
  if (code === null) throw new Error("this page was written without its own layout: write it with viz=True");
  working?.();
  return new Promise((resolve, reject) => {
    const address = URL.createObjectURL(new Blob([code, JOB], { type: "text/javascript" }));
    const worker = new Worker(address);
    const timer = setTimeout(() => fail("the layout takes too long; close some modules", 0), PATIENCE);
    const done = () => {
      clearTimeout(timer);
      worker.terminate();
      URL.revokeObjectURL(address);
      working = null;
    };
    const fail = (reason, left) => {
      done();
      if (left > 0) layOut(text, left - 1).then(resolve, reject);
      else reject(new Error(reason));
    };
    working = done;
    worker.onerror = (event) => fail(event.message, retries);
    worker.onmessage = ({ data }) => {
      if (data.error) return fail(data.error, retries);
      done();
      return resolve(data.laid);
    };
    worker.postMessage(text);
  });
}

const pair = (text) => text.split(",").map(Number);

/** Graphviz's JSON as places in a picture whose y grows downward. */
function places(laid) {
  const [, , wide, high] = pair(laid.bb);
  const point = (text) => {
    const [x, y] = pair(text);
    return [x, high - y];
  };
  const boxes = new Map();
  const frames = new Map();
  for (const thing of laid.objects ?? []) {
    if (thing.pos) {
      const [x, y] = point(thing.pos);
      boxes.set(thing.name, { x, y, wide: thing.width * 72, high: thing.height * 72 });
    } else if (thing.bb) {
      const [left, low, right, top] = pair(thing.bb);
      frames.set(thing.name.replace("cluster_", ""), { x: left, y: high - top, wide: right - left, high: top - low });
    }
  }
  const edges = new Map();
  for (const edge of laid.edges ?? []) {
    const parts = (edge.pos ?? "").split(" ").filter(Boolean);
    const end = parts[0]?.startsWith("e,") ? point(parts.shift().slice(2)) : null;
    edges.set(edge.id, { points: parts.map(point), end, label: edge.lp ? point(edge.lp) : null });
  }
  return { wide, high, boxes, frames, edges };
}
