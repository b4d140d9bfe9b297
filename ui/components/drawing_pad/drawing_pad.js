// A pad for drawing a digit with mouse, pen, finger or keyboard; sends 28 x 28 grey values and the strokes while the hand moves.

import { button, element } from "../shared/dom.js";
import { Drag } from "../shared/drag.js";
import { clamp } from "../shared/numbers.js";
import { keepFromSwipes } from "../shared/scrolling.js";

/** @import {Mounted, PadData} from "../shared/types.js" */
/** @import {Point, Stroke} from "../shared/types.js" */
/** @typedef {{pixels: number[], strokes: Stroke[]}} Drawing */

/** @type {WeakMap<object, DrawingPad>} */
const pads = new WeakMap();
const SIDE = 28;
const PIXELS = 280;
const PATIENCE = 2000; // milliseconds for an answer
const ARROWS = /** @type {Record<string, Point>} */ ({ ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] });
const LABEL = "drawing pad: draw a digit; with the keyboard, arrow keys move and space draws";

/** @param {Mounted<PadData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const pad = pads.get(parentElement) ?? new DrawingPad(parentElement, data);
  pads.set(parentElement, pad);
  pad.send = (drawing) => setTriggerValue("draw", drawing);
  pad.answered();
}

class DrawingPad {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {PadData} data
   */
  constructor(parent, data) {
    /** @type {(drawing: Drawing) => void} */
    this.send = () => {};
    /** @type {Stroke[]} what was drawn before this page was left, and what is drawn now */
    this.strokes = data.strokes;
    this.ready = data.ready; // nobody drew them: the first stroke takes their place
    /** @type {{strokes: Stroke[], ready: boolean, cleared: boolean}[]} whose place a first stroke or, cleared, an empty pad took */
    this.replaced = [];
    this.most = data.most;
    /** @type {Drawing | null} a picture that waits */
    this.next = null;
    /** @type {ReturnType<typeof setTimeout> | null} while a picture is on its way */
    this.flying = null;
    /** @type {Stroke | null} what the keyboard draws */
    this.written = null;
    /** @type {Point} */
    this.pen = [PIXELS / 2, Math.round(PIXELS / 3)];
    this.canvas = element("canvas", { width: PIXELS, height: PIXELS, tabIndex: 0, role: "application", "aria-label": LABEL });
    this.context = drawingOn(this.canvas);
    this.small = drawingOn(element("canvas", { width: SIDE, height: SIDE }));
    this.small.imageSmoothingQuality = "high";
    this.brush = element("input", { type: "range", min: 10, max: 40, value: 22 });
    keepFromSwipes(this.brush);
    const tool = /** @type {(name: string, run: () => void) => HTMLButtonElement} */ ((name, run) => button(name, name, run));
    this.undoing = tool("Undo", () => this.undo());
    const bar = element("div", { className: "bar" }, this.undoing, tool("Clear", () => this.clear()), element("label", {}, "brush", this.brush));
    parent.append(this.canvas, bar);
    new Drag(this.canvas, {
      press: (event) => this.begin(this.at(event)),
      move: (event, stroke) => {
        for (const one of [...event.getCoalescedEvents(), event]) this.extend(stroke, this.at(one));
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
    const part = (/** @type {number} */ share) => Math.round(clamp(share, -1, 2) * PIXELS);
    return [part((event.clientX - box.left) / box.width), part((event.clientY - box.top) / box.height)];
  }

  /**
   * Points closer together than 2 pixels show no difference, and there is a bound to them all.
   * @param {Stroke} stroke
   * @param {Point} point
   */
  extend(stroke, [x, y]) {
    const [lastX, lastY] = stroke.points[stroke.points.length - 1];
    if (Math.hypot(x - lastX, y - lastY) >= 2 && this.room()) stroke.points.push([x, y]);
  }

  room() {
    return this.strokes.reduce((count, { points }) => count + points.length, 0) < this.most;
  }

  /**
   * @param {Point} point
   * @returns {Stroke}
   */
  begin(point) {
    if (this.ready) this.replace(false);
    /** @type {Stroke} */
    const stroke = { width: this.brush.valueAsNumber, points: [point] };
    if (this.room()) this.strokes.push(stroke);
    this.changed();
    return stroke;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = ARROWS[event.key];
    if (step) {
      this.pen = [clamp(this.pen[0] + step[0], 0, PIXELS), clamp(this.pen[1] + step[1], 0, PIXELS)];
      if (this.written) this.extend(this.written, this.pen);
    } else if (event.key === " ") this.written = this.written ? null : this.begin(this.pen);
    else return;
    event.preventDefault();
    this.changed();
    this.showPen();
  }

  undo() {
    if (this.ready) return; // nobody drew anything
    const last = this.strokes.pop();
    const before = this.replaced[this.replaced.length - 1];
    if (before && !this.strokes.length && !(last && before.cleared)) {
      this.replaced.pop();
      ({ strokes: this.strokes, ready: this.ready } = before);
    }
    this.written = null;
    this.changed();
  }

  /**
   * Begin with an empty pad; Undo brings back what was there.
   * @param {boolean} cleared whether nothing is drawn yet
   */
  replace(cleared) {
    this.replaced.push({ strokes: this.strokes, ready: this.ready, cleared });
    [this.strokes, this.ready] = [[], false];
  }

  clear() {
    if (this.strokes.length) this.replace(true);
    this.written = null;
    this.changed();
  }

  paint() {
    const { context } = this;
    this.undoing.disabled = this.ready || (!this.strokes.length && !this.replaced.length);
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
    this.next = { pixels: Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]), strokes: this.strokes };
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
