// Pictures side by side, and the frames that say what a value under the hand reads and what reads it.

import { themeTable } from "./colours.js";
import { element } from "./dom.js";
import { Picture } from "./picture.js";
import { cellsAt, reached } from "./reads.js";

/** @import {Panel, Place, Scale, Tables} from "./types.js" */
/** @import {Mark, PictureHooks} from "./picture.js" */

export class Gallery {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {PictureHooks} hooks
   */
  constructor(parent, hooks) {
    this.parent = parent;
    this.hooks = hooks;
    /** @type {Map<string, Picture>} */
    this.pictures = new Map();
    this.root = element("div", { className: "panels" });
    /** @type {Uint32Array<ArrayBuffer>} */
    this.table = new Uint32Array(256);
  }

  /**
   * Show these panels in this order.
   * @param {Panel[]} panels
   * @param {Tables} tables
   * @param {() => boolean} wanted whether pictures from Python are still to be drawn once they are loaded
   */
  update(panels, tables, wanted) {
    this.table = themeTable(this.parent, tables);
    const rows = panels.filter((panel) => panel.row).length;
    this.root.dataset.count = String(rows ? Math.max(3, panels.length - rows) : panels.length); // in a line of the grid
    const names = new Set(panels.map((panel) => panel.name));
    for (const [name, picture] of this.pictures) {
      if (names.has(name)) continue;
      picture.root.remove();
      this.pictures.delete(name);
    }
    panels.forEach((panel, index) => {
      const known = this.pictures.get(panel.name);
      const picture = known ?? new Picture(panel, this.table, this.hooks);
      this.pictures.set(panel.name, picture);
      if (this.root.children[index] !== picture.root) this.root.insertBefore(picture.root, this.root.children[index] ?? null);
      if (known && !wanted()) return; // the moving picture stays
      picture.describe(panel);
      picture.setTable(this.table);
      void picture.load(panel.src, wanted);
    });
  }

  /** @param {string} name */
  get(name) {
    return this.pictures.get(name);
  }

  /**
   * The colours in which a panel's values are shown.
   * @param {string} name
   * @returns {Scale | null}
   */
  scaleOf(name) {
    const panel = this.pictures.get(name)?.panel;
    return panel ? { kind: panel.scale, end: panel.end } : null;
  }

  /** Pixels of the screen that the widest picture takes. */
  get screenWidth() {
    return Math.max(0, ...[...this.pictures.values()].map((picture) => picture.screenWidth));
  }

  /**
   * Frame a value, what it reads, and what reads it; null takes all frames away.
   * @param {Place | null} place
   */
  mark(place) {
    const start = place && this.pictures.get(place.stage);
    /** @type {Map<string, Mark[]>} */
    const marks = new Map();
    if (place && start) {
      const panels = new Map([...this.pictures].map(([name, { panel }]) => [name, panel]));
      const cells = cellsAt(place, start.panel.shape, start.grid.count === 1);
      for (const [kind, forward] of /** @type {[Mark["kind"], boolean][]} */ ([["read", false], ["reader", true]])) {
        for (const [name, found] of reached(panels, place.stage, cells, forward)) {
          marks.set(name, [...(marks.get(name) ?? []), ...found.map((one) => ({ kind, cells: one }))]);
        }
      }
      marks.set(place.stage, [{ kind: "here", cells }]);
    }
    for (const [name, picture] of this.pictures) picture.mark(marks.get(name) ?? [], name === place?.stage ? place : null);
  }
}
