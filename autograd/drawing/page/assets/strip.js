// The strip: how much gradient arrives in each layer, on a logarithmic scale. Where it vanishes or explodes is seen at once.
"use strict";

const DISTANCE = " from the end"; // what layers without a name are called: heard with every one, seen only once

class Strip {
  constructor(place, graph, choose) {
    this.layers = (graph.story.layers ?? []).map(({ name, nodes }) => ({ name, nodes: nodes.map((id) => graph.byId.get(id)).filter(Boolean) }));
    this.place = place;
    place.hidden = this.layers.length < 2 || !graph.hasGradients;
    if (place.hidden) return;
    const isFar = this.layers.every(({ name }) => name.endsWith(DISTANCE));
    this.bars = this.layers.map(({ name, nodes }) => {
      const [bar, number] = [make("i"), make("b")];
      const button = make("button", { type: "button", class: "layer", onclick: () => choose(nodes) }, make("span", { class: "bar" }, bar), number, " ", make("small", { title: name }, isFar ? name.slice(0, -DISTANCE.length) : name), make("span", { class: "unseen" }, `${isFar ? DISTANCE : ""}: norm of its gradient`));
      return { button, bar, number };
    });
    place.replaceChildren(make("h2", {}, isFar ? `‖∇‖, steps${DISTANCE}` : "‖∇‖ by layer"), make("div", { class: "layers" }, ...this.bars.map(({ button }) => button)));
  }

  update(gradient, colours) {
    if (this.place.hidden) return;
    const norms = this.layers.map(({ nodes }) => {
      const known = nodes.map(gradient).filter((amount) => amount !== null);
      return known.length ? Math.hypot(...known.map(sizeOf)) : null;
    });
    const known = norms.filter((norm) => norm > colours.dust && Number.isFinite(norm)).map(Math.log10);
    const [low, high] = [Math.min(...known) - 0.3, Math.max(...known)];
    norms.forEach((norm, k) => {
      const { bar, number } = this.bars[k];
      const part = norm > 0 && Number.isFinite(norm) ? 0.08 + 0.92 * Math.max(0, (Math.log10(norm) - low) / (high - low || 1)) : norm === null || norm === 0 ? 0 : 1;
      bar.style.height = `${Math.round(100 * part)}%`;
      setClass(bar, colours.tone(norm === null ? null : { size: norm }));
      rewrite(number, short(norm, 2));
    });
  }
}
