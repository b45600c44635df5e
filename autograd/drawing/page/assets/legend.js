// The legend: what colours, borders and lines mean, as far as they occur.
"use strict";

function fillLegend(place, graph, colours, compare) {
  const swatch = (tone, words = "") => make("span", { class: `swatch ${tone}` }, words);
  const key = (name, words) => make("span", { class: "key" }, make("span", { class: `sample ${name}`, "aria-hidden": "true" }), words);
  const amounts = [...graph.nodes.map((node) => node.grad), ...graph.edges.map((edge) => edge.flow)].filter((amount) => amount !== null);
  const all = [...amounts, ...graph.nodes.map((node) => node.value).filter((value) => value !== null)];
  const [low, high] = [short(10 ** colours.low, 2), short(10 ** colours.high, 2)];
  const series = (sign) => Array.from({ length: STEPS }, (_, k) => swatch(`${sign}${k}`));
  const parts = [];
  if (compare) parts.push(make("span", { class: "scale" }, `${compare.names[0]} − ${compare.names[1]}: less `, ...series("minus").reverse(), ...series("plus"), " more"));
  if (graph.hasGradients) {
    parts.push(make("span", { class: "scale" }, make("b", {}, "∇ "), `−${high} `, ...series("minus").reverse(), ` −${low}`, swatch("zero", "0"), `${low} `, ...series("plus"), ` ${high}`));
    parts.push(key("waiting", "not yet"));
  }
  if (amounts.some((amount) => sizeOf(amount) > 0 && sizeOf(amount) <= colours.dust)) parts.push(make("span", {}, `below ${short(colours.dust, 1)}, what rounding leaves, counts as 0`));
  if (all.some((amount) => !Number.isFinite(sizeOf(amount)))) parts.push(swatch("alarm", "NaN or Inf"));
  if (graph.nodes.some((node) => node.mark)) parts.push(key("marked", "suspicious"));
  const kinds = new Set(graph.nodes.map((node) => node.kind));
  for (const kind of ["input", "parameter", "constant"]) if (kinds.has(kind)) parts.push(key(kind, kind));
  parts.push(key("root", "result"));
  if ([...graph.modules.values()].some((module) => module.sign)) parts.push(key("neuron", "neuron: double-click opens it"));
  place.replaceChildren(...parts);
}
