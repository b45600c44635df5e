// The camera: what part of the picture is in view. Nothing moves that is in view already; what has to move glides.
"use strict";

const GLIDE = 260; // milliseconds
const READABLE = 4.5; // pixels; letters that are smaller are left out, which no eye misses and the browser is glad of

class Camera {
  constructor(svg, onMove) {
    this.svg = svg;
    this.onMove = onMove;
    this.view = { x: 0, y: 0, wide: 100, high: 100 };
    this.whole = { wide: 100, high: 100 };
    this.isTiny = false; // letters are too small to be drawn
    this.follow();
  }

  get room() {
    return { wide: this.svg.clientWidth || 800, high: this.svg.clientHeight || 500 };
  }

  /** Pixels of the screen for one point of the picture. */
  get scale() {
    return this.room.wide / this.view.wide;
  }

  get showsAll() {
    const { x, y, wide, high } = this.view;
    return x <= 0.5 && y <= 0.5 && x + wide >= this.whole.wide - 0.5 && y + high >= this.whole.high - 0.5;
  }

  /** Whether something can be in sight that lies between two places of the picture. */
  sees(one, other) {
    const { x, y, wide, high } = this.view;
    const near = 60; // edges bend a little around what is between
    return Math.min(one.x, other.x) - one.wide < x + wide + near && Math.max(one.x, other.x) + other.wide > x - near
      && Math.min(one.y, other.y) - one.high < y + high + near && Math.max(one.y, other.y) + other.high > y - near;
  }

  apply() {
    const { x, y, wide, high } = this.view;
    this.svg.setAttribute("viewBox", [x, y, wide, high].map((each) => each.toFixed(2)).join(" "));
    this.isTiny = 12 * this.scale < READABLE;
    this.svg.classList.toggle("tiny", this.isTiny);
    this.onMove();
  }

  /** The whole picture. */
  fit(glides = false) {
    this.lookAt({ left: 0, top: 0, right: this.whole.wide, bottom: this.whole.high }, LARGEST, glides);
  }

  /** An area in the middle of the view, with a margin, as large as it goes. */
  lookAt({ left, top, right, bottom }, largest, glides = true) {
    const { wide, high } = this.room;
    const scale = Math.min(wide / (right - left + 2 * MARGIN), high / (bottom - top + 2 * MARGIN), largest);
    const view = { wide: wide / scale, high: high / scale };
    this.moveTo({ ...view, x: (left + right - view.wide) / 2, y: (top + bottom - view.high) / 2 }, glides);
  }

  /** Bring places into view, all of them together; where they cannot all be, as much as can. */
  frame(places) {
    if (!places.length) return;
    const area = {
      left: Math.min(...places.map((at) => at.x - at.wide / 2)), right: Math.max(...places.map((at) => at.x + at.wide / 2)),
      top: Math.min(...places.map((at) => at.y - at.high / 2)), bottom: Math.max(...places.map((at) => at.y + at.high / 2)),
    };
    const { x, y, wide, high } = this.goal ?? this.view;
    if (area.left >= x && area.right <= x + wide && area.top >= y && area.bottom <= y + high) return;
    this.lookAt(area, this.scale);
  }

  moveTo(view, glides) {
    cancelAnimationFrame(this.gliding);
    this.goal = view;
    const from = { ...this.view };
    const start = performance.now();
    const step = (now) => {
      const part = glides && !quiet.matches ? Math.min(1, (now - start) / GLIDE) : 1;
      const eased = 1 - (1 - part) ** 3;
      for (const key of ["x", "y", "wide", "high"]) this.view[key] = from[key] + (view[key] - from[key]) * eased;
      if (part < 1) this.gliding = requestAnimationFrame(step);
      else this.goal = null;
      this.apply();
    };
    step(start);
  }

  zoom(factor, centre = null) {
    const scale = this.scale * factor;
    if (scale < 0.02 || scale > 12) return;
    cancelAnimationFrame(this.gliding);
    this.goal = null;
    const { x, y, wide, high } = this.view;
    const at = centre ?? { x: x + wide / 2, y: y + high / 2 };
    this.view = { x: at.x - (at.x - x) / factor, y: at.y - (at.y - y) / factor, wide: wide / factor, high: high / factor };
    this.apply();
  }

  pan(right, down) {
    cancelAnimationFrame(this.gliding);
    this.goal = null;
    this.view.x += right / this.scale;
    this.view.y += down / this.scale;
    this.apply();
  }

  /** Where in the picture an event is. */
  spot(event) {
    const frame = this.svg.getBoundingClientRect();
    return { x: this.view.x + (event.clientX - frame.left) / this.scale, y: this.view.y + (event.clientY - frame.top) / this.scale };
  }

  /** Wheel, drag and pinch. */
  follow() {
    const held = new Map();
    this.dragged = false;
    this.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.spot(event));
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event);
      this.dragged = false;
    });
    window.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const other = [...held.values()].find((each) => each.pointerId !== event.pointerId);
      if (other) {
        const gap = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
        if (gap(before) > 0) this.zoom(gap(event) / gap(before), this.spot(other));
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
