// Pictures side by side: the value under the hand, what it reads and what reads it, as the panels declare.

import { element } from "../shared/dom.js";
import { Following } from "../shared/following.js";
import { Gallery } from "../shared/gallery.js";
import { shortNumber } from "../shared/numbers.js";
import { lens } from "../shared/tables.js";

/** @import {MapData, Mounted, Place, Rectangle} from "../shared/types.js" */

/** @type {WeakMap<object, MapViewer>} */
const viewers = new WeakMap();
const HINT = "Tap or point at a picture: the value there, and those around it, stand here.";

/** @param {Mounted<MapData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const viewer = viewers.get(parentElement) ?? new MapViewer(parentElement, data);
  viewers.set(parentElement, viewer);
  viewer.pick = (chosen) => setTriggerValue("pick", chosen);
  viewer.update(data);
  return () => viewer.following.leave();
}

/**
 * @param {Place} place
 * @param {number[]} shape channels, height, width
 */
function isInside({ channel, y, x }, shape) {
  return channel < shape[0] && y < shape[1] && x < shape[2];
}

class MapViewer {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {MapData} data
   */
  constructor(parent, data) {
    this.data = data;
    /** @type {(chosen: Place | Rectangle) => void} */
    this.pick = () => {};
    /** @type {Place | null} */
    this.shown = null;
    this.gallery = new Gallery(parent, {
      place: (place, pinned) => this.look(place, pinned),
      left: () => {},
      rectangle: (rectangle) => this.pick(rectangle),
    });
    this.note = element("p", { className: "note", role: "alert" });
    this.hint = element("p", { className: "hint", textContent: HINT });
    this.detail = element("section", { className: "detail", "aria-live": "polite", "aria-label": "the value under the hand" });
    this.following = new Following(this.gallery, data.live.base, {
      said: (sentence) => {
        this.note.textContent = sentence;
      },
      drawn: () => this.forget(), // its numbers are those of the maps before
    });
    this.detail.append(this.hint);
    parent.append(this.note, this.gallery.root, this.detail);
  }

  /** No value is shown; its place is kept, so that nothing moves when one is. */
  forget() {
    if (!this.hint.isConnected) this.detail.replaceChildren(this.hint);
  }

  /** @param {MapData} data */
  update(data) {
    this.data = data;
    this.following.update(data.instrument, data.live);
    this.note.textContent = "";
    this.gallery.update(data.panels, data.tables, () => !this.following.moving);
    for (const [name, picture] of this.gallery.pictures) {
      picture.selectable = name === data.select;
      const box = data.boxes?.[name];
      if (data.boxes) picture.mark([]);
      if (box) picture.choose(box);
    }
    const panel = this.shown && this.gallery.get(this.shown.stage)?.panel;
    if (!panel || !this.shown) return;
    if (isInside(this.shown, panel.shape)) this.read(this.shown); // the same place of the new maps
    else this.forget();
  }

  /**
   * @param {Place} place
   * @param {boolean} pinned
   */
  look(place, pinned) {
    if (pinned && this.data.clickable) this.pick(place);
    if (this.data.select !== place.stage || this.data.boxes) this.read(place);
  }

  /**
   * The value at a place, read from the map itself.
   * @param {Place} place
   */
  read(place) {
    const panel = this.gallery.get(place.stage)?.panel;
    if (!panel) return;
    this.shown = place;
    if (!this.data.boxes) this.gallery.mark(place);
    const { channel, y, x } = place;
    const message = { image: panel.token, settings: {}, stage: "input", channel, y, x };
    this.following.channel.ask("look", message, ({ window }) => {
      if (!window) return;
      const value = element("output", { textContent: shortNumber(window.total) });
      const name = panel.names && panel.shape[0] === 1 ? panel.names[y] : null;
      const where = name ?? `channel ${channel}, row ${y}, column ${x}`;
      const scale = panel.meant ?? { kind: panel.scale, end: panel.end };
      this.detail.classList.add("told");
      this.detail.replaceChildren(element("p", {}, `${panel.title}, ${where}: `, value), lens(window, scale, this.gallery.table));
    });
  }
}
