// Elements: HTML and SVG with attributes and children. Text goes in as text only.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);

function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Only what differs: what is written into a page anew has to be laid out anew. */
function rewrite(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const SCROLLS = { tabindex: 0, role: "group" };

/** What may be wider than its place, in a part that scrolls by itself and can be reached by keyboard. */
const scrolling = (label, ...children) => make("div", { class: "scroll", ...SCROLLS, "aria-label": label }, ...children);

// ------------------------------------------------------------------------------------------------------------ theme

const THEMES = ["auto", "light", "dark"];

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % 3];
  document.documentElement.dataset.theme = next;
  byId("theme").textContent = `Theme: ${next}`;
}

const quiet = matchMedia("(prefers-reduced-motion: reduce)");
