// The controls of the page, by mouse and by keyboard; and its start.
"use strict";

function showTable() {
  const words = byId("words");
  table ??= new Table(words, graph, chooseNode);
  words.hidden = !words.hidden;
  byId("stage").hidden = !words.hidden;
  byId("as-table").setAttribute("aria-pressed", String(!words.hidden));
  update();
}

const CONTROLS = {
  first: () => goTo(0), back: () => step(-1), play, next: () => step(1), last: () => goTo(state.sweep.length),
  "zoom-in": () => camera.zoom(1.3), "zoom-out": () => camera.zoom(1 / 1.3), fit: () => camera.fit(true),
  "as-table": showTable, theme: nextTheme, help: () => byId("keys").showModal(),
};

const KEYS = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => goTo(0), End: () => goTo(state.sweep.length), " ": play,
  f: () => turn("forward"), b: () => turn("backward"), "+": CONTROLS["zoom-in"], "=": CONTROLS["zoom-in"], "-": CONTROLS["zoom-out"],
  0: CONTROLS.fit, t: showTable, "?": CONTROLS.help, "/": () => byId("search").focus(),
  Escape: () => {
    byId("search").value = "";
    byId("filters").open = false;
    state.pointed = null;
    choose(null, null, false);
    search();
  },
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const { target } = event;
  const box = state.scene.byId.get(target.id) ?? null;
  if (box && event.shiftKey && event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(box, event.key);
    if (next) picture.boxes.get(next).group.focus();
    return;
  }
  if (box && event.key === "Enter") {
    state.pointed = null;
    if (box.module && state.chosen?.box === box) toggle(box.module.id);
    else choose(state.chosen?.box === box ? null : box);
    return;
  }
  const isTyping = target.matches("input:not([type=checkbox]), select, textarea") && event.key !== "Escape";
  const isPressing = event.key === " " && target.matches("button, summary, input, a");
  const isScrolling = target.matches("#words, .scroll") && (event.key === "Home" || event.key === "End");
  if (isTyping || isPressing || isScrolling || !(event.key in KEYS)) return;
  event.preventDefault();
  if (state.playing !== null && event.key !== " ") pause();
  KEYS[event.key]();
}

function fillLevels() {
  const names = ["whole"];
  for (let depth = 0; depth < graph.depth; depth++) {
    const closed = [...graph.modules.values()].filter((module) => module.chain.length === depth + 1);
    const named = closed.filter((module) => !isFold(module));
    const stems = (named.length ? named : closed).map((module) => (module.sign ? "neurons" : module.name.replace(/[.\d\s]+$/, "")));
    const name = depth === 0 && new Set(stems).size === 1 && graph.depth > 1 ? stems[0] : mostCommon(stems);
    names[depth] = depth && name === names[depth - 1] ? `${name}, run by run` : name; // a neuron that ran for several samples
  }
  names[graph.depth] = "values";
  byId("level-field").hidden = graph.depth === 0;
  byId("level").replaceChildren(...names.map((name, depth) => make("option", { value: depth }, name || "modules")), make("option", { value: "", disabled: true, hidden: true }, "mixed"));
}

function mostCommon(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? "modules";
}

/** The sentence that the page opens with, and the way to what it is about. */
function showHeadline() {
  const { about } = story.headline;
  const text = story.headline.text || (engine ? "Drag a leaf and every number follows; choose a box to see why its gradient is what it is." : "");
  const node = graph.byId.get(about);
  byId("headline").hidden = !text;
  byId("headline").replaceChildren(...(text ? [make("span", {}, text)] : []), ...(node ? [" ", make("button", { type: "button", class: "link", onclick: () => chooseNode(node) }, "Show me")] : []));
}

function openLevel(depth) {
  state.open = openAt(graph, depth);
  byId("level").value = String(depth);
  rebuild();
}

const sizeText = ({ wide, high }) => `${wide} × ${high}`;

/** When the view changes its size, the picture is fitted anew; it stays as it is where somebody has zoomed in. */
function onResize() {
  if (onResize.known === sizeText(camera.room)) return;
  onResize.known = sizeText(camera.room);
  clearTimeout(onResize.waiting);
  onResize.waiting = setTimeout(() => {
    if (state.isHeld) onResize.known = "";
    if (state.isHeld) return onResize();
    if (camera.showsAll || camera.scale < SMALLEST) rebuild();
    else camera.pan(0, 0);
    return undefined;
  }, 120);
}

function start() {
  fillLevels();
  fillLegend(byId("legend"), graph, state.colours, story.compare);
  showHeadline();
  strip.update((node) => node.grad, state.colours); // now, for it takes room from the picture
  byId("compare-field").hidden = !story.compare;
  if (story.compare) byId("compare").value = "difference";
  for (const [id, action] of Object.entries(CONTROLS)) {
    byId(id).addEventListener("click", () => {
      if (state.playing !== null && id !== "play") pause();
      action();
    });
  }
  document.addEventListener("keydown", onKey);
  byId("slider").addEventListener("input", (event) => {
    pause();
    goTo(Number(event.target.value));
  });
  byId("level").addEventListener("change", (event) => openLevel(Number(event.target.value)));
  byId("compare").addEventListener("change", () => update());
  byId("search").addEventListener("input", search);
  for (const id of ["threshold", "no-constants", "only-parameters"]) byId(id).addEventListener("input", () => update());
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const found = state.scene.boxes.find((box) => !picture.boxes.get(box).group.classList.contains("dim"));
    if (found) picture.boxes.get(found).group.focus();
  });
  for (const input of directions) {
    input.addEventListener("change", () => turn(input.value));
    if (input.value === "backward") input.disabled = !graph.hasGradients;
  }
  startAnew();
  const link = address.read();
  for (let room = "", round = 0; room !== sizeText(camera.room) && round < 3; round++) { // what is written around the picture takes room from it
    room = sizeText(camera.room);
    address.opening = Math.min(story.depth ?? readableDepth(), graph.depth);
    openLevel(link.show ?? address.opening);
  }
  address.follow(link);
  window.addEventListener("hashchange", (event) => {
    address.follow(address.read(new URL(event.newURL).hash)); // the page may have written its own in the meantime
  });
  byId("graph").addEventListener("pointerdown", () => { state.isHeld = true; }, true);
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) window.addEventListener(end, () => { state.isHeld = false; }, true);
  onResize.known = sizeText(camera.room);
  new ResizeObserver(onResize).observe(byId("graph"));
}

start();
