// The kernel as a grid of numbers: type, drag, arrow keys, paste. Python checks and counts; here are only gestures.

import { colourOf, ownScale, themeTable } from "../shared/colours.js";
import { button, element } from "../shared/dom.js";
import { Drag } from "../shared/drag.js";
import { gesture } from "../shared/gesture.js";
import { clamp, editedNumber, readNumber } from "../shared/numbers.js";

/** @import {EditorData, Mounted} from "../shared/types.js" */

/** @type {WeakMap<object, KernelEditor>} */
const editors = new WeakMap();
const HELP = "Drag a number up or down (with a finger: left or right), or type. Alt: finer, Shift: coarser.";
const MOST_STEPS = 100; // that can be undone
const SLOP = 4; // pixels until a click becomes a drag
const REST = 400; // milliseconds after the last key, before the value is kept
const OPERATIONS = [
  ["⇄", "mirror left and right", "mirror"],
  ["⇅", "mirror top and bottom", "upend"],
  ["⟳", "rotate by 90 degrees", "rotate"],
  ["⤡", "transpose: swap rows and columns", "transpose"],
  ["Σ=1", "normalise: divide by the sum", "normalise"],
  ["0", "clear: all zeros", "clear"],
];

/** @param {Mounted<EditorData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const editor = editors.get(parentElement) ?? new KernelEditor(parentElement, data);
  editors.set(parentElement, editor);
  editor.send = (change) => setTriggerValue("edit", change);
  editor.update(data);
}

class KernelEditor {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {EditorData} data
   */
  constructor(parent, data) {
    this.data = data;
    this.parent = parent;
    /** @type {(change: {kernel: string} | {operation: string}) => void} */
    this.send = () => {};
    /** @type {HTMLInputElement[]} */
    this.cells = [];
    /** @type {number[]} */
    this.values = [];
    this.columns = 0;
    /** @type {string[]} */
    this.past = [];
    /** @type {string[]} */
    this.future = [];
    this.travelling = false; // between steps that were taken before
    /** @type {string | undefined} */
    this.text = undefined;
    /** @type {string | undefined} without the live channel: what is on its way, and what waits */
    this.sending = undefined;
    /** @type {string | undefined} */
    this.unsent = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.pause = undefined;
    this.grid = element("div", { className: "grid", role: "grid", "aria-label": "kernel values" });
    this.note = element("p", { className: "note", role: "status" });
    this.undoButton = button("↶", "undo", () => this.travel(this.past, this.future));
    this.redoButton = button("↷", "redo", () => this.travel(this.future, this.past));
    const operations = OPERATIONS.map(([sign, title, operation]) => button(sign, title, () => this.send({ operation })));
    const tools = element("div", { className: "tools", role: "toolbar", "aria-label": "change the whole kernel" });
    tools.append(this.undoButton, this.redoButton, ...operations);
    this.drag = this.makeDrag();
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("input", (event) => this.typed(this.cellOf(event)));
    this.grid.addEventListener("change", (event) => this.settled(this.cellOf(event)));
    this.grid.addEventListener("paste", (event) => this.paste(event));
    this.grid.addEventListener("focusin", (event) => this.cellOf(event)?.select());
    this.grid.addEventListener("click", (event) => this.drag.moved || this.chosen(this.cellOf(event)));
    parent.append(this.grid, tools, this.note, element("p", { className: "help", textContent: HELP }));
  }

  /**
   * The cell in which something happened.
   * @param {Event} event
   */
  cellOf(event) {
    return this.cells.find((cell) => cell === event.target) ?? null;
  }

  /** @param {HTMLInputElement | null} cell */
  chosen(cell) {
    cell?.focus();
    cell?.select();
  }

  /** @param {EditorData} data */
  update(data) {
    this.data = data;
    this.table = themeTable(this.parent, data.tables);
    this.note.textContent = data.note;
    if (this.unsent !== undefined && this.sending === data.text) {
      const next = this.unsent; // without the live channel: one value in flight, the newest waits
      this.sending = this.unsent = undefined;
      if (next !== data.text) return this.follow(next);
    }
    this.sending = undefined;
    if (this.text !== undefined && data.text !== this.text && !this.travelling) {
      this.past.push(this.text);
      this.past.splice(0, this.past.length - MOST_STEPS);
      this.future.length = 0;
    }
    this.travelling = false;
    this.text = data.text;
    if (!this.drag.active) this.draw(data.values);
    this.undoButton.disabled = this.past.length === 0;
    this.redoButton.disabled = this.future.length === 0;
  }

  /** @param {number[][]} values */
  draw(values) {
    const columns = values[0].length;
    if (this.cells.length !== values.flat().length || this.columns !== columns) this.build(values);
    const focused = this.cells.findIndex((cell) => cell === (/** @type {ShadowRoot} */ (cell.getRootNode())).activeElement);
    this.values = values.flat();
    this.cells.forEach((cell, index) => {
      if (index !== focused || cell.dataset.dirty !== "yes") this.write(index);
      cell.removeAttribute("aria-invalid");
    });
    this.paint();
  }

  /** @param {number[][]} values */
  build(values) {
    const columns = (this.columns = values[0].length);
    this.grid.style.setProperty("--columns", String(columns));
    this.grid.classList.toggle("dense", columns > 7 || values.length > 7);
    this.cells = values.flat().map((_, index) => {
      const label = `row ${Math.floor(index / columns) + 1}, column ${(index % columns) + 1}`;
      return element("input", { type: "text", autocomplete: "off", spellcheck: false, "aria-label": label });
    });
    const rows = values.map((row, y) => {
      const cells = row.map((_, x) => element("div", { role: "gridcell" }, this.cells[y * columns + x]));
      return element("div", { role: "row" }, ...cells);
    });
    this.grid.replaceChildren(...rows);
  }

  /**
   * Write a value into its cell; if the hand is there it stays selected, so that typing replaces it.
   * @param {number} index
   */
  write(index) {
    const cell = this.cells[index];
    const text = editedNumber(this.values[index]);
    if (cell.value === text) return;
    cell.value = text;
    if (cell === (/** @type {ShadowRoot} */ (cell.getRootNode())).activeElement) cell.select();
  }

  paint() {
    const { table } = this;
    if (!table) return;
    const scale = ownScale([this.values], this.data.end);
    this.cells.forEach((cell, index) => {
      const { background, text } = colourOf(scale, this.values[index], table);
      cell.style.backgroundColor = background;
      cell.style.color = text;
    });
  }

  asText() {
    const lines = [];
    for (let i = 0; i < this.values.length; i += this.columns) lines.push(this.values.slice(i, i + this.columns).join(" "));
    return lines.join("; ") + (lines.length === 1 && this.columns === 9 ? ";" : ""); // or it could be meant as 3 x 3
  }

  // While the hand moves: the viewer follows by itself, or, without the live channel, Python does.
  follow(text = this.asText()) {
    if (gesture(this.data.instrument, { [this.data.name]: text })) return;
    if (this.sending !== undefined) this.unsent = text;
    else if (text !== this.data.text) {
      this.sending = text;
      this.send({ kernel: text });
    }
  }

  commit() {
    clearTimeout(this.pause);
    this.sending = this.unsent = undefined;
    this.send({ kernel: this.asText() });
  }

  /**
   * @param {string[]} from
   * @param {string[]} to
   */
  travel(from, to) {
    const text = from.pop();
    if (text === undefined || this.text === undefined) return;
    to.push(this.text);
    this.travelling = true;
    this.send({ kernel: text });
  }

  // A mouse goes up and down, a finger left and right: up and down it scrolls the page, and must change nothing.
  makeDrag() {
    return new Drag(this.grid, {
      slop: SLOP,
      press: (event) => {
        const cell = this.cellOf(event);
        if (!cell) return null;
        const index = this.cells.indexOf(cell);
        return { cell, index, value: this.values[index], x: event.clientX, y: event.clientY };
      },
      move: (event, { cell, index, value, x, y }) => {
        cell.classList.add("dragged");
        const way = event.pointerType === "touch" ? event.clientX - x : y - event.clientY;
        const step = event.altKey ? 0.001 : event.shiftKey ? 0.1 : 0.01;
        this.set(index, value + way * step, event.altKey ? 3 : 2);
      },
      end: ({ cell }) => {
        cell.classList.remove("dragged");
        this.commit();
      },
      cancel: ({ cell, index, value }) => {
        cell.classList.remove("dragged");
        this.set(index, value, 3);
      },
    });
  }

  /**
   * @param {number} index
   * @param {number} value
   * @param {number} digits
   */
  set(index, value, digits) {
    this.values[index] = Number(clamp(value, -this.data.limit, this.data.limit).toFixed(digits));
    this.follow();
    this.write(index);
    this.cells[index].removeAttribute("aria-invalid");
    this.paint();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const cell = this.cellOf(event);
    if (!cell) return;
    const rise = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const index = this.cells.indexOf(cell);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) this.travel(this.future, this.past);
      else this.travel(this.past, this.future);
    } else if (rise && (event.altKey || event.shiftKey)) {
      event.preventDefault();
      this.set(index, this.values[index] + rise * (event.altKey ? 0.1 : 1), 3);
      cell.dataset.dirty = "";
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.commit(), REST);
    } else if (rise || side) this.step(event, index, rise ?? 0, side ?? 0);
    else if (event.key === "Enter") this.settled(cell);
    else if (event.key === "Escape") {
      cell.dataset.dirty = "";
      this.draw(this.data.values);
      this.follow();
    }
  }

  /**
   * Go to the cell beside this one, if there is one.
   * @param {KeyboardEvent} event
   * @param {number} index
   * @param {number} rise
   * @param {number} side
   */
  step(event, index, rise, side) {
    const column = (index % this.columns) + side;
    const next = index + side - rise * this.columns;
    if (column < 0 || column >= this.columns || next < 0 || next >= this.cells.length) return;
    event.preventDefault();
    this.cells[next].focus();
  }

  /** @param {HTMLInputElement | null} cell */
  typed(cell) {
    if (!cell) return;
    clearTimeout(this.pause);
    const value = readNumber(cell.value);
    cell.dataset.dirty = "yes";
    if (value === null || Math.abs(value) > this.data.limit) return;
    this.values[this.cells.indexOf(cell)] = value;
    this.paint();
    this.follow();
  }

  /** @param {HTMLInputElement | null} cell */
  settled(cell) {
    if (cell?.dataset.dirty !== "yes") return;
    const value = readNumber(cell.value);
    if (value === null || Math.abs(value) > this.data.limit) {
      cell.setAttribute("aria-invalid", "true");
      this.note.textContent = `${cell.getAttribute("aria-label")}: write a number from −${this.data.limit} to ${this.data.limit}.`;
      return;
    }
    cell.dataset.dirty = "";
    this.values[this.cells.indexOf(cell)] = value;
    this.commit();
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!text || readNumber(text) !== null) return; // a photo is the page's, and one number goes into its cell
    event.preventDefault();
    this.send({ kernel: text });
  }
}
