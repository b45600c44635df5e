// A training as a film: loss, fit, gradients of the layers, activations and parameters, all at the same frame.
"use strict";

const INKS = Array.from({ length: 8 }, (_, k) => `var(--line${k})`);
const SIZE = { wide: 460, high: 212, margin: { left: 52, right: 12, top: 10, bottom: 22 } };

const PAUSE = quiet.matches ? 1000 : 50; // milliseconds between two pictures

const film = JSON.parse(byId("story").textContent);
const bytes = Uint8Array.from(atob(film.numbers), (letter) => letter.charCodeAt(0));
const unpacked = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
const numbers = new Float32Array(unpacked); // row after row, a row being one quantity over all frames
const last = film.frames - 1;
let frame = last;
let playing = null;

const rowOf = (row) => numbers.subarray(row * film.frames, (row + 1) * film.frames);
const at = (row, when = frame) => numbers[row * film.frames + when];
const range = (first, count) => Array.from({ length: count }, (_, k) => first + k);
const updates = []; // what each plot does when the frame changes

function section(title, { wide = false } = {}) {
  const note = make("span");
  const place = make("section", { class: wide ? "plot wide" : "plot", "aria-label": title }, make("h2", {}, title, note));
  byId("plots").append(place);
  return { place, note };
}

/** A section with a plot in it, `words` being what it is to those who do not see it. */
function plotted(title, words, across, up, options) {
  const { place, note } = section(title);
  const plot = new Plot(words, SIZE);
  plot.scale(across, up, options);
  place.append(plot.svg);
  return { place, note, plot };
}

function finite(rows) {
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) for (const each of row) if (Number.isFinite(each)) [low, high] = [Math.min(low, each), Math.max(high, each)];
  return low <= high ? [low, high] : [0, 1];
}

/** Lines over time, and a mark at this frame. */
function overTime(title, names, rows, describe) {
  const positive = rows.map((row) => row.filter((each) => each > 0));
  const isLogarithmic = positive.every((row) => row.length) && rows.every((row) => row.every((each) => !(each < 0)));
  const words = `${title} over time${isLogarithmic ? ", on a logarithmic scale" : ""}`;
  const { place, note, plot } = plotted(title, words, [0, last], finite(isLogarithmic ? positive : rows), { isLogarithmic, words: (k) => String(film.steps[k] ?? k) });
  const frames = range(0, film.frames);
  rows.forEach((row, k) => {
    const line = plot.line("", frames, row);
    if (rows.length > 1) line.style.stroke = INKS[k % INKS.length];
  });
  const marker = plot.add("line", { class: "marker", y1: SIZE.margin.top, y2: SIZE.high - SIZE.margin.bottom });
  const texts = names.map((name, k) => {
    const ink = make("i");
    ink.style.background = INKS[k % INKS.length];
    const text = document.createTextNode("");
    return { element: make("span", {}, ink, text), text };
  });
  if (names.length > 1) place.append(make("div", { class: "keys" }, ...texts.map(({ element }) => element)));
  updates.push(() => {
    for (const end of ["x1", "x2"]) marker.setAttribute(end, plot.x(frame));
    texts.forEach(({ text }, k) => { text.textContent = `${names[k]} ${short(rows[k][frame])}`; });
    note.textContent = describe(rows);
  });
}

/** The function that the model is at this frame, with the data it should fit. */
function fittedCurve() {
  const { xs, data } = film.curve;
  const rows = range(film.curve.row, xs.length).map(rowOf);
  const ends = finite(rows);
  const wanted = data ? finite([data.y]) : ends;
  const { plot } = plotted("Fitted curve", "The model's output over its input, and the data as dots", [xs[0], xs[xs.length - 1]], [Math.min(ends[0], wanted[0]), Math.max(ends[1], wanted[1])]);
  for (const [k, each] of (data?.x ?? []).entries()) plot.add("circle", { class: "dot", r: 3.2, cx: plot.x(each), cy: plot.y(data.y[k]) });
  const line = plot.add("path", { class: "line" });
  updates.push(() => line.setAttribute("d", plot.path(xs, rows.map((row) => row[frame]))));
}

/** What the model says over the plane of two inputs, and where it changes its mind. */
function decisionPlane() {
  const { side, low, high, row, data } = film.plane;
  const { note, plot } = plotted("Decision over the plane", "The model's output over its two inputs, and the data as dots", [low[0], high[0]], [low[1], high[1]]);
  const { x, y } = plot;
  const rows = range(row, side * side).map(rowOf);
  const most = Math.max(...finite(rows).map((each) => Math.abs(each - film.plane.middle)), 1e-12);
  const [wide, tall] = [(x(high[0]) - x(low[0])) / (side - 1), (y(low[1]) - y(high[1])) / (side - 1)];
  const cells = rows.map((_, k) => draw("rect", { x: x(low[0]) + (k % side) * wide - wide / 2, y: y(low[1]) - Math.floor(k / side) * tall - tall / 2, width: wide + 0.4, height: tall + 0.4 }));
  plot.svg.prepend(...cells); // under the axes and their numbers
  for (const [k, [first, second]] of (data?.x ?? []).entries()) plot.add("circle", { class: `dot ${data.y[k] > film.plane.middle ? "one" : "zero"}`, r: 3, cx: x(first), cy: y(second) });
  updates.push(() => {
    cells.forEach((cell, k) => { cell.style.fill = tint(-(rows[k][frame] - film.plane.middle) / most); });
    note.textContent = `white where it is ${short(film.plane.middle)}`;
  });
}

