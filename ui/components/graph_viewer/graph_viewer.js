// A network from left to right: cards with live maps, the edges between them, and what is under the hand.

import { themeTable } from "../shared/colours.js";
import { button, element } from "../shared/dom.js";
import { GraphCard } from "../shared/graph_card.js";
import { curve, drawing, mapsFed, mapsRead, neighbours, wayOf } from "../shared/graph_edges.js";
import { shortNumber } from "../shared/numbers.js";
import { bringIntoSight } from "../shared/sight.js";

/** @import {Card, GraphData, Mounted} from "../shared/types.js" */
/** @import {Sides} from "../shared/graph_edges.js" */
/** @typedef {{card: string, map: number | null} | {fold: string} | {unfold: string} | {narrow: boolean}} Chosen */

const LEVEL = 80; // pixels below a card's top at which edges arrive: cards of one lane are joined by straight lines
const BESIDE = 40; // pixels that are left beside a card that is brought into sight

/** @type {WeakMap<object, GraphViewer>} */
const viewers = new WeakMap();

/** @param {Mounted<GraphData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const viewer = viewers.get(parentElement) ?? new GraphViewer(parentElement, data);
  viewers.set(parentElement, viewer);
  viewer.pick = (chosen) => setTriggerValue("pick", chosen);
  viewer.update(data);
  return () => {};
}

class GraphViewer {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {GraphData} data
   */
  constructor(parent, data) {
    this.parent = parent;
    this.data = data;
    /** @type {(chosen: Chosen) => void} */
    this.pick = () => {};
    /** @type {Map<string, GraphCard>} */
    this.cards = new Map();
    this.wanted = ""; // the card that was brought into sight last
    this.edges = drawing("svg", { class: "edges", "aria-hidden": "true" });
    this.frames = element("div", { className: "frames" });
    this.graph = element("div", { className: "graph" }, this.frames);
    this.graph.prepend(this.edges);
    this.scroller = element("div", { className: "scroller", role: "group", "aria-label": "the network, from the input at the left to the answer at the right" }, this.graph);
    const legend = element(
      "span",
      { className: "legend" },
      element("span", { className: "key read", "aria-hidden": "true" }),
      "what it reads",
      element("span", { className: "key reader", "aria-hidden": "true" }),
      "what it feeds",
    );
    this.back = button("◀", "towards the input", () => this.scroll(-1));
    this.on = button("▶", "towards the answer", () => this.scroll(1));
    this.narrow = element("button", { type: "button", textContent: "Narrow cards", onclick: () => this.pick({ narrow: !this.data.narrow }) });
    this.tools = element("div", { className: "tools" }, legend, this.narrow, this.back, this.on);
    this.seen = element("img", { alt: "what the network sees" });
    this.box = element("div", { className: "box", hidden: true });
    // What leads to the sum that is open, further down; it stays the same element, since a press that leaves a card must not replace it.
    this.down = element("button", { type: "button", className: "down", hidden: true, onclick: () => bringIntoSight(this.data.hint.heading) });
    this.place = element("p", { className: "place" });
    this.lines = element("div", { className: "lines" });
    const picture = element("div", { className: "seen" }, this.seen, this.box);
    const texts = element("div", { className: "texts", "aria-live": "polite" }, this.down, this.place, this.lines);
    this.detail = element("section", { className: "detail", "aria-label": "what is under the hand" }, picture, texts);
    parent.append(this.tools, this.scroller, this.detail);
    this.observer = new ResizeObserver(() => this.resized());
    for (const one of [this.graph, this.scroller]) this.observer.observe(one);
    this.scroller.addEventListener("scroll", () => this.offer());
  }

  /** @param {GraphData} data */
  update(data) {
    this.data = data;
    const table = themeTable(this.parent, data.tables);
    this.graph.classList.toggle("narrow", data.narrow);
    this.narrow.setAttribute("aria-pressed", String(data.narrow));
    const names = new Set(data.cards.map((card) => card.name));
    for (const [name, card] of this.cards) {
      if (names.has(name)) continue;
      this.observer.unobserve(card.root);
      card.root.remove();
      this.cards.delete(name);
    }
    for (const card of data.cards) {
      let known = this.cards.get(card.name);
      if (known && known.card.kind !== card.kind) known.root.remove();
      if (known?.card.kind !== card.kind) known = new GraphCard(card, this.hooks());
      this.cards.set(card.name, known);
      this.observer.observe(known.root);
      known.update(card, table, data.chosen?.card === card.name ? data.chosen.map : null);
      if (card.kind === "input" && card.maps) this.seen.src = card.maps.src;
    }
    this.order();
    this.frame();
    this.left();
    this.drawEdges();
    const wanted = data.chosen?.card ?? data.cards.findLast((card) => card.kind === "card" && card.stage)?.name ?? "";
    if (wanted !== this.wanted) this.bringIntoSight(wanted);
    this.wanted = wanted;
  }

  /** The cards in order, which is also that of the keyboard; if they stand so, none is moved, for which it would be drawn anew. */
  order() {
    const [roots, there] = [this.data.cards.map(({ name }) => this.cards.get(name)?.root), this.graph.querySelectorAll(".card")];
    if (roots.length === there.length && roots.every((root, i) => root === there[i])) return;
    for (const root of roots) if (root) this.graph.append(root);
  }

  resized() {
    this.drawEdges();
    this.offer();
  }

  /** The buttons that scroll are there where there is something to scroll to. */
  offer() {
    const { scrollLeft, scrollWidth, clientWidth } = this.scroller;
    this.back.disabled = scrollLeft < 1;
    this.on.disabled = scrollLeft + clientWidth > scrollWidth - 1;
    this.back.hidden = this.on.hidden = scrollWidth <= clientWidth;
  }

  /** @param {1 | -1} way */
  scroll(way) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollBy({ left: way * 0.8 * this.scroller.clientWidth, behavior: still ? "instant" : "smooth" });
  }

  /**
   * Scroll the graph, not the page, so far that a card is in sight.
   * @param {string} name
   */
  bringIntoSight(name) {
    const card = this.cards.get(name);
    if (!card) return;
    const { left, right } = this.sides(card.root);
    const { scrollLeft, clientWidth } = this.scroller;
    if (left < scrollLeft) this.scroller.scrollLeft = left - BESIDE;
    else if (right > scrollLeft + clientWidth) this.scroller.scrollLeft = right - clientWidth + BESIDE;
  }

  /** @returns {import("../shared/graph_card.js").CardHooks} */
  hooks() {
    return {
      open: (card, map) => this.pick(card.kind === "stage" && map === null ? { unfold: card.name } : { card: card.name, map }),
      point: (card, map, at) => this.point(card, map, at),
      left: () => this.left(),
    };
  }

  /** A frame around each open stage, with what folds it. */
  frame() {
    /** @type {Map<string, Card[]>} */
    const stages = new Map();
    for (const card of this.data.cards) {
      if (card.kind === "card" && card.stage) stages.set(card.stage, [...(stages.get(card.stage) ?? []), card]);
    }
    const focused = this.graph.querySelector(".fold:focus") !== null;
    this.graph.classList.toggle("framed", stages.size > 0);
    for (const old of this.graph.querySelectorAll(".frame")) old.remove();
    for (const [stage, inside] of stages) {
      const [columns, lanes] = [inside.map((card) => card.column), inside.map((card) => card.lane)];
      const fold = button(`− ${stage}`, `fold ${stage}`, () => this.pick({ fold: stage }));
      fold.className = "fold";
      fold.setAttribute("aria-expanded", "true");
      const area = `1 / ${Math.min(...columns) + 1} / ${Math.max(...lanes) + 3} / ${Math.max(...columns) + 2}`;
      const frame = element("div", { className: "frame", style: `grid-area: ${area}` }, fold);
      frame.dataset.stage = stage;
      const first = this.cards.get(inside[0].name)?.root;
      this.graph.insertBefore(frame, first ?? null); // the keyboard comes to it before its cards
      if (focused) fold.focus();
    }
  }

  /**
   * Where an element stands in the graph.
   * @param {Element} part
   * @returns {Sides}
   */
  sides(part) {
    const [own, graph] = [part.getBoundingClientRect(), this.graph.getBoundingClientRect()];
    const [left, top] = [own.left - graph.left, own.top - graph.top];
    return { left, right: left + own.width, top, bottom: top + own.height, middle: top + Math.min(own.height * 0.8, LEVEL) };
  }

  drawEdges() {
    const { cards } = this.data;
    this.edges.replaceChildren();
    for (const card of cards) {
      for (const { card: name } of card.reads) {
        const [from, to] = [this.cards.get(name), this.cards.get(card.name)];
        if (!from || !to) continue;
        const path = drawing("path", { d: curve(this.sides(from.root), this.sides(to.root), wayOf(cards, from.card, card)) });
        path.setAttribute("data-edge", `${name} ${card.name}`);
        path.dataset.from = name;
        path.dataset.to = card.name;
        this.edges.append(path);
      }
    }
  }

  /**
   * @param {Card} card
   * @param {number | null} map
   * @param {{down: number, across: number} | null} at
   */
  point(card, map, at) {
    this.light(card, map);
    this.lines.replaceChildren(...card.details.map(({ name, words, facts }) =>
      element("p", {}, element("b", { textContent: name }), `: ${words}. `, element("span", { className: "facts", textContent: facts }))));
    this.place.textContent = this.say(card, map, at);
  }

  /**
   * What is under the hand, in words; frames what it sees of the picture.
   * @param {Card} card
   * @param {number | null} map
   * @param {{down: number, across: number} | null} at
   */
  say(card, map, at) {
    const { maps, fields } = card;
    this.box.hidden = true;
    if (map === null && fields) this.see(fields[0][fields[0].length >> 1], fields[1][fields[1].length >> 1]);
    if (map === null || card.kind === "input") return fields ? `${card.name}: framed is what the cell in its middle sees.` : card.title;
    const answer = card.answers.find((one) => one.map === map);
    if (answer) return `${answer.label}: ${answer.text}`;
    const value = at && this.cards.get(card.name)?.valueAt(map, at);
    const about = value ? `, ${value.sign} ${shortNumber(value.value)}` : "";
    if (!maps || maps.units || !at) return maps?.units ? `${card.name}, unit ${map}${about}` : `${card.name}, map ${map}. Enter opens it.`;
    const [y, x] = [Math.floor(at.down * maps.size[0]), Math.floor(at.across * maps.size[1])];
    const where = `${card.name}, map ${map}, row ${y}, column ${x}${about}`;
    if (!fields) return where;
    const [rows, columns] = [fields[0][y], fields[1][x]];
    this.see(rows, columns);
    return `${where}. It sees rows ${rows[0]} to ${rows[1] - 1} and columns ${columns[0]} to ${columns[1] - 1} of the picture.`;
  }

  /**
   * Frame a part of the picture.
   * @param {[number, number]} rows the first, and the one behind the last
   * @param {[number, number]} columns
   */
  see(rows, columns) {
    const [height, width] = this.data.input;
    const sides = { top: rows[0] / height, left: columns[0] / width, height: (rows[1] - rows[0]) / height, width: (columns[1] - columns[0]) / width };
    this.box.hidden = false;
    for (const [side, part] of Object.entries(sides)) this.box.style.setProperty(side, `${100 * part}%`);
  }

  /**
   * Light up what a card, or a map of it, reads and feeds.
   * @param {Card} card
   * @param {number | null} map
   */
  light(card, map) {
    this.dim();
    const { read, readers } = neighbours(this.data.cards, card.name);
    this.graph.classList.add("lit");
    this.cards.get(card.name)?.root.classList.add("here");
    for (const name of read) this.cards.get(name)?.root.classList.add("read");
    for (const name of readers) this.cards.get(name)?.root.classList.add("reader");
    for (const path of this.edges.querySelectorAll("path")) {
      if (path.dataset.to === card.name) path.classList.add("read");
      else if (path.dataset.from === card.name) path.classList.add("reader");
    }
    if (map === null || card.answers.length || card.maps?.units) return;
    for (const link of card.reads) this.lightMaps(link.card, "read", (count) => mapsRead(link, map, count));
    for (const name of readers) {
      const link = this.cards.get(name)?.card.reads.find((one) => one.card === card.name);
      if (link) this.lightMaps(name, "reader", (count) => mapsFed(link, map, count));
    }
  }

  /**
   * @param {string} name
   * @param {string} className
   * @param {(count: number) => number[]} which
   */
  lightMaps(name, className, which) {
    const other = this.cards.get(name);
    if (!other || other.card.answers.length || other.card.maps?.units) return;
    for (const map of which(other.buttons.length)) other.buttons[map].classList.add(className);
  }

  dim() {
    this.graph.classList.remove("lit");
    for (const lit of this.graph.querySelectorAll(".here, .read, .reader")) lit.classList.remove("here", "read", "reader");
  }

  /** Nothing is pointed at: what is open is told, or what to do. */
  left() {
    const { chosen, hint } = this.data;
    const open = chosen && this.cards.get(chosen.card);
    this.lines.replaceChildren();
    if (open) this.point(open.card, null, null);
    this.dim();
    this.box.hidden = true;
    const [place, fields] = [chosen?.place, open?.card.fields];
    if (place && fields) this.see(fields[0][place[0]], fields[1][place[1]]);
    this.place.textContent = open ? "" : hint.first;
    this.down.hidden = !open;
    this.down.textContent = `${hint.opened} ↓`;
  }
}
