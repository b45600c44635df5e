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

/** What a reader has made of the page, as a link that reproduces it: the leaves, the level, the step and the choice. */
const address = {
  write() {
    const parts = (engine?.changed ?? []).map((leaf) => `${leaf.id}=${engine.numbers[engine.place.get(leaf)]}`);
    if (byId("level").value !== "" && Number(byId("level").value) !== address.opening) parts.push(`show=${byId("level").value}`);
    if (!state.isFresh) parts.push(`at=${state.sweep.direction}-${state.sweep.at}`);
    if (state.chosen) parts.push(`chosen=${(state.chosen.node ?? state.chosen.box).id}`);
    const hash = parts.length ? `#${parts.join("&")}` : "#";
    clearTimeout(address.waiting);
    address.waiting = setTimeout(() => {
      try {
        if (location.hash !== hash && (hash !== "#" || location.hash)) history.replaceState(null, "", hash);
      } catch { /* a page inside another one has no address of its own */ }
    }, 150);
  },

  /** What the link says: { leaves: [[leaf, number]], show, at: [direction, step], chosen }. */
  read(hash = location.hash) {
    const parts = new URLSearchParams(hash.slice(1));
    const leaves = [...parts].map(([id, text]) => [graph.byId.get(id), Number(text)]).filter(([leaf, number]) => leaf && engine?.isLeaf(leaf) && !Number.isNaN(number));
    const at = /^(forward|backward)-(\d+)$/.exec(parts.get("at") ?? "");
    const show = Number(parts.get("show") ?? NaN);
    return { leaves, show: Number.isInteger(show) && show >= 0 && show <= graph.depth ? show : null, at: at ? [at[1], Number(at[2])] : null, chosen: parts.get("chosen") };
  },

  /** Make the page what its link says. */
  follow({ leaves, at, chosen }) {
    for (const [leaf, number] of leaves) engine.set(leaf, number);
    if (leaves.length) recompute();
    if (at && (at[0] === "forward" || graph.hasGradients)) {
      state.sweep = sweeps[at[0]];
      goTo(at[1]);
    }
    const node = graph.byId.get(chosen);
    const box = node ? state.scene.boxOf.get(node) : state.scene.byId.get(chosen);
    if (box) choose(box, node ?? box.output);
  },
};
