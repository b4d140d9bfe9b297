// A pad for drawing a digit with mouse, pen, finger or keyboard; sends 28 x 28 grey values while the hand moves.

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
    this.strokes = data.strokes ?? [];
    this.pen = { x: PIXELS / 2, y: PIXELS / 3, down: false };
    this.canvas.addEventListener("pointerdown", (event) => this.start(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.paint();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * PIXELS, ((event.clientY - box.top) / box.height) * PIXELS];
  }

  start(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const stroke = { width: this.brush.valueAsNumber, points: [this.at(event)] };
    this.strokes.push(stroke);
    this.changed();
    const move = (e) => {
      stroke.points.push(this.at(e));
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
      if (this.pen.down) this.strokes.at(-1).points.push([this.pen.x, this.pen.y]);
    } else if (event.key === " ") {
      event.preventDefault();
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.strokes.push({ width: this.brush.valueAsNumber, points: [[this.pen.x, this.pen.y]] });
    } else return;
    this.changed(true);
  }

  undo() {
    this.strokes.pop();
    this.changed();
  }

  clear() {
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
    this.next = Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]);
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
