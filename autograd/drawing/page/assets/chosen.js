// The chosen box: why its gradient is what it is, and everything that is known of it, in the panel.
"use strict";

const fact = (name, content) => (content ? [make("dt", {}, name), make("dd", {}, content)] : []);

/** Everything about a value. */
function showNode(place, node, context) {
  const { graph, sweep, scene, choose, light, shares, toggle } = context;
  const kind = node.kind === "result" ? node.op : node.kind;
  const now = sweep.isBackward && sweep.state(node) !== "done" ? sweep.gradient(node) : undefined;
  const formula = graph.story.operations[node.op];
  place.replaceChildren(...[
    heading(node.name, kind && kind !== node.name ? kind : "", node.root),
    node.mark ? make("p", { class: "mark" }, `⚠ ${node.mark}`) : null,
    node.module && scene.boxOf.get(node).node ? make("button", { type: "button", id: "close-module", onclick: () => toggle(node.module) }, `Close ${graph.nameOf(graph.modules.get(node.module))}`) : null,
    showWhy(graph, scene, node, light),
    make("dl", {},
      ...fact("value", full(node.value)),
      ...(node.kind === "constant" ? [] : fact("gradient", node.grad === null ? "not yet computed" : full(node.grad))),
      ...compared(node, graph.story.compare),
      ...(now === undefined ? [] : fact("at this step", full(now))),
      ...fact("formula", formula && pretty(formula)),
      ...fact("module", graph.path(node).join(" › ")),
      ...fact("recorded at", node.source)),
    ...arrays(node),
    ...terms(node, choose, shares),
    ...operands(node, choose),
  ].filter(Boolean));
}

function heading(name, kind, isRoot = false) {
  return make("h2", {}, name, make("span", { class: "op" }, [kind, isRoot ? "the result" : ""].filter(Boolean).join(", ")));
}

/** The numbers of small arrays, element by element. */
function arrays(node) {
  const found = [];
  for (const [name, amount, graded] of [["value", node.value, false], ["gradient", node.grad, true]]) {
    const numbers = matrix(amount, graded ? state.colours : null) ?? heatMap(graded ? `∇${node.name}` : node.name, amount, graded ? state.colours : null);
    if (numbers) found.push(make("h3", {}, name), scrolling(`${name}, element by element`, numbers));
  }
  return found;
}

/** What the gradient is the sum of, one term for each use. */
function terms(node, choose, shares) {
  const used = node.uses.filter((edge) => edge.flow !== null);
  if (!used.length && node.before === null) return [];
  const hasShares = shares.size > 0;
  const hasProducts = used.some((edge) => edge.partial !== null);
  const line = (name, product, term, share) => make("tr", {}, make("td", {}, name), hasProducts && make("td", { class: "number" }, product), make("td", { class: "number" }, term), hasShares && make("td", { class: "number" }, share));
  const lines = used.map((edge) => line(
    linkTo(edge.head, choose), edge.partial === null ? "" : `${short(edge.partial)} × ${short(edge.head.grad)}`,
    make("b", { title: full(edge.flow) }, short(edge.flow)), shares.has(edge) ? percent(shares.get(edge)) : ""));
  if (node.before !== null) lines.push(line("from elsewhere: an earlier backward, or another result", "", make("b", {}, short(node.before)), ""));
  const head = make("tr", {}, ...["used by", hasProducts && "local × upstream", "term", hasShares && "share"].filter(Boolean).map((name) => make("th", { scope: "col" }, name)));
  const title = hasProducts ? "Its gradient is the sum of local × upstream" : "Its gradient is the sum of";
  return [make("h3", {}, title), scrolling("terms of the gradient", make("table", {}, make("thead", {}, head), make("tbody", {}, ...lines)))];
}

/** What it was computed from, and the local derivatives. */
function operands(node, choose) {
  if (!node.operands.length) return [];
  const lines = node.operands.map((edge) => {
    const formula = edge.constant ? null : formulaOf(edge);
    const general = generalFormula(edge);
    const code = formula ? make("details", { class: "formula" }, make("summary", {}, make("code", {}, formula)), make("code", {}, general)) : "";
    return make("tr", {},
      make("td", {}, edge.mark, edge.mark ? " " : "", linkTo(edge.tail, choose)),
      make("td", {}, code),
      make("td", { class: "number" }, make("b", { title: full(edge.partial) }, edge.partial !== null ? short(edge.partial) : edge.constant ? "none" : "pullback")));
  });
  return [make("h3", {}, "Operands and local derivatives"), scrolling("operands", make("table", {}, make("tbody", {}, ...lines)))];
}

/** The other gradient, and how far it is from this one. */
function compared(node, compare) {
  if (!compare || !(node.id in compare.nodes)) return [];
  const other = decode(compare.nodes[node.id]);
  return [...fact(compare.names[0], full(other)), ...fact(typeof node.grad === "number" ? "difference" : "norm of the difference", full(typeof other === "number" ? other - node.grad : decode(compare.gaps[node.id])))];
}

/** Everything about a module that is one box, or about a frame. */
function showModule(place, module, nodes, isOpen, toggle, context) {
  if (!module) {
    place.replaceChildren(heading("Left out", ""), make("dl", {}, ...fact("values", nodes.length.toLocaleString("en"))));
    return;
  }
  const parameters = nodes.filter((node) => node.kind === "parameter").length;
  const found = together(nodes, (node) => node.grad);
  const { output } = module;
  const [kind, verb] = output ? [`neuron ${module.sign}`, "neuron"] : ["module", "module"];
  place.replaceChildren(...[
    heading(context.graph.nameOf(module), kind),
    module.equation ? make("p", {}, make("code", {}, module.equation)) : null,
    make("button", { type: "button", id: "toggle-module", onclick: toggle }, `${isOpen ? "Close" : "Open"} this ${verb}`),
    output && !isOpen ? showWhy(context.graph, context.scene, output, context.light) : null,
    make("dl", {},
      ...(output ? [...fact("value", full(output.value)), ...fact("gradient", output.grad === null ? "not yet computed" : full(output.grad))] : []),
      ...fact("values", nodes.length.toLocaleString("en")),
      ...fact("parameters", parameters ? parameters.toLocaleString("en") : ""),
      ...(found ? [...fact("‖∇‖", String(found.norm)), ...fact("|∇|", `from ${short(found.low)} to ${short(found.high)}`)] : [])),
    output ? ownLeaves(nodes, context.choose) : null,
  ].filter(Boolean));
}

/** The weights inside a neuron, each with its number and its gradient; null where there are none. */
function ownLeaves(nodes, choose) {
  const lines = nodes.filter((node) => node.kind === "parameter" || node.kind === "input").map((node) => make("tr", {}, make("td", {}, make("button", { class: "link", type: "button", onclick: () => choose(node) }, node.label || node.name)), make("td", { class: "number" }, short(node.value)), make("td", { class: "number" }, `∇ ${short(node.grad)}`)));
  return lines.length ? scrolling("weights", make("table", {}, make("tbody", {}, ...lines))) : null;
}

function showNothing(place, graph) {
  place.replaceChildren(...(graph.story.notes ?? []).map((note) => make("p", { class: "note" }, note)));
}
