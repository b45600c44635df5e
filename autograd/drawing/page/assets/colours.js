// Colours of gradients: hue says the sign, strength says the size, on the logarithmic scale of the story. The colours
// themselves are in the style of the page, one series for each theme.
"use strict";

const STEPS = 7;

class Colours {
  constructor([low, high, dust]) {
    this.low = Math.log10(low);
    this.high = Math.log10(high);
    this.dust = dust; // gradients up to this size are what rounding leaves: they count as 0
  }

  /** Where a size lies on the scale, 0 to 1. */
  place(size) {
    return Math.min(Math.max((Math.log10(size) - this.low) / (this.high - this.low), 0), 1);
  }

  /** "plus3", "minus0", ... of a gradient; "zero", "alarm", or "" for none. */
  tone(amount) {
    if (amount === null || amount === undefined) return "";
    const size = sizeOf(amount);
    if (!Number.isFinite(size)) return "alarm";
    if (size <= this.dust) return "zero";
    return `${amount < 0 ? "minus" : "plus"}${Math.round(this.place(size) * (STEPS - 1))}`;
  }

  /** How wide an edge is drawn for what flows along it. */
  width(amount, thinnest, thickest) {
    if (amount === null || amount === undefined) return thinnest;
    const size = sizeOf(amount);
    if (!Number.isFinite(size)) return thickest;
    return size <= this.dust ? thinnest : thinnest + (thickest - thinnest) * this.place(size);
  }

  /** The size in the middle of a step. */
  middle(step) {
    return 10 ** (this.low + ((this.high - this.low) * step) / (STEPS - 1));
  }
}
