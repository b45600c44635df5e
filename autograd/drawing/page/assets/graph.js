// The graph: values, edges and modules, who depends on whom, and what everything is called.
"use strict";

class Graph {
  constructor(story) {
    this.story = story;
    this.modules = new Map((story.modules ?? []).map((each) => [each.id, { name: "", sign: "", equation: "", parent: "", ...each, nodes: [] }]));
    this.nameNeurons();
    for (const module of this.modules.values()) {
      const above = this.modules.get(module.parent);
      module.chain = above ? [...above.chain, module.id] : [module.id]; // outer modules come first
      module.path = above ? [...above.path, module.name] : [module.name];
    }
    this.nodes = story.nodes.map((node, place) => ({
      title: "", label: "", op: "", sign: "", module: "", source: "", mark: "", ...node, place,
      value: decode(node.value), grad: decode(node.grad), before: decode(node.before), operands: [], uses: [],
    }));
    this.byId = new Map(this.nodes.map((node) => [node.id, node]));
    this.edges = story.edges.map((edge) => ({
      mark: "", constant: false, ...edge, tail: this.byId.get(edge.tail), head: this.byId.get(edge.head),
      partial: decode(edge.partial), flow: decode(edge.flow), after: decode(edge.after), formula: story.formulas[edge.formula] ?? null,
    }));
    for (const edge of this.edges) {
      edge.head.operands.push(edge);
      edge.tail.uses.push(edge);
    }
    for (const node of this.nodes) node.operands.sort((one, other) => (one.slot ?? 0) - (other.slot ?? 0));
    for (const node of this.nodes) for (const id of this.chain(node)) this.modules.get(id).nodes.push(node);
    for (const module of this.modules.values()) module.output = this.byId.get(module.output) ?? null;
    this.roots = this.nodes.filter((node) => node.root);
    this.depth = Math.max(0, ...[...this.modules.values()].map((module) => module.chain.length));
    this.hasGradients = (story.backward ?? []).length > 0;
    this.isOfArrays = this.nodes.some((node) => typeof node.value === "object" && node.value !== null && node.kind !== "module");
    this.giveNames();
  }

  /** Neurons without a name are numbered, in the order in which they ran. */
  nameNeurons() {
    const nameless = [...this.modules.values()].filter((module) => module.sign && !module.name);
    nameless.sort((one, other) => inOrder(one.output, other.output)).forEach((module, k) => { module.name = `neuron ${k + 1}`; });
  }

  chain(node) {
    return this.modules.get(node.module)?.chain ?? [];
  }

  path(node) {
    return this.modules.get(node.module)?.path.filter(Boolean) ?? [];
  }

  /**
   * A name for every value that no other has, as short as that goes: its label, or its label with its modules, or where
   * that too occurs again with a number, w₁ and w₂.
   */
  giveNames() {
    const bare = (node) => node.label || (node.kind === "constant" ? short(node.value) : node.title || node.op || node.kind);
    const counts = new Map();
    for (const node of this.nodes) counts.set(bare(node), (counts.get(bare(node)) ?? 0) + 1);
    for (const node of this.nodes) {
      const modules = this.path(node).slice(this.sharesRoot() ? 1 : 0);
      const alone = counts.get(bare(node)) === 1 || node.kind === "constant" || !node.label || !modules.length;
      node.name = alone ? bare(node) : [...modules, node.label].join(".");
    }
    const alike = new Map();
    for (const node of this.nodes) if (node.label) alike.set(node.name, [...(alike.get(node.name) ?? []), node]);
    for (const nodes of alike.values()) if (nodes.length > 1) nodes.forEach((node, k) => { node.name += subscript(k + 1); });
    for (const module of this.modules.values()) if (module.output && !module.output.label) module.output.name = this.nameOf(module);
  }

  /** What a module is called: its path without what all modules have in common. */
  nameOf(module) {
    return module.path.filter(Boolean).slice(this.sharesRoot() && module.path.length > 1 ? 1 : 0).join(".") || module.sign;
  }

