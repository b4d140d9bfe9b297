// A pad for drawing a digit with mouse, pen, finger or keyboard; sends 28 x 28 grey values and the strokes while the hand moves.

const pads = new WeakMap();
const SIDE = 28;
const PIXELS = 280;

export default function ({ data: [data], parentElement, setTriggerValue }) {
  let pad = pads.get(parentElement);
  if (!pad) pads.set(parentElement, (pad = new DrawingPad(parentElement, data)));
  pad.send = (pixels) => setTriggerValue("draw", pixels);
  pad.answered();
}

class DrawingPad {
  constructor(parent, data) {
    this.canvas = element("canvas", { width: PIXELS, height: PIXELS, tabIndex: 0, role: "application" });
    this.canvas.setAttribute("aria-label", "drawing pad: draw a digit; with the keyboard, arrow keys move and space draws");
    const button = (text, run) => element("button", { type: "button", textContent: text, onclick: run });
    this.brush = element("input", { type: "range", min: 10, max: 40, value: 22 });
    parent.append(this.canvas, element("div", { className: "bar" }, button("Undo", () => this.undo()), button("Clear", () => this.clear()), element("label", {}, "brush", this.brush)));
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.strokes = data.strokes; // what was drawn before this page was left
    this.most = data.most;
    this.pen = { x: PIXELS / 2, y: Math.round(PIXELS / 3), down: false };
    this.canvas.addEventListener("pointerdown", (event) => this.start(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.paint();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const place = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return place.map((part) => Math.round(Math.max(-1, Math.min(2, part)) * PIXELS));
  }

  // Points closer together than 2 pixels show no difference, and there is a bound to them all.
  extend(points, [x, y]) {
    const [lastX, lastY] = points.at(-1);
    if (Math.hypot(x - lastX, y - lastY) >= 2 && this.room()) points.push([x, y]);
  }

  room() {
    return this.strokes.reduce((count, { points }) => count + points.length, 0) < this.most;
  }

  start(event) {
    event.preventDefault();
    if (!this.room()) return;
    this.canvas.setPointerCapture(event.pointerId);
    const stroke = { width: this.brush.valueAsNumber, points: [this.at(event)] };
    this.strokes.push(stroke);
    this.changed();
    const move = (e) => {
      this.extend(stroke.points, this.at(e));
      this.changed();
    };
    this.canvas.addEventListener("pointermove", move);
    const end = () => this.canvas.removeEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end, { once: true });
    this.canvas.addEventListener("pointercancel", end, { once: true });
  }

  key(event) {
    const step = { ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] }[event.key];
    if (step) {
      event.preventDefault();
      this.pen.x = Math.max(0, Math.min(PIXELS, this.pen.x + step[0]));
      this.pen.y = Math.max(0, Math.min(PIXELS, this.pen.y + step[1]));
      if (this.pen.down) this.extend(this.strokes.at(-1).points, [this.pen.x, this.pen.y]);
    } else if (event.key === " ") {
      event.preventDefault();
      this.pen.down = !this.pen.down && this.room();
      if (this.pen.down) this.strokes.push({ width: this.brush.valueAsNumber, points: [[this.pen.x, this.pen.y]] });
    } else return;
    this.changed(true);
  }

  undo() {
    this.pen.down = false;
    this.strokes.pop();
    this.changed();
  }

  clear() {
    this.pen.down = false;
    this.strokes = [];
    this.changed();
  }

  paint(cursor = false) {
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
      context.lineTo(points.at(-1)[0] + 0.01, points.at(-1)[1]);
      context.stroke();
    }
    this.cursor = cursor;
  }

  changed(cursor = false) {
    this.paint();
    const small = element("canvas", { width: SIDE, height: SIDE }).getContext("2d");
    small.imageSmoothingQuality = "high";
    small.drawImage(this.canvas, 0, 0, SIDE, SIDE);
    const { data } = small.getImageData(0, 0, SIDE, SIDE);
    this.next = { pixels: Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]), strokes: this.strokes };
    if (cursor) {
      this.context.strokeStyle = "#ffb000";
      this.context.lineWidth = 2;
      this.context.strokeRect(this.pen.x - 6, this.pen.y - 6, 12, 12);
    }
    this.flush();
  }

  // One picture in flight, the newest waits.
  flush() {
    if (this.flying || !this.next) return;
    this.flying = setTimeout(() => this.answered(), 2000);
    this.send(this.next);
    this.next = null;
  }

  answered() {
    clearTimeout(this.flying);
    this.flying = null;
    this.flush();
  }
}
