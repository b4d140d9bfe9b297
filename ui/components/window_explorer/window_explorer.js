// A window walks over real numbers: input with its padding ring, kernel, output. All numbers come from Python.

import { colourOf, ownScale, themeTable } from "../shared/colours.js";
import { button, element } from "../shared/dom.js";
import { Drag } from "../shared/drag.js";
import { cellNumber, clamp, narrowNumber, shortNumber } from "../shared/numbers.js";
import { keepFromSwipes } from "../shared/scrolling.js";

/** @import {ExplorerData, Mounted, Scale, Step} from "../shared/types.js" */

/** @type {WeakMap<object, WindowExplorer>} */
const explorers = new WeakMap();
const GAP = 1.25; // rem between the grids, as in the style
const SPEEDS = [1500, 700, 300, 100]; // milliseconds a step
const WIDEST = 2.6; // rem of a cell where there is room for all grids side by side
const NARROWEST = 18; // pixels, in which two digits of 12 pixels and a point fit
const NARROW = 37; // pixels, below which numbers are written as there is room for them
const EDGES = 3; // pixels of a cell beside its number
const STACKED = 27; // pixels, in which three digits fit: below it the kernel stands above the output
const DIGITS = [12, 0.75]; // least pixels and most rem of a digit's size

/** @param {Mounted<ExplorerData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const explorer = explorers.get(parentElement) ?? new WindowExplorer(parentElement, data);
  explorers.set(parentElement, explorer);
  explorer.pin = (place) => setTriggerValue("pin", place);
  explorer.update(data);
  return () => explorer.pause();
}

class WindowExplorer {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {ExplorerData} data
   */
  constructor(parent, data) {
    this.parent = parent;
    this.data = data;
    /** @type {(place: number) => void} */
    this.pin = () => {};
    this.at = 0; // the output whose window is shown, in row order
    /** @type {number | null} the one that was chosen */
    this.pinned = null;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
    this.table = new Uint32Array(256);
    /** @type {HTMLElement[]} */
    this.inputCells = [];
    /** @type {HTMLElement[]} */
    this.outputCells = [];
    /** @type {HTMLElement[]} */
    this.kernelCells = [];
    this.input = element("div", { className: "grid input", role: "img" });
    this.kernel = element("div", { className: "grid kernel", role: "img" });
    this.output = element("div", { className: "grid output", role: "grid", tabIndex: 0 });
    this.titles = ["input", "kernel", "output"].map((name) => element("figcaption", { className: name }));
    const figures = [this.input, this.kernel, this.output].map((grid, i) => element("figure", {}, this.titles[i], grid));
    this.kernelFigure = figures[1];
    this.sum = element("p", { className: "sum", "aria-live": "polite" });
    this.playButton = button("▶", "play", () => (this.timer ? this.pause() : this.play()));
    this.scrubber = element("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": "position of the window" });
    this.speed = element("input", { type: "range", min: 0, max: SPEEDS.length - 1, value: 1, className: "speed", "aria-label": "speed" });
    keepFromSwipes(this.speed);
    this.lettersBox = element("input", { type: "checkbox" });
    this.figures = element("div", { className: "figures" }, ...figures);
    parent.append(this.figures, this.makeBar());
    this.room = Infinity; // of a cell, in digits
    new ResizeObserver(() => this.fit()).observe(this.figures);
    this.drag = this.makeDrag();
    this.listen();
  }

  makeBar() {
    return element(
      "div",
      { className: "bar" },
      button("|◀", "back to the start", () => this.take(0)),
      button("◀", "one step back", () => this.take(this.at - 1)),
      this.playButton,
      button("▶|", "one step forward", () => this.take(this.at + 1)),
      this.scrubber,
      element("label", {}, "speed", this.speed),
      element("label", {}, this.lettersBox, "letters"),
      this.sum,
    );
  }

  listen() {
    this.scrubber.addEventListener("input", () => {
      this.pause(); // or the walk would go on from under the hand
      this.go(this.scrubber.valueAsNumber);
    });
    this.scrubber.addEventListener("change", () => this.commit());
    this.scrubber.addEventListener("pointercancel", () => this.back()); // the page was scrolled from here
    this.lettersBox.addEventListener("change", () => this.show());
    this.output.addEventListener("pointerover", (event) => this.hover(event.target));
    this.output.addEventListener("pointerleave", () => this.timer || this.drag.active || this.back());
    this.output.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("pointerover", (event) => this.feeds(event.target));
    this.input.addEventListener("pointerleave", () => this.show());
    this.output.addEventListener("click", (event) => {
      this.output.focus({ preventScroll: true });
      if (!this.drag.moved) this.hover(event.target, true);
    });
  }

  // A window that is dragged over the outputs is kept where it is let go.
  makeDrag() {
    return new Drag(this.output, {
      slop: 4,
      press: (event) => (this.outputCells.some((cell) => cell === event.target) ? true : null),
      move: (event) => this.hover(this.under(event)),
      end: () => this.commit(),
      cancel: () => this.back(),
    });
  }

  /**
   * What lies under the pointer, also while another cell has caught it.
   * @param {PointerEvent} event
   */
  under(event) {
    const root = /** @type {ShadowRoot | Document} */ (this.output.getRootNode());
    return root.elementFromPoint(event.clientX, event.clientY);
  }

  /** @param {ExplorerData} data */
  update(data) {
    this.data = data;
    this.table = themeTable(this.parent, data.tables);
    const { input, output, kernel, titles, colours } = data;
    titles.forEach((title, i) => {
      this.titles[i].textContent = title;
      this.titles[i].style.color = colours[i];
    });
    this.input.setAttribute("aria-label", `${titles[0]}, ${input.length} by ${input[0].length} with padding`);
    this.kernel.setAttribute("aria-label", titles[1]);
    this.output.setAttribute("aria-label", `${titles[2]}. Arrow keys move the window.`);
    this.kernelFigure.hidden = !kernel;
    const least = data.scale === "grey" ? 1 : 0; // a dark part of a picture stays dark
    this.inputCells = this.fill(this.input, input, { ...ownScale(input, least), kind: data.scale });
    this.kernelCells = kernel ? this.fill(this.kernel, kernel, ownScale(kernel)) : [];
    this.outputCells = this.fill(this.output, output, ownScale(output, data.end));
    this.markInput();
    this.fit();
    this.scrubber.max = String(this.count - 1);
    this.pinned = Math.min(data.at, this.count - 1);
    this.go(this.timer ? this.at : this.pinned);
  }

  get columns() {
    return this.data.output[0].length;
  }

  get count() {
    return this.data.output.length * this.columns;
  }

  get width() {
    return this.data.input[0].length;
  }

  /**
   * Cells as wide as lets all grids stand side by side; where that is too narrow for their numbers, with the kernel above the
   * output; where that is, too, as wide as lets each grid stand alone.
   */
  fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [input, kernel, output] = [this.data.input, this.data.kernel ?? [[]], this.data.output].map(([row]) => row.length);
    const width = /** @param {number[]} grids */ (grids) =>
      (this.figures.clientWidth - 8 * grids.length - GAP * rem * (grids.length - 1)) / grids.reduce((sum, one) => sum + one, 0);
    const beside = width(kernel ? [input, kernel, output] : [input, output]);
    const above = width([input, Math.max(kernel, output)]);
    const alone = width([Math.max(input, kernel, output)]);
    const stacked = beside < STACKED && above >= NARROWEST;
    const cell = Math.floor(clamp(beside >= STACKED ? beside : stacked ? above : Math.min(alone, STACKED), NARROWEST, WIDEST * rem));
    this.figures.classList.toggle("stacked", stacked);
    this.figures.style.setProperty("--cell", `${cell}px`);
    const digits = Math.max(DIGITS[0], Math.min(DIGITS[1] * rem, 0.45 * cell));
    this.figures.style.setProperty("--digits", `${digits}px`);
    const room = cell < NARROW ? (cell - EDGES) / (0.5 * digits) : Infinity;
    if (room === this.room) return;
    this.room = room;
    this.show();
  }

  /**
   * A cell's number as there is room for it.
   * @param {HTMLElement} cell
   */
  numberOf(cell) {
    return this.room === Infinity ? (cell.dataset.shown ?? "") : narrowNumber(Number(cell.dataset.value), this.room);
  }

  markInput() {
    const { input, pads, lost } = this.data;
    this.inputCells.forEach((cell, i) => {
      const [y, x] = [Math.floor(i / this.width), i % this.width];
      const inside = y >= pads[0] && y < input.length - pads[1] && x >= pads[2] && x < this.width - pads[3];
      cell.classList.toggle("pad", !inside);
      cell.classList.toggle("lost", lost[0].includes(y) || lost[1].includes(x));
    });
  }

  /**
   * @param {HTMLElement} grid
   * @param {number[][]} rows
   * @param {Scale} scale
   */
  fill(grid, rows, scale) {
    const answers = grid === this.output;
    grid.style.setProperty("--columns", String(rows[0].length));
    /** @type {HTMLElement[]} */
    const cells = [];
    const lines = rows.map((row, y) => element("div", { role: answers ? "row" : "presentation", className: "row" }, ...row.map((value, x) => {
      const { background, text } = colourOf(scale, value, this.table);
      const style = `background-color: ${background}; color: ${text}`; // not `background`: it would erase the hatch
      const cell = element("div", { className: "cell", role: answers ? "gridcell" : "presentation", style });
      cell.dataset.shown = cellNumber(value);
      cell.dataset.value = String(value);
      if (answers) cell.setAttribute("aria-label", `output row ${y}, column ${x}: ${shortNumber(value)}`);
      cells.push(cell);
      return cell;
    })));
    grid.replaceChildren(...lines);
    return cells;
  }

  /**
   * @param {number} at
   * @param {boolean} [commit]
   */
  go(at, commit = false) {
    this.at = clamp(at, 0, this.count - 1);
    this.scrubber.value = String(this.at);
    this.show();
    if (commit) this.commit();
  }

  commit() {
    this.pinned = this.at;
    this.pin(this.at);
  }

  back() {
    if (this.pinned !== null) this.go(this.pinned);
  }

  show() {
    const step = this.data.steps[this.at];
    const seen = new Set(step.taps.map(([y, x]) => y * this.width + x));
    const winner = step.winner ? step.winner[0] * this.width + step.winner[1] : -1;
    this.inputCells.forEach((cell, i) => {
      cell.classList.toggle("window", seen.has(i));
      cell.classList.toggle("winner", i === winner);
    });
    this.outputCells.forEach((cell, i) => {
      cell.classList.toggle("now", i === this.at);
      cell.classList.toggle("ahead", i > this.at);
      cell.classList.remove("fed");
      cell.textContent = i > this.at ? "" : this.numberOf(cell); // the output fills as the window walks
    });
    this.sum.textContent = this.lettersBox.checked ? step.letters : step.text;
    this.letter(step);
  }

  /**
   * The letters of the sum stand where their numbers stand.
   * @param {Step} step
   */
  letter({ taps, names }) {
    const on = this.lettersBox.checked;
    this.inputCells.forEach((cell) => (cell.textContent = this.numberOf(cell)));
    if (on) taps.forEach(([y, x], n) => (this.inputCells[y * this.width + x].textContent = names[n]));
    this.kernelCells.forEach((cell, n) => (cell.textContent = on ? this.data.weights[n] : this.numberOf(cell)));
    if (on) this.outputCells[this.at].textContent = "y";
  }

  /**
   * @param {EventTarget | null} target
   * @param {boolean} [pinned]
   */
  hover(target, pinned = false) {
    const index = this.outputCells.findIndex((cell) => cell === target);
    if (index < 0 || (this.timer && !pinned)) return;
    this.pause();
    this.go(index, pinned);
  }

  /**
   * Every output that this input pixel goes into.
   * @param {EventTarget | null} target
   */
  feeds(target) {
    const index = this.inputCells.findIndex((cell) => cell === target);
    if (index < 0 || this.timer) return;
    const [y, x] = [Math.floor(index / this.width), index % this.width];
    const fed = this.data.steps.map((step) => step.taps.some(([a, b]) => a === y && b === x));
    this.outputCells.forEach((cell, at) => {
      cell.classList.toggle("fed", fed[at]);
      cell.classList.remove("ahead", "now");
      cell.textContent = this.numberOf(cell);
    });
    this.inputCells.forEach((cell, i) => {
      cell.classList.toggle("window", i === index);
      cell.classList.remove("winner");
    });
    const count = fed.filter(Boolean).length;
    this.sum.textContent = `This pixel goes into ${count} output${count === 1 ? "" : "s"}.`;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (step && this.at + step >= 0 && this.at + step < this.count) {
      event.preventDefault();
      this.pause();
      this.go(this.at + step);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.commit();
    }
  }

  /**
   * A step by hand ends the walk.
   * @param {number} index
   */
  take(index) {
    this.pause();
    this.go(index, true);
  }

  play() {
    if (this.at === this.count - 1) this.go(0);
    this.sign("❚❚", "pause");
    const wait = () => SPEEDS[this.speed.valueAsNumber];
    const tick = () => {
      this.go(this.at + 1);
      if (this.at === this.count - 1) this.pause();
      else this.timer = setTimeout(tick, wait());
    };
    this.timer = setTimeout(tick, wait());
  }

  pause() {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.sign("▶", "play");
  }

  /**
   * @param {string} sign
   * @param {string} title
   */
  sign(sign, title) {
    this.playButton.textContent = sign;
    this.playButton.title = title;
    this.playButton.setAttribute("aria-label", title);
  }
}
