// A window walks over real numbers: input with its padding ring, kernel, output. All numbers come from Python.

const explorers = new WeakMap();

export default function ({ data: [data], parentElement, setTriggerValue }) {
  let explorer = explorers.get(parentElement);
  if (!explorer) explorers.set(parentElement, (explorer = new WindowExplorer(parentElement)));
  explorer.pin = (place) => setTriggerValue("pin", place);
  explorer.update(data);
  return () => explorer.pause();
}

// An image keeps its greys.
function greyOf(value) {
  const shade = Math.round(255 * Math.max(0, Math.min(1, value)));
  return { background: `rgb(${shade} ${shade} ${shade})`, text: readableOn(shade, shade, shade) };
}

const SPEEDS = [1500, 700, 300, 100];

class WindowExplorer {
  constructor(parent) {
    this.input = element("div", { className: "grid input", role: "img" });
    this.kernel = element("div", { className: "grid kernel", role: "img" });
    this.output = element("div", { className: "grid output", role: "grid", tabIndex: 0 });
    this.titles = ["input", "kernel", "output"].map((name) => element("figcaption", { className: name }));
    const figures = [this.input, this.kernel, this.output].map((grid, i) => element("figure", {}, this.titles[i], grid));
    this.sum = element("p", { className: "sum", "aria-live": "polite" });
    const button = (label, title, run) => {
      const node = element("button", { type: "button", textContent: label, title, onclick: run });
      node.setAttribute("aria-label", title);
      return node;
    };
    this.playButton = button("▶", "play", () => (this.timer ? this.pause() : this.play()));
    this.scrubber = element("input", { type: "range", min: 0, step: 1, value: 0 });
    this.scrubber.setAttribute("aria-label", "position of the window");
    this.scrubber.addEventListener("input", () => this.go(this.scrubber.valueAsNumber));
    this.scrubber.addEventListener("change", () => this.commit());
    this.speed = element("input", { type: "range", min: 0, max: SPEEDS.length - 1, value: 1, className: "speed" });
    this.speed.setAttribute("aria-label", "speed");
    this.lettersBox = element("input", { type: "checkbox" });
    this.lettersBox.addEventListener("change", () => this.show());
    const bar = element("div", { className: "bar" }, button("|◀", "back to the start", () => this.go(0, true)),
      button("◀", "one step back", () => this.go(this.at - 1, true)), this.playButton,
      button("▶|", "one step forward", () => this.go(this.at + 1, true)), this.scrubber,
      element("label", {}, "speed", this.speed), element("label", {}, this.lettersBox, "letters"));
    parent.append(element("div", { className: "figures" }, ...figures), bar, this.sum);
    this.output.addEventListener("pointerover", (event) => this.hover(event));
    this.output.addEventListener("click", (event) => this.hover(event, true));
    this.output.addEventListener("pointerleave", () => this.pinned !== undefined && !this.timer && this.go(this.pinned));
    this.output.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("pointerover", (event) => this.feeds(event));
    this.input.addEventListener("pointerleave", () => this.show());
  }

  update(data) {
    this.data = data;
    this.table = readTable(data.table);
    const { input, pads, output } = data;
    this.columns = output[0].length;
    this.count = output.length * this.columns;
    [this.rows, this.width] = [input.length, input[0].length];
    const end = Math.max(...input.flat().map(Math.abs), 1e-9);
    this.inputCells = this.fill(this.input, input, end, (cell, y, x) => {
      const inside = y >= pads[0] && y < this.rows - pads[1] && x >= pads[2] && x < this.width - pads[3];
      cell.classList.toggle("pad", !inside);
      cell.classList.toggle("lost", data.lost[0].includes(y) || data.lost[1].includes(x));
    });
    const weights = data.kernel;
    this.kernel.parentElement.hidden = !weights;
    if (weights) this.kernelCells = this.fill(this.kernel, weights, Math.max(...weights.flat().map(Math.abs), 1e-9));
    this.outputCells = this.fill(this.output, output, Math.max(...output.flat().map(Math.abs), 1e-9), (cell, y, x) => {
      cell.setAttribute("aria-label", `output row ${y}, column ${x}: ${shortNumber(output[y][x])}`);
    });
    data.titles.forEach((title, i) => {
      this.titles[i].textContent = title;
      this.titles[i].style.color = data.colours[i];
    });
    this.input.setAttribute("aria-label", `${data.titles[0]}, ${this.rows} by ${this.width} with padding`);
    this.kernel.setAttribute("aria-label", data.titles[1]);
    this.output.setAttribute("aria-label", `${data.titles[2]}. Arrow keys move the window.`);
    this.scrubber.max = this.count - 1;
    this.pinned = Math.min(data.at, this.count - 1);
    if (!this.timer) this.go(this.pinned);
    else this.go(Math.min(this.at, this.count - 1));
  }

