// Arrays: small ones as numbers in a table, coloured as gradients are.
"use strict";

/** The numbers of a small array, in rows; null of a larger one. */
function matrix(amount, colours = null) {
  if (!amount?.rows?.length) return null;
  const cell = (number) => make("td", { class: `number ${colours ? colours.tone(number) : ""}`, title: String(number) }, short(number, 2));
  return make("table", { class: "matrix" }, make("tbody", {}, ...amount.rows.map((row) => make("tr", {}, ...row.map(cell)))));
}
