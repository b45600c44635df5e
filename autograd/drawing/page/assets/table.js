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
      const name = make("button", { class: "link", type: "button", onclick: () => choose(node) }, node.name || node.kind);
      this.cells.set(node, { value, gradient });
      const operands = node.operands.map((edge) => edge.tail.name).join(", ");
      return make("tr", { "data-node": node.id }, make("th", { scope: "row" }, name), make("td", {}, node.op), make("td", {}, node.kind), value, gradient, make("td", {}, operands), make("td", {}, graph.path(node).join(" › ")));
    });
    place.replaceChildren(make("table", {}, make("caption", {}, "All values at this step"), make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  update(sweep) {
    for (const [node, { value, gradient }] of this.cells) {
      rewrite(value, full(sweep.value(node)));
      rewrite(gradient, node.kind === "constant" ? "" : full(sweep.gradient(node)));
      setClass(gradient, `number ${sweep.state(node)}`);
    }
  }
}