  /** Whether all modules are inside one, whose name then says nothing. */
  sharesRoot() {
    this.outermost ??= new Set([...this.modules.values()].filter((module) => !module.parent && !module.sign).map((module) => module.id));
    return this.outermost.size === 1;
  }

  /** All that these values were computed from, or all that was computed from them; themselves included. */
  reach(nodes, forward) {
    const found = new Set(nodes);
    const waiting = [...nodes];
    while (waiting.length) {
      const node = waiting.pop();
      for (const edge of forward ? node.uses : node.operands) {
        const next = forward ? edge.head : edge.tail;
        if (!found.has(next)) {
          found.add(next);
          waiting.push(next);
        }
      }
    }
    return found;
  }

  /** Every result that these values have a part in, in the order of the forward pass; themselves included. */
  later(nodes) {
    return [...this.reach(nodes, true)].sort((one, other) => one.place - other.place);
  }

  /**
   * How much of a value's gradient came along each edge between it and the result: the sum over all paths through the
   * edge of the products of their local derivatives.
   */
  contributions(node) {
    const found = new Map();
    if (typeof node.grad !== "number" || !Number.isFinite(node.grad)) return found;
    const from = new Map([[node, 1]]); // ∂each / ∂node
    for (const each of this.later([node])) {
      for (const edge of each.uses) {
        if (edge.partial === null || typeof edge.head.grad !== "number") continue;
        const carried = from.get(each) * edge.partial;
        from.set(edge.head, (from.get(edge.head) ?? 0) + carried);
        found.set(edge, carried * edge.head.grad);
      }
    }
    return found;
  }
}

const subscript = (number) => String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

/** The norm of the gradients of a module's parameters, or of all its values if it has none; null if none is known. */
function together(nodes, gradientOf) {
  const parameters = nodes.filter((node) => node.kind === "parameter");
  const known = (parameters.length ? parameters : nodes).map(gradientOf).filter((amount) => amount !== null);
  if (!known.length) return null;
  const sizes = known.map(sizeOf);
  return { norm: Math.hypot(...sizes), low: Math.min(...sizes), high: Math.max(...sizes) };
}

// --------------------------------------------------------------------------------------------------------- formulas

const PRETTY = [[/ \* /g, " · "], [/\*\*2\b/g, "²"], [/\*\*3\b/g, "³"], [/-/g, "−"]];
const pretty = (text) => PRETTY.reduce((shown, [old, better]) => shown.replace(old, better), text);

/** How a value is called inside a formula: by its name, as a number, or written out where it is no more than a step. */
function spelled(node) {
  if (node.label) return node.name;
  if (node.kind === "constant") return short(node.value, 6);
  const parts = node.operands.map((edge) => edge.tail);
  if (!parts.length || parts.some((part) => !part.label && part.kind !== "constant")) return null;
  const names = parts.map(spelled);
  if (node.sign.includes("①")) return node.sign.replace(/[①②]/g, (mark) => names["①②".indexOf(mark)]);
  return node.sign.length === 1 ? names.join(` ${node.sign} `) : `${node.sign}(${names.join(", ")})`;
}

/** The local derivative on an edge: the case that applies, in the operands' own names; null without a formula. */
function formulaOf(edge) {
  const { formula, head } = edge;
  if (!formula) return null;
  const cases = formula.cases ?? {};
  const text = cases[edge.case ?? Object.keys(cases)[0]];
  if (text === undefined) return pretty(formula.general.replace(/^.*? = /, ""));
  const operands = Object.fromEntries(head.operands.map((each) => ["xy"[each.slot] ?? "", each.tail]));
  const names = { out: head.label ? head.name : "out" };
  for (const [letter, node] of Object.entries(operands)) names[letter] = spelled(node) ?? node.title;
  const whole = /^\{\w+\}$/.test(text);
  const named = pretty(text).replace(/\{(\w+)\}/g, (_, letter) => {
    const name = names[letter] ?? letter;
    return whole || /^[\w.[\],₀-₉]+$/.test(name) ? name : `(${name})`;
  });
  return named;
}

/** The same for all cases, as the table of primitives has it. */
const generalFormula = (edge) => (edge.formula ? pretty(edge.formula.general) : "");
