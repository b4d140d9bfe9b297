// Colours of values. Tables of 256 entries come from Python (ui/palette.py), one for each theme; entry 128 is zero.

import { clamp } from "./numbers.js";

/** @import {Scale, Tables} from "./types.js" */

/** @type {Map<string, Uint32Array<ArrayBuffer>>} */
const readTables = new Map();

/**
 * A table as the words that a canvas holds.
 * @param {string} base64
 */
export function readTable(base64) {
  const known = readTables.get(base64);
  if (known) return known;
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const table = Uint32Array.from({ length: 256 }, (_, i) => word(bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2]));
  readTables.set(base64, table);
  return table;
}

/**
 * The table of the theme that the page has where this component stands.
 * @param {ShadowRoot | HTMLElement} parent
 * @param {Tables} tables
 */
export function themeTable(parent, tables) {
  const host = parent instanceof ShadowRoot ? parent.host : parent;
  return readTable(isDark(getComputedStyle(host).getPropertyValue("--st-background-color")) ? tables.dark : tables.light);
}

/**
 * Whether a colour such as #0f1218 or rgb(15, 18, 24) is darker than middle grey.
 * @param {string} css
 */
export function isDark(css) {
  const hex = css.trim().match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i)?.slice(1).map((pair) => parseInt(pair, 16));
  const [r, g, b] = hex ?? css.match(/[\d.]+/g)?.map(Number) ?? [255, 255, 255];
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

/**
 * A colour as a canvas holds it.
 * @param {number} r
 * @param {number} g
 * @param {number} b
 */
export function word(r, g, b) {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/**
 * The values at both ends of a scale.
 * @param {Scale} scale
 * @returns {[number, number]}
 */
export function limits({ kind, end }) {
  return [kind === "diverging" ? -end : 0, end];
}

/**
 * The colour of a value, as a canvas holds it. What cannot be negative has the positive half of the diverging table, so that
 * equal values have equal colours beside a map that can be.
 * @param {Scale} scale
 * @param {number} value
 * @param {Uint32Array} table
 */
function colourWord({ kind, end }, value, table) {
  if (kind === "grey" || kind === "colour") {
    const shade = Math.round(255 * clamp(value / (end || 1), 0, 1));
    return word(shade, shade, shade);
  }
  return table[clamp(Math.round(127.5 + (127.5 * value) / (end || 1)), kind === "sequential" ? 128 : 0, 255)];
}

/**
 * Whether values are an image again: none is negative, and not all are 0. Python says the same of them at rest (instruments/stages.py).
 * @param {{low: number, high: number}} extremes
 */
export function isImage({ low, high }) {
  return low >= 0 && high > 0;
}

/**
 * What each byte of a picture looks like.
 * @param {Scale} scale
 * @param {[number, number]} encoded values of the bytes 0 and 255
 * @param {Uint32Array<ArrayBuffer>} table
 */
export function byteColours(scale, [low, high], table) {
  if (scale.kind === "diverging" && low === -scale.end && high === scale.end) return table;
  return Uint32Array.from({ length: 256 }, (_, byte) => colourWord(scale, low + ((high - low) * byte) / 255, table));
}

/**
 * The colours of a scale from its lowest value to its highest.
 * @param {Scale} scale
 * @param {Uint32Array<ArrayBuffer>} table
 */
export function stripColours(scale, table) {
  return byteColours(scale, limits(scale), table);
}

/**
 * The colour of a value as CSS, and a text colour that can be read on it.
 * @param {Scale} scale
 * @param {number} value
 * @param {Uint32Array} table
 */
export function colourOf(scale, value, table) {
  const colour = colourWord(scale, value, table);
  const [r, g, b] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  return { background: `rgb(${r} ${g} ${b})`, text: readableOn(r, g, b) };
}

/**
 * Black or white, whichever has the higher contrast (WCAG 2.1, relative luminance).
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
export function readableOn(red, green, blue) {
  const [r, g, b] = [red, green, blue].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/**
 * A scale for numbers that stand alone: kernels, products.
 * @param {number[][]} rows
 * @param {number} [least] its end, of others on the same scale
 * @returns {Scale}
 */
export function ownScale(rows, least = 0) {
  return { kind: "diverging", end: Math.max(least, ...rows.flat().map(Math.abs)) || 1 };
}
