// What the page shows now: which modules are open, which step it is, what is chosen; and the drawing of it.
"use strict";

const story = JSON.parse(byId("story").textContent);
const graph = new Graph(story);
const picture = new Picture(byId("graph"), story);
const quiet = matchMedia("(prefers-reduced-motion: reduce)");
const sweeps = { forward: new Sweep(graph, "forward"), backward: new Sweep(graph, "backward") };

let sweep = graph.hasGradients ? sweeps.backward : sweeps.forward;
let open = new Set();
let scene = null;
let chosen = null; // a box that was clicked: the others are dimmed
let pointed = null; // a box under the pointer or in focus
let shares = new Map();
let playing = null;
let table = null;
let fresh = true; // nobody has taken a step yet: the picture shows the end of the story

// --------------------------------------------------------------------------------------------------------- texts

function numbersOf(value, gradient, kind) {
  const held = kind === "module" || kind === "rest" ? "closed" : typeof value === "object" && value !== null ? value.short : short(value);
  if (kind === "constant") return held;
  if (sweep.direction === "forward" && !graph.hasGradients) return held;
  if (typeof gradient === "object" && gradient !== null) return `${held} │ ‖∇‖ ${Number.isNaN(gradient.size) ? "…" : short(gradient.size)}`;
  return `${held} │ ∇ ${short(gradient)}`;
}

function linesOf(box, value = (node) => node.value, gradient = (node) => node.grad) {
  if (box.node) {
    const { node } = box;
    const numbers = comparing() && node.id in story.compare.nodes
      ? `∇ ${short(decode(story.compare.nodes[node.id]))} | ${short(node.grad)}`
      : numbersOf(value(node), gradient(node), node.kind);
    return [node.title, numbers].filter(Boolean);
  }
  if (!box.module) return ["…", `${box.nodes.length.toLocaleString("en")} values left out`];
  const parameters = box.nodes.filter((node) => node.kind === "parameter").length;
  const held = parameters ? `${parameters.toLocaleString("en")} parameters` : `${box.nodes.length.toLocaleString("en")} values`;
  const found = together(box.nodes, gradient);
  return [box.module.name, `${held} │ ‖∇‖ ${found ? short(found.norm) : "—"}`, found ? `|∇| ${short(found.low)} … ${short(found.high)}` : "|∇| —"];
}

function labelOf(edge) {
  if (edge.edges.length > 1) return "";
  const [only] = edge.edges;
  if (!edge.head.node) return "";
  return [only.mark, only.partial === null || only.constant ? "" : short(only.partial)].filter(Boolean).join(" ");
}

function spoken(box) {
  const lines = linesOf(box, (node) => sweep.value(node), (node) => sweep.gradient(node));
  if (!box.node) return lines.join(" ");
  const { node } = box;
  const gradient = node.kind === "constant" ? "" : `, gradient ${sweep.gradient(node) === null ? "not yet" : short(sweep.gradient(node))}`;
  return `${lines.join(" ")}; ${node.kind}, value ${short(sweep.value(node))}${gradient}`;
}

const comparing = () => Boolean(story.compare) && byId("compare").value === "difference";

// ------------------------------------------------------------------------------------------------------- drawing

/** Lay the graph out for the modules that are open, and draw it. */
async function rebuild() {
  const message = byId("message");
  scene = graph.boxes(open, MOST_BOXES);
  if (scene.boxes.length > MOST_AT_FIRST && !graph.modules.size) scene = graph.boxes(open, MOST_AT_FIRST);
  const fitting = story.geometry && scene.boxes.every((box) => story.geometry.objects.some((thing) => thing.name === box.id));
  let laid = fitting ? story.geometry : null;
  if (!laid) {
    message.hidden = false;
    message.textContent = `Laying out ${scene.boxes.length.toLocaleString("en")} boxes …`;
    const wanted = scene;
    try {
      laid = await layOut(dotText(scene, linesOf, labelOf));
    } catch (error) {
      message.textContent = `The picture could not be laid out (${error.message}). The table has every number.`;
      document.body.dataset.ready = "no";
      return;
    }
    if (wanted !== scene) return;
  }
  message.hidden = true;
  picture.show(scene, places(laid), linesOf, labelOf);
  for (const box of scene.boxes) listen(box);
  for (const frame of byId("graph").querySelectorAll(".frame")) {
    frame.addEventListener("dblclick", () => toggle(frame.dataset.module));
    frame.addEventListener("click", () => {
      const module = graph.modules.get(frame.dataset.module);
      if (!picture.dragged) showModule(module, module.nodes, sweep, true, () => toggle(module.id));
    });
  }
  const again = (box) => scene.boxes.find((each) => each.id === box?.id) ?? null;
  pointed = again(pointed);
  choose(again(chosen), false);
  picture.fit();
  update();
  byId("summary").textContent = summary();
  document.body.dataset.ready = "yes";
}

