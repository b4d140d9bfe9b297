// The input and what the stages make of it, live, and the window behind the value under the hand.

import { Camera } from "../shared/camera.js";
import { isImage } from "../shared/colours.js";
import { element } from "../shared/dom.js";
import { Following } from "../shared/following.js";
import { Gallery } from "../shared/gallery.js";
import { explain } from "../shared/tables.js";

/** @import {LiveStage, Mounted, Place, StageData, Window} from "../shared/types.js" */

/** @type {WeakMap<object, StageViewer>} */
const viewers = new WeakMap();
const LOOK_PAUSE = 100; // milliseconds between the numbers of a moving picture: faster nobody reads, and pictures go first

/** @param {Mounted<StageData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const viewer = viewers.get(parentElement) ?? new StageViewer(parentElement, data);
  viewers.set(parentElement, viewer);
  viewer.pick = (place) => setTriggerValue("pick", place);
  viewer.update(data);
  return () => viewer.following.leave();
}

class StageViewer {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {StageData} data
   */
  constructor(parent, data) {
    this.data = data;
    /** @type {(place: Place) => void} */
    this.pick = () => {};
    /** @type {Place | null} */
    this.shown = null;
    this.hovering = false;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.soon = null;
    this.looked = 0; // when numbers were asked for last
    this.gallery = new Gallery(parent, {
      place: (place, pinned) => this.look(place, pinned),
      left: () => {
        this.hovering = false;
      },
      rectangle: () => {},
    });
    this.following = new Following(this.gallery, data.live.base, {
      said: (sentence) => {
        this.note.textContent = sentence;
      },
      drawn: () => this.lookSoon(),
      scale: (name, stages) => this.scale(name, stages),
    });
    this.camera = new Camera({
      started: () => this.cover(),
      stopped: () => {
        this.following.paused = false;
        this.update(this.data);
      },
      ready: () => this.following.channel.open,
      send: (jpeg) => this.sendFrame(jpeg),
    });
    this.note = element("p", { className: "note", role: "alert" });
    this.detail = element("section", { className: "detail", "aria-live": "polite", "aria-label": "the window behind the chosen pixel" });
    parent.append(this.note, this.camera.root, this.gallery.root, this.detail);
  }

  /**
   * @param {string} name
   * @param {LiveStage[]} stages
   */
  scale(name, stages) {
    const kinds = this.gallery.get(name)?.panel.kinds;
    const convolution = stages.find((stage) => stage.name === "convolution");
    if (!this.data.auto || !kinds || !convolution) return undefined;
    return isImage(convolution) ? kinds.picture : kinds.values;
  }

  /** @param {StageData} data */
  update(data) {
    this.data = data;
    this.following.update(data.instrument, data.live);
    this.note.textContent = data.note;
    this.gallery.update([data.input, ...data.stages], data.tables, () => !this.camera.on && !this.following.moving);
    if (this.camera.on) this.cover();
    else if (data.window && !(this.shown && this.hovering)) this.show(data.window);
  }

  // While the camera is on no pixel is chosen: its numbers would be old before they are read.
  cover() {
    this.following.paused = true;
    this.gallery.mark(null);
    this.shown = null;
    this.detail.replaceChildren();
  }

  /**
   * @param {ArrayBuffer} jpeg
   * @returns {Promise<void>}
   */
  sendFrame(jpeg) {
    const colour = this.data.input.shape[0] === 3;
    return new Promise((done) => {
      const drawn = /** @param {import("../shared/types.js").Answer} answer */ async (answer) => {
        await this.following.receive(answer, () => this.camera.on);
        done();
      };
      this.following.channel.ask("frame", { settings: this.following.settings, colour }, (answer) => void drawn(answer), jpeg);
    });
  }

  lookSoon() {
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.looked = performance.now();
      if (this.shown && !this.camera.on) this.ask(this.shown);
    }, LOOK_PAUSE - Math.min(LOOK_PAUSE, performance.now() - this.looked));
  }

  /**
   * @param {Place} place
   * @param {boolean} pinned
   */
  look(place, pinned) {
    if (this.camera.on) return;
    this.hovering = !pinned;
    if (this.following.channel.open) {
      this.shown = place;
      this.gallery.mark(place);
      this.ask(place);
    }
    if (pinned) this.pick(place);
  }

  /** @param {Place} place */
  ask(place) {
    const { channel, settings, live } = this.following;
    channel.ask("look", { image: live.token, settings, ...place }, ({ window }) => {
      if (window && place === this.shown) this.show(window); // else the hand has gone on
    });
  }

  /** @param {Window} window */
  show(window) {
    const { stage, channel, y, x } = window;
    this.shown = { stage, channel, y, x };
    this.gallery.mark(this.shown);
    const [before] = this.gallery.get(stage)?.panel.reads ?? [];
    const [scale, read] = [stage, stage === "relu" ? "input" : (before?.panel ?? stage)].map((name) => this.gallery.scaleOf(name));
    if (scale && read) this.detail.replaceChildren(...explain(window, scale, read, this.gallery.table));
  }
}
