// The page: what is chosen, which step it is, which modules are open; and what every control does.
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
  const held = kind === "module" ? "module" : typeof value === "object" && value !== null ? value.short : short(value);
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
    const { group } = picture.items.get(box);
    group.classList.toggle("current", box === current);
    group.classList.toggle("operand", sweep.at > 0 && touched.has(box) && box !== current);
    group.classList.toggle("chosen", box === chosen);
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

// ------------------------------------------------------------------------------------- choosing, search, filters

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
  picture.bring(box);
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
    picture.bring(box);
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

// --------------------------------------------------------------------------------------------------------- steps

function sentence() {
  if (sweep.at === 0 || !sweep.node) return `Start, ${sweep.direction}`;
  const name = nameOf(sweep.node) || sweep.node.op;
  const start = `Step ${sweep.at} of ${sweep.length}, ${sweep.direction}: ${name}`;
  if (sweep.direction === "forward") return `${start} is ${short(sweep.node.value)}`;
  const terms = sweep.terms.map(({ edge, upstream, after }) => (typeof edge.flow === "number"
    ? `to ${nameOf(edge.tail)} goes ${short(upstream)} times ${short(edge.partial)}, ${short(edge.flow)}, its sum is ${short(after)}`
    : `to ${nameOf(edge.tail)} goes ${short(edge.flow)}`));
  return `${start} has gradient ${short(sweep.node.grad)}; ${terms.join("; ") || "nothing goes on"}`;
}

function goTo(step) {
  fresh = false;
  sweep.goTo(step);
  if (chosen) choose(null, false);
  update();
  const box = sweep.node && sweep.at ? scene.boxOf.get(sweep.node) : null;
  if (box && picture.items?.has(box)) picture.bring(box);
  if (playing === null) byId("live").textContent = sentence();
}

/** One step; in a collapsed picture as many as it takes to come to another box. */
function step(by) {
  const boxAt = (place) => (place > 0 ? scene.boxOf.get(sweep.order[place - 1]) : null);
  let place = Math.min(Math.max(sweep.at + by, 0), sweep.length);
  const box = boxAt(place);
  while (box && !box.node && place + by > 0 && place + by <= sweep.length && boxAt(place + by) === box) place += by;
  goTo(place);
}

function pause() {
  clearInterval(playing);
  playing = null;
  byId("play").setAttribute("aria-label", "Play");
  document.body.classList.remove("playing");
}

function play() {
  if (playing !== null) {
    pause();
    byId("live").textContent = sentence();
    return;
  }
  if (sweep.at === sweep.length) goTo(0);
  byId("play").setAttribute("aria-label", "Pause");
  document.body.classList.add("playing");
  playing = setInterval(() => {
    step(1);
    if (sweep.at === sweep.length) pause();
  }, quiet.matches ? 2000 : 900);
}

function turn(direction) {
  if (direction === "backward" && !graph.hasGradients) return;
  pause();
  sweep = sweeps[direction];
  goTo(sweep.at);
}

// ------------------------------------------------------------------------------------------------------ controls

function showTable() {
  const words = byId("words");
  table ??= new Table(words, graph, chooseNode);
  words.hidden = !words.hidden;
  byId("stage").hidden = !words.hidden;
  byId("as-table").setAttribute("aria-pressed", String(!words.hidden));
  table.update(sweep);
}

const THEMES = ["auto", "light", "dark"];

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % 3];
  document.documentElement.dataset.theme = next;
  byId("theme").textContent = `Theme: ${next}`;
}

const CONTROLS = {
  first: () => goTo(0), back: () => step(-1), play, next: () => step(1), last: () => goTo(sweep.length),
  "zoom-in": () => picture.zoom(1.3), "zoom-out": () => picture.zoom(1 / 1.3), fit: () => picture.fit(true),
  "as-table": showTable, theme: nextTheme, help: () => byId("keys").showModal(),
};

