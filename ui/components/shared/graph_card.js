// One card of the overview: its name, its layer, and the first of its maps.

import { byteColours } from "./colours.js";
import { element } from "./dom.js";
import { clamp } from "./numbers.js";

/** @import {Card, CardAnswer, CardMaps} from "./types.js" */

/**
 * @typedef {object} CardHooks
 * @property {(card: Card, map: number | null) => void} open the card, or one of its maps, or folds and unfolds a stage
 * @property {(card: Card, map: number | null, at: {down: number, across: number} | null) => void} point at the card, at a map, at a place of it
 * @property {() => void} left nothing is pointed at
 */

const STEPS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -2, ArrowDown: 2, Home: -1000, End: 1000 });

export class GraphCard {
  /**
   * @param {Card} card
   * @param {CardHooks} hooks
   */
  constructor(card, hooks) {
    this.card = card;
    this.hooks = hooks;
    this.source = "";
    /** @type {Map<HTMLCanvasElement, Uint8Array>} the bytes of each map's picture */
    this.values = new Map();
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.title = element("span", { className: "name" });
    this.words = element("span", { className: "words" });
    this.shape = element("span", { className: "shape" });
    const parts = [this.title, this.words, this.shape];
    this.head = card.kind === "input" ? element("div", { className: "head" }, ...parts) : element("button", { type: "button", className: "head" }, ...parts);
    this.maps = element("div", { className: "maps", role: "group" });
    this.more = element("div", { className: "more" });
    this.root = element("section", { className: `card ${card.kind}` }, this.head, this.maps, this.more);
    this.root.dataset.card = card.name;
    this.head.addEventListener("click", () => this.card.kind === "input" || this.hooks.open(this.card, null));
    for (const [kind, part] of Object.entries({ pointerenter: this.root, focus: this.head })) {
      part.addEventListener(kind, () => this.hooks.point(this.card, null, null));
    }
    this.root.addEventListener("pointerleave", () => this.hooks.left());
    this.root.addEventListener("focusout", () => this.hooks.left());
    this.maps.addEventListener("keydown", (event) => this.key(event));
  }

  /**
   * @param {Card} card
   * @param {Uint32Array<ArrayBuffer>} table
   * @param {number | null} chosen number of the map that is open
   */
  update(card, table, chosen) {
    this.card = card;
    this.title.textContent = card.title;
    this.words.textContent = card.words;
    this.shape.textContent = card.shape;
    this.more.textContent = card.more;
    this.root.style.gridColumn = String(card.column + 1);
    this.root.style.gridRow = String(card.lane + 2); // the first row is for what stands above open stages
    const act = card.kind === "stage" ? "unfold" : "open";
    this.head.title = card.kind === "input" ? "" : `${act} ${card.name}`;
    if (card.kind !== "input") {
      this.head.setAttribute("aria-label", `${card.name}: ${card.words}, ${card.shape}. ${act}`);
      if (card.kind === "stage") this.head.setAttribute("aria-expanded", "false");
    }
    this.maps.setAttribute("aria-label", `maps of ${card.name}`);
    this.root.classList.toggle("chosen", chosen !== null);
    this.root.classList.toggle("named", card.answers.length > 0);
    if (card.answers.length) this.fillAnswers(card.answers);
    else if (card.maps) this.fillMaps(card.maps);
    else this.fill([], "maps");
    this.buttons.forEach((button) => button.classList.toggle("chosen", Number(button.dataset.map) === chosen));
    if (card.maps) void this.load(card.maps, table);
  }

  /** @param {CardAnswer[]} answers */
  fillAnswers(answers) {
    const made = answers.map(({ label, text, share, map }) => {
      const bar = element("span", { className: "bar", style: `width: ${clamp(100 * share, 0, 100)}%` });
      const line = element("span", { className: "line" }, element("span", { textContent: label }), element("span", { textContent: text }));
      return this.button(map, `${label}: ${text}`, "answer", line, bar);
    });
    this.fill(made, "maps answers");
  }

  /** @param {CardMaps} maps */
  fillMaps(maps) {
    const wanted = `${maps.shown} ${maps.units} ${maps.size} ${this.card.kind}`;
    if (this.maps.dataset.made === wanted) return;
    const made = Array.from({ length: maps.shown }, (_, map) => {
      const canvas = element("canvas", { style: `aspect-ratio: ${maps.size[1]} / ${maps.size[0]}` }); // before it is drawn, too
      if (this.card.kind === "input") canvas.setAttribute("aria-hidden", "true");
      if (this.card.kind === "input") return canvas;
      const label = maps.units ? `units of ${this.card.name}` : `map ${map} of ${this.card.name}`;
      return this.button(map, label, maps.units ? "map units" : "map", canvas);
    });
    this.fill(made, maps.shown === 1 ? "maps one" : "maps");
    this.maps.dataset.made = wanted;
    if (this.card.kind === "input") made[0].addEventListener("pointermove", (event) => event instanceof PointerEvent && this.move(event, 0));
  }

