// A slider that reports while it moves, not only when it is let go.

import { element } from "../shared/dom.js";
import { gesture } from "../shared/gesture.js";
import { shortNumber } from "../shared/numbers.js";

/** @import {Mounted, SliderData} from "../shared/types.js" */

/** @type {WeakMap<object, LiveSlider>} */
const sliders = new WeakMap();

/** @param {Mounted<SliderData>} mounted */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const slider = sliders.get(parentElement) ?? new LiveSlider(parentElement, data);
  sliders.set(parentElement, slider);
  slider.send = (value) => setTriggerValue("edit", value);
  slider.update(data);
}

class LiveSlider {
  /**
   * @param {ShadowRoot | HTMLElement} parent
   * @param {SliderData} data
   */
  constructor(parent, data) {
    this.data = data;
    /** @type {(value: number) => void} */
    this.send = () => {};
    /** @type {number | undefined} */
    this.sent = undefined;
    /** @type {number | undefined} */
    this.next = undefined;
    this.name = element("span", { className: "name" });
    this.output = element("output");
    this.range = element("input", { type: "range" });
    parent.append(element("label", {}, element("span", { className: "top" }, this.name, this.output), this.range));
    this.range.addEventListener("input", () => this.moved());
    this.range.addEventListener("change", () => this.later());
    this.range.addEventListener("pointercancel", () => this.takeBack());
  }

  get value() {
    const at = this.range.valueAsNumber;
    return this.data.marks?.[at] ?? at;
  }

  set value(value) {
    this.range.value = String(this.data.marks?.indexOf(value) ?? value);
  }

  moved() {
    const value = this.value;
    this.show(value);
    if (!gesture(this.data.instrument, { [this.data.name]: value })) this.later();
  }

  // The page was scrolled by a finger that began on the slider: that was no change.
  takeBack() {
    this.value = this.data.value;
    this.moved();
  }

  // Without the live channel: one value in flight, the newest waits for its answer.
  later() {
    this.next = this.value;
    if (this.sent !== undefined || this.next === this.data.value) return;
    this.sent = this.next;
    this.next = undefined;
    this.send(this.sent);
  }

  /** @param {number} value */
  show(value) {
    this.output.textContent = shortNumber(value);
    this.range.setAttribute("aria-valuetext", this.output.textContent);
  }

  /** @param {SliderData} data */
  update(data) {
    this.data = data;
    this.name.textContent = data.label;
    const ends = data.marks ? { min: 0, max: data.marks.length - 1, step: 1 } : { min: data.low, max: data.high, step: data.step };
    Object.assign(this.range, ends);
    if (!this.range.matches(":active") && this.next === undefined) this.value = data.value;
    this.show(this.value);
    this.sent = undefined;
    if (this.next !== undefined && this.next !== data.value) this.later();
    else this.next = undefined;
  }
}
