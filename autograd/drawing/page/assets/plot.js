// A small plot: curves, lines and points over numbers, with the ends of its axes written on them.
"use strict";

class Plot {
  constructor(label, { wide = 316, high = 150, margin = { left: 46, right: 10, top: 8, bottom: 20 } } = {}) {
    Object.assign(this, { wide, high, margin });
    this.svg = draw("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label, class: "plot-svg" });
  }

  /** The numbers at the ends of both axes. */
  range([left, right], [low, high], isLogarithmic = false) {
    if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1]; // a positive one stays positive
    const { wide, margin } = this;
    this.x = (number) => margin.left + ((number - left) / (right - left || 1)) * (wide - margin.left - margin.right);
    const size = isLogarithmic ? Math.log10 : (number) => number;
    this.y = (number) => this.high - margin.bottom - ((size(number) - size(low)) / (size(high) - size(low))) * (this.high - margin.top - margin.bottom);
    Object.assign(this, { left, right, low, top: high });
  }

  /** An empty plot with axes; `words` is what is written at an end of the one across. */
  scale(across, up, { isLogarithmic = false, words = short } = {}) {
    this.range(across, up, isLogarithmic);
    const { wide, margin, left, right, low, top } = this;
    const text = (content, place) => draw("text", place, content);
    this.svg.replaceChildren(
      draw("path", { class: "axis", d: `M${margin.left},${margin.top}V${this.high - margin.bottom}H${wide - margin.right}` }),
      text(short(top, 2), { x: margin.left - 4, y: margin.top + 9, "text-anchor": "end" }),
      text(short(low, 2), { x: margin.left - 4, y: this.high - margin.bottom, "text-anchor": "end" }),
      text(words(left), { x: margin.left, y: this.high - 6 }),
      text(words(right), { x: wide - margin.right, y: this.high - 6, "text-anchor": "end" }),
    );
  }

  /** A line through points; it breaks where a number is not finite. */
  line(name, xs, ys) {
    return this.add("path", { class: `line ${name}`, d: this.path(xs, ys) });
  }

  path(xs, ys) {
    let path = "";
    let pen = "M";
    xs.forEach((x, k) => {
      const down = Number.isFinite(ys[k]) ? this.y(ys[k]) : NaN; // on a logarithmic axis 0 has no place either
      if (Number.isFinite(down)) {
        path += `${pen}${this.x(x).toFixed(1)},${Math.max(-1e4, Math.min(1e4, down)).toFixed(1)}`;
        pen = "L";
      } else pen = "M";
    });
    return path;
  }

  point(name, x, y) {
    return Number.isFinite(y) ? this.add("circle", { class: `point ${name}`, cx: this.x(x), cy: this.y(y), r: 4.5 }) : null;
  }

  add(name, attributes) {
    const element = draw(name, attributes);
    this.svg.append(element);
    return element;
  }
}

/** The range of the finite numbers among some; a few that are far out do not count. */
function rangeOf(numbers) {
  const known = numbers.filter(Number.isFinite).sort((one, other) => one - other);
  if (!known.length) return [0, 1];
  const cut = Math.floor(known.length / 25);
  return [known[cut], known[known.length - 1 - cut]];
}
