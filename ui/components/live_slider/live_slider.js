// A slider that reports while it moves, not only when it is let go.

const sliders = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
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
    this.range.addEventListener("change", () => this.send(this.range.valueAsNumber));
  }

  // Without the live channel: no more often than Python can answer.
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(this.range.valueAsNumber), 120);
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
    if (!this.range.matches(":active")) this.range.value = data.value;
    this.show(this.range.valueAsNumber);
  }
}
