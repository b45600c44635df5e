// The training beside the graph: its controls, the loss, what the model answers; and the graph of a sample follows.
"use strict";

const PAINTS = 70; // milliseconds between two paintings of the plots while it runs, at least
const LOOKS = 300; // and of the graph
const BUSY = 10; // milliseconds of each frame that it trains
const MOST_LOSSES = 400; // points of the curve

class Training {
  constructor(place, told) {
    this.told = told;
    this.trainer = new Trainer(told, engine);
    this.fit = new Fit(this.trainer, (sample) => this.show(sample));
    this.curve = new Plot("The loss over the steps", { wide: 368, high: 96 });
    this.sample = 0;
    this.running = null;
    this.rules = told.acting?.map((at) => LIVE.run.rules[at]);
    this.build(place);
    this.restart(0);
  }

  // ---------------------------------------------------------------------------------------------------- controls

  build(place) {
    const { told, trainer } = this;
    const button = (id, text, onclick, look = "") => make("button", { type: "button", id, onclick, class: look }, text);
    const field = (text, control) => make("label", { class: "field" }, make("span", {}, text), control);
    const choice = (id, options, onchange) => make("select", { id, onchange: (event) => onchange(event.target.value) }, ...options.map(([value, text]) => make("option", { value }, text)));
    this.start = button("train", "Start", () => (this.running === null ? this.run() : this.pause("Paused")), "main");
    this.numbers = make("p", { class: "figures" });
    this.words = make("p", { class: "note", role: "status" });
    this.rate = make("input", { type: "text", id: "learning-rate", inputmode: "decimal", autocomplete: "off", value: String(told.rate), onchange: () => this.setRate() });
    const sizes = [...new Set([1, 2, 5, 10, 20, 50, 100, trainer.size].filter((size) => size < trainer.samples.length))].sort((one, other) => one - other);
    const batch = choice("batch", [...sizes.map((size) => [size, String(size)]), [trainer.samples.length, `all ${trainer.samples.length}`]], (size) => { trainer.size = Number(size); });
    const order = choice("order", [["shuffled", "shuffled"], ["given", "as given"], ["sorted", `sorted by ${told.inputs[0].length > 1 ? "the first input" : "x"}`]], (text) => { trainer.order = text; trainer.waiting = []; });
    batch.value = String(trainer.size);
    order.value = trainer.order;
    this.speed = choice("speed", [["Infinity", "at full speed"], ["60", "60 a second"], ["5", "5 a second"]], () => {});
    this.seed = make("input", { type: "number", id: "seed", min: 0, step: 1, value: 0, onchange: () => this.restart(Math.max(0, Math.floor(Number(this.seed.value)) || 0)) });
    const fields = [field("learning rate", this.rate), field("samples a step", batch), field("order", order), field("steps", this.speed)];
    if (told.others.length) fields.push(field("step", choice("other", [["", "the gradient's"], ...told.others.map(({ name }, k) => [k, name])], (k) => { trainer.other = k === "" ? null : trainer.others[k]; })));
    if (told.activations) fields.push(field("activation", choice("activation", told.activations.map(({ name }, k) => [k, name]), (k) => this.activate(Number(k)))));
    fields.push(field("weights, by seed", this.seed));
    if (told.biases.length) {
      const box = make("input", { type: "checkbox", id: "biases", checked: true, onchange: (event) => this.setBiases(event.target.checked) });
      fields.push(make("label", { class: "field check" }, box, make("span", {}, "biases")));
    }
    const slider = (id, most, oninput) => make("input", { type: "range", id, min: 0, max: most, value: 0, step: 1, oninput: (event) => oninput(Number(event.target.value)) });
    this.picker = slider("sample", trainer.samples.length - 1, (sample) => this.show(sample));
    this.which = make("span");
    const pick = make("label", { class: "pick" }, this.which, this.picker);
    const film = told.frames ? make("label", { class: "pick" }, this.filmed = make("span", {}, "Film"), this.frame = slider("frame", told.frames.length - 1, (frame) => this.scrub(frame))) : null;
    place.replaceChildren(
      make("div", { class: "dial" }, this.start, button("train-one", "One step", () => this.one()), button("train-reset", "Reset", () => this.restart(trainer.seed))),
      this.numbers, this.words, make("h3", {}, this.fit.title), this.fit.place, make("h3", {}, "Loss, step by step"), this.curve.svg,
      ...(film ? [film] : []), make("div", { class: "fields" }, ...fields), pick,
    );
    place.hidden = false;
  }

  setRate() {
    const rate = Number(this.rate.value.trim());
    const isRate = rate > 0 && Number.isFinite(rate);
    this.rate.setAttribute("aria-invalid", String(!isRate));
    if (isRate) this.trainer.rate = rate;
    this.words.textContent = isRate ? "" : `A learning rate is a number above 0; it stays ${short(this.trainer.rate)}.`;
  }

  setBiases(hasThem) {
    this.trainer.hasBiases = hasThem;
    this.trainer.clamp();
    this.paint();
    this.show();
  }

  /** Another activation in the place of the model's. */
  activate(which) {
    const { sign, name, formula } = this.told.activations[which];
    const number = LIVE.operations.indexOf(name);
    this.told.acting.forEach((at, k) => {
      const node = graph.nodes[at];
      const old = node.sign || node.op;
      LIVE.run.rules[at] = which ? number : this.rules[k];
      for (const module of graph.modules.values()) if (module.sign.endsWith(old) && module.nodes.includes(node)) module.sign = module.sign.slice(0, -old.length) + sign;
      Object.assign(node, { op: name, sign, title: node.title.endsWith(old) ? node.title.slice(0, -old.length) + sign : node.title });
      for (const edge of node.operands) edge.formula = formula;
    });
    graph.giveNames();
    this.paint();
    this.show();
    rebuild();
  }