  fill(grid, rows, end, also = () => {}) {
    grid.style.setProperty("--columns", rows[0].length);
    grid.classList.toggle("dense", rows[0].length > 10);
    const cells = [];
    const lines = rows.map((row, y) => element("div", { role: grid === this.output ? "row" : "presentation", className: "row" }, ...row.map((value, x) => {
      const cell = element("div", { className: "cell", role: grid === this.output ? "gridcell" : "presentation" });
      cell.textContent = cell.dataset.shown = shortNumber(value);
      const { background, text } = grid === this.input && this.data.grey ? greyOf(value) : colourOf(this.table, value, end);
      cell.style.background = background;
      cell.style.color = text;
      cell.dataset.place = `${y},${x}`;
      also(cell, y, x);
      cells.push(cell);
      return cell;
    })));
    grid.replaceChildren(...lines);
    return cells;
  }

  go(at, commit = false) {
    this.at = Math.max(0, Math.min(this.count - 1, at));
    this.scrubber.value = this.at;
    this.show();
    if (commit) this.commit();
  }

  commit() {
    this.pinned = this.at;
    this.pin(this.at);
  }

  place(at = this.at) {
    return [Math.floor(at / this.columns), at % this.columns];
  }

  show() {
    const step = this.data.steps[this.at];
    const seen = new Set(step.taps.map(([y, x]) => y * this.width + x));
    this.inputCells.forEach((cell, i) => {
      cell.classList.toggle("window", seen.has(i));
      cell.classList.remove("winner");
    });
    if (step.winner) this.inputCells[step.winner[0] * this.width + step.winner[1]].classList.add("winner");
    this.outputCells.forEach((cell, i) => {
      cell.classList.toggle("now", i === this.at);
      cell.classList.toggle("ahead", i > this.at);
      cell.textContent = i > this.at ? "" : cell.dataset.shown; // the output fills as the window walks
      cell.classList.remove("fed");
    });
    this.sum.textContent = this.lettersBox.checked ? step.letters : step.text;
  }

  hover(event, pinned = false) {
    const index = this.outputCells.indexOf(event.target);
    if (index < 0 || (this.timer && !pinned)) return;
    this.pause();
    this.go(index, pinned);
  }

  // Every output that this input pixel goes into.
  feeds(event) {
    const index = this.inputCells.indexOf(event.target);
    if (index < 0 || this.timer) return;
    const [y, x] = [Math.floor(index / this.width), index % this.width];
    this.outputCells.forEach((cell, at) => {
      cell.classList.toggle("fed", this.data.steps[at].taps.some(([a, b]) => a === y && b === x));
      cell.classList.remove("ahead", "now");
      cell.textContent = cell.dataset.shown;
    });
    this.inputCells.forEach((cell, i) => cell.classList.toggle("window", i === index));
    const fed = this.outputCells.filter((cell) => cell.classList.contains("fed")).length;
    this.sum.textContent = `This pixel goes into ${fed} output${fed === 1 ? "" : "s"}.`;
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (step && this.at + step >= 0 && this.at + step < this.count) {
      event.preventDefault();
      this.pause();
      this.go(this.at + step);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.commit();
    }
  }

  play() {
    if (this.at === this.count - 1) this.go(0);
    this.playButton.textContent = "❚❚";
    this.playButton.setAttribute("aria-label", "pause");
    const tick = () => {
      this.timer = setTimeout(tick, SPEEDS[this.speed.valueAsNumber]);
      if (this.at === this.count - 1) return this.pause();
      this.go(this.at + 1);
    };
    this.timer = setTimeout(tick, SPEEDS[this.speed.valueAsNumber]);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.playButton.textContent = "▶";
    this.playButton.setAttribute("aria-label", "play");
  }
}
