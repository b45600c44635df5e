// The picture: boxes, edges and frames as SVG, coloured by the step of the story; zoom and pan.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const THINNEST = 0.9;
const THICKEST = 5.5;
const MARGIN = 12; // points around the picture

function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Picture {
  constructor(svg, story) {
    this.svg = svg;
    this.palette = story.palette;
    const [low, high] = story.scale.map(Math.log10);
    this.place = (size) => Math.min(Math.max((Math.log10(size) - low) / (high - low), 0), 1);
    this.view = { x: 0, y: 0, wide: 100, high: 100 };
    this.follow(svg);
  }

  /** Everything anew: the boxes of `scene` where `laid` has them. */
  show(scene, laid, linesOf, labelOf) {
    this.scene = scene;
    this.laid = laid;
    this.items = new Map();
    this.lines = new Map();
    const frames = draw("g", {});
    for (const frame of scene.frames) {
      const at = laid.frames.get(frame.id);
      if (!at) continue;
      const group = draw("g", { class: "frame", "data-module": frame.id });
      const text = draw("text", { x: at.x + at.wide / 2, y: at.y + 14, "text-anchor": "middle" });
      text.textContent = frame.name;
      group.append(draw("rect", { x: at.x, y: at.y, width: at.wide, height: at.high, rx: 8 }), text);
      frames.append(group);
    }
    const edges = draw("g", {});
    for (const edge of scene.edges) {
      const at = laid.edges.get(edge.id);
      if (at) edges.append(this.drawEdge(edge, at, labelOf(edge)));
    }
    const boxes = draw("g", {});
    for (const box of scene.boxes) {
      const at = laid.boxes.get(box.id);
      if (at) boxes.append(this.drawBox(box, at, linesOf(box)));
    }
    this.chips = draw("g", { class: "chips", "aria-hidden": "true" });
    const marks = draw("defs", {});
    for (const kind of ["plain", "now"]) {
      const mark = draw("marker", { id: `arrow-${kind}`, class: `arrow ${kind}`, viewBox: "0 0 10 8", refX: 1, refY: 4, markerWidth: 8, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
      mark.append(draw("path", { d: "M0,0 L10,4 L0,8 Z" }));
      marks.append(mark);
    }
    this.svg.replaceChildren(marks, frames, edges, boxes, this.chips);
  }

  drawBox(box, at, lines) {
    const kind = box.node ? box.node.kind : box.module ? "module" : "rest";
    const group = draw("g", { id: box.id, class: `box ${kind}`, role: "button", tabindex: -1, transform: `translate(${at.x.toFixed(1)},${at.y.toFixed(1)})` });
    if (box.nodes.some((node) => node.root)) group.classList.add("root");
    const round = kind === "result" || kind === "parameter" ? 7 : 1.5;
    const area = (grow, extra) => draw("rect", { ...extra, x: -at.wide / 2 - grow, y: -at.high / 2 - grow, width: at.wide + 2 * grow, height: at.high + 2 * grow, rx: round + grow });
    if (kind === "module") group.append(draw("rect", { class: "back", x: -at.wide / 2 + 4, y: -at.high / 2 - 4, width: at.wide, height: at.high, rx: 3 }));
    group.append(area(5, { class: "halo" }));
    if (kind === "parameter") group.append(area(3.5, { class: "outer" }));
    const fill = area(0, { class: "fill" });
    group.append(fill);
    const texts = lines.map((line, place) => {
      const text = draw("text", { class: place ? "numbers" : "title", x: 0, y: (place - (lines.length - 1) / 2) * 15 + 4.3, "text-anchor": "middle" });
      group.append(text, " "); // between the lines, for those who hear them
      return text;
    });
    this.items.set(box, { group, fill, texts, room: at.wide - 8 });
    this.write(box, lines);
    return group;
  }

  /** The lines of a box; squeezed where another font makes them too long. */
  write(box, lines) {
    const item = this.items.get(box);
    lines.forEach((line, place) => {
      const text = item.texts[place];
      if (!text || text.textContent === line) return;
      text.textContent = line;
      if (measure(line) > item.room) {
        text.setAttribute("textLength", item.room.toFixed(1));
        text.setAttribute("lengthAdjust", "spacingAndGlyphs");
      } else text.removeAttribute("textLength");
    });
  }

  drawEdge(edge, at, label) {
    const [start, ...rest] = at.points;
    let path = `M${start.map((n) => n.toFixed(1))}`;
    for (let k = 0; k + 2 < rest.length; k += 3) path += `C${rest.slice(k, k + 3).map((p) => p.map((n) => n.toFixed(1)).join(",")).join(" ")}`;
    const group = draw("g", { class: "edge", id: edge.id });
    const line = draw("path", { d: path, "marker-end": "url(#arrow-plain)" });
    const text = draw("text", { "text-anchor": "middle", x: at.label?.[0] ?? 0, y: (at.label?.[1] ?? 0) + 3.5 });
    text.textContent = at.label ? label : "";
    group.append(line, text);
    this.lines.set(edge, { group, line, text, label: at.label ? label : "", at });
    return group;
  }

  /** Fill and border of a box for a gradient; "none" where there is nothing to show. */
  paint(box, amount, state, colour) {
    const { group, fill } = this.items.get(box);
    group.classList.toggle("waiting", state === "waiting");
    group.classList.toggle("partial", state === "partial");
    group.classList.remove("light", "dark", "alarm", "zero");
    fill.style.fill = "";
    if (colour) {
      fill.style.fill = colour.fill;
      group.classList.add(colour.text);
      return;
    }
    if (amount === null || amount === undefined || group.classList.contains("constant")) return;
    const size = sizeOf(amount);
    if (Number.isNaN(size) && typeof amount === "object") return;
    if (!Number.isFinite(size)) {
      fill.style.fill = this.palette.alarm;
      group.classList.add("alarm", "dark");
    } else if (size === 0) {
      fill.style.fill = this.palette.zero;
      group.classList.add("zero", "dark");
    } else {
      const step = Math.round(this.place(size) * (this.palette.steps.length - 1));
      fill.style.fill = this.palette.steps[step];
      group.classList.add(step > 3 ? "light" : "dark");
    }
  }

  /** Width and dashes of an edge for what flowed along it; null for nothing yet. */
  stroke(edge, flow, constant) {
    const { group, line } = this.lines.get(edge);
    const size = flow === null ? null : sizeOf(flow);
    group.classList.toggle("unknown", flow === null && !constant);
    group.classList.toggle("constant", constant);
    group.classList.toggle("zero", size === 0);
    group.classList.toggle("alarm", size !== null && !Number.isFinite(size));
    group.classList.toggle("negative", typeof flow === "number" && flow < 0);
    const place = !size && !Number.isNaN(size) ? 0 : Number.isFinite(size) ? this.place(size) : 1;
    line.setAttribute("stroke-width", (THINNEST + (THICKEST - THINNEST) * place).toFixed(2));
    line.setAttribute("opacity", (flow === null ? 0.6 : 0.5 + 0.5 * place).toFixed(2));
  }

  /** The multiplications of this step, written on their edges. */
  annotate(terms) {
    for (const { group, line } of this.lines.values()) {
      group.classList.remove("now");
      line.setAttribute("marker-end", "url(#arrow-plain)");
    }
    this.chips.replaceChildren();
    for (const { edge, text } of terms) {
      const item = this.lines.get(edge);
      if (!item) continue;
      item.group.classList.add("now");
      item.line.setAttribute("marker-end", "url(#arrow-now)");
      if (!text) continue;
      const [x, y] = item.at.label ?? item.at.points[Math.floor(item.at.points.length / 2)];
      const wide = measure(text) * 0.93 + 14;
      const words = draw("text", { x, y: y + 4, "text-anchor": "middle" });
      words.textContent = text;
      this.chips.append(draw("g", { class: "chip" }, draw("rect", { x: x - wide / 2, y: y - 10, width: wide, height: 20, rx: 10 }), words));
    }
  }

  // ---------------------------------------------------------------------------------------------- zoom and pan

  apply() {
    const { x, y, wide, high } = this.view;
    this.svg.setAttribute("viewBox", `${x.toFixed(2)} ${y.toFixed(2)} ${wide.toFixed(2)} ${high.toFixed(2)}`);
  }

  /** Pixels of the screen for one point of the picture. */
  get scale() {
    return this.svg.clientWidth / this.view.wide;
  }

  /** The whole picture. */
  fit() {
    this.lookAt({ left: 0, top: 0, right: this.laid.wide, bottom: this.laid.high });
  }

  /** An area of the picture in the middle of the view, with a margin, as large as it goes. */
  lookAt({ left, top, right, bottom }, largest = 1.6) {
    const [width, height] = [this.svg.clientWidth || 800, this.svg.clientHeight || 500];
    const scale = Math.min(width / (right - left + 2 * MARGIN), height / (bottom - top + 2 * MARGIN), largest);
    this.view = { wide: width / scale, high: height / scale };
    this.view.x = (left + right - this.view.wide) / 2;
    this.view.y = (top + bottom - this.view.high) / 2;
    this.apply();
  }

  zoom(factor, centre = null) {
    const scale = this.scale * factor;
    if (scale < 0.02 || scale > 12) return;
    const at = centre ?? { x: this.view.x + this.view.wide / 2, y: this.view.y + this.view.high / 2 };
    this.view = { x: at.x - (at.x - this.view.x) / factor, y: at.y - (at.y - this.view.y) / factor, wide: this.view.wide / factor, high: this.view.high / factor };
    this.apply();
  }

  pan(right, down) {
    this.view.x += right / this.scale;
    this.view.y += down / this.scale;
    this.apply();
  }

  /** Bring boxes into sight, all of them together; nothing moves where they are in sight already. */
  frame(boxes) {
    const places = boxes.map((box) => this.laid.boxes.get(box.id)).filter(Boolean);
    if (!places.length) return;
    const area = {
      left: Math.min(...places.map((at) => at.x - at.wide / 2)),
      right: Math.max(...places.map((at) => at.x + at.wide / 2)),
      top: Math.min(...places.map((at) => at.y - at.high / 2)),
      bottom: Math.max(...places.map((at) => at.y + at.high / 2)),
    };
    const { x, y, wide, high } = this.view;
    if (area.left >= x && area.right <= x + wide && area.top >= y && area.bottom <= y + high) return;
    this.lookAt(area, this.scale);
  }

  spot(event) {
    const frame = this.svg.getBoundingClientRect();
    return { x: this.view.x + (event.clientX - frame.left) / this.scale, y: this.view.y + (event.clientY - frame.top) / this.scale };
  }

  /** Wheel, drag and pinch. */
  follow(svg) {
    const held = new Map();
    this.dragged = false;
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.spot(event));
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event);
      this.dragged = false;
    });
    window.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const others = [...held.values()].filter((each) => each.pointerId !== event.pointerId);
      if (others.length) {
        const gap = (each) => Math.hypot(each.clientX - others[0].clientX, each.clientY - others[0].clientY);
        if (gap(before) > 0) this.zoom(gap(event) / gap(before), this.spot(others[0]));
      } else {
        if (!this.dragged && Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) < 4) return;
        this.pan(before.clientX - event.clientX, before.clientY - event.clientY);
      }
      this.dragged = true;
      held.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, (event) => held.delete(event.pointerId));
  }
}