  // ---------------------------------------------------------------------------------------------------- training

  restart(seed) {
    this.pause();
    this.trainer.restart(seed);
    this.seed.value = seed;
    this.losses = [];
    this.shown = [performance.now(), 0];
    this.words.textContent = seed ? "Random weights, of the size of the model's own." : "";
    this.paint();
    this.show(this.sample);
  }

  /** A frame of the film: its weights. */
  scrub(frame) {
    const [step, weights] = this.told.frames[frame];
    this.restart(0);
    this.trainer.theta.set(weights);
    this.trainer.clamp();
    this.losses = [];
    this.frame.value = frame;
    this.filmed.textContent = `Film, step ${step}`;
    this.paint();
    this.show();
  }

  /** Weights that the reader has changed in the graph. */
  adopt() {
    for (const leaf of engine.changed) {
      const k = this.told.parameters.indexOf(leaf.place);
      if (k >= 0) this.trainer.theta[k] = engine.numbers[engine.place.get(leaf)];
    }
  }

  advance() {
    const loss = this.trainer.step();
    if (Number.isFinite(loss) && this.trainer.theta.every(Number.isFinite)) return true;
    this.pause("The loss is no number any more: the steps were too long. Reset, and try a smaller learning rate.");
    return false;
  }

  one() {
    this.pause("");
    this.adopt();
    this.advance();
    this.paint();
    this.show(this.trainer.batch[0]);
  }

  run() {
    this.adopt();
    this.words.textContent = "";
    this.start.textContent = "Pause";
    let [painted, looked, before] = [0, performance.now(), performance.now()];
    this.shown = [before, this.trainer.steps];
    const tick = () => {
      const now = performance.now();
      const speed = Number(this.speed.value);
      if (speed !== Infinity && now - before >= 1000 / speed - 2) {
        this.advance();
        before = now;
      }
      while (speed === Infinity && performance.now() - now < BUSY) if (!this.advance()) break;
      if (now - painted >= PAINTS) {
        this.paint();
        painted = now;
      }
      if (now - looked >= LOOKS) {
        this.show(speed === 5 ? this.trainer.batch[0] : this.sample);
        looked = now;
      }
      if (this.running !== null) this.running = requestAnimationFrame(tick);
    };
    this.running = requestAnimationFrame(tick);
  }

  pause(words = null) {
    const wasRunning = this.running !== null;
    cancelAnimationFrame(this.running);
    this.running = null;
    this.start.textContent = "Start";
    if (words !== null) this.words.textContent = words;
    if (!wasRunning) return;
    this.paint();
    this.show();
  }

  // ---------------------------------------------------------------------------------------------------- showing

  /** The plots and the figures. */
  paint() {
    const { trainer } = this;
    const { loss, error, right, answers } = trainer.measure();
    const now = performance.now();
    if (this.running !== null && now - this.shown[0] > 500) {
      document.body.dataset.speed = this.pace = Math.round((1000 * (trainer.steps - this.shown[1])) / (now - this.shown[0]));
      this.shown = [now, trainer.steps];
    }
    this.losses.push([trainer.steps, loss]);
    if (this.losses.length > MOST_LOSSES) this.losses = this.losses.filter((_, k) => k % 2 === 0 || k === this.losses.length - 1);
    const figures = [["step", trainer.steps.toLocaleString("en")], ["epoch", short(trainer.epoch)], ["loss", short(loss)], this.told.middle === undefined ? ["mean squared error", short(error)] : ["right", percent(right)]];
    this.numbers.replaceChildren(...figures.map(([name, text]) => make("span", {}, `${name} `, make("b", { "data-figure": name }, text))), ...(this.running !== null && this.pace ? [make("span", {}, make("b", {}, this.pace.toLocaleString("en")), " steps/s")] : []));
    Object.assign(document.body.dataset, { trained: trainer.steps, loss, error, right });
    this.fit.update(answers);
    const [steps, values] = [this.losses.map(([step]) => step), this.losses.map(([, each]) => each)];
    const known = values.filter(Number.isFinite);
    this.curve.scale([steps[0], Math.max(steps.at(-1), steps[0] + 1)], known.length ? [Math.min(...known), Math.max(...known)] : [0, 1], { isLogarithmic: known.every((each) => each > 0) });
    this.curve.line("curve", steps, values);
    this.answers = answers;
  }

  /** The graph of a sample, with the weights as they are now. */
  show(sample = this.sample) {
    const { trainer, told } = this;
    this.sample = sample;
    const { inputs, target } = trainer.samples[sample];
    const set = (place, number) => place >= 0 && engine.set(graph.nodes[place], number);
    told.parameters.forEach((place, k) => set(place, trainer.theta[k]));
    told.inputs_at.forEach((place, k) => set(place, inputs[k]));
    set(told.target_at, target);
    engine.rebase();
    whatIf.leaf = null; // its range is told from the new numbers
    repaint();
    this.picker.value = sample;
    this.fit.mark(sample);
    rewrite(this.which, `Sample ${sample + 1} of ${trainer.samples.length}: ${inputs.slice(0, 3).map((each) => short(each)).join(", ")}${inputs.length > 3 ? ", …" : ""} → ${short(target)}; the model says ${short(graph.nodes[told.prediction].value)}`);
  }
}

const training = engine ? new Training(byId("training"), story.training) : null;
byId("headline").hidden = false;
byId("headline").replaceChildren(`${count(story.training.parameters.length, "weight")} learn from ${count(story.training.inputs.length + story.training.left, "sample")}, here in this page${story.training.left ? `; it shows and takes ${story.training.inputs.length} of them` : ""}. The picture is the loss of one sample.`);
