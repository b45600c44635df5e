// The panel: what this step multiplies and adds, and everything that is known of the chosen box.
"use strict";

const nameOf = (node) => node.label || (node.kind === "constant" ? short(node.value) : node.title || node.op);

/** ∂out/∂x of an edge, its formula, and its number. */
function local(edge) {
  return edge.partial !== null ? short(edge.partial) : edge.constant ? "none" : "pullback";
}

function row(className, ...cells) {
  return make("div", { class: className }, ...cells);
}

/** What happens at this step. */
function showStep(sweep, choose, fresh) {
  const place = byId("now");
  const heading = make("h2", {}, sweep.at === 0 ? "Start" : `Step ${sweep.at} of ${sweep.length}`);
  if (sweep.direction === "backward" && !sweep.length) {
    place.replaceChildren(make("h2", {}, "No gradients yet"), make("p", {}, "backward() has not been called on this result: there is only the way forward."));
    return;
  }
  if (fresh) {
    const words = sweep.direction === "backward" ? "The picture shows the gradients as backward left them." : "The picture shows the numbers as forward left them.";
    place.replaceChildren(make("h2", {}, `${sweep.direction === "backward" ? "Backward" : "Forward"} in ${sweep.length} ${sweep.length === 1 ? "step" : "steps"}`), make("p", {}, `${words} Play to watch it happen, or take single steps with the arrow keys.`));
    return;
  }
  if (sweep.at === 0) {
    const text = sweep.direction === "forward"
      ? "The leaves have their numbers. Every step computes one result from its operands."
      : "The result has the gradient that backward starts from. Every step passes one gradient on to the operands.";
    place.replaceChildren(heading, make("p", {}, text));
    return;
  }
  const link = (node) => make("button", { class: "link", type: "button", onclick: () => choose(node) }, nameOf(node));
  const node = sweep.node;
  if (sweep.direction === "forward") {
    const formula = sweep.graph.story.operations[node.op];
    place.replaceChildren(
      heading,
      make("p", { class: "who" }, link(node), make("span", { class: "op" }, node.op)),
      ...node.operands.map((edge) => row("fact", make("span", {}, edge.mark || "operand", " ", link(edge.tail)), make("b", {}, short(edge.tail.value)))),
      ...(formula ? [row("fact", make("span", {}, "formula"), make("code", {}, formula))] : []),
      row("fact total", make("span", {}, "result"), make("b", {}, short(node.value))),
    );
    return;
  }
  place.replaceChildren(
    heading,
    make("p", { class: "who" }, link(node), node.label ? make("span", { class: "op" }, node.op) : null),
    row("fact", make("span", {}, "its gradient, all terms in"), make("b", { "data-upstream": full(node.grad) }, short(node.grad))),
    ...sweep.terms.map((term) => showTerm(term, link)),
    ...(sweep.terms.length ? [] : [make("p", {}, "Nothing goes on from here: its operands are constants, or nothing came.")]),
  );
}

function showTerm({ edge, upstream, before, after }, link) {
  const isNumber = typeof edge.flow === "number";
  const product = isNumber
    ? [make("i", {}, short(upstream)), " × ", make("i", {}, short(edge.partial)), " = ", make("b", {}, short(edge.flow))]
    : ["passes on ", make("b", {}, short(edge.flow))];
  return make("div", { class: "term", "data-edge": edge.id, "data-tail": edge.tail.id, "data-flow": full(edge.flow), "data-sum": full(after) },
    row("fact", make("span", {}, "to ", edge.mark, edge.mark ? " " : "", link(edge.tail)), edge.formula ? make("code", {}, edge.formula) : null),
    isNumber ? make("div", { class: "caption" }, "upstream × local") : null,
    make("div", { class: "product" }, ...product),
    make("div", { class: "sum" }, "sum ", before === null ? "—" : short(before), " → ", make("b", {}, short(after))),
  );
}

const fact = (name, content) => (content ? [make("dt", {}, name), make("dd", {}, content)] : []);

