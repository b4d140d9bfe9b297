// The kernel as a grid of numbers: type, drag, arrow keys, paste. Python checks and counts; here are only gestures.

const editors = new WeakMap();

export default function ({ data: [data], parentElement, setTriggerValue }) {
  let editor = editors.get(parentElement);
  if (!editor) editors.set(parentElement, (editor = new KernelEditor(parentElement)));
  editor.send = (change) => setTriggerValue("edit", change);
  editor.update(data);
}

class KernelEditor {
  constructor(parent) {
    this.grid = element("div", { className: "grid", role: "grid", "aria-label": "kernel values" });
    this.note = element("p", { className: "note", role: "status" });
    this.tools = element("div", { className: "tools", role: "toolbar", "aria-label": "change the whole kernel" });
    this.past = [];
    this.future = [];
    const tool = (label, title, run) => {
      const button = element("button", { type: "button", textContent: label, title, onclick: run });
      button.setAttribute("aria-label", title);
      this.tools.append(button);
      return button;
    };
    this.undoButton = tool("↶", "undo", () => this.travel(this.past, this.future));
    this.redoButton = tool("↷", "redo", () => this.travel(this.future, this.past));
    for (const [label, title, operation] of [
      ["⇄", "mirror left and right", "mirror"],
      ["⇅", "mirror top and bottom", "upend"],
      ["⟳", "rotate by 90 degrees", "rotate"],
      ["⤡", "transpose: swap rows and columns", "transpose"],
      ["Σ=1", "normalise: divide by the sum", "normalise"],
      ["0", "clear: all zeros", "clear"],
    ]) {
      tool(label, title, () => this.send({ operation }));
    }
    this.grid.addEventListener("pointerdown", (event) => this.press(event));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("input", (event) => this.typed(event.target));
    this.grid.addEventListener("change", (event) => this.settled(event.target));
    this.grid.addEventListener("paste", (event) => this.paste(event));
    this.grid.addEventListener("focusin", (event) => event.target.select?.());
    const help = element("p", { className: "help", textContent: "Drag a number up or down, or type. Alt: finer, Shift: coarser." });
    parent.append(this.grid, this.tools, this.note, help);
  }

  update(data) {
    this.data = data;
    this.table = readTable(data.table);
    this.note.textContent = data.note ?? "";
    if (this.unsent !== undefined && this.sending === data.text) {
      const next = this.unsent; // without the live channel: one value in flight, the newest waits
      this.sending = this.unsent = undefined;
      if (next !== data.text) return this.follow(next);
    }
    this.sending = undefined;
    if (this.text !== undefined && data.text !== this.text && !this.travelling) {
      this.past.push(this.text);
      this.past.splice(0, this.past.length - 100);
      this.future.length = 0;
    }
    this.travelling = false;
    this.text = data.text;
    if (!this.drag) this.draw(data.values);
    this.undoButton.disabled = this.past.length === 0;
    this.redoButton.disabled = this.future.length === 0;
  }

