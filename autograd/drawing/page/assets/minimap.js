// The minimap: the whole picture in small, with the part that is in view; there only while something is out of view.
"use strict";

class Minimap {
  constructor(svg, camera) {
    this.svg = svg;
    this.camera = camera;
    this.window = draw("rect", { class: "window" });
    const go = (event) => {
      if (!(event.buttons & 1)) return;
      const frame = svg.getBoundingClientRect();
      const { wide, high } = camera.view;
      const x = ((event.clientX - frame.left) / frame.width) * camera.whole.wide - wide / 2;
      const y = ((event.clientY - frame.top) / frame.height) * camera.whole.high - high / 2;
      camera.moveTo({ x, y, wide, high }, false);
    };
    svg.addEventListener("pointerdown", go);
    svg.addEventListener("pointermove", go);
  }

  /** Draw the boxes anew, each as a small mark. */
  show(laid) {
    const boxes = [...laid.boxes.values()].map(({ x, y, wide, high }) => draw("rect", { x: x - wide / 2, y: y - high / 2, width: wide, height: high }));
    this.svg.setAttribute("viewBox", `0 0 ${laid.wide.toFixed(0)} ${laid.high.toFixed(0)}`);
    this.svg.replaceChildren(...boxes, this.window);
    this.update();
  }

  update() {
    const { x, y, wide, high } = this.camera.view;
    this.svg.parentElement.hidden = this.camera.showsAll;
    for (const [name, value] of Object.entries({ x, y, width: wide, height: high })) this.window.setAttribute(name, value.toFixed(1));
  }
}