function summary() {
  const parameters = graph.nodes.filter((node) => node.kind === "parameter").length;
  const parts = [`${story.total.toLocaleString("en")} values`, ...(parameters ? [`${parameters.toLocaleString("en")} parameters`] : [])];
  if (scene.boxes.length !== graph.nodes.length) parts.push(`${scene.boxes.length.toLocaleString("en")} boxes`);
  if (scene.left) parts.push(`${scene.left.toLocaleString("en")} values left out`);
  return parts.join(" · ");
}

/** Show the present step everywhere. */
function update() {
  if (!picture.items) return;
  const value = (node) => sweep.value(node);
  const gradient = (node) => (sweep.direction === "forward" ? node.grad : sweep.gradient(node));
  const current = sweep.node && !fresh ? scene.boxOf.get(sweep.node) : null;
  const touched = new Set(fresh ? [] : sweep.node?.operands.map((edge) => scene.boxOf.get(edge.tail)));
  for (const box of scene.boxes) {
    if (!picture.items.has(box)) continue;
    const shown = sweep.direction === "forward" ? () => null : gradient;
    const states = box.nodes.filter((node) => node.kind !== "constant").map((node) => sweep.state(node));
    const state = states.every((each) => each === "done") ? "done" : states.every((each) => each === "waiting") ? "waiting" : "partial";
    const found = box.node ? shown(box.node) : together(box.nodes, shown);
    picture.write(box, linesOf(box, value, shown));
    picture.paint(box, box.node || !found ? found : { size: found.norm }, state, comparing() ? difference(box) : null);
    if (comparing() && !(box.node?.id in story.compare.nodes)) picture.paint(box, null, state, null);
    const { group } = picture.items.get(box);
    group.classList.toggle("current", box === current);
    group.classList.toggle("operand", sweep.at > 0 && touched.has(box) && box !== current);
    group.classList.toggle("chosen", box === chosen);
    group.classList.toggle("broken", typeof box.node?.value === "number" && !Number.isFinite(box.node.value));
    group.setAttribute("aria-label", spoken(box));
  }
  for (const edge of scene.edges) {
    if (!picture.lines.has(edge)) continue;
    const passed = edge.edges.filter((each) => sweep.passed.has(each) && each.flow !== null);
    const flow = sweep.direction === "forward" || !passed.length ? null
      : edge.edges.length === 1 ? passed[0].flow : { size: Math.hypot(...passed.map((each) => sizeOf(each.flow))) };
    picture.stroke(edge, flow, edge.edges.every((each) => each.constant));
  }
  annotate();
  dim();
  showStep(sweep, chooseNode, fresh);
  describe();
  table?.update(sweep);
  byId("slider").max = sweep.length;
  byId("slider").value = sweep.at;
  byId("slider").setAttribute("aria-valuetext", sentence());
  byId("counter").textContent = `${sweep.at} / ${sweep.length}`;
  for (const input of document.querySelectorAll("input[name=direction]")) input.checked = input.value === sweep.direction;
  document.body.dataset.step = `${sweep.direction} ${sweep.at}`;
}

/** The products of this step on their edges; or of a chosen value the share of its gradient along each edge. */
function annotate() {
  const single = (edge) => scene.edges.find((each) => each.edges.includes(edge));
  if (shares.size) {
    const found = new Map();
    for (const [edge, share] of shares) {
      const drawn = single(edge);
      if (drawn) found.set(drawn, (found.get(drawn) ?? 0) + share);
    }
    return picture.annotate([...found].map(([edge, share]) => ({ edge, text: percent(share) })));
  }
  if (fresh) return picture.annotate([]);
  const inside = sweep.direction === "backward"
    ? sweep.terms.map(({ edge, upstream }) => ({ edge: single(edge), text: typeof edge.flow === "number" ? `${short(upstream)} × ${short(edge.partial)}` : `‖${short(edge.flow.size)}‖` }))
    : (sweep.node?.operands ?? []).map((edge) => ({ edge: single(edge), text: short(edge.tail.value) }));
  return picture.annotate(inside.filter(({ edge }) => edge).map((each) => (each.edge.edges.length > 1 ? { ...each, text: "" } : each)));
}

const DIVERGING = ["#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"];

/** The colour of mine − theirs, compared with the largest difference; null where there is nothing to compare. */
function difference(box) {
  if (!box.node || !(box.node.id in story.compare.nodes)) return null;
  const gap = gapOf(box.node);
  const largest = Math.max(...graph.nodes.map((node) => Math.abs(gapOf(node))).filter(Number.isFinite));
  const step = gap === 0 || !largest ? 3 : Math.round(3 + 3 * Math.sign(gap) * Math.max(Math.sqrt(Math.min(Math.abs(gap) / largest, 1)), 0.34));
  return { fill: DIVERGING[step], text: step === 0 || step === 6 ? "light" : "dark" };
}

/** How far two gradients of a value are apart; 0 where they differ by rounding only. */
function gapOf(node) {
  if (!(node.id in story.compare.nodes) || typeof node.grad !== "number") return 0;
  const gap = decode(story.compare.nodes[node.id]) - node.grad;
  return Math.abs(gap) <= 1e-9 * Math.max(Math.abs(node.grad), 1e-300) ? 0 : gap;
}
