// Numbers: read from JSON, written short for boxes and in full for the panel. An amount is a number, or what is known of
// an array: { size, short, detail, rows }.
"use strict";

const SPECIAL = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function decode(amount) {
  if (amount === undefined || amount === null) return null;
  if (typeof amount === "string") return SPECIAL[amount];
  if (typeof amount === "object") return { ...amount, size: decode(amount.size), rows: amount.rows?.map((row) => row.map(decode)), cells: amount.cells?.map((row) => row.map(decode)) };
  return amount;
}

const sizeOf = (amount) => (typeof amount === "number" ? Math.abs(amount) : amount.size);

const written = new Map(); // numbers that were written before: most are written again at the next step

/** Three significant digits; never 0 for what is not. */
function short(amount, digits = 3) {
  if (typeof amount !== "number" || digits !== 3) return shorten(amount, digits);
  if (!written.has(amount)) {
    if (written.size > 20000) written.clear();
    written.set(amount, shorten(amount, digits));
  }
  return written.get(amount);
}

function shorten(amount, digits) {
  if (amount === null || amount === undefined) return "—";
  if (typeof amount === "object") return amount.short ? `${amount.short} ‖${short(amount.size, digits)}‖` : `‖${short(amount.size, digits)}‖`;
  if (Number.isNaN(amount)) return "NaN";
  if (!Number.isFinite(amount)) return amount > 0 ? "Inf" : "−Inf";
  if (amount === 0) return "0";
  const [mantissa, power] = Math.abs(amount).toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const plain = exponent >= -3 && exponent < 4;
  const text = plain ? trimmed(Math.abs(amount).toFixed(Math.max(digits - 1 - exponent, 0))) : `${trimmed(mantissa)}e${exponent}`;
  return (amount < 0 ? "−" : "") + text.replace("-", "−");
}

const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** Every digit there is. */
function full(amount) {
  if (amount === null || amount === undefined) return "—";
  if (typeof amount === "object") return amount.detail ? `${amount.short}: ${amount.detail}` : `${amount.short ?? ""} norm ${amount.size}`.trim();
  return String(amount);
}

const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

const percent = (share) => `${short(100 * share, 3)} %`;

/** A sum in the engine's order; a number that is null counts as nothing. */
const sum = (numbers) => numbers.reduce((total, each) => total + (each ?? 0), 0);

/** Names with numbers in their numeric order: layers.2 before layers.10. */
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
