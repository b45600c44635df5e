// How a scene fits the view: how many lines it takes, and whether the numbers of a box stand beside or below one another,
// so that its letters become as large as they can be.
"use strict";

const SMALLEST = 0.76; // pixels for a point of the picture: letters of 12 points are then 9 pixels high
const LARGEST = 1.3;
const BROKEN = 0.88; // what a picture in several lines is worth, compared with one line of this size
const MARGIN = 12;
const LINE_HEIGHT = 15;
const FONT = "12px Helvetica, Arial, sans-serif";
const WRITTEN_ON_EDGES = 150; // boxes; in a picture of more the edges have no numbers

/** How wide a text is; measured once. */
function measuring(font) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  const known = new Map();
  return (text) => {
    if (!known.has(text)) known.set(text, pen.measureText(text).width);
    return known.get(text);
  };
}

const measure = measuring(FONT);
const measureTitle = measuring(`600 ${FONT}`);
const widthOf = ({ role, text }) => (role === "title" ? measureTitle : measure)(text);

/**
 * The best layout for a view.
 *
 * @param linesOf what is written in a box, line by line, given whether its numbers stand below one another.
 * @param labelOf what is written on an edge.
 */
function fitScene(scene, view, linesOf, labelOf) {
  const many = scene.boxes.length;
  const room = new Map(many > WRITTEN_ON_EDGES ? [] : scene.edges.map((edge) => [edge, roomFor(labelOf(edge))]));
  let best = null;
  for (const stacked of many > WRITTEN_ON_EDGES ? [true] : [false, true]) {
    const sizes = new Map(scene.boxes.map((box) => [box, sizeFor(linesOf(box, stacked))]));
    const whole = layOut(scene, sizes, room, Infinity);
    for (const count of lineCounts(whole, view, many)) {
      const laid = count === 1 ? whole : layOut(scene, sizes, room, whole.wide / count + 40);
      const scale = Math.min(view.wide / (laid.wide + 2 * MARGIN), view.high / (laid.high + 2 * MARGIN), LARGEST);
      const worth = Math.min(scale, 1) * (laid.lines > 1 ? BROKEN : 1); // larger letters than usual are worth no breaks
      if (!best || worth > best.worth * 1.02) best = { laid, scale, worth, stacked, hasLabels: room.size > 0 };
    }
  }
  return best;
}

/** How many lines are worth trying: about as many as give the picture the shape of the view. */
function lineCounts(whole, view, many) {
  const ideal = Math.sqrt((whole.wide / (whole.high + GAP.line)) * (view.high / view.wide));
  if (many > 400) return ideal > 1.5 ? [Math.round(ideal)] : [1];
  return [...new Set([1, 2, 3, Math.floor(ideal), Math.ceil(ideal), Math.ceil(ideal) + 1])].filter((count) => count >= 1);
}

const roomFor = (label) => (label ? measure(label) * 0.88 + 6 : 0);

/** The size of a box around its lines, with room for numbers that become longer. */
function sizeFor(lines) {
  const widest = Math.max(...lines.map(widthOf), ...lines.map((line) => measure(line.widest ?? "")), 22);
  return [widest + 18, lines.length * LINE_HEIGHT + 9];
}