  /**
   * @param {HTMLElement[]} parts
   * @param {string} className
   */
  fill(parts, className) {
    const focused = this.buttons.findIndex((one) => one.matches(":focus"));
    this.maps.className = className;
    this.maps.dataset.made = "";
    this.maps.replaceChildren(...parts);
    this.buttons = parts.filter((part) => part instanceof HTMLButtonElement);
    this.buttons.forEach((one, i) => (one.tabIndex = i === Math.max(0, focused) ? 0 : -1));
    this.buttons[focused]?.focus();
  }

  /**
   * @param {number} map
   * @param {string} label
   * @param {string} className
   * @param {...Node} children
   */
  button(map, label, className, ...children) {
    const one = element("button", { type: "button", className, title: label, "aria-label": label }, ...children);
    one.dataset.map = String(map);
    one.addEventListener("pointermove", (event) => this.move(event, map));
    one.addEventListener("pointerleave", () => this.hooks.point(this.card, null, null));
    one.addEventListener("focus", () => this.hooks.point(this.card, map, null));
    one.addEventListener("click", (event) => this.hooks.open(this.card, event.detail ? this.numberAt(event, map) : map));
    return one;
  }

  /**
   * @param {MouseEvent} event
   */
  static fractions(event) {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    return { down: clamp((event.clientY - box.top) / box.height, 0, 0.9999), across: clamp((event.clientX - box.left) / box.width, 0, 0.9999) };
  }

  /**
   * The map, or the unit where the cells of a picture are units.
   * @param {MouseEvent} event
   * @param {number} map
   */
  numberAt(event, map) {
    const { maps } = this.card;
    if (!maps?.units) return map;
    const { down, across } = GraphCard.fractions(event);
    return Math.floor(down * maps.size[0]) * maps.size[1] + Math.floor(across * maps.size[1]);
  }

  /**
   * @param {PointerEvent} event
   * @param {number} map
   */
  move(event, map) {
    this.hooks.point(this.card, this.numberAt(event, map), this.card.answers.length ? null : GraphCard.fractions(event));
  }

  /**
   * The value of a map at a place, as well as its picture tells, and how well that is; null where it does not.
   * @param {number} map
   * @param {{down: number, across: number}} at
   */
  valueAt(map, { down, across }) {
    const { maps } = this.card;
    const canvas = this.buttons[maps?.units ? 0 : map]?.querySelector("canvas");
    const bytes = canvas && this.values.get(canvas);
    if (!maps?.encoded || !bytes) return null;
    const byte = bytes[Math.floor(down * canvas.height) * canvas.width + Math.floor(across * canvas.width)];
    const sign = byte === 255 ? "at least" : byte === 0 ? "at most" : "about";
    return { sign, value: maps.encoded[0] + ((maps.encoded[1] - maps.encoded[0]) * byte) / 255 };
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const at = this.buttons.findIndex((one) => one.matches(":focus"));
    const step = STEPS[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const to = clamp(at + step, 0, this.buttons.length - 1);
    this.buttons.forEach((one, i) => (one.tabIndex = i === to ? 0 : -1));
    this.buttons[to].focus();
  }

  /**
   * @param {CardMaps} maps
   * @param {Uint32Array<ArrayBuffer>} table
   */
  async load(maps, table) {
    const { src } = maps;
    const look = `${src} ${table[0]}`;
    if (this.source === look) return;
    this.source = look;
    this.root.classList.add("waiting");
    const image = new Image();
    await new Promise((done, failed) => {
      image.onload = done;
      image.onerror = failed;
      image.src = src;
    });
    if (this.source !== look) return; // another picture is wanted by now
    this.draw(image, maps, table);
    this.root.classList.remove("waiting");
  }

  /**
   * @param {HTMLImageElement} image
   * @param {CardMaps} maps
   * @param {Uint32Array<ArrayBuffer>} table
   */
  draw(image, { tiles: [rows, columns], encoded, scale, end }, table) {
    const canvases = [...this.maps.querySelectorAll("canvas")];
    const [height, width] = [image.height / rows, image.width / columns];
    const colours = encoded ? byteColours({ kind: scale, end }, encoded, table) : null;
    canvases.forEach((canvas, i) => {
      Object.assign(canvas, { width, height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (!context) return;
      context.drawImage(image, -(i % columns) * width, -Math.floor(i / columns) * height);
      if (!colours) return;
      const pixels = context.getImageData(0, 0, width, height);
      const words = new Uint32Array(pixels.data.buffer);
      const bytes = Uint8Array.from(words, (word) => word & 255);
      for (let cell = 0; cell < words.length; cell++) words[cell] = colours[bytes[cell]];
      context.putImageData(pixels, 0, 0);
      this.values.set(canvas, bytes);
    });
    this.root.dataset.updates = String(Number(this.root.dataset.updates ?? 0) + 1);
  }
}
