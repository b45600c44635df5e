// Arrays: small ones as numbers in a table, larger ones as a heat map; gradients in their colours.
"use strict";

/** The numbers of a small array, in rows; null of a larger one. */
function matrix(amount, colours = null) {
  if (!amount?.rows?.length) return null;
  const cell = (number) => make("td", { class: `number ${colours ? colours.tone(number) : ""}`, title: String(number) }, short(number, 2));
  return make("table", { class: "matrix" }, make("tbody", {}, ...amount.rows.map((row) => make("tr", {}, ...row.map(cell)))));
}

/** A larger array as squares, which say their number under the pointer; null of one that is too large. */
function heatMap(name, amount, colours = null) {
  if (!amount?.cells?.length) return null;
  const [high, wide] = [amount.cells.length, amount.cells[0].length];
  const most = Math.max(...amount.cells.flat().map(Math.abs).filter(Number.isFinite), 1e-300);
  const square = Math.min(12, 300 / wide);
  const words = make("p", { class: "cell-words" }, `Point at a cell of these ${high} × ${wide}.`);
  const picture = draw("svg", { viewBox: `0 0 ${wide * square} ${high * square}`, role: "img", "aria-label": `${name}, ${full(amount)}`, class: "heat" });
  picture.style.maxWidth = `${wide * square}px`;
  amount.cells.forEach((row, i) => row.forEach((number, j) => {
    const cell = draw("rect", { x: j * square, y: i * square, width: square, height: square, class: colours ? `cell ${colours.tone(number)}` : "cell", "data-at": `${i} ${j}` });
    if (!colours) cell.style.fill = tint(number / most);
    picture.append(cell);
  }));
  picture.addEventListener("pointerover", ({ target }) => {
    if (!target.dataset.at) return;
    const [i, j] = target.dataset.at.split(" ").map(Number);
    words.textContent = `${name}[${high > 1 || wide === 1 ? `${i}, ` : ""}${j}] = ${short(amount.cells[i][j], 4)}`;
  });
  return make("div", {}, picture, words);
}
