// A pad for drawing a digit with mouse, pen, finger or keyboard; sends 28 x 28 grey values while the hand moves.

import { button, element } from "../shared/dom.js";
import { Drag } from "../shared/drag.js";
import { clamp } from "../shared/numbers.js";

/** @import {Mounted, PadData} from "../shared/types.js" */
/** @typedef {[number, number]} Point */
/** @typedef {{width: number, points: Point[]}} Stroke */

/** @type {WeakMap<object, DrawingPad>} */
const pads = new WeakMap();
const SIDE = 28;
const PIXELS = 280;
const PATIENCE = 2000; // milliseconds for an answer
const ARROWS = /** @type {Record<string, Point>} */ ({ ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] });
const LABEL = "drawing pad: draw a digit; with the keyboard, arrow keys move and space draws";

/** @param {Mounted<PadData>} mounted */
export default function ({ parentElement, setTriggerValue }) {
  const pad = pads.get(parentElement) ?? new DrawingPad(parentElement);
  pads.set(parentElement, pad);
  pad.send = (pixels) => setTriggerValue("draw", pixels);
  pad.answered();
}

class DrawingPad {
  /** @param {ShadowRoot | HTMLElement} parent */
  constructor(parent) {
    /** @type {(pixels: number[]) => void} */
    this.send = () => {};
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {number[] | null} a picture that waits */
    this.next = null;
    /** @type {ReturnType<typeof setTimeout> | null} while a picture is on its way */
    this.flying = null;
    /** @type {Stroke | null} what the keyboard draws */
    this.written = null;
    /** @type {Point} */
    this.pen = [PIXELS / 2, PIXELS / 3];
    this.canvas = element("canvas", { width: PIXELS, height: PIXELS, tabIndex: 0, role: "application", "aria-label": LABEL });
    this.context = drawingOn(this.canvas);
    this.small = drawingOn(element("canvas", { width: SIDE, height: SIDE }));
    this.small.imageSmoothingQuality = "high";
    this.brush = element("input", { type: "range", min: 10, max: 40, value: 22 });
    const tool = /** @type {(name: string, run: () => void) => HTMLElement} */ ((name, run) => button(name, name, run));
    const bar = element("div", { className: "bar" }, tool("Undo", () => this.undo()), tool("Clear", () => this.clear()), element("label", {}, "brush", this.brush));
    parent.append(this.canvas, bar);
    new Drag(this.canvas, {
      press: (event) => this.begin(this.at(event)),
      move: (event, stroke) => {
        stroke.points.push(...[...event.getCoalescedEvents(), event].map((one) => this.at(one)));
        this.changed();
      },
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.paint();
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * PIXELS, ((event.clientY - box.top) / box.height) * PIXELS];
  }

  /**
   * @param {Point} point
   * @returns {Stroke}
   */
  begin(point) {
    const stroke = { width: this.brush.valueAsNumber, points: [point] };
    this.strokes.push(stroke);
    this.changed();
    return stroke;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = ARROWS[event.key];
    if (step) {
      this.pen = [clamp(this.pen[0] + step[0], 0, PIXELS), clamp(this.pen[1] + step[1], 0, PIXELS)];
      this.written?.points.push(this.pen);
    } else if (event.key === " ") this.written = this.written ? null : this.begin(this.pen);
    else return;
    event.preventDefault();
    this.changed();
    this.showPen();
  }

  undo() {
    this.strokes.pop();
    this.written = null;
    this.changed();
  }

  clear() {
    this.strokes = [];
    this.written = null;
    this.changed();
  }

  paint() {
    const { context } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, PIXELS, PIXELS);
    context.strokeStyle = "#fff";
    context.lineCap = context.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points) context.lineTo(...point);
      const [x, y] = points[points.length - 1];
      context.lineTo(x + 0.01, y); // a single point is a dot
      context.stroke();
    }
  }

  showPen() {
    this.context.strokeStyle = "#ffb000";
    this.context.lineWidth = 2;
    this.context.strokeRect(this.pen[0] - 6, this.pen[1] - 6, 12, 12);
  }

  changed() {
    this.paint();
    this.small.drawImage(this.canvas, 0, 0, SIDE, SIDE);
    const { data } = this.small.getImageData(0, 0, SIDE, SIDE);
    this.next = Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]);
    this.flush();
  }

  // One picture in flight, the newest waits.
  flush() {
    if (this.flying || !this.next) return;
    this.flying = setTimeout(() => this.answered(), PATIENCE);
    this.send(this.next);
    this.next = null;
  }

  answered() {
    if (this.flying) clearTimeout(this.flying);
    this.flying = null;
    this.flush();
  }
}

/** @param {HTMLCanvasElement} canvas */
function drawingOn(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas in this browser");
  return context;
}