const KEYS = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => goTo(0), End: () => goTo(sweep.length), " ": play,
  f: () => turn("forward"), b: () => turn("backward"), "+": CONTROLS["zoom-in"], "=": CONTROLS["zoom-in"], "-": CONTROLS["zoom-out"],
  0: CONTROLS.fit, t: showTable, "?": CONTROLS.help, "/": () => byId("search").focus(),
  Escape: () => {
    byId("search").value = "";
    byId("filters").open = false;
    choose(null);
  },
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const target = event.target;
  const box = scene?.boxes.find((each) => picture.items?.get(each)?.group === target) ?? null;
  if (box && event.shiftKey && event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(box, event.key);
    if (next) picture.items.get(next).group.focus();
    return;
  }
  if (box && event.key === "Enter") {
    if (box.module && chosen === box) toggle(box.module.id);
    else choose(chosen === box ? null : box);
    return;
  }
  const typing = target.matches("input:not([type=checkbox]), select, textarea") && event.key !== "Escape";
  const pressing = event.key === " " && target.matches("button, summary, input, a");
  const scrolling = target.matches("#words") && (event.key === "Home" || event.key === "End");
  if (typing || pressing || scrolling || !(event.key in KEYS)) return;
  event.preventDefault();
  if (playing !== null && event.key !== " ") pause();
  KEYS[event.key]();
}

function fillLevels() {
  const names = ["whole"];
  for (let depth = 0; depth < graph.depth; depth++) {
    const stems = [...graph.modules.values()].filter((module) => module.chain.length === depth + 1).map((module) => module.name.replace(/[.\d\s]+$/, ""));
    names[depth] = depth === 0 && new Set(stems).size === 1 ? stems[0] : mostCommon(stems);
  }
  names[graph.depth] = "values";
  byId("level-field").hidden = graph.depth === 0;
  byId("level").replaceChildren(...names.map((name, depth) => make("option", { value: depth }, name)), make("option", { value: "", disabled: true, hidden: true }, "mixed"));
}

function mostCommon(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? "modules";
}

function fillLegend() {
  const swatch = (fill, text, words) => {
    const element = make("span", { class: `swatch ${text}` }, words);
    element.style.background = fill;
    return element;
  };
  const [low, high] = story.scale.map(Math.log10);
  const last = story.palette.steps.length - 1;
  const scale = story.palette.steps.map((fill, k) => swatch(fill, k > 3 ? "light" : "dark", short(10 ** (low + ((high - low) * k) / last), 2)));
  const key = (name, words) => make("span", { class: "key" }, make("span", { class: `sample ${name}` }), words);
  const kinds = new Set(graph.nodes.map((node) => node.kind));
  const compared = story.compare ? [make("span", { class: "scale" }, `${story.compare.names[0]} smaller `, ...DIVERGING.map((fill) => swatch(fill, "dark", " ")), ` larger than ${story.compare.names[1]}`)] : [];
  byId("legend").replaceChildren(
    ...compared,
    ...(graph.hasGradients ? [make("span", { class: "scale" }, "|gradient| ", ...scale), swatch(story.palette.zero, "dark", "0"), key("waiting", "not yet")] : []),
    ...["input", "parameter", "constant"].filter((kind) => kinds.has(kind)).map((kind) => key(kind, kind)),
    key("root", "result"), ...(graph.hasGradients ? [key("minus", "negative")] : []),
  );
}

function start() {
  fillLevels();
  fillLegend();
  const depth = graph.readableDepth();
  open = graph.openAt(depth);
  byId("level").value = String(depth);
  byId("compare-field").hidden = !story.compare;
  if (story.compare) byId("compare").value = "difference";
  for (const [id, action] of Object.entries(CONTROLS)) {
    byId(id).addEventListener("click", () => {
      if (playing !== null && id !== "play") pause();
      action();
    });
  }
  document.addEventListener("keydown", onKey);
  byId("slider").addEventListener("input", (event) => {
    pause();
    goTo(Number(event.target.value));
  });
  byId("level").addEventListener("change", (event) => {
    open = graph.openAt(Number(event.target.value));
    rebuild();
  });
  byId("compare").addEventListener("change", update);
  for (const id of ["search", "threshold", "no-constants", "only-parameters"]) byId(id).addEventListener("input", dim);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const found = scene.boxes.find((box) => !picture.items.get(box).group.classList.contains("dim"));
    if (found) picture.items.get(found).group.focus();
  });
  for (const input of document.querySelectorAll("input[name=direction]")) {
    input.addEventListener("change", () => turn(input.value));
    if (input.value === "backward") input.disabled = !graph.hasGradients;
  }
  sweep.goTo(sweep.length);
  rebuild();
}

start();
