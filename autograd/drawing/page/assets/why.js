// Why this number: the gradient of a chosen value as the sum of its paths, each product written out, with bars that add up.
"use strict";

/** The part of the panel that explains a gradient; `light` is called with a path that is pointed at. */
function showWhy(graph, scene, node, light) {
  const found = explain(graph, node);
  if (!found || !found.paths.length || node.root) return null;
  const { paths, total, count: ways, rest } = found;
  const hasRest = ways > paths.length;
  const scale = Math.max(...paths.map((path) => Math.abs(path.product)), Math.abs(rest), Math.abs(total));
  const list = make("ol", { class: "paths" }, ...paths.map((path, k) => showPath(path, k, scale, scene, light)));
  if (hasRest) list.append(make("li", { class: "rest" }, bar(rest, scale), make("span", {}, `${many(ways - paths.length)} more`), make("b", {}, short(rest))));
  const parts = [...paths.map((path) => path.product), rest];
  const [up, down] = [parts.filter((part) => part > 0), parts.filter((part) => part < 0)].map(sum);
  const cancels = found.cancels ? make("p", { class: "note" }, `They nearly cancel: ${short(up)} and ${short(down)} leave ${short(total)}.`) : null;
  const heading = make("h3", {}, ways === 1 ? `Why ∇ ${short(node.grad)}: one path leads to the result` : `Why ∇ ${short(node.grad)}: the sum over ${many(ways)} paths`);
  const before = found.before ? make("p", { class: "note" }, `${short(found.before)} were there before: from an earlier backward, or another result.`) : null;
  return make("section", { class: "why", "aria-label": "Why this gradient" }, heading, list, cancels, before);
}

const many = (ways) => (ways > 1e6 ? "very many" : ways.toLocaleString("en"));

function showPath(path, place, scale, scene, light) {
  const names = viaOf(path, scene);
  const item = make("button", { type: "button", class: place === state.path ? "path lit" : "path", onclick: (event) => {
    for (const other of event.currentTarget.closest("ol").querySelectorAll(".path")) other.classList.toggle("lit", other === event.currentTarget);
    light(path, place);
  } }, bar(path.product, scale), make("span", { class: "product" }, productText(path.factors)), make("span", { class: "unseen" }, " is "), make("b", {}, short(path.product)), names ? make("small", {}, ` ${names}`) : null, make("span", { class: "unseen" }, ". Show this path"));
  return make("li", {}, item);
}

/** The factors that are not 1, as a product. */
function productText(factors) {
  const shown = factors.filter((factor, k) => factor !== 1 || (k === 0 && factors.length === 1));
  if (!shown.length) return "1";
  const texts = shown.map((factor) => short(factor));
  return texts.length > 9 ? `${texts.slice(0, 7).join(" × ")} × … (${texts.length - 7} more)` : texts.join(" × ");
}

/** The boxes that a path runs through, but for sums and the like that have no name. */
function viaOf(path, scene) {
  const boxes = [...new Set(path.edges.map((edge) => scene.boxOf.get(edge.head)))];
  const names = boxes.filter((box) => box.module || (box.node && !box.node.root && box.node.label)).map((box) => (box.module ? box.module.path.filter(Boolean).slice(-2).join(".") : box.node.name));
  return names.length ? `through ${names.reverse().join(", ")}` : "";
}

/** A bar that begins in the middle: to the right where it adds, to the left where it takes away. */
function bar(number, scale) {
  const length = scale ? (50 * Math.abs(number)) / scale : 0;
  const inner = make("i", { class: number < 0 ? "minus" : "plus" });
  inner.style.width = `${length.toFixed(1)}%`;
  inner.style.left = `${(number < 0 ? 50 - length : 50).toFixed(1)}%`;
  return make("span", { class: "signed", "aria-hidden": "true" }, inner);
}
