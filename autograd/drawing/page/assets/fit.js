// What the model answers: a curve over one input, a plane over two, or answers over targets. With the data.
"use strict";

const SIDE = 33; // points of the plane in each direction
const CURVE = 81;
const REACH = 3; // what a model answers is in the picture as far from the targets as so many times their size
const SPARE = 0.05; // of the height, above and below

class Fit {
  constructor(trainer, choose) {
    this.trainer = trainer;
    this.choose = choose; // what happens when a sample is clicked
    const inputs = trainer.samples.map((each) => each.inputs);
    this.targets = trainer.samples.map((each) => each.target);
    this.kind = inputs[0].length === 1 ? "curve" : inputs[0].length === 2 ? "plane" : "answers";
    this.across = this.kind === "answers" ? ends(this.targets) : ends(inputs.map((each) => each[0]));
    this.up = ends(this.kind === "plane" ? inputs.map((each) => each[1]) : this.targets);
    this.wanted = this.up; // as high as the targets need it
    this.title = { curve: "What the model answers over x, and the data", plane: "What the model answers, and the data", answers: "What the model answers, over the target" }[this.kind];
    this.plot = new Plot(this.title, { wide: 368, high: this.kind === "plane" ? 224 : 180 });
    this.place = make("div", { class: "fit" }, this.plot.svg);
    this.aside = draw("text", { x: this.plot.wide / 2, y: this.plot.high / 2, "text-anchor": "middle" });
    if (this.kind === "curve") {
      this.grid = Array.from({ length: CURVE }, (_, k) => [this.across[0] + ((this.across[1] - this.across[0]) * k) / (CURVE - 1)]);
      this.curve = draw("path", { class: "line curve" });
    }
    this.dots = trainer.samples.map((sample, k) => draw("circle", { class: `dot ${this.kind === "plane" ? (sample.target > trainer.told.middle ? "one" : "zero") : ""}`, r: this.kind === "plane" ? 3.6 : 2.6, "data-sample": k }));
    this.lay();
    if (this.kind === "plane") this.addPlane();
    this.plot.svg.addEventListener("click", ({ target }) => target.dataset.sample && this.choose(Number(target.dataset.sample)));
  }

  /** Axes, and everything where it belongs between them. */
  lay() {
    const { plot } = this;
    plot.scale(this.across, this.up);
    if (this.kind === "answers") plot.line("tangent", this.across, this.across);
    plot.svg.append(...(this.curve ? [this.curve] : []), ...this.dots, this.aside);
    this.dots.forEach((dot, k) => {
      const { inputs, target } = this.trainer.samples[k];
      dot.setAttribute("cx", plot.x(this.kind === "answers" ? target : inputs[0]));
      dot.setAttribute("cy", plot.y(this.kind === "plane" ? inputs[1] : target));
    });
  }

  /** Make room for what the model answers; as it comes nearer to the targets the picture follows. */
  makeRoom(answers) {
    const [low, high] = this.wanted;
    const reach = REACH * Math.max(high - low, Math.abs(low), Math.abs(high)); // targets may be all the same
    const known = answers.filter((answer) => answer >= low - reach && answer <= high + reach);
    const up = ends([...this.targets, ...known]);
    const height = this.up[1] - this.up[0];
    const isOut = up[0] < this.up[0] - 1e-9 * height || up[1] > this.up[1] + 1e-9 * height;
    if (!isOut && up[1] - up[0] > 0.8 * height) return;
    this.up = up;
    this.lay();
  }

  addPlane() {
    const { plot } = this;
    this.canvas = make("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
    const [left, top] = [plot.x(this.across[0]), plot.y(this.up[1])];
    const part = (number, whole) => `${(100 * number) / whole}%`;
    Object.assign(this.canvas.style, {
      left: part(left, plot.wide), top: part(top, plot.high),
      width: part(plot.x(this.across[1]) - left, plot.wide), height: part(plot.y(this.up[0]) - top, plot.high),
    });
    this.place.prepend(this.canvas);
    const at = ([low, high], k) => low + ((high - low) * (k + 0.5)) / SIDE;
    this.grid = Array.from({ length: SIDE * SIDE }, (_, k) => [at(this.across, k % SIDE), at(this.up, SIDE - 1 - Math.floor(k / SIDE))]);
  }

  /** Show the model as it is now; `answers` are those to the samples. */
  update(answers) {
    if (this.kind === "answers") {
      this.makeRoom(answers);
      this.dots.forEach((dot, k) => dot.setAttribute("cy", Math.max(-1e4, Math.min(1e4, this.plot.y(Number.isFinite(answers[k]) ? answers[k] : 0)))));
      return;
    }
    const found = this.trainer.answers(this.grid);
    if (this.kind === "curve") {
      this.makeRoom(found);
      this.curve.setAttribute("d", this.plot.path(this.grid.map(([x]) => x), found));
      const isSeen = found.some((answer) => answer >= this.up[0] && answer <= this.up[1]);
      rewrite(this.aside, isSeen ? "" : `its answers are out of this picture, near ${short(found[CURVE >> 1])}`);
      return;
    }
    const middle = this.trainer.told.middle ?? (this.up[0] + this.up[1]) / 2;
    const most = Math.max(...answers.map((each) => Math.abs(each - middle)).filter(Number.isFinite), 1e-12);
    const drawing = this.canvas.getContext("2d");
    found.forEach((answer, k) => {
      drawing.fillStyle = tint(-(answer - middle) / most);
      drawing.fillRect(k % SIDE, Math.floor(k / SIDE), 1, 1);
    });
  }

  mark(sample) {
    this.dots.forEach((dot, k) => dot.classList.toggle("shown", k === sample));
  }
}

/** Where an axis ends: a little beyond these numbers. */
function ends(numbers) {
  const [low, high] = numbers.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  const margin = SPARE * (high - low || 1);
  return [low - margin, high + margin];
}
