// Gradient descent on the graph that is shown: one step, or one after the other.
"use strict";

const FEWEST = 200; // losses that the curve shows

class Descent {
  constructor(place) {
    this.place = place;
    this.running = null;
    this.losses = [];
    this.moved = engine ? engine.leaves.filter((leaf) => leaf.kind === "parameter") : [];
    this.isOfAll = engine && !this.moved.length;
    if (this.isOfAll) this.moved = engine.leaves;
    place.hidden = !engine || story.training || !graph.hasGradients || !this.moved.length || typeof engine.result.value !== "number";
    if (!place.hidden) this.build();
  }

  build() {
    this.rate = make("input", { type: "text", id: "rate", inputmode: "decimal", value: "0.1", autocomplete: "off", "aria-label": "Learning rate" });
    this.run = make("button", { type: "button", id: "descend", onclick: () => (this.running === null ? this.start() : this.stop()) }, "Run");
    this.words = make("p", { role: "status" });
    this.plot = new Plot("the result after each step", { high: 90 });
    this.plot.svg.classList.add("hidden");
    this.place.replaceChildren(
      make("h3", {}, `Gradient descent on ${this.isOfAll ? "all leaves" : count(this.moved.length, "parameter")}`),
      make("div", { class: "dial" }, make("label", { for: "rate" }, "rate"), this.rate, make("button", { type: "button", id: "one-step", onclick: () => this.step() }, "One step"), this.run),
      this.words, this.plot.svg);
  }

  /** One step against the gradient. */
  step() {
    const rate = Number(this.rate.value);
    const isRate = this.rate.value.trim() !== "" && Number.isFinite(rate);
    this.rate.setAttribute("aria-invalid", String(!isRate));
    if (!isRate) {
      this.words.textContent = "The learning rate is no number.";
      return this.stop();
    }
    const { result } = engine;
    const before = result.value;
    const slopes = this.moved.map((leaf) => leaf.grad - (leaf.before ?? 0));
    const promised = -rate * sum(slopes.map((slope) => slope * slope)) / (result.told.grad || 1);
    this.moved.forEach((leaf, k) => engine.set(leaf, leaf.value - rate * slopes[k]));
    recompute();
    if (!this.losses.length) this.losses.push(before);
    this.losses.push(result.value);
    this.words.textContent = `${count(this.losses.length - 1, "step")}: ${result.name} ${short(before)} → ${short(result.value)}, ${short(result.value - before)}; the gradient promised ${short(promised)}.`;
    this.show();
    return undefined;
  }

  show() {
    const losses = this.losses.slice(-5000);
    this.plot.svg.classList.remove("hidden");
    this.plot.scale([0, Math.max(losses.length - 1, 1)], rangeOf(losses.length > FEWEST ? losses : [...losses]));
    this.plot.line("curve", losses.map((_, k) => k), losses);
  }

  start() {
    this.run.textContent = "Pause";
    const next = () => {
      this.step();
      if (!Number.isFinite(engine.result.value)) this.stop();
      if (this.running !== null) this.running = requestAnimationFrame(next);
    };
    this.running = requestAnimationFrame(next);
  }

  stop() {
    cancelAnimationFrame(this.running);
    this.running = null;
    this.run.textContent = "Run";
  }

  /** After a reset there are no steps any more. */
  forget() {
    if (this.place.hidden) return;
    this.stop();
    this.losses = [];
    this.words.textContent = "";
    this.plot.svg.classList.add("hidden");
  }
}

const descent = new Descent(byId("descent"));

// ------------------------------------------------------------------------------------------------------ the link

/**
 * What a reader has made of the page, as a link that reproduces it: the leaves, what is open, the step, the choice and the
 * path of it that is lit, the search, and whether the table is shown.
 */
const address = {
  write() {
    const level = byId("level").value;
    const parts = (engine?.changed ?? []).map((leaf) => [leaf.id, engine.numbers[engine.place.get(leaf)]]);
    if (level === "") parts.push(["open", [...state.open].join(".")]);
    else if (Number(level) !== address.opening) parts.push(["show", level]);
    if (!state.isFresh) parts.push(["at", `${state.sweep.direction}-${state.sweep.at}`]);
    if (state.chosen) parts.push(["chosen", (state.chosen.node ?? state.chosen.box).id]);
    if (state.path) parts.push(["path", state.path]);
    if (byId("search").value) parts.push(["find", byId("search").value]);
    if (!byId("words").hidden) parts.push(["table", "yes"]);
    const hash = `#${new URLSearchParams(parts)}`;
    clearTimeout(address.waiting);
    address.waiting = setTimeout(() => {
      try {
        if (location.hash !== hash && (hash !== "#" || location.hash)) history.replaceState(null, "", hash);
      } catch { /* a page inside another one has no address of its own */ }
    }, 150);
  },

  /** What a link says; what it says that cannot be is left out. */
  read(hash = location.hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const isNumber = (text) => text === "NaN" || !Number.isNaN(Number(text));
    const leaves = [...parts].map(([id, text]) => [graph.byId.get(id), text]).filter(([leaf, text]) => leaf && engine?.isLeaf(leaf) && isNumber(text));
    const at = /^(forward|backward)-(\d+)$/.exec(parts.get("at") ?? "");
    const show = Number(parts.get("show") ?? NaN);
    return {
      leaves, show: Number.isInteger(show) && show >= 0 && show <= graph.depth ? show : null, at: at ? [at[1], Number(at[2])] : null,
      open: parts.has("open") ? parts.get("open").split(".").filter((id) => graph.modules.has(id)) : null,
      chosen: parts.get("chosen"), path: Number(parts.get("path")), find: parts.get("find") ?? "", isTable: parts.has("table"),
    };
  },

  /** Make the page what its link says. */
  follow({ leaves, show, open, at, chosen, path, find, isTable }) {
    choose(null, null, false);
    byId("search").value = find;
    if (engine?.changed.length) resetAll();
    for (const [leaf, text] of leaves) engine.set(leaf, Number(text));
    if (leaves.length) recompute();
    const level = String(show ?? address.opening);
    if (open) {
      state.open = new Set(open);
      byId("level").value = "";
      rebuild();
    } else if (byId("level").value !== level) openLevel(Number(level));
    if (at && (at[0] === "forward" || graph.hasGradients)) {
      state.sweep = sweeps[at[0]];
      goTo(at[1]);
    } else if (!state.isFresh) startAnew();
    const node = graph.byId.get(chosen);
    const box = node ? state.scene.boxOf.get(node) : state.scene.byId.get(chosen);
    if (box) choose(box, node ?? box.output, true, path);
    if (byId("words").hidden === isTable) showTable();
    search();
  },
};
