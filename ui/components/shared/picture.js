// One picture: its heading, its maps in their colours, zoom, and the value under the hand.

import { byteColours, limits, stripColours } from "./colours.js";
import { button, element, write } from "./dom.js";
import { Drag } from "./drag.js";
import { cornerAt, gridOf, percentOf, placeAt, rectangleBetween } from "./grid.js";
import { clamp, shortNumber } from "./numbers.js";
import { frames, isWhole } from "./reads.js";
import { TileLabels } from "./tile_labels.js";
import { Zoom } from "./zoom.js";

/** @import {LiveStage, Panel, Place, Rectangle, ScaleKind} from "./types.js" */
/** @import {Cells} from "./reads.js" */

/**
 * @typedef {object} PictureHooks
 * @property {(place: Place, pinned: boolean) => void} place the hand points at a value, or chooses it
 * @property {() => void} left the hand leaves the picture
 * @property {(rectangle: Rectangle) => void} rectangle one was dragged
 */
/** @typedef {{kind: "here" | "read" | "reader" | "chosen", cells: Cells}} Mark */

const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });
const SMALLEST_SELECTION = 3; // values a side
const COARSE = 400; // pixels of a picture, below which they are drawn as squares

export class Picture {
  /**
   * @param {Panel} panel
   * @param {Uint32Array<ArrayBuffer>} table
   * @param {PictureHooks} hooks
   */
  constructor(panel, table, hooks) {
    this.hooks = hooks;
    this.panel = panel;
    this.table = table;
    this.grid = gridOf(panel);
    this.selectable = false; // whether a drag chooses a rectangle
    this.zoom = new Zoom();
    this.frameWidth = 0; // pixels on the screen, as the observer told last
    this.drawnId = 0; // of the newest live answer
    /** @type {{channel: number, y: number, x: number} | null} */
    this.at = null; // the value that was pointed at last: from there the arrow keys go on
    this.source = "";
    /** @type {HTMLImageElement | null} */
    this.image = null;
    this.title = element("span", { className: "title" });
    this.shape = element("span", { className: "shape" });
    this.canvas = element("canvas", { tabIndex: 0, role: "img" });
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("no canvas in this browser");
    this.context = context;
    this.labels = new TileLabels();
    this.marks = element("div", { className: "marks" });
    this.inner = element("div", { className: "inner" }, this.canvas, this.labels.root, this.marks);
    const named = /** @param {string} title */ (title) => `${title}: ${panel.name}`;
    const [closer, farther, enlarge] = [
      button("+", named("zoom in"), () => this.zoomBy(2)),
      button("−", named("zoom out"), () => this.zoomBy(0.5)),
      button("⤢", named("enlarge"), () => this.enlarge()),
    ];
    for (const one of [closer, farther]) one.className = "zoom";
    this.frame = element("div", { className: "frame" }, this.inner, element("span", { className: "tools" }, closer, farther, enlarge));
    this.bar = element("canvas", { className: "bar", width: 256, height: 1 });
    this.range = element("div", { className: "range" });
    this.cellNames = element("ol", { className: "names" });
    this.root = element(
      "figure",
      { className: "panel" },
      element("figcaption", {}, this.title, this.shape),
      element("div", { className: "body" }, this.cellNames, this.frame),
      element("div", { className: "scale" }, this.bar, this.range),
    );
    this.root.dataset.stage = panel.name;
    new ResizeObserver(([{ contentRect }]) => this.resized(contentRect.width)).observe(this.frame);
    this.canvas.addEventListener("pointermove", (event) => this.point(event, false));
    this.canvas.addEventListener("pointerleave", () => this.hooks.left());
    this.canvas.addEventListener("click", (event) => this.drag.moved || this.point(event, true));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.drag = this.makeDrag();
    this.describe(panel);
  }

  get name() {
    return this.panel.name;
  }

  /** As wide as the page, or as before; the page may make room for it. */
  enlarge() {
    const large = this.root.classList.toggle("large");
    const root = this.root.getRootNode();
    if (!(root instanceof ShadowRoot)) return;
    root.host.toggleAttribute("data-enlarged", root.querySelector(".panel.large") !== null);
    if (large) this.root.scrollIntoView({ block: "nearest" });
  }

