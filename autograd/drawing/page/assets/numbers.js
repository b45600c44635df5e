// Numbers: read from JSON, written short for boxes and in full for the panel. An amount is a number, or what is known of
// an array: { size, short, detail }.
"use strict";

const SPECIAL = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function decode(amount) {
  if (amount === undefined || amount === null) return null;
  if (typeof amount === "string") return SPECIAL[amount];
  if (typeof amount === "object") return { ...amount, size: decode(amount.size) };
  return amount;
}

const sizeOf = (amount) => (typeof amount === "number" ? Math.abs(amount) : amount.size);

/** Three significant digits; never 0 for what is not. */
function short(amount, digits = 3) {
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

/** The numbers of a small array, in rows. */
function matrix(amount) {
  if (!amount?.rows?.length) return null;
  const cells = (row) => row.map((each) => make("td", { class: "number", title: String(decode(each)) }, short(decode(each))));
  return make("table", { class: "matrix" }, make("tbody", {}, ...amount.rows.map((row) => make("tr", {}, ...cells(row)))));
}

/** Every digit there is. */
function full(amount) {
  if (amount === null || amount === undefined) return "—";
  if (typeof amount === "object") return amount.detail ? `${amount.short}: ${amount.detail}` : `${amount.short} norm ${amount.size}`.trim();
  return String(amount);
}

/** An element with a class, attributes and children; text goes in as text only. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const byId = (id) => document.getElementById(id);
