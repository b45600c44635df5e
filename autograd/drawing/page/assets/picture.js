// The picture: boxes, edges and frames as SVG. What they say and how they are coloured is decided elsewhere; here only
// what has changed is written.
"use strict";

const THIN = { thinnest: 1.1, thickest: 5.5 };

class Picture {
  constructor(svg) {
    this.svg = svg;
    this.boxes = new Map();
    this.edges = new Map();
    this.frames = draw("g");
    this.lines = draw("g");
    this.items = draw("g");
    this.chips = draw("g", { class: "chips", "aria-hidden": "true" });
    this.svg.replaceChildren(this.frames, this.lines, this.items, this.chips);
  }

  /** Everything anew: the boxes of a scene where the layout has them. */
  show(scene, { laid, hasLabels }, linesOf) {
    this.scene = scene;
    this.laid = laid;
    this.boxes.clear();
    this.edges.clear();
    this.frames.replaceChildren(...scene.frames.filter((frame) => laid.frames.has(frame.id)).map((frame) => this.drawFrame(frame, laid.frames.get(frame.id))));
    this.lines.replaceChildren(...scene.edges.map((edge) => this.drawEdge(edge, laid.edges.get(edge), hasLabels)));
    this.items.replaceChildren(...scene.boxes.map((box) => this.drawBox(box, laid.boxes.get(box), linesOf(box))));
    this.chips.replaceChildren();
  }

  drawFrame(frame, { x, y, wide, high }) {
    const text = draw("text", { x: x + wide / 2, y: y + 15, "text-anchor": "middle" }, frame.name || frame.sign);
    return draw("g", { class: isFold(frame) ? "frame fold" : "frame", "data-module": frame.id }, draw("rect", { x, y, width: wide, height: high, rx: 8 }), text);
  }

  drawBox(box, { x, y, wide, high }, lines) {
    const { kind } = box;
    const round = ["input", "constant", "rest", "module"].includes(kind) ? 2 : 8;
    const [left, top] = [x - wide / 2, y - high / 2]; // no transform: a thousand of them cost more to paint than all that they move
    const area = (name, grow) => draw("rect", { class: name, x: left - grow, y: top - grow, width: wide + 2 * grow, height: high + 2 * grow, rx: round + grow });
    const texts = lines.map((line, place) => draw("text", { class: line.role, x, y: y + (place - (lines.length - 1) / 2) * LINE_HEIGHT + 4.3, "text-anchor": "middle" }));
    const group = draw("g", { id: box.id, role: "button", tabindex: -1 },
      kind === "module" ? draw("rect", { class: "back", x: left + 4, y: top - 4, width: wide, height: high, rx: round }) : null,
      area("halo", 4.5), kind === "parameter" ? area("outer", 3) : null, area("fill", 0),
      ...texts.flatMap((text) => [text, " "])); // a space between the lines, for those who hear them
    this.boxes.set(box, { group, texts, room: wide - 6, written: [] });
    return group;
  }

  drawEdge(edge, { d, label, end }, hasLabels) {
    const line = draw("path", { class: "line", d });
    const tip = draw("path", { class: "tip", d: `M${end[0].toFixed(1)},${(end[1] - 3.6).toFixed(1)}l7.5,3.6l-7.5,3.6z` });
    const text = hasLabels && label ? draw("text", { x: label[0], y: label[1] - 3, "text-anchor": "end" }) : null;
    const group = draw("g", { id: edge.id }, line, tip, text);
    this.edges.set(edge, { group, line, text, width: "" });
    return group;
  }

  /**
   * What a box says and how it looks: `lines` of text, a class name, and what is read out, if anything has changed.
   * Without `spoken` that waits for the next time.
   */
  paintBox(box, lines, look, spoken) {
    const item = this.boxes.get(box);
    if (item.look !== look) {
      item.group.setAttribute("class", `box ${box.kind} ${look}`);
      item.isUnsaid = true;
    }
    item.look = look;
    lines.forEach((line, place) => {
      if (item.written[place] === line.text) return;
      this.write(item.texts[place], line, item.room);
      item.written[place] = line.text;
      item.isUnsaid = true;
    });
    if (!item.isUnsaid || !spoken) return;
    item.group.setAttribute("aria-label", spoken());
    item.isUnsaid = false;
  }

  /** A line of text, squeezed where it is longer than its box. */
  write(text, line, room) {
    text.textContent = line.text;
    if (line.text.length > 6 && widthOf(line) > room) {
      text.setAttribute("textLength", room.toFixed(1));
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    } else if (text.hasAttribute("textLength")) text.removeAttribute("textLength");
  }

  paintEdge(edge, look, width, label) {
    const item = this.edges.get(edge);
    const thick = width.toFixed(1);
    if (item.look !== look) item.group.setAttribute("class", `edge ${look}`);
    if (item.width !== thick) item.line.setAttribute("stroke-width", thick);
    if (item.text && item.label !== label) item.text.textContent = label;
    Object.assign(item, { look, width: thick, label });
  }

  /** Words on some edges, beside their numbers: what is multiplied at this step, or the share of each. */
  annotate(notes) {
    this.chips.replaceChildren(...notes.filter(({ edge }) => this.edges.has(edge)).map(({ edge, text, look }) => {
      const [x, y] = this.laid.edges.get(edge).middle;
      const wide = measure(text) * 0.93 + 12;
      const words = draw("text", { x, y: y + 4, "text-anchor": "middle" }, text);
      return draw("g", { class: `chip ${look ?? ""}` }, draw("rect", { x: x - wide / 2, y: y - 9.5, width: wide, height: 19, rx: 9.5 }), words);
    }));
  }

  /** Let something run along edges, against the arrows on the way back. */
  pulse(edges, isBackward) {
    if (quiet.matches) return;
    for (const edge of edges) {
      const item = this.edges.get(edge);
      if (!item) continue;
      const dot = draw("circle", { class: "pulse", r: 4.5 });
      dot.style.offsetPath = `path("${this.laid.edges.get(edge).d}")`;
      item.group.append(dot);
      const way = ["0%", "100%"].map((offsetDistance) => ({ offsetDistance }));
      dot.animate(isBackward ? way.reverse() : way, { duration: 650, easing: "ease-in-out" }).finished.then(() => dot.remove(), () => dot.remove());
    }
  }
}
