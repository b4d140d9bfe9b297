// A slider that reports while it moves, not only when it is let go.

const sliders = new WeakMap();

export default function ({ data: [data], parentElement, setTriggerValue }) {
  let slider = sliders.get(parentElement);
  if (!slider) sliders.set(parentElement, (slider = new LiveSlider(parentElement)));
  slider.send = (value) => setTriggerValue("edit", value);
  slider.update(data);
}

class LiveSlider {
  constructor(parent) {
    this.name = element("span", { className: "name" });
    this.output = element("output");
    this.range = element("input", { type: "range" });
    parent.append(element("label", {}, element("span", { className: "top" }, this.name, this.output), this.range));
    this.range.addEventListener("input", () => {
      this.show(this.range.valueAsNumber);
      if (!gesture(this.data.instrument, { [this.data.name]: this.range.valueAsNumber })) this.later();
    });
    this.range.addEventListener("change", () => this.later());
  }

  // Without the live channel: one value in flight, the newest waits for its answer.
  later() {
    this.next = this.range.valueAsNumber;
    if (this.sent !== undefined || this.next === this.data.value) return;
    this.sent = this.next;
    this.next = undefined;
    this.send(this.sent);
  }

  show(value) {
    this.output.textContent = shortNumber(value) + (this.data.unit ?? "");
    this.range.setAttribute("aria-valuetext", this.output.textContent);
  }

  update(data) {
    this.data = data;
    this.name.textContent = data.label;
    this.name.style.color = data.colour ?? "inherit";
    Object.assign(this.range, { min: data.low, max: data.high, step: data.step });
    if (!this.range.matches(":active") && this.next === undefined) this.range.value = data.value;
    this.show(this.range.valueAsNumber);
    this.sent = undefined;
    if (this.next !== undefined && this.next !== data.value) this.later();
    else this.next = undefined;
  }
}
