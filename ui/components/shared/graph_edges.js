// Curves between the cards of a graph, and which of them touch a card.

/** @import {Card} from "./types.js" */
/** @typedef {"straight" | "above" | "from" | "to"} Way along the lane of the start, or of the end */
/** @typedef {{left: number, right: number, top: number, bottom: number, middle: number}} Sides of a card, in pixels of the graph */

const SVG = "http://www.w3.org/2000/svg";
const BEND = 22; // pixels in which a curve leaves and arrives
const GAP = 25; // pixels between columns, nearly
const ABOVE = 12; // pixels above the cards, where skips pass

/**
 * What a card reads, and what reads it, by name.
 * @param {Card[]} cards
 * @param {string} name
 */
export function neighbours(cards, name) {
  const read = cards.find((card) => card.name === name)?.reads.map((link) => link.card) ?? [];
  const readers = cards.filter((card) => card.reads.some((link) => link.card === name)).map((card) => card.name);
  return { read, readers };
}

/**
 * Which of the first maps of a card a map of another one is made of.
 * @param {import("./types.js").MapLink} link
 * @param {number} map
 * @param {number} count of the first maps
 */
export function mapsRead({ offset, span, made, read }, map, count) {
  const at = map - offset;
  if (at < 0 || at >= span) return [];
  const group = Math.floor(at / made);
  return Array.from({ length: count }, (_, i) => i).filter((i) => Math.floor(i / read) === group);
}

/**
 * Which of the first maps of a card a map of one that it reads goes into.
 * @param {import("./types.js").MapLink} link
 * @param {number} map
 * @param {number} count of the first maps
 */
export function mapsFed(link, map, count) {
  return Array.from({ length: count }, (_, i) => i).filter((i) => mapsRead(link, i, map + 1).includes(map));
}

/**
 * The curve of an edge as the path of an SVG.
 * @param {Sides} from
 * @param {Sides} to
 * @param {Way} way
 */
export function curve(from, to, way) {
  const [x, end] = [from.right, to.left];
  if (way === "from" || way === "to") {
    const [bend, far] = [end - GAP, x + GAP]; // where it changes the lane: just before the end, or just behind the start
    if (way === "from") return `M ${x} ${from.middle} L ${bend} ${from.middle} C ${bend + BEND} ${from.middle} ${end - BEND} ${to.middle} ${end} ${to.middle}`;
    return `M ${x} ${from.middle} C ${x + BEND} ${from.middle} ${far - BEND} ${to.middle} ${far} ${to.middle} L ${end} ${to.middle}`;
  }
  if (way === "straight") {
    const bend = Math.max(0.85 * Math.min(end - x, GAP), (end - x) / 2);
    return `M ${x} ${from.middle} C ${x + bend} ${from.middle} ${end - bend} ${to.middle} ${end} ${to.middle}`;
  }
  const [y, high, low] = [Math.min(from.top, to.top) - ABOVE, from.top + 14, to.top + 14];
  const rise = `M ${x} ${high} C ${x + BEND} ${high} ${x} ${y} ${x + BEND} ${y}`;
  return `${rise} L ${end - BEND} ${y} C ${end} ${y} ${end - BEND} ${low} ${end} ${low}`;
}

/**
 * How an edge passes the cards between its ends: through, above them, or along the lane of one of its ends where that is free.
 * @param {Card[]} cards
 * @param {Card} from
 * @param {Card} to
 * @returns {Way}
 */
export function wayOf(cards, from, to) {
  const between = cards.filter(({ column }) => column > from.column && column < to.column).map(({ lane }) => lane);
  if (!between.length) return "straight";
  if (!between.includes(from.lane)) return from.lane === to.lane ? "straight" : "from";
  return between.includes(to.lane) ? "above" : "to";
}

/**
 * An element of an SVG.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
export function drawing(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
