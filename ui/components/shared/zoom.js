// Which part of a picture its frame shows.

import { clamp } from "./numbers.js";

const LARGEST = 32;

export class Zoom {
  constructor() {
    this.level = 1;
    this.x = 0; // the shown part's left edge, as a fraction of the picture
    this.y = 0;
  }

  /**
   * Enlarge so that this place of the frame stays where it is.
   * @param {number} factor
   * @param {number} [across] as a fraction of the frame
   * @param {number} [down]
   */
  by(factor, across = 0.5, down = 0.5) {
    const level = clamp(this.level * factor, 1, LARGEST);
    this.x += across / this.level - across / level;
    this.y += down / this.level - down / level;
    this.level = level;
    this.bound();
  }

  /**
   * Move the shown part with the hand.
   * @param {number} across of the frame
   * @param {number} down
   */
  pan(across, down) {
    this.x -= across / this.level;
    this.y -= down / this.level;
    this.bound();
  }

  bound() {
    this.x = clamp(this.x, 0, 1 - 1 / this.level);
    this.y = clamp(this.y, 0, 1 - 1 / this.level);
  }

  /** As CSS. */
  get transform() {
    return `scale(${this.level}) translate(${-100 * this.x}%, ${-100 * this.y}%)`;
  }
}
