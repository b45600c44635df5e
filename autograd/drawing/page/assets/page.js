// The controls of the page, by mouse and by keyboard; and its start.
"use strict";

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
  "zoom-in": () => picture.zoom(1.3), "zoom-out": () => picture.zoom(1 / 1.3), fit: () => picture.fit(),
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
    ...(graph.nodes.some((node) => [node.value, node.grad].some((each) => each !== null && !Number.isFinite(sizeOf(each)))) ? [swatch(story.palette.alarm, "dark", "NaN or Inf")] : []),
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
