// A network's answers to what the camera sees, as bars that follow it.

import { Camera } from "../shared/camera.js";
import { sharedChannel } from "../shared/channel.js";
import { element } from "../shared/dom.js";

/** @import {Answer, CameraAnswersData, Likely, Mounted} from "../shared/types.js" */

/** @type {WeakMap<object, CameraAnswers>} */
const shown = new WeakMap();
const MEASURED = 10; // pictures over which their number in a second is taken

/** @param {Mounted<CameraAnswersData>} mounted */
export default function ({ data: [data], parentElement }) {
  const answers = shown.get(parentElement) ?? new CameraAnswers(parentElement, data);
  shown.set(parentElement, answers);
  answers.data = data;
}

class CameraAnswers {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {CameraAnswersData} data
   */
  constructor(parent, data) {
    this.data = data;
    this.channel = sharedChannel(data.live.base);
    this.camera = new Camera({
      started: () => {
        this.view.hidden = false;
      },
      stopped: () => {
        this.view.hidden = true;
      },
      ready: () => this.channel.open,
      send: (jpeg) => this.ask(jpeg),
    });
    /** @type {number[]} */
    this.times = [];
    /** @type {Row[]} */
    this.rows = [];
    this.bars = element("ol", { className: "bars", "aria-label": "likeliest classes" });
    this.pace = element("p", { className: "pace" });
    this.camera.canvas.className = "seen";
    this.camera.canvas.setAttribute("role", "img");
    this.camera.canvas.setAttribute("aria-label", "the camera's picture, as the network is given it");
    this.view = element("div", { className: "view", hidden: true }, this.camera.canvas, element("div", {}, this.bars, this.pace));
    parent.append(this.camera.root, this.view);
  }

  /**
   * @param {ArrayBuffer} jpeg
   * @returns {Promise<void>}
   */
  ask(jpeg) {
    return new Promise((done) => {
      const receive = /** @param {Answer} answer */ (answer) => {
        this.show(answer);
        done();
      };
      this.channel.ask("answers", { network: this.data.network }, receive, jpeg);
    });
  }

  /** @param {Answer} answer */
  show({ error, answers }) {
    if (!answers) {
      this.pace.textContent = error ?? "";
      return;
    }
    answers.forEach((answer, place) => this.row(place).show(answer));
    this.times = [...this.times, performance.now()].slice(-MEASURED - 1);
    const seconds = (this.times[this.times.length - 1] - this.times[0]) / 1000;
    this.pace.textContent = seconds ? `${Math.round((this.times.length - 1) / seconds)} pictures a second` : "";
  }

  /** @param {number} place */
  row(place) {
    if (!this.rows[place]) {
      this.rows[place] = new Row();
      this.bars.append(this.rows[place].root);
    }
    return this.rows[place];
  }
}

class Row {
  constructor() {
    this.name = element("span", { className: "name" });
    this.bar = element("span", { className: "bar" });
    this.share = element("span");
    this.root = element("li", {}, this.name, element("span", { className: "track" }, this.bar), this.share);
  }

  /** @param {Likely} answer */
  show({ name, probability, text }) {
    this.name.textContent = name;
    this.bar.style.width = `${100 * probability}%`;
    this.share.textContent = text;
  }
}