  /**
   * Take what Python says of the picture, or what a live answer changes in it.
   * @param {Partial<Panel>} said
   */
  describe(said) {
    this.panel = { ...this.panel, ...said };
    const { name, shape, low, high, title, scale, end } = this.panel;
    this.grid = gridOf(this.panel);
    this.root.dataset.stage = name;
    write(this.title, title);
    write(this.shape, shape.join(" × "));
    const values = `values from ${shortNumber(low)} to ${shortNumber(high)}`;
    this.root.classList.toggle("row", Boolean(this.panel.row));
    this.canvas.setAttribute("aria-label", `${title}, ${shape.join(" by ")}, ${values}. Arrow keys choose a pixel.`);
    const [first, last] = limits({ kind: scale, end }).map(shortNumber);
    this.writeRange(this.panel.legend?.words ?? [first, `min ${shortNumber(low)}, max ${shortNumber(high)}`, last]);
    this.label();
    this.paintBar();
    const { rows, columns, height, width } = this.grid;
    this.canvas.style.aspectRatio = `${columns * width} / ${rows * height}`; // its place, before the picture is loaded
  }

  /** @param {string[]} words below the scale, from left to right; of three the middle one says what was found */
  writeRange(words) {
    if (this.range.children.length !== words.length) this.range.replaceChildren(...words.map(() => element("span")));
    words.forEach((one, i) => write(this.range.children[i], one));
    this.range.children[1]?.classList.toggle("found", !this.panel.legend);
  }

  /**
   * @param {LiveStage} stage
   * @param {ScaleKind} [scale] of its colours from now on
   */
  describeLive({ shape, low, high, end, tiles }, scale = this.panel.scale) {
    const reach = scale === "grey" || scale === "colour" ? Math.max(1, end ?? 1) : (end ?? 1);
    const coding = /** @type {Partial<Panel>} */ (end === undefined ? { encoded: null } : { end: reach, encoded: [-end, end] });
    this.describe({ shape, low, high, tiles, scale, values: null, ...coding });
  }

  /** @param {Uint32Array<ArrayBuffer>} table */
  setTable(table) {
    this.table = table;
    this.paintBar();
  }

  paintBar() {
    const { scale, legend } = this.panel;
    const painted = `${scale} ${legend?.colours} ${this.table[0]}`; // the colours from end to end do not depend on where the ends are
    if (this.bar.dataset.painted === painted) return;
    this.bar.dataset.painted = painted;
    const context = this.bar.getContext("2d");
    if (context && legend) {
      const shades = context.createLinearGradient(0, 0, 256, 0);
      legend.colours.forEach((colour, i) => shades.addColorStop(i / (legend.colours.length - 1), colour));
      context.fillStyle = shades;
      return context.fillRect(0, 0, 256, 1);
    }
    const strip = context?.createImageData(256, 1);
    if (!context || !strip) return;
    new Uint32Array(strip.data.buffer).set(stripColours({ kind: scale, end: 1 }, this.table));
    context.putImageData(strip, 0, 0);
  }

  /** The names of maps, or of the cells of a single column. */
  label() {
    const { names, values, shape } = this.panel;
    const column = Boolean(names) && shape[0] === 1 && shape[2] === 1;
    this.root.classList.toggle("named", column);
    this.labels.show(this.grid, column ? null : (names ?? null));
    if (!column || !names) return this.cellNames.replaceChildren();
    this.cellNames.replaceChildren(...names.map((name, i) => cellName(name, values?.[i])));
    this.canvas.style.height = `calc(${names.length} * var(--line, 1.6rem))`;
  }

  /**
   * Load the picture that Python sent and draw it, unless it is no longer wanted then.
   * @param {string} source
   * @param {() => boolean} wanted
   */
  async load(source, wanted) {
    if (source === this.source && this.image) return this.draw(this.image);
    const image = new Image();
    await new Promise((done, failed) => {
      image.onload = done; // decode() would wait for a page in the background
      image.onerror = failed;
      image.src = source;
    });
    this.source = source;
    this.image = image;
    if (wanted()) this.draw(image);
  }

