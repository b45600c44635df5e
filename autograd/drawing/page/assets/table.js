// The same numbers as a table, for those who do not see the picture or like numbers better.
"use strict";

const COLUMNS = ["name", "operation", "kind", "value", "gradient", "operands", "module"];

class Table {
  constructor(place, graph, choose) {
    const head = make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)));
    this.cells = new Map();
    const rows = graph.nodes.map((node) => {
      const value = make("td", { class: "number" });
      const gradient = make("td", { class: "number", "data-gradient": node.id });
      const name = make("button", { class: "link", type: "button", onclick: () => choose(node) }, nameOf(node) || node.kind);
      this.cells.set(node, { value, gradient });
      const operands = node.operands.map((edge) => nameOf(edge.tail)).join(", ");
      return make("tr", { "data-node": node.id }, make("th", { scope: "row" }, name), make("td", {}, node.op), make("td", {}, node.kind), value, gradient, make("td", {}, operands), make("td", {}, graph.path(node).join(" › ")));
    });
    place.replaceChildren(make("table", {}, make("caption", {}, "All values at this step"), make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  update(sweep) {
    for (const [node, { value, gradient }] of this.cells) {
      rewrite(value, full(sweep.value(node)), "number");
      rewrite(gradient, node.kind === "constant" ? "" : full(sweep.gradient(node)), `number ${sweep.state(node)}`);
    }
  }
}

/** Only what differs: a table of thousands of rows is slow to lay out. */
function rewrite(cell, text, className) {
  if (cell.textContent !== text) cell.textContent = text;
  if (cell.className !== className) cell.className = className;
}
