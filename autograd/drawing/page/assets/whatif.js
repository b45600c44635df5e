// What if: a reader changes a leaf, and everything follows. Beside it stands what the gradient had promised: the result
// along this leaf with its tangent shows what a derivative is, and where it stops to be good.
"use strict";

const engine = LIVE && graph.roots.length === 1 ? new Engine(graph, LIVE) : null;
const POINTS = 81;

/** Give a leaf another number; everything is computed and shown anew. */
function change(leaf, number) {
  engine.set(leaf, number);
  recompute();
}

function recompute() {
  engine.compute();
  repaint();
}

/** After numbers of the graph have changed. */
function repaint() {
  state.version += 1;
  for (const sweep of Object.values(sweeps)) sweep.retell();
  if (state.chosen) choose(state.chosen.box, state.chosen.node, false);
  update(true);
}

function resetAll() {
  engine.reset();
  descent.forget();
  recompute();
  byId("live").textContent = "All numbers are as they were";
}

const orZero = (number) => (Number.isFinite(number) ? number : 0);

/** The size of what a leaf is moved by: its own, if that is not too small. */
const reachOf = (leaf) => Math.max(1, Math.abs(orZero(leaf.told.value)));

/** How far a leaf is moved by one push: a tenth of its size, in round numbers. */
const pushOf = (leaf) => 10 ** Math.floor(Math.log10(reachOf(leaf)) - 1 + 1e-9);

/** A leaf some way from where it is; from 0 where it is no finite number. */
const moved = (leaf, by, grain) => change(leaf, rounded(orZero(engine.numbers[engine.place.get(leaf)]) + by, grain));

/** By how much the result changed in all, and by how much the gradients promised it would. */
function difference() {
  const { changed, result } = engine;
  const promised = changed.every((leaf) => leaf.told.grad !== null) && result.told.grad
    ? sum(changed.map((leaf) => ((leaf.told.grad - (leaf.before ?? 0)) / result.told.grad) * (leaf.value - leaf.told.value)))
    : null;
  return { truly: result.value - result.told.value, promised };
}

/** The line that says what was changed. */
function showChanges() {
  const place = byId("changes");
  const changed = engine?.changed ?? [];
  place.hidden = !changed.length;
  document.body.dataset.changed = String(changed.length);
  if (!changed.length) return;
  const { truly, promised } = difference();
  const { result } = engine;
  const what = changed.length === 1 ? `${changed[0].name}: ${short(changed[0].told.value)} → ${short(changed[0].value, 4)}` : `${changed.length} leaves changed`;
  const words = `${what}. ${result.name} ${short(result.told.value)} → ${short(result.value)}: ${short(truly)}`;
  place.replaceChildren(make("span", {}, `${words}${promised === null ? "" : `, and the gradient promised ${short(promised)}`}.`), " ", make("button", { type: "button", id: "reset", onclick: resetAll }, "Reset"));
}

// -------------------------------------------------------------------------------------------------- the chosen leaf

class WhatIf {
  constructor(place) {
    this.place = place;
    this.leaf = null;
  }

  /** Show the controls of a leaf; of anything else nothing. */
  show(node) {
    const leaf = node && engine?.isLeaf(node) ? node : null;
    this.place.hidden = !leaf;
    if (leaf !== this.leaf) this.build(leaf);
    this.leaf = leaf;
    if (leaf) this.update();
  }