  /**
   * @param {ImageBitmap | HTMLImageElement} image
   * @param {number} [id] of the answer that brought it: an older one is not drawn
   */
  draw(image, id) {
    if (id !== undefined && id < this.drawnId) return;
    this.drawnId = id ?? this.drawnId;
    const { encoded, scale, end, shape, row, tiles } = this.panel;
    const colours = encoded ? byteColours({ kind: scale, end }, encoded, this.table) : null;
    if (colours && scale === "colour") this.drawColour(image);
    else {
      this.resize(image.width, image.height);
      this.context.drawImage(image, 0, 0);
      if (colours) this.recolour(colours);
    }
    const { width, height } = this.canvas;
    const widest = row ? `calc(7.5rem * ${tiles[1]})` : `calc(34rem * ${width / height})`;
    this.root.style.setProperty("--widest", shape[2] === 1 && this.panel.names && !row ? "none" : widest);
    this.place();
    this.canvas.dataset.updates = String(Number(this.canvas.dataset.updates ?? 0) + 1);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
  }

  /** @param {Uint32Array} colours of each byte */
  recolour(colours) {
    const pixels = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = colours[words[i] & 255];
    this.context.putImageData(pixels, 0, 0);
  }

  /**
   * Three grey maps of a mosaic become red, green and blue.
   * @param {ImageBitmap | HTMLImageElement} image
   */
  drawColour(image) {
    const { tiles, encoded, end } = this.panel;
    const [height, width] = [image.height / tiles[0], image.width / tiles[1]];
    this.resize(width, height);
    const shades = byteColours({ kind: "grey", end }, encoded ?? [0, 1], this.table);
    const scratch = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
    if (!scratch) return;
    scratch.drawImage(image, 0, 0);
    const pixels = this.context.createImageData(width, height);
    for (let band = 0; band < 3; band++) {
      const [x, y] = [(band % tiles[1]) * width, Math.floor(band / tiles[1]) * height];
      const { data } = scratch.getImageData(x, y, width, height);
      for (let i = 0; i < data.length; i += 4) pixels.data[i + band] = shades[data[i]] & 255;
    }
    for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
    this.context.putImageData(pixels, 0, 0);
  }

  /**
   * Where an event is, as fractions of the picture.
   * @param {MouseEvent} event
   * @param {Element} [part]
   */
  fractions(event, part = this.canvas) {
    const box = part.getBoundingClientRect();
    return { across: (event.clientX - box.left) / box.width, down: (event.clientY - box.top) / box.height };
  }

  /**
   * @param {MouseEvent} event
   * @param {boolean} pinned
   */
  point(event, pinned) {
    const { across, down } = this.fractions(event);
    const at = placeAt(this.grid, across, down);
    if (!at || this.drag.active) return;
    this.at = at;
    this.hooks.place({ stage: this.name, ...at }, pinned);
  }

