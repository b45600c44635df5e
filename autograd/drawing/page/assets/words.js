// What is written in boxes, on edges, and read out, at a step of the story.
"use strict";

const NUMBER = "−0.0000"; // as wide as most numbers

/** The number or the shape in a box. */
const held = (value) => (typeof value === "object" && value !== null ? value.short : short(value));

function gradientText(gradient) {
  if (typeof gradient === "object" && gradient !== null) return `‖∇‖ ${Number.isNaN(gradient.size) ? "…" : short(gradient.size)}`;
  return `∇ ${short(gradient)}`;
}

/** The lines of a box; its numbers stand beside one another or, stacked, below. */
function linesOf(box, stacked, now) {
  const line = (role, text, widest) => ({ role, text, widest });
  const numbers = (value, gradient) => {
    const parts = [value, gradient].filter((part) => part !== null);
    if (stacked) return parts.map((part) => line("numbers", part, part === gradient ? `∇ ${NUMBER}` : NUMBER));
    return [line("numbers", parts.join(" │ "), parts.length > 1 ? `${NUMBER} │ ∇ ${NUMBER}` : NUMBER)];
  };
  const titles = box.titles.map((title, k) => line(k ? "sign" : "title", title));
  if (box.kind === "rest") return [...titles, line("numbers", `${count(box.nodes.length, "value")} left out`)];
  if (box.output) return [...titles, ...numbers(...now.pair(box.output))];
  const parameters = box.nodes.filter((node) => node.kind === "parameter").length;
  const found = together(box.nodes, now.gradient);
  const holds = parameters ? count(parameters, "parameter") : count(box.nodes.length, "value");
  return [...titles, ...numbers(holds, now.hasGradients ? `‖∇‖ ${found ? short(found.norm) : "—"}` : null)];
}

/** What is written on an edge: on the way back what has flowed along it, else its local derivative. */
function labelOf(scene, edge, now) {
  if (now.isBackward) return now.flow(edge) === null ? "" : short(now.flow(edge));
  const derivative = edge.edges.every((each) => each.constant) ? null : scene.derivative(edge);
  const mark = edge.edges.length === 1 && edge.head.node ? edge.edges[0].mark : "";
  return [mark, derivative === null ? "" : short(derivative)].filter(Boolean).join(" ");
}

/** A label with the room that it may need: numbers change. */
const widestLabel = (text) => (text && measure(text) < measure(NUMBER) ? NUMBER : text);

/** A box in words, for those who do not see it: what is written in it, and what else there is to say. */
function spokenOf(box, lines, now) {
  const written = lines.map((line) => line.text).join(" ");
  if (!box.output) return box.module ? `${written}; module ${box.module.path.join(" ")}, ${count(box.nodes.length, "value")}` : written;
  const node = box.output;
  const name = box.node ? node.name : box.module.path.join(" ");
  const kind = box.node ? (node.kind === "result" ? node.op : node.kind) : "neuron";
  const gradient = node.kind === "constant" || !now.hasGradients ? "" : `, gradient ${now.gradient(node) === null ? "not yet known" : short(now.gradient(node))}`;
  return `${written}; ${name}, ${kind}, value ${short(now.value(node))}${gradient}${node.mark ? `, suspicious: ${node.mark}` : ""}`;
}

/** This step of the story as a sentence. */
function sentence(sweep) {
  if (sweep.at === 0 || !sweep.node) return `Start, ${sweep.direction}`;
  const start = `Step ${sweep.at} of ${sweep.length}, ${sweep.direction}: ${sweep.node.name}`;
  if (!sweep.isBackward) return `${start} is ${short(sweep.node.value)}`;
  const terms = sweep.terms.map(({ edge, upstream, after }) => (typeof edge.flow === "number"
    ? `to ${edge.tail.name} goes ${short(upstream)} times ${short(edge.partial)}, ${short(edge.flow)}, its sum is ${short(after)}`
    : `to ${edge.tail.name} goes ${short(edge.flow)}`));
  return `${start} has gradient ${short(sweep.node.grad)}; ${terms.join("; ") || "nothing goes on"}`;
}