  draw(values) {
    const focused = this.cells?.findIndex((cell) => cell === cell.getRootNode().activeElement);
    const columns = values[0].length;
    if (this.cells?.length !== values.flat().length || this.columns !== columns) {
      this.columns = columns;
      this.grid.style.setProperty("--columns", columns);
      this.grid.classList.toggle("dense", columns > 7 || values.length > 7);
      this.cells = values.flat().map((_, index) => {
        const cell = element("input", { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
        cell.setAttribute("aria-label", `row ${Math.floor(index / columns) + 1}, column ${(index % columns) + 1}`);
        return cell;
      });
      const rows = values.map((row, y) => {
        const line = element("div", { role: "row" });
        line.append(...row.map((_, x) => element("div", { role: "gridcell" }, this.cells[y * columns + x])));
        return line;
      });
      this.grid.replaceChildren(...rows);
    }
    this.values = values.flat();
    this.cells.forEach((cell, index) => {
      if (index !== focused || cell.dataset.dirty !== "yes") cell.value = shown(this.values[index]);
      cell.removeAttribute("aria-invalid");
    });
    this.paint();
  }

  paint() {
    const end = Math.max(...this.values.map(Math.abs)) || 1;
    this.cells.forEach((cell, index) => {
      const { background, text } = colourOf(this.table, this.values[index], end);
      cell.style.background = background;
      cell.style.color = text;
    });
  }

  asText() {
    const lines = [];
    for (let i = 0; i < this.values.length; i += this.columns) lines.push(this.values.slice(i, i + this.columns).join(" "));
    return lines.join("; ");
  }

  // While the hand moves: the viewer follows by itself, or, without the live channel, Python does.
  follow(text = this.asText()) {
    if (gesture(this.data.instrument, { [this.data.name]: text })) return;
    if (this.sending !== undefined) this.unsent = text;
    else if (text !== this.data.text) {
      this.sending = text;
      this.send({ kernel: text });
    }
  }

  commit() {
    this.sending = this.unsent = undefined;
    this.send({ kernel: this.asText() });
  }

  travel(from, to) {
    if (from.length === 0) return;
    to.push(this.text);
    this.travelling = true;
    this.send({ kernel: from.pop() });
  }

  press(event) {
    const cell = event.target;
    const index = this.cells.indexOf(cell);
    if (index < 0 || event.button !== 0) return;
    const start = { y: event.clientY, value: this.values[index], moved: false };
    const move = (at) => {
      const rise = start.y - at.clientY;
      if (!start.moved && Math.abs(rise) < 4) return;
      if (!start.moved) {
        start.moved = true;
        this.drag = true;
        cell.setPointerCapture(event.pointerId);
        cell.classList.add("dragged");
      }
      at.preventDefault();
      const step = at.altKey ? 0.001 : at.shiftKey ? 0.1 : 0.01;
      this.set(index, start.value + rise * step, at.altKey ? 3 : 2);
    };
    const end = () => {
      cell.removeEventListener("pointermove", move);
      cell.removeEventListener("pointerup", end);
      cell.removeEventListener("pointercancel", end);
      cell.classList.remove("dragged");
      this.drag = false;
      if (start.moved) this.commit();
    };
    cell.addEventListener("pointermove", move);
    cell.addEventListener("pointerup", end);
    cell.addEventListener("pointercancel", end);
  }

  set(index, value, digits) {
    const bounded = Math.max(-this.data.limit, Math.min(this.data.limit, value));
    this.values[index] = Number(bounded.toFixed(digits));
    this.follow(); // before the cells change: the viewer asks how wide it is, and the browser would lay the page out again
    this.cells[index].value = shown(this.values[index]);
    this.cells[index].removeAttribute("aria-invalid");
    this.paint();
  }

  key(event) {
    const index = this.cells.indexOf(event.target);
    if (index < 0) return;
    const rise = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      event.shiftKey ? this.travel(this.future, this.past) : this.travel(this.past, this.future);
    } else if (rise && (event.altKey || event.shiftKey)) {
      event.preventDefault();
      this.set(index, this.values[index] + rise * (event.altKey ? 0.1 : 1), 3);
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.commit(), 400);
    } else if (rise || event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
      const column = (index % this.columns) + side;
      const next = index + side - (rise ?? 0) * this.columns;
      if (column >= 0 && column < this.columns && next >= 0 && next < this.cells.length) {
        event.preventDefault();
        this.cells[next].focus();
      }
    } else if (event.key === "Enter") {
      this.settled(event.target);
    } else if (event.key === "Escape") {
      this.draw(this.data.values);
      this.follow();
    }
  }

  typed(cell) {
    const value = read(cell.value);
    cell.dataset.dirty = "yes";
    if (value === null || Math.abs(value) > this.data.limit) return;
    this.values[this.cells.indexOf(cell)] = value;
    this.paint();
    this.follow();
  }

  settled(cell) {
    if (cell.dataset.dirty !== "yes") return;
    const value = read(cell.value);
    if (value === null || Math.abs(value) > this.data.limit) {
      cell.setAttribute("aria-invalid", "true");
      this.note.textContent = `${cell.getAttribute("aria-label")}: write a number from −${this.data.limit} to ${this.data.limit}.`;
      return;
    }
    cell.dataset.dirty = "";
    this.values[this.cells.indexOf(cell)] = value;
    this.commit();
  }

  paste(event) {
    const text = event.clipboardData.getData("text");
    if (read(text) !== null) return; // one number goes into its cell
    event.preventDefault();
    this.send({ kernel: text });
  }
}

function read(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  const fraction = plain.match(/^(.+)\/(.+)$/);
  const value = fraction ? Number(fraction[1]) / Number(fraction[2]) : plain === "" ? NaN : Number(plain);
  return Number.isFinite(value) ? value : null;
}

function shown(value) {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