  /** A drag chooses a rectangle where the page asks for one; else, zoomed in, it moves the part that is shown. */
  makeDrag() {
    return new Drag(this.canvas, {
      press: (event) => {
        if (!this.selectable && this.zoom.level === 1) return null;
        const { across, down } = this.fractions(event);
        const last = { x: event.clientX, y: event.clientY };
        return { corner: cornerAt(this.grid, across, down), last, rectangle: /** @type {Rectangle | null} */ (null) };
      },
      move: (event, held) => {
        if (!this.selectable) {
          this.zoom.pan((event.clientX - held.last.x) / this.frameWidth, (event.clientY - held.last.y) / this.frame.clientHeight);
          held.last = { x: event.clientX, y: event.clientY };
          return this.place();
        }
        const { across, down } = this.fractions(event);
        held.rectangle = rectangleBetween(held.corner, cornerAt(this.grid, across, down));
        this.choose(held.rectangle);
      },
      end: ({ rectangle }) => {
        if (rectangle && Math.min(rectangle[2], rectangle[3]) >= SMALLEST_SELECTION) this.hooks.rectangle(rectangle);
      },
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = ARROWS[event.key];
    const at = this.at ?? { channel: 0, y: this.grid.height >> 1, x: this.grid.width >> 1 };
    if (step) {
      const far = event.shiftKey ? 10 : 1;
      const y = clamp(at.y + far * step[0], 0, this.grid.height - 1);
      const x = clamp(at.x + far * step[1], 0, this.grid.width - 1);
      this.at = { channel: at.channel, y, x };
      this.hooks.place({ stage: this.name, ...this.at }, false);
    } else if (event.key === "+" || event.key === "-" || event.key === "0") {
      this.zoomBy({ "+": 2, "-": 0.5, 0: 1 / this.zoom.level }[event.key]);
    } else if (event.key === "Enter" || event.key === " ") {
      this.hooks.place({ stage: this.name, ...at }, true);
    } else return;
    event.preventDefault();
  }

  /**
   * Frames around cells; none takes them away.
   * @param {Mark[]} marks
   * @param {{channel: number, y: number, x: number} | null} [at] from where the arrow keys go on
   */
  mark(marks, at = null) {
    if (at) this.at = { channel: at.channel, y: at.y, x: at.x };
    this.marks.replaceChildren(...marks.flatMap(({ kind, cells }) => this.boxes(kind, cells)));
  }

  /**
   * A rectangle of the first map.
   * @param {Rectangle} rectangle
   */
  choose(rectangle) {
    this.marks.replaceChildren(this.box("chosen", 0, rectangle, []));
  }

  /**
   * @param {Mark["kind"]} kind
   * @param {Cells} cells
   */
  boxes(kind, cells) {
    if (isWhole(cells, this.panel.shape)) {
      return [element("div", { className: `box whole ${kind}`, style: "inset: 0" })];
    }
    const channels = this.grid.count === 1 ? [0] : cells.channels.filter((channel) => channel < this.grid.count);
    const framed = frames({ ...cells, channels }, this.panel.shape);
    return framed.map(({ channel, box, open }) => this.box(kind, channel, box, open));
  }

  /**
   * @param {Mark["kind"]} kind
   * @param {number} channel
   * @param {Rectangle} rectangle
   * @param {string[]} open sides that lie in the padding
   */
  box(kind, channel, rectangle, open) {
    const style = Object.entries(percentOf(this.grid, channel, rectangle)).map(([side, percent]) => `${side}: ${percent}%`);
    return element("div", { className: ["box", kind, ...open.map((side) => `open-${side}`)].join(" "), style: style.join("; ") });
  }

  /**
   * @param {number} factor
   * @param {number} [across] of the frame
   * @param {number} [down]
   */
  zoomBy(factor, across, down) {
    this.zoom.by(factor, across, down);
    this.place();
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the plain wheel scrolls the page
    event.preventDefault();
    const { across, down } = this.fractions(event, this.frame);
    this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, across, down);
  }

  /** @param {number} width */
  resized(width) {
    this.frameWidth = width;
    this.labels.fit((width / this.grid.columns) * this.zoom.level);
  }

  /** Pixels of the screen that the whole picture takes, enlarged as it is. */
  get screenWidth() {
    return (this.frameWidth || this.canvas.clientWidth) * this.zoom.level;
  }

  place() {
    const { level, transform } = this.zoom;
    if (this.inner.style.transform !== transform) {
      this.inner.style.transform = transform;
      this.inner.style.setProperty("--zoom", String(level));
      this.labels.fit((this.frameWidth / this.grid.columns) * level);
    }
    this.canvas.classList.toggle("zoomed", level > 1);
    this.canvas.classList.toggle("selectable", this.selectable);
    this.canvas.classList.toggle("coarse", this.canvas.width < COARSE || level > 2);
  }
}

/**
 * @param {string} name
 * @param {number | undefined} value
 */
function cellName(name, value) {
  const number = element("span", { className: "value", textContent: value === undefined ? "" : shortNumber(value) });
  return element("li", {}, element("span", { textContent: name }), number);
}