/** For every neuron what it answers over the inputs. */
function activations() {
  const { names, row, probes } = film.activations;
  const { place, note } = section(film.activations.line ? "Activations over the input" : "Activations", { wide: true });
  note.textContent = film.activations.line ? "" : `for ${probes} of the inputs`;
  const groups = new Map();
  names.forEach((name, k) => {
    const layer = film.layers.find((each) => name.startsWith(`${each}.`)) ?? "";
    if (!groups.has(layer)) groups.set(layer, make("div", { class: "group" }, make("h3", {}, layer)));
    const rows = range(row + k * probes, probes).map(rowOf);
    const [low, high] = finite(rows);
    const plot = new Plot(name, { wide: 100, high: 56, margin: { left: 0, right: 0, top: 4, bottom: 4 } });
    for (const [key, value] of Object.entries({ preserveAspectRatio: "none", "aria-hidden": "true" })) plot.svg.setAttribute(key, value);
    groups.get(layer).append(make("figure", {}, plot.svg, make("figcaption", {}, layer ? name.slice(layer.length + 1) : name)));
    if (!film.activations.line) {
      const most = Math.max(Math.abs(low), Math.abs(high), 1e-12);
      const bars = rows.map((_, place) => plot.add("rect", { x: (place * 100) / probes, y: 0, width: 100 / probes + 0.2, height: 56 }));
      updates.push(() => bars.forEach((bar, place) => { bar.style.fill = tint(-rows[place][frame] / most); }));
      return;
    }
    plot.range([0, probes - 1], [low, high]);
    const line = plot.add("path", { class: "line" });
    updates.push(() => line.setAttribute("d", plot.path(range(0, probes), rows.map((each) => each[frame]))));
  });
  place.append(make("div", { class: "small layers" }, ...groups.values()));
}

/** Every parameter: its number on a diverging colour, and its gradient. */
function parameters() {
  const { names, value, gradient } = film.parameters;
  const { place } = section("Parameters and their gradients", { wide: true });
  const many = names.length > 150;
  const most = Math.max(...finite(range(value, names.length).map(rowOf)).map(Math.abs), 1e-12);
  const groups = new Map();
  names.forEach((name, k) => {
    const layer = film.layers[film.parameters.layer[k]];
    if (!groups.has(layer)) groups.set(layer, make("div", { class: many ? "group many" : "group" }, make("h3", {}, layer)));
    const inner = name.startsWith(`${layer}.`) ? name.slice(layer.length + 1) : name;
    const [held, slope] = [make("b"), make("small")];
    const cell = make("div", { class: "cell", "data-parameter": name }, make("small", {}, inner), held, slope);
    groups.get(layer).append(cell);
    updates.push(() => {
      const number = at(value + k);
      const colour = tint(number / most);
      cell.style.background = colour;
      cell.className = `cell ${["#b35806", "#542788", "#998ec3"].includes(colour) && colour !== "#998ec3" ? "light" : "dark"}`;
      held.textContent = short(number);
      slope.textContent = `∇ ${short(at(gradient + k))}`;
      cell.title = `${name} = ${number}, gradient ${at(gradient + k)}`;
    });
  });
  place.append(make("div", { class: "cells" }, ...groups.values()));
}

// ---------------------------------------------------------------------------------------------------------- time

function goTo(when) {
  frame = Math.min(Math.max(when, 0), last);
  for (const update of updates) update();
  byId("slider").value = frame;
  byId("counter").textContent = `${frame + 1} / ${film.frames}`;
  const words = `Step ${film.steps[frame]}, loss ${short(at(film.loss))}`;
  byId("slider").setAttribute("aria-valuetext", words);
  byId("summary").textContent = words;
  document.body.dataset.frame = String(frame);
  if (playing === null) byId("live").textContent = words;
}

function pause() {
  clearInterval(playing);
  playing = null;
  document.body.classList.remove("playing");
  byId("play").setAttribute("aria-label", "Play");
}

function play() {
  if (playing !== null) return pause();
  if (frame === last) goTo(0);
  document.body.classList.add("playing");
  byId("play").setAttribute("aria-label", "Pause");
  const perSecond = Math.max(1, film.frames / 200) * 20; // ten seconds at most, at speed 1
  let due = frame;
  playing = setInterval(() => {
    due += (perSecond * Number(byId("speed").value) * PAUSE) / 1000;
    if (Math.floor(due) !== frame) goTo(Math.floor(due));
    if (frame === last) pause();
  }, PAUSE);
  return undefined;
}

const CONTROLS = {
  first: () => goTo(0), back: () => goTo(frame - 1), play, next: () => goTo(frame + 1), last: () => goTo(last),
  theme: nextTheme,
};
const KEYS = { ArrowLeft: CONTROLS.back, ArrowRight: CONTROLS.next, Home: CONTROLS.first, End: CONTROLS.last, " ": play };

for (const [id, action] of Object.entries(CONTROLS)) {
  byId(id).addEventListener("click", () => {
    if (playing !== null && id !== "play") pause();
    action();
  });
}
byId("slider").max = last;
byId("slider").addEventListener("input", (event) => {
  pause();
  goTo(Number(event.target.value));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS) || event.target.matches("input, select, button")) return;
  event.preventDefault();
  if (playing !== null && event.key !== " ") pause();
  KEYS[event.key]();
});

if (film.loss !== undefined) overTime("Loss", ["loss"], [rowOf(film.loss)], ([row]) => short(row[frame]));
if (film.curve) fittedCurve();
if (film.plane) decisionPlane();
overTime("Gradient of each layer", film.layers, film.layers.map((_, k) => rowOf(film.norms + k)), () => "norm");
if (film.activations) activations();
parameters();
goTo(last);
document.body.dataset.ready = "yes";