/** Everything about a value. */
function showNode(node, sweep, shares, choose) {
  const link = (other) => make("button", { class: "link", type: "button", onclick: () => choose(other) }, nameOf(other));
  const terms = node.uses.filter((edge) => edge.flow !== null);
  const kind = node.kind === "result" ? node.op : node.kind;
  const now = sweep.direction === "backward" && sweep.state(node) !== "done" ? sweep.gradient(node) : undefined;
  const children = [
    make("h2", {}, node.label || node.title || kind, make("span", { class: "op" }, kind, node.root ? ", the result" : "")),
    make("dl", {},
      ...fact("module", sweep.graph.path(node).join(" › ")),
      ...fact("formula", sweep.graph.story.operations[node.op]),
      ...fact("value", full(node.value)),
      ...(node.kind === "constant" ? [] : fact("gradient", node.grad === null ? "not yet computed" : full(node.grad))),
      ...compared(node, sweep.graph.story.compare),
      ...(now === undefined ? [] : fact("at this step", full(now))),
      ...fact("recorded at", node.source),
    ),
  ];
  for (const [name, amount] of [["value", node.value], ["gradient", node.grad]]) {
    const numbers = matrix(amount);
    if (numbers) children.push(make("h3", {}, name), make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `${name}, element by element` }, numbers));
  }
  if (terms.length || node.before !== null) {
    const lines = terms.map((edge) => make("tr", {},
      make("td", {}, link(edge.head)),
      make("td", { class: "number" }, edge.partial === null ? "" : `${short(edge.partial)} × ${short(edge.head.grad)}`),
      make("td", { class: "number" }, make("b", { title: full(edge.flow) }, short(edge.flow))),
      make("td", { class: "number" }, shares.has(edge) ? percent(shares.get(edge)) : ""),
    ));
    if (node.before !== null) lines.push(make("tr", {}, make("td", { colspan: 2 }, "from elsewhere: an earlier backward, or another result"), make("td", { class: "number" }, make("b", {}, short(node.before))), make("td")));
    children.push(
      make("h3", {}, "Gradient = sum of local × upstream"),
      make("table", {}, make("thead", {}, make("tr", {}, ...["used by", "local × upstream", "term", "share"].map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...lines)),
    );
  }
  if (node.operands.length) {
    const lines = node.operands.map((edge) => make("tr", {},
      make("td", {}, edge.mark, edge.mark ? " " : "", link(edge.tail)),
      make("td", {}, edge.formula ? make("code", {}, edge.formula) : ""),
      make("td", { class: "number" }, make("b", { title: full(edge.partial) }, local(edge))),
    ));
    children.push(make("h3", {}, "Operands and local derivatives"), make("table", {}, make("tbody", {}, ...lines)));
  }
  byId("chosen").replaceChildren(...children);
}

/** The other gradient, and how far it is from this one. */
function compared(node, compare) {
  if (!compare || !(node.id in compare.nodes)) return [];
  const other = decode(compare.nodes[node.id]);
  return [...fact(compare.names[0], full(other)), ...(typeof node.grad === "number" ? fact("difference", full(other - node.grad)) : [])];
}

const percent = (share) => `${short(100 * share, 3)} %`;

/** Everything about a module that is one box, or about a frame. */
function showModule(module, nodes, sweep, isOpen, toggle) {
  const parameters = nodes.filter((node) => node.kind === "parameter").length;
  const found = together(nodes, (node) => node.grad);
  byId("chosen").replaceChildren(
    make("h2", {}, module ? module.name : "Left out", make("span", { class: "op" }, module ? "module" : "")),
    make("dl", {},
      ...fact("module", module ? module.path.join(" › ") : ""),
      ...fact("values", nodes.length.toLocaleString("en")),
      ...fact("parameters", parameters.toLocaleString("en")),
      ...(found ? [...fact("norm of the gradient", String(found.norm)), ...fact("smallest, largest |gradient|", `${short(found.low)} … ${short(found.high)}`)] : []),
    ),
    module ? make("button", { type: "button", id: "toggle-module", onclick: toggle }, isOpen ? "Close this module" : "Open this module") : "",
  );
}

function showNothing(graph) {
  byId("chosen").replaceChildren(
    make("h2", {}, "Choose a box"),
    make("p", {}, "Point at a box or focus it to see its numbers in full; click it to keep only what it depends on and what depends on it."),
    ...(graph.story.notes ?? []).map((note) => make("p", { class: "note" }, note)),
  );
}
