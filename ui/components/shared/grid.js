// Maps side by side in one picture: which value lies where.

import { clamp } from "./numbers.js";

/** @import {Panel, Rectangle} from "./types.js" */
/** @typedef {{rows: number, columns: number, height: number, width: number, count: number}} Grid rows and columns of maps, each
 * so high and wide, and how many maps there are */

/**
 * @param {Pick<Panel, "shape" | "tiles" | "scale">} panel
 * @returns {Grid}
 */
export function gridOf({ shape: [count, height, width], tiles: [rows, columns], scale }) {
  if (scale === "colour") return { rows: 1, columns: 1, height, width, count: 1 }; // three maps in one picture
  return { rows, columns, height, width, count: Math.min(count, rows * columns) };
}

/**
 * The value at a place of the picture given in fractions; null beside the last map.
 * @param {Grid} grid
 * @param {number} across
 * @param {number} down
 */
export function placeAt(grid, across, down) {
  const column = clamp(across, 0, 0.9999) * grid.columns;
  const row = clamp(down, 0, 0.9999) * grid.rows;
  const channel = Math.floor(row) * grid.columns + Math.floor(column);
  if (channel >= grid.count) return null;
  return { channel, y: Math.floor((row % 1) * grid.height), x: Math.floor((column % 1) * grid.width) };
}

/**
 * The corner between values that is nearest to a place, for a picture of one map.
 * @param {Grid} grid
 * @param {number} across
 * @param {number} down
 * @returns {[number, number]} row, column
 */
export function cornerAt({ height, width }, across, down) {
  return [clamp(Math.round(down * height), 0, height), clamp(Math.round(across * width), 0, width)];
}

/**
 * The rectangle between two corners, whichever was first.
 * @param {[number, number]} start
 * @param {[number, number]} end
 * @returns {Rectangle}
 */
export function rectangleBetween(start, end) {
  return [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1])];
}

/**
 * Where a rectangle of one map lies in the picture, in percent.
 * @param {Grid} grid
 * @param {number} channel
 * @param {Rectangle} rectangle
 */
export function percentOf(grid, channel, [top, left, height, width]) {
  const tile = grid.count === 1 ? 0 : channel;
  const down = Math.floor(tile / grid.columns) + top / grid.height;
  const across = (tile % grid.columns) + left / grid.width;
  return {
    top: (100 * down) / grid.rows,
    left: (100 * across) / grid.columns,
    height: (100 * height) / grid.height / grid.rows,
    width: (100 * width) / grid.width / grid.columns,
  };
}
