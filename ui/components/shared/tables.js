// Small tables of numbers in the colours of the picture that they come from.

import { colourOf, ownScale } from "./colours.js";
import { element } from "./dom.js";
import { shortNumber } from "./numbers.js";

/** @import {Scale, Window} from "./types.js" */

const DENSE = 5; // columns, above which numbers are small

/**
 * @param {string} title
 * @param {number[][]} rows
 * @param {Scale} scale
 * @param {Uint32Array} table
 * @param {[number, number]} [centre] row and column of the one that is meant
 */
export function numberTable(title, rows, scale, table, centre) {
  const body = rows.map((row, y) => element("tr", {}, ...row.map((value, x) => {
    const { background, text } = colourOf(scale, value, table);
    const cell = element("td", { textContent: shortNumber(value), style: `background-color: ${background}; color: ${text}` });
    if (centre?.[0] === y && centre[1] === x) cell.className = "centre";
    return cell;
  })));
  const grid = element("table", { className: rows[0].length > DENSE ? "dense" : "" }, element("caption", { textContent: title }), ...body);
  return element("div", { className: "numbers", tabIndex: 0, role: "group", "aria-label": title }, grid);
}

/**
 * The values around the chosen one.
 * @param {Window} window
 * @param {Scale} scale
 * @param {Uint32Array} table
 */
export function lens({ lens: rows, lens_corner: [top, left], y, x }, scale, table) {
  return numberTable(`around row ${y}, column ${x}`, rows, scale, table, [y - top, x - left]);
}

/**
 * One grid for each channel.
 * @param {number[][] | number[][][]} grids
 */
function slices(grids) {
  return /** @type {number[][][]} */ (Array.isArray(grids[0][0]) ? grids : [grids]);
}

/**
 * The window as numbers: what was read, times the kernel, is the products; their sum is the pixel.
 * @param {Window} window
 * @param {Scale} scale of the stage
 * @param {Scale} before of the stage that is read
 * @param {Uint32Array} table
 */
export function explain(window, scale, before, table) {
  const { stage, channel, y, x, inputs, weights, products, bias, total } = window;
  const place = `channel ${channel}, row ${y}, column ${x}`;
  const result = element("output", { textContent: shortNumber(total) });
  if (stage === "input") return [element("p", {}, `Input at ${place}: `, result), lens(window, scale, table)];
  if (!weights || !products) {
    const line = element("div", { className: "product" }, numberTable("window", slices(inputs)[0], before, table), lens(window, scale, table));
    return [element("p", {}, `Pooling at ${place}: largest or mean of these values is `, result), line];
  }
  const extra = `${bias ? ` + bias ${shortNumber(bias)}` : ""}${stage === "relu" ? ", negative becomes 0" : ""}`;
  const sum = element("p", { className: "sum" }, `${stage === "relu" ? "ReLU" : "Output"} at ${place}: sum of products${extra} = `, result);
  const term = /** @type {(sign: string, grid: HTMLElement) => HTMLElement} */ (sign, grid) =>
    element("div", { className: "term" }, element("span", { className: "sign", textContent: sign }), grid); // never apart
  const [read, made] = [slices(inputs), slices(products)];
  const shared = ownScale(made.flat());
  const lines = read.map((grid, n) => element(
    "div",
    { className: "product" },
    numberTable(read.length > 1 ? `window, channel ${n}` : "window", grid, before, table),
    term("×", numberTable("kernel", weights, ownScale(weights), table)),
    term("=", numberTable("products", made[n], shared, table)),
    n === read.length - 1 ? lens(window, scale, table) : "",
  ));
  return [sum, ...lines];
}
