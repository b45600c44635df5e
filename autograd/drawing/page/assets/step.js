// This step: what is multiplied and added, in the panel.
"use strict";

const row = (name, ...cells) => make("div", { class: name }, ...cells);

function linkTo(node, choose) {
  return make("button", { class: "link", type: "button", onclick: () => choose(node) }, node.name);
}

function showStep(place, { sweep, scene, isFresh, chosen }, choose) {
  const fill = (...children) => place.replaceChildren(...children.filter(Boolean));
  if (isFresh && chosen) return fill();
  const steps = count(sweep.length, "step");
  if (sweep.isBackward && !sweep.length) return fill(make("h2", {}, "No gradients yet"), make("p", {}, "backward() has not been called on this result: there is only the way forward."));
  if (isFresh) return fill(make("h2", {}, `${sweep.isBackward ? "Backward" : "Forward"} in ${steps}`), make("p", {}, "Play to watch it happen, or take single steps with the arrow keys. Click a box to see why its gradient is what it is."));
  const title = make("h2", {}, sweep.at === 0 ? "Start" : `Step ${sweep.at} of ${sweep.length}`);
  if (sweep.at === 0) {
    return fill(title, make("p", {}, sweep.isBackward
      ? "The result has the gradient that backward starts from. Every step passes one gradient on to the operands."
      : "The leaves have their numbers. Every step computes one result from its operands."));
  }
  const box = scene.boxOf.get(sweep.node);
  return fill(title, ...(box.node || !box.output || !sweep.isBackward ? valueStep(sweep, choose) : neuronStep(sweep, scene, box, choose)));
}

/** A value that is computed, or that passes its gradient on. */
function valueStep(sweep, choose) {
  const { node } = sweep;
  const who = make("p", { class: "who" }, linkTo(node, choose), node.label || !node.op ? make("span", { class: "op" }, node.op) : null);
  if (!sweep.isBackward) {
    const formula = sweep.graph.story.operations[node.op];
    return [who,
      ...node.operands.map((edge) => row("fact", make("span", {}, edge.mark || "operand", " ", linkTo(edge.tail, choose)), make("b", {}, short(edge.tail.value)))),
      formula ? row("fact", make("span", {}, "formula"), make("code", {}, pretty(formula))) : null,
      row("fact total", make("span", {}, "result"), make("b", {}, short(node.value)))];
  }
  return [who,
    row("fact", make("span", {}, "its gradient, all terms in"), make("b", { "data-upstream": full(node.grad) }, short(node.grad))),
    ...sweep.terms.map((term) => showTerm(term, choose)),
    sweep.terms.length ? null : make("p", {}, "Nothing goes on from here: its operands are constants, or nothing came.")];
}

/** A closed neuron that passes its gradient on: to what it was computed from, and to its own parameters. */
function neuronStep(sweep, scene, box, choose) {
  const { output } = box;
  const entering = scene.edges.filter((edge) => edge.head === box && !edge.edges.every((each) => each.constant));
  const own = ownLeaves(box.nodes, choose);
  const terms = entering.map((edge) => {
    const [flow, derivative] = [scene.flow(edge), scene.derivative(edge)];
    const product = derivative === null ? ["passes on ", make("b", {}, short(flow))] : [short(output.grad), " × ", short(derivative), " = ", make("b", {}, short(flow))];
    return make("div", { class: "term" },
      row("fact", make("span", {}, "to ", edge.tail.output ? linkTo(edge.tail.output, choose) : edge.tail.module?.name ?? "…")),
      derivative === null ? null : make("div", { class: "caption" }, "upstream × local, through the whole neuron"),
      make("div", { class: "product" }, ...product));
  });
  return [
    make("p", { class: "who" }, linkTo(output, choose), make("span", { class: "op" }, `neuron ${box.module.sign}`)),
    row("fact", make("span", {}, "its gradient, all terms in"), make("b", {}, short(output.grad))),
    ...terms,
    own && make("h3", {}, "and to its own weights"),
    own,
  ];
}

function showTerm({ edge, upstream, before, after }, choose) {
  const isNumber = typeof edge.flow === "number";
  const formula = formulaOf(edge);
  const product = isNumber && edge.partial !== null
    ? [short(upstream), " × ", short(edge.partial), " = ", make("b", {}, short(edge.flow))]
    : ["passes on ", make("b", {}, short(edge.flow))];
  return make("div", { class: "term", "data-edge": edge.id, "data-tail": edge.tail.id, "data-flow": full(edge.flow), "data-sum": full(after) },
    row("fact", make("span", {}, "to ", edge.mark, edge.mark ? " " : "", linkTo(edge.tail, choose)), formula && edge.partial !== null ? make("code", { title: generalFormula(edge) }, formula) : null),
    ...(edge.partial !== null ? [make("div", { class: "caption" }, "upstream × local")] : ofArrays(edge, formula)),
    make("div", { class: "product" }, ...product),
    make("div", { class: "sum" }, "sum ", before === null ? "—" : short(before), " → ", make("b", {}, short(after))));
}

const shapeOf = (amount) => (typeof amount === "object" && amount !== null ? amount.short : "a number");

/** How the gradient of an array passes to an operand: a formula of its own, or upstream × local element by element. */
function ofArrays(edge, formula) {
  if (!formula) return [];
  const isWhole = formula.includes("δ");
  const [came, goes] = [shapeOf(edge.head.grad), shapeOf(edge.tail.value)];
  const local = /[ ]/.test(formula) ? `(${formula})` : formula;
  return [
    make("code", { class: "pullback", title: generalFormula(edge) }, `d${spelled(edge.tail) ?? edge.tail.title} = ${isWhole ? formula : `δ × ${local}`}`),
    make("div", { class: "caption" }, `${isWhole ? "" : "upstream × local, element by element; "}δ, the gradient that arrived: ${came}${came === goes ? "" : `; to ${goes}${isWhole ? "" : ", summed to this shape"}`}`),
  ];
}
