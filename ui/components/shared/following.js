// Pictures that follow a moving hand through the live channel.

import { sharedChannel } from "./channel.js";
import { onGesture } from "./gesture.js";

/** @import {Answer, Live, LiveStage, ScaleKind} from "./types.js" */
/** @import {Gallery} from "./gallery.js" */
/** @import {Moved} from "./gesture.js" */

/**
 * @typedef {object} Hooks
 * @property {(sentence: string) => void} said what went wrong, or ""
 * @property {() => void} drawn an answer's pictures
 * @property {(name: string, stages: LiveStage[]) => ScaleKind | undefined} [scale] of a picture's colours, if an answer changes them
 */

const WIDEST = 16384; // pixels, as live/messages.py accepts

export class Following {
  /**
   * @param {Gallery} gallery
   * @param {string} base the server's base path
   * @param {Hooks} hooks
   */
  constructor(gallery, base, hooks) {
    this.gallery = gallery;
    this.channel = sharedChannel(base); // now, so that it is open when the hand moves
    this.hooks = hooks;
    this.instrument = "";
    /** @type {Live} */
    this.live = { base };
    /** @type {Record<string, unknown> | null} what the hand has changed since the page ran */
    this.moving = null;
    this.paused = false; // while another hand, the camera, asks for the pictures
    this.leave = () => {};
  }

  /**
   * @param {string} instrument whose settings are followed
   * @param {Live} live
   */
  update(instrument, live) {
    this.instrument = instrument;
    this.live = live;
    this.moving = null;
    this.leave();
    this.leave = onGesture((moved) => this.follow(moved));
  }

  get settings() {
    return { ...this.live.settings, ...this.moving };
  }

  /**
   * @param {Moved} moved
   * @returns {boolean}
   */
  follow({ instrument, changes }) {
    const { op, token } = this.live;
    if (instrument !== this.instrument || !op || !this.channel.open) return false;
    this.moving = { ...this.moving, ...changes };
    if (!this.paused) {
      const width = Math.min(WIDEST, Math.max(1, Math.ceil(this.gallery.screenWidth * devicePixelRatio)));
      this.channel.ask(op, { image: token, settings: this.settings, width }, (answer) => void this.receive(answer, () => !this.paused));
    }
    return true;
  }

  /**
   * Draw an answer's pictures.
   * @param {Answer} answer
   * @param {() => boolean} wanted whether they are still to be drawn once they are decoded
   */
  async receive(answer, wanted) {
    if (answer.error) {
      if (!answer.gone) this.hooks.said(answer.error);
      return;
    }
    this.hooks.said("");
    await Promise.all(
      answer.stages.map(async (stage) => {
        const picture = this.gallery.get(stage.name);
        if (!picture) return;
        const bitmap = await createImageBitmap(stage.picture);
        if (!wanted()) return;
        picture.describeLive(stage, this.hooks.scale?.(stage.name, answer.stages));
        picture.draw(bitmap, answer.id);
      }),
    );
    document.dispatchEvent(new CustomEvent("cnn:drawn", { detail: { id: answer.id } }));
    this.hooks.drawn();
  }
}