  build(leaf) {
    if (!leaf) return this.place.replaceChildren();
    this.shown = null;
    const push = pushOf(leaf);
    this.range = [orZero(leaf.told.value) - reachOf(leaf), orZero(leaf.told.value) + reachOf(leaf)];
    this.number = make("input", { type: "text", id: "leaf", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": `The number of ${leaf.name}`, onchange: (event) => this.type(event.target), onkeydown: (event) => event.key === "Enter" && this.type(event.target) });
    this.slider = make("input", { type: "range", id: "leaf-slider", min: this.range[0], max: this.range[1], step: "any", "aria-label": `Drag ${leaf.name}`, oninput: (event) => change(leaf, Number(event.target.value)) });
    const by = (step) => make("button", { type: "button", onclick: () => moved(leaf, step, push), "aria-label": `${step < 0 ? "Less" : "More"} by ${short(Math.abs(step))}` }, `${step < 0 ? "−" : "+"}${short(Math.abs(step))}`);
    this.words = make("p", { class: "promise", role: "status" });
    const stays = engine.frozen.length ? make("p", { class: "note" }, `A comparison is not part of the graph: what it chose in ${[...new Set(engine.frozen.map((node) => node.name))].slice(0, 3).join(", ")} stays as it was made.`) : null;
    this.plot = new Plot(`${engine.result.name} along ${leaf.name}, with its tangent`);
    return this.place.replaceChildren(
      make("h3", {}, `What if ${leaf.name} were another number?`),
      make("div", { class: "dial" }, by(-push), this.number, by(push)), this.slider, this.words, this.plot.svg, ...(stays ? [stays] : []));
  }

  /** A number that was typed; what is none is said, and nothing happens. */
  type(input) {
    const text = input.value.trim().replace("−", "-");
    const number = /^[-+]?(inf|infinity)$/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
    const isNumber = text !== "" && (!Number.isNaN(number) || /^nan$/i.test(text));
    input.setAttribute("aria-invalid", String(!isNumber));
    if (isNumber) {
      this.shown = null; // so that it is written out as it was understood
      change(this.leaf, number);
    } else this.words.textContent = "That is no number.";
  }

  update() {
    const { leaf } = this;
    const at = engine.numbers[engine.place.get(leaf)];
    const from = leaf.told.value;
    if (!Object.is(at, this.shown)) { // only then: what somebody is typing stays
      this.number.value = String(at);
      this.number.removeAttribute("aria-invalid");
    }
    this.shown = at;
    if (this.number.getAttribute("aria-invalid") === "true") return;
    this.slider.value = at;
    const before = engine.resultAt(leaf, from);
    const slope = engine.slopeAt(leaf, from);
    const [truly, promised] = [engine.resultAt(leaf, at) - before, slope * (at - from)];
    const name = engine.result.name;
    this.words.replaceChildren(...(Object.is(at, from)
      ? !Number.isFinite(slope) ? [`Here ${name} has no slope along ${leaf.name}.`] : [`The slope of ${name} along ${leaf.name} is `, make("b", {}, short(slope)), `: move ${leaf.name} a little, and ${name} moves ${short(Math.abs(slope))} times as far${slope < 0 ? ", the other way" : ""}.`]
      : [`${name} changes by `, make("b", { id: "truly", "data-number": String(truly) }, short(truly)), "; the gradient promised ", make("b", { id: "promised", "data-number": String(promised) }, short(promised)), ` (${short(slope)} × ${short(at - from)}).`]));
    this.draw(from, at, before, slope);
  }

  draw(from, at, before, slope) {
    const ends = [Math.min(this.range[0], at), Math.max(this.range[1], at)].map((end, k) => (Number.isFinite(end) ? end : this.range[k]));
    const key = [...ends, ...engine.numbers.filter((_, k) => engine.leaves[k] !== this.leaf)].join();
    if (key !== this.key) {
      this.xs = Array.from({ length: POINTS }, (_, k) => ends[0] + ((ends[1] - ends[0]) * k) / (POINTS - 1));
      this.ys = this.xs.map((x) => engine.resultAt(this.leaf, x));
    }
    this.key = key;
    const [low, high] = rangeOf([...this.ys, before]);
    const space = 0.08 * (high - low);
    this.plot.scale(ends, [low - space, high + space]);
    const tangent = this.xs.map((x) => before + slope * (x - from));
    this.plot.line("tangent", this.xs, tangent.map((y) => (y < low - space || y > high + space ? NaN : y)));
    this.plot.line("curve", this.xs, this.ys);
    this.plot.point("from", from, before);
    if (Object.is(at, from)) return;
    const [now, promised] = [engine.resultAt(this.leaf, at), before + slope * (at - from)];
    if (Number.isFinite(now + promised)) this.plot.line("gap", [at, at], [now, Math.max(low - space, Math.min(high + space, promised))]);
    this.plot.point("now", at, now);
  }
}

/** A number without the dust that repeated pushes leave. */
const rounded = (number, push) => Number((Math.round(number / push * 1e6) / 1e6 * push).toPrecision(12));

const whatIf = new WhatIf(byId("whatif"));

// ---------------------------------------------------------------------------------------------- in the picture itself

/** A leaf's box is dragged to the side, or moved with the arrow keys. */
function listenLeaf(box, group) {
  if (!box.node || !engine?.isLeaf(box.node)) return;
  const leaf = box.node;
  let start = null;
  group.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    start = { x: event.clientX, number: engine.numbers[engine.place.get(leaf)], moved: false };
    event.stopPropagation();
    camera.dragged = false;
    group.setPointerCapture(event.pointerId);
  });
  group.addEventListener("pointermove", (event) => {
    if (!start || (!start.moved && Math.abs(event.clientX - start.x) < 4)) return;
    if (!start.moved) choose(box, leaf, false);
    start.moved = camera.dragged = true;
    change(leaf, rounded(orZero(start.number) + ((event.clientX - start.x) / 200) * reachOf(leaf), pushOf(leaf) / 100));
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    group.addEventListener(end, () => { start = null; });
  }
  group.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    choose(box, leaf, false);
    moved(leaf, way * pushOf(leaf), pushOf(leaf));
    byId("live").textContent = `${leaf.name} is ${short(leaf.value)}, ${engine.result.name} is ${short(engine.result.value)}`;
  });
}
