// Which cells a cell reads, and which read it: the panels declare it, nothing is guessed.

/** @import {Axis, Place, Reads, Rectangle, Shape} from "./types.js" */
/** @typedef {{channels: number[], rows: number[], columns: number[]}} Cells every combination of them; rows and columns outside the
 * map are padding */
/** @typedef {{shape: Shape, reads: Reads[]}} Declared */

/** @param {number} count */
const all = (count) => Array.from({ length: count }, (_, i) => i);

/** @param {Iterable<number>} numbers */
const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);

/**
 * Input positions of all taps of these outputs; negative ones and those behind the end are padding.
 * @param {Axis} axis
 * @param {number[]} outputs
 */
export function tapsOf({ stride, before, dilation, kernel }, outputs) {
  return sorted(outputs.flatMap((at) => all(kernel).map((tap) => at * stride - before + tap * dilation)));
}

/**
 * Outputs that have one of these inputs among their taps.
 * @param {Axis} axis
 * @param {number[]} inputs
 */
export function outputsOf({ stride, before, dilation, kernel, outputs }, inputs) {
  const found = inputs.flatMap((at) => all(kernel).map((tap) => (at + before - tap * dilation) / stride));
  return sorted(found.filter((at) => Number.isInteger(at) && at >= 0 && at < outputs));
}

/**
 * Follow one declaration, from the panel that reads to the one that is read or back.
 * @param {Cells} cells
 * @param {Reads} reads
 * @param {Shape} shape of the panel that is gone to
 * @param {boolean} forward from what is read to what reads it
 * @returns {Cells}
 */
function follow(cells, reads, [count, height, width], forward) {
  const channels = reads.channels === "own" ? cells.channels.filter((channel) => channel < count) : all(count);
  if (reads.how === "all") return { channels, rows: all(height), columns: all(width) };
  if (reads.how === "row") return { channels, rows: cells.rows, columns: all(width) };
  if (reads.how === "column") return { channels, rows: all(height), columns: cells.columns };
  const walk = reads.how === "same" ? null : forward !== reads.transposed ? outputsOf : tapsOf;
  /** @type {(axis: Axis | null, from: number[]) => number[]} */
  const along = (axis, from) => (walk && axis ? walk(axis, from) : from);
  return { channels, rows: along(reads.rows, cells.rows), columns: along(reads.columns, cells.columns) };
}

/**
 * @param {Cells} cells
 * @param {Shape} shape
 * @returns {Cells}
 */
function inside(cells, [, height, width]) {
  return {
    ...cells,
    rows: cells.rows.filter((row) => row >= 0 && row < height),
    columns: cells.columns.filter((column) => column >= 0 && column < width),
  };
}

/** @param {Cells} cells */
const isEmpty = ({ channels, rows, columns }) => !channels.length || !rows.length || !columns.length;

/**
 * Everything that cells of a panel read, or that reads them, through all declarations: by panel's name, without the panel itself.
 * @param {Map<string, Declared>} panels
 * @param {string} start
 * @param {Cells} cells
 * @param {boolean} forward
 */
export function reached(panels, start, cells, forward) {
  /** @type {Map<string, Cells[]>} */
  const found = new Map();
  /** @type {[string, Cells, number][]} */
  const waiting = [[start, cells, 0]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [name, from, depth] = next;
    if (depth === panels.size) continue; // declarations in a circle
    for (const [other, declared] of panels) {
      const links = forward ? declared.reads.filter((one) => one.panel === name) : (panels.get(name)?.reads ?? []).filter((one) => one.panel === other);
      for (const reads of links) {
        const to = follow(from, reads, declared.shape, forward);
        const real = inside(to, declared.shape);
        if (isEmpty(real)) continue;
        found.set(other, [...(found.get(other) ?? []), to]);
        waiting.push([other, real, depth + 1]);
      }
    }
  }
  return found;
}

/**
 * Runs of numbers that follow each other: [first, length].
 * @param {number[]} numbers in order
 */
export function runs(numbers) {
  /** @type {[number, number][]} */
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last && last[0] + last[1] === number) last[1] += 1;
    else found.push([number, 1]);
  }
  return found;
}

/** @typedef {{channel: number, box: Rectangle, open: string[]}} Frame `open` names the sides that lie in the padding */

const MOST = 400; // frames in one picture; more are not told apart

/**
 * Frames around cells, cut off at the map's border.
 * @param {Cells} cells
 * @param {Shape} shape
 * @returns {Frame[]}
 */
export function frames(cells, [, height, width]) {
  let [rows, columns] = [runs(cells.rows), runs(cells.columns)];
  if (rows.length * columns.length * cells.channels.length > MOST) [rows, columns] = [hull(cells.rows), hull(cells.columns)];
  /** @type {Frame[]} */
  const found = [];
  for (const [top, high] of rows) {
    for (const [left, wide] of columns) {
      const [y, bottom] = [Math.max(0, top), Math.min(height, top + high)];
      const [x, right] = [Math.max(0, left), Math.min(width, left + wide)];
      if (y >= bottom || x >= right) continue;
      const sides = { top: top < 0, bottom: top + high > height, left: left < 0, right: left + wide > width };
      const open = Object.entries(sides).filter(([, beyond]) => beyond).map(([side]) => side);
      for (const channel of cells.channels) found.push({ channel, box: [y, x, bottom - y, right - x], open });
    }
  }
  return found;
}

/**
 * @param {number[]} numbers in order
 * @returns {[number, number][]}
 */
function hull(numbers) {
  return numbers.length ? [[numbers[0], numbers[numbers.length - 1] - numbers[0] + 1]] : [];
}

/**
 * Whether cells are the whole panel.
 * @param {Cells} cells
 * @param {Shape} shape
 */
export function isWhole(cells, shape) {
  return cells.channels.length === shape[0] && inside(cells, shape).rows.length === shape[1] && inside(cells, shape).columns.length === shape[2];
}

/**
 * The cells of one place; in a picture of all channels it is a place of each.
 * @param {Place} place
 * @param {Shape} shape
 * @param {boolean} everyChannel
 * @returns {Cells}
 */
export function cellsAt({ channel, y, x }, shape, everyChannel) {
  return { channels: everyChannel ? all(shape[0]) : [channel], rows: [y], columns: [x] };
}
