// A training, without its looks: the graph of one sample is run on sample after sample, and the parameters go against the
// mean of their gradients. Or against what another step says.
"use strict";

/** Random numbers between 0 and 1 that depend on the seed alone. */
function randomNumbers(seed) {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A number of the normal distribution. */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** A script that takes the numbers of leaves, and which of them are parameters, inputs and the target. */
class Program {
  constructor(run, numbers, { parameters, inputs, target }) {
    Object.assign(this, { run, parameters, inputs, target, numbers: Float64Array.from(numbers) });
  }

  set(theta) {
    this.parameters.forEach((slot, k) => { if (slot >= 0) this.numbers[slot] = theta[k]; });
  }

  /** Its numbers for a sample; `seed` null for the way forward only. */
  at(inputs, target, seed) {
    for (let k = 0; k < this.inputs.length; k++) if (this.inputs[k] >= 0) this.numbers[this.inputs[k]] = inputs[k];
    if (this.target >= 0) this.numbers[this.target] = target;
    return this.run(this.numbers, seed);
  }
}

class Trainer {
  constructor(told, engine) {
    const slot = (place) => engine.place.get(engine.graph.nodes[place]) ?? -1;
    this.told = told;
    this.engine = engine;
    this.program = new Program(engine.live.run, engine.leaves.map((leaf) => leaf.told.value), { parameters: told.parameters.map(slot), inputs: told.inputs_at.map(slot), target: slot(told.target_at) });
    this.others = told.others.map((other, k) => ({ ...other, program: new Program(OTHERS[k], other.numbers, other) }));
    this.samples = told.inputs.map((inputs, k) => ({ inputs, target: told.targets[k] }));
    this.biases = new Set(told.biases);
    this.rate = told.rate;
    this.size = Math.min(told.batch ?? this.samples.length, this.samples.length);
    this.order = told.order;
    this.other = null; // the step that is taken in the place of the gradient's
    this.hasBiases = true;
    this.restart(0);
  }

  /** The weights anew: the model's own for seed 0, else random ones of the same size, layer by layer. */
  restart(seed) {
    this.seed = seed;
    this.random = randomNumbers(seed);
    this.theta = Float64Array.from(this.told.start);
    if (seed) for (const group of this.groups()) {
      const size = Math.sqrt(sum(group.map((k) => this.told.start[k] ** 2)) / group.length);
      for (const k of group) this.theta[k] = size * normal(this.random);
    }
    this.steps = 0;
    this.seen = 0; // samples
    this.waiting = []; // samples of this epoch that are still to come
    this.batch = [];
    this.clamp();
  }

  /** The weights, those of a layer together; biases stay out. */
  groups() {
    const found = new Map();
    this.told.parameters.forEach((place, k) => {
      if (this.biases.has(k)) return;
      const node = this.engine.graph.nodes[place];
      const layer = node ? this.engine.graph.path(node).slice(0, 2).join(".") || node.label.replace(/\d.*$/, "") : "";
      found.set(layer, [...(found.get(layer) ?? []), k]);
    });
    return [...found.values()];
  }

  /** Without biases they are 0. */
  clamp() {
    if (!this.hasBiases) for (const k of this.biases) this.theta[k] = 0;
  }

  get epoch() {
    return this.seen / this.samples.length;
  }

  /** The samples of an epoch in their order. */
  ordered() {
    const places = this.samples.map((_, k) => k);
    if (this.order === "sorted") places.sort((one, other) => this.samples[one].inputs[0] - this.samples[other].inputs[0]);
    if (this.order !== "shuffled") return places;
    for (let k = places.length - 1; k > 0; k--) {
      const other = Math.floor(this.random() * (k + 1));
      [places[k], places[other]] = [places[other], places[k]];
    }
    return places;
  }

  /** One step; gives the mean loss of its samples before it. */
  step() {
    if (!this.waiting.length) this.waiting = this.ordered();
    this.batch = this.waiting.splice(0, this.size);
    const { loss, slopes } = this.slopes(this.batch);
    for (let k = 0; k < slopes.length; k++) this.theta[k] -= this.rate * slopes[k];
    this.clamp();
    this.steps += 1;
    this.seen += this.batch.length;
    return loss;
  }

  /** What is subtracted, times the learning rate: the mean of the gradients of some samples, or of another step. */
  slopes(batch) {
    const slopes = new Float64Array(this.theta.length);
    const { program, other, told } = this;
    let loss = 0;
    program.set(this.theta);
    if (other) other.program.set(this.theta);
    for (const k of batch) {
      const { inputs, target } = this.samples[k];
      const { values, grads } = program.at(inputs, target, other ? null : 1);
      loss += values[values.length - 1];
      if (!other) {
        for (let p = 0; p < slopes.length; p++) if (told.parameters[p] >= 0) slopes[p] += grads[told.parameters[p]];
      } else {
        const found = other.program.at(inputs, target, null).values;
        for (let p = 0; p < slopes.length; p++) slopes[p] += found[other.outputs[p]];
      }
    }
    for (let p = 0; p < slopes.length; p++) slopes[p] /= batch.length;
    return { loss: loss / batch.length, slopes };
  }

  /** What the model answers to inputs. */
  answers(several) {
    this.program.set(this.theta);
    return several.map((inputs) => this.program.at(inputs, 0, null).values[this.told.prediction]);
  }

  /** How good it is on all samples: the mean loss, the mean squared error, the part of them on the right side. */
  measure() {
    this.program.set(this.theta);
    let [loss, squares, right] = [0, 0, 0];
    const answers = this.samples.map(({ inputs, target }) => {
      const { values } = this.program.at(inputs, target, null);
      const answer = values[this.told.prediction];
      loss += values[values.length - 1];
      squares += (answer - target) ** 2;
      if (answer > this.told.middle === target > this.told.middle) right += 1;
      return answer;
    });
    const n = this.samples.length;
    return { loss: loss / n, error: squares / n, right: right / n, answers };
  }
}
