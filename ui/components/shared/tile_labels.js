// Gaps between the maps of a picture, and the number or name of each.

import { element } from "./dom.js";
import { percentOf } from "./grid.js";

/** @import {Grid} from "./grid.js" */

const NARROWEST = 24; // pixels of a map on the screen, below which its number would hide too much of it
const FEW = 8; // pixels below which a wide gap would hide the map

export class TileLabels {
  constructor() {
    this.root = element("div", { className: "tiles", "aria-hidden": "true" });
    this.shown = "";
  }

  /**
   * @param {Grid} grid
   * @param {string[] | null} names of the maps; their numbers stand for them otherwise
   */
  show(grid, names) {
    const { rows, columns, count } = grid;
    const wanted = JSON.stringify([rows, columns, count, names]);
    if (wanted === this.shown) return; // a live answer changes values only
    this.shown = wanted;
    const tiles = rows * columns === 1 && !names ? [] : Array.from({ length: rows * columns }, (_, channel) => channel);
    const whole = /** @type {[number, number, number, number]} */ ([0, 0, grid.height, grid.width]);
    this.root.replaceChildren(
      ...tiles.map((channel) => {
        const place = percentOf({ ...grid, count: rows * columns }, channel, whole);
        const style = Object.entries(place).map(([side, percent]) => `${side}: ${percent}%`).join("; ");
        if (channel >= count) return element("div", { className: "tile empty", style });
        return element("div", { className: "tile", style }, element("span", { textContent: names?.[channel] ?? String(channel) }));
      }),
    );
  }

  /** @param {number} width of a map on the screen, in pixels */
  fit(width) {
    this.root.classList.toggle("narrow", width > 0 && width < NARROWEST);
    this.root.classList.toggle("fine", width > 0 && width < FEW);
  }
}
