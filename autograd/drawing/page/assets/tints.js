// Colours of signed numbers that are no gradients: answers, weights, activations.
"use strict";

const DIVERGING = ["#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"];

/** The colour of a number between -1 and 1. */
function tint(place) {
  if (!Number.isFinite(place)) return "#d55e00";
  return DIVERGING[Math.round(3 + 3 * Math.max(-1, Math.min(1, Math.sign(place) * Math.sqrt(Math.abs(place)))))];
}
