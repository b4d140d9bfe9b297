// The input and what the stages make of it: pictures, ranges, and the window behind the pixel under the hand.

const viewers = new WeakMap();

export default function ({ data: [data], parentElement, setTriggerValue }) {
  let viewer = viewers.get(parentElement);
  if (!viewer) viewers.set(parentElement, (viewer = new FeatureViewer(parentElement)));
  viewer.pick = (place) => setTriggerValue("pick", place);
  viewer.update(data);
  return () => viewer.leave();
}

class FeatureViewer {
  constructor(parent) {
    this.panels = new Map(); // stage name -> Panel
    this.row = element("div", { className: "panels" });
    this.note = element("p", { className: "note", role: "alert" });
    this.detail = element("section", { className: "detail", "aria-live": "polite", "aria-label": "the window behind the chosen pixel" });
    this.camera = new Camera(this);
    parent.append(this.note, this.camera.root, this.row, this.detail);
    this.onGesture = (event) => this.follow(event);
  }

  update(data) {
    this.data = data;
    this.moving = null;
    this.table = readTable(data.table);
    this.channel = sharedChannel(data.live.base);
    document.addEventListener("cnn:gesture", this.onGesture);
    this.note.textContent = data.note ?? "";
    this.camera.root.hidden = !data.looks; // only where the live channel knows what to do with a picture
    const shown = data.input ? [data.input, ...data.stages] : data.stages;
    this.row.dataset.count = shown.length;
    const names = shown.map((stage) => stage.name);
    for (const [name, panel] of this.panels) {
      if (names.includes(name)) continue;
      panel.root.remove();
      this.panels.delete(name);
    }
    for (const stage of shown) {
      if (!this.panels.has(stage.name)) this.panels.set(stage.name, new Panel(this, stage.name));
      const panel = this.panels.get(stage.name);
      this.row.append(panel.root);
      if (this.camera.on && panel.stage) continue; // the moving picture stays
      panel.describe(stage);
      panel.load(stage.src);
    }
    for (const [name, box] of Object.entries(data.boxes ?? {})) this.panels.get(name)?.mark(box);
    if (this.camera.on) this.cover();
    else if (data.window) this.show(data.window, true);
    else if (data.live.op && this.shown) this.read(this.shown);
  }

  // While the camera is on no pixel is chosen: its numbers would be old before they are read.
  cover() {
    for (const panel of this.panels.values()) panel.mark(null);
    this.shown = null;
    this.detail.replaceChildren();
  }

  leave() {
    document.removeEventListener("cnn:gesture", this.onGesture);
  }

  follow(event) {
    const { instrument, changes } = event.detail;
    const { op, token } = this.data.live;
    if (instrument !== this.data.instrument || !op || !this.channel.open) return;
    event.preventDefault();
    this.moving = { ...this.moving, ...changes };
    if (this.camera.on) return; // the next picture is computed with them
    this.channel.ask(op, { image: token, settings: this.settings(), width: this.width() }, (answer) => this.receive(answer));
  }

  // Pixels that the screen has for the widest picture.
  width() {
    const widths = [...this.panels.values()].map((panel) => panel.canvas.clientWidth * panel.view.zoom);
    return Math.min(16384, Math.max(1, Math.ceil(Math.max(...widths) * devicePixelRatio)));
  }

  settings() {
    return { ...this.data.live.settings, ...this.moving };
  }

  async receive(answer) {
    if (answer.error) {
      if (!answer.gone) this.note.textContent = answer.error;
      return;
    }
    this.note.textContent = "";
    const camera = this.camera.on;
    await Promise.all(
      answer.stages.map(async (stage) => {
        const panel = this.panels.get(stage.name);
        if (!panel) return;
        const bitmap = await createImageBitmap(stage.picture);
        if (this.camera.on !== camera) return; // started or stopped meanwhile
        panel.describe(stage);
        panel.draw(bitmap, answer.id);
      }),
    );
    document.dispatchEvent(new CustomEvent("cnn:drawn", { detail: { id: answer.id } }));
    if (!this.data.looks) this.detail.replaceChildren(); // its numbers are those of the maps before
    else this.lookSoon();
  }

  // The numbers behind the chosen pixel follow ten times a second: faster nobody reads, and pictures go first.
  lookSoon() {
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.looked = performance.now();
      if (this.shown && !this.camera.on) this.look(this.shown);
    }, 100 - Math.min(100, performance.now() - (this.looked ?? 0)));
  }

  look(place, pinned = false) {
    if (this.camera.on) return;
    if (!this.data.looks) {
      if (pinned && this.data.clickable) this.pick(place);
      return this.read(place);
    }
    if (!this.channel.open) {
      if (pinned) this.pick(place);
      return;
    }
    const { stage, channel, y, x } = place;
    const message = { image: this.data.live.token, settings: this.settings(), stage, channel, y, x };
    this.channel.ask("look", message, (answer) => answer.window && this.show(answer.window));
    if (pinned) this.pick({ stage, channel, y, x });
  }

  // Maps without a shared setting: the value at a place, read from the map itself, and the same place on the others.
  read(place) {
    if (this.data.select === place.stage && !this.data.boxes) return;
    const panel = this.panels.get(place.stage);
    const { stage, channel, y, x } = place;
    this.shown = place;
    for (const other of this.data.boxes ? [] : this.panels.values()) {
      const [height, width] = [other.grid.height / panel.grid.height, other.grid.width / panel.grid.width];
      const most = other.stage.shape[0] - 1;
      other.mark([Math.floor(y * height), Math.floor(x * width), Math.max(1, height), Math.max(1, width)], Math.min(channel, most));
    }
    if (!this.channel.open) return;
    const message = { image: panel.stage.token, settings: {}, stage: "input", channel, y, x };
    this.channel.ask("look", message, ({ window }) => {
      if (!window) return;
      const value = element("output", { textContent: shortNumber(window.total) });
      const place = element("p", {}, `${panel.stage.title}, channel ${channel}, row ${y}, column ${x}: `, value);
      this.detail.replaceChildren(place, lens(window, this.table));
    });
  }

  show(window, fromPython = false) {
    if (fromPython && this.shown && this.hovering) return;
    this.shown = { stage: window.stage, channel: window.channel, y: window.y, x: window.x };
    for (const panel of this.panels.values()) panel.mark(null);
    const [top, left, height, width] = window.field;
    this.panels.get("input")?.mark([top, left, height, width], 0);
    if (window.stage !== "input") this.panels.get(window.stage)?.mark([window.y, window.x, 1, 1], window.channel);
    const before = window.stage === "pooling" ? (this.panels.has("relu") ? "relu" : "convolution") : null;
    if (before) this.panels.get(before)?.mark(window.box, window.channel);
    if (window.stage === "relu") this.panels.get("convolution")?.mark([window.y, window.x, 1, 1], window.channel);
    this.detail.replaceChildren(...explain(window, this.table));
  }
}

class Panel {
  constructor(viewer, name) {
    this.viewer = viewer;
    this.name = name;
    this.title = element("span", { className: "title" });
    this.shape = element("span", { className: "shape" });
    this.canvas = element("canvas", { tabIndex: 0, role: "img" });
    this.inner = element("div", { className: "inner" }, this.canvas);
    this.frame = element("div", { className: "frame" }, this.inner);
    this.view = { zoom: 1, x: 0, y: 0 }; // corner of the part shown, as fractions of the picture
    const tool = (label, title, run) => {
      const button = element("button", { type: "button", textContent: label, title, onclick: run });
      button.setAttribute("aria-label", `${title}: ${name}`);
      return button;
    };
    this.tools = element("span", { className: "tools" }, tool("+", "zoom in", () => this.zoom(2)), tool("−", "zoom out", () => this.zoom(0.5)), tool("⤢", "enlarge", () => this.root.classList.toggle("large")));
    this.bar = element("canvas", { className: "bar", width: 256, height: 1 });
    this.range = element("div", { className: "range" });
    this.frame.append(this.tools);
    const scale = element("div", { className: "scale" }, this.bar, this.range);
    this.root = element("figure", { className: "panel" }, element("figcaption", {}, this.title, this.shape), this.frame, scale);
    this.root.dataset.stage = name;
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => (viewer.hovering = false));
    this.canvas.addEventListener("click", (event) => this.point(event, true));
    this.canvas.addEventListener("pointerdown", (event) => this.select(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.pan(event));
  }

  describe(stage) {
    this.stage = { ...this.stage, ...stage };
    const { shape, low, high, end, tiles, title, plain } = this.stage;
    this.title.textContent = title;
    this.title.style.color = this.stage.colour ?? "inherit";
    this.shape.textContent = shape.join(" × ");
    this.canvas.setAttribute("aria-label", `${title}, ${shape.join(" by ")}, values from ${shortNumber(low)} to ${shortNumber(high)}. Arrow keys choose a pixel.`);
    this.grid = { rows: tiles[0], columns: tiles[1], height: shape[1], width: shape[2] };
    const limits = end === undefined || plain ? [0, 1] : [-end, end];
    const ends = limits.map((limit) => element("span", { textContent: shortNumber(limit) }));
    this.range.replaceChildren(ends[0], element("span", { className: "found", textContent: `min ${shortNumber(low)}, max ${shortNumber(high)}` }), ends[1]);
    if (this.painted === this.viewer.table) return; // the colours are the same until the page runs again
    this.painted = this.viewer.table;
    const context = this.bar.getContext("2d");
    const strip = context.createImageData(256, 1);
    new Uint32Array(strip.data.buffer).set(this.colours());
    context.putImageData(strip, 0, 0);
  }

  // The input keeps its own colours; maps are coloured by the table.
  colours() {
    return this.stage.end === undefined || this.stage.plain ? Uint32Array.from({ length: 256 }, (_, i) => (255 << 24) | (i * 0x010101)) : this.viewer.table;
  }

  async load(source) {
    if (source === this.source) return this.draw(this.image);
    const image = new Image();
    await new Promise((done, failed) => {
      image.onload = done; // decode() would wait for a page in the background
      image.onerror = failed;
      image.src = source;
    });
    this.source = source;
    this.image = image;
    if (!this.viewer.moving) this.draw(image);
  }

  draw(image, id) {
    if (!image || (id !== undefined && id < (this.drawn ?? 0))) return;
    if (id !== undefined) this.drawn = id;
    const [width, height] = [image.width, image.height];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context ??= this.canvas.getContext("2d", { willReadFrequently: true });
    this.context.drawImage(image, 0, 0);
    if (this.stage.end !== undefined && !this.stage.plain) {
      const pixels = this.context.getImageData(0, 0, width, height);
      const words = new Uint32Array(pixels.data.buffer);
      const table = this.viewer.table;
      for (let i = 0; i < words.length; i++) words[i] = table[words[i] & 255];
      this.context.putImageData(pixels, 0, 0);
    }
    this.root.style.setProperty("--widest", `calc(34rem * ${width / height})`);
    this.place();
    this.canvas.dataset.updates = Number(this.canvas.dataset.updates ?? 0) + 1;
  }

  point(event, pinned = false) {
    const box = this.canvas.getBoundingClientRect();
    const across = Math.min(0.9999, Math.max(0, (event.clientX - box.left) / box.width)) * this.grid.columns;
    const down = Math.min(0.9999, Math.max(0, (event.clientY - box.top) / box.height)) * this.grid.rows;
    const channel = Math.floor(down) * this.grid.columns + Math.floor(across);
    if (channel >= this.stage.shape[0]) return;
    this.viewer.hovering = !pinned;
    this.go(this.name === "input" && this.viewer.data.looks ? 0 : channel, Math.floor((down % 1) * this.grid.height), Math.floor((across % 1) * this.grid.width), pinned);
  }

  // Drag a rectangle, where the page asks for one.
  select(event) {
    if (this.viewer.data.select !== this.name || event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const box = this.canvas.getBoundingClientRect();
    const at = (e) => [
      Math.round(((e.clientY - box.top) / box.height) * this.grid.height),
      Math.round(((e.clientX - box.left) / box.width) * this.grid.width),
    ].map((value, axis) => Math.max(0, Math.min(axis ? this.grid.width : this.grid.height, value)));
    const start = at(event);
    let chosen = null;
    const move = (e) => {
      const end = at(e);
      chosen = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1])];
      this.mark(chosen);
    };
    const up = () => {
      this.canvas.removeEventListener("pointermove", move);
      if (chosen && chosen[2] > 2 && chosen[3] > 2) this.viewer.pick(chosen);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", up, { once: true });
    this.canvas.addEventListener("pointercancel", up, { once: true });
  }

  key(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const at = this.viewer.shown?.stage === this.name ? this.viewer.shown : { channel: 0, y: this.grid.height >> 1, x: this.grid.width >> 1 };
    if (step) {
      event.preventDefault();
      const far = event.shiftKey ? 10 : 1;
      const inside = (value, size) => Math.max(0, Math.min(size - 1, value));
      this.go(at.channel, inside(at.y + far * step[0], this.grid.height), inside(at.x + far * step[1], this.grid.width));
    } else if (event.key === "+" || event.key === "-" || event.key === "0") {
      event.preventDefault();
      this.zoom({ "+": 2, "-": 0.5, 0: 1 / this.view.zoom }[event.key]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.go(at.channel, at.y, at.x, true);
    }
  }

  go(channel, y, x, pinned = false) {
    this.viewer.look({ stage: this.name, channel, y, x }, pinned);
  }

  // A rectangle (top, left, height, width) on one of the panel's maps; null takes it away.
  mark(box, channel = 0) {
    this.box?.remove();
    this.box = null;
    if (!box) return;
    const { rows, columns, height, width } = this.grid;
    const [y, x] = [Math.floor(channel / columns), channel % columns];
    this.box = element("div", { className: "box" });
    const place = (start, tile, size, tiles) => `${(100 * (tile + start / size)) / tiles}%`;
    this.box.style.top = place(box[0], y, height, rows);
    this.box.style.left = place(box[1], x, width, columns);
    this.box.style.height = `${(100 * box[2]) / height / rows}%`;
    this.box.style.width = `${(100 * box[3]) / width / columns}%`;
    this.inner.append(this.box);
  }

  // Zoom around a place of the frame, by default its middle.
  zoom(factor, across = 0.5, down = 0.5) {
    const zoom = Math.max(1, Math.min(32, this.view.zoom * factor));
    this.view.x += across / this.view.zoom - across / zoom;
    this.view.y += down / this.view.zoom - down / zoom;
    this.view.zoom = zoom;
    this.place();
  }

  place() {
    const { zoom } = this.view;
    this.view.x = Math.max(0, Math.min(1 - 1 / zoom, this.view.x));
    this.view.y = Math.max(0, Math.min(1 - 1 / zoom, this.view.y));
    this.inner.style.transform = `scale(${zoom}) translate(${-100 * this.view.x}%, ${-100 * this.view.y}%)`;
    this.canvas.classList.toggle("coarse", this.canvas.width < 400 || zoom > 2);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the plain wheel scrolls the page
    event.preventDefault();
    const box = this.frame.getBoundingClientRect();
    this.zoom(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  // Zoomed in, a drag moves the part that is shown.
  pan(event) {
    if (this.view.zoom === 1 || this.viewer.data.select === this.name) return;
    event.preventDefault();
    const box = this.frame.getBoundingClientRect();
    let [x, y] = [event.clientX, event.clientY];
    const move = (at) => {
      this.view.x -= (at.clientX - x) / box.width / this.view.zoom;
      this.view.y -= (at.clientY - y) / box.height / this.view.zoom;
      [x, y] = [at.clientX, at.clientY];
      this.place();
    };
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.addEventListener("pointermove", move);
    const end = () => this.canvas.removeEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end, { once: true });
    this.canvas.addEventListener("pointercancel", end, { once: true });
  }
}

// The window as numbers: what was read, times the kernel, is the products; their sum is the pixel.
function explain(window, table) {
  const { stage, channel, y, x, inputs, weights, products, bias, total } = window;
  const place = `channel ${channel}, row ${y}, column ${x}`;
  const result = element("output", { textContent: shortNumber(total) });
  if (stage === "input") return [element("p", {}, `Input at ${place}: `, result), lens(window, table)];
  if (!weights) {
    const rule = "largest or mean of these values";
    const line = element("div", { className: "product" }, numbers("window", inputs, table), lens(window, table));
    return [element("p", {}, `Pooling at ${place}: ${rule} is `, result), line];
  }
  const sum = element("p", { className: "sum" }, `${stage === "relu" ? "ReLU" : "Output"} at ${place}: `);
  sum.append(`sum of products${bias ? ` + bias ${shortNumber(bias)}` : ""}${stage === "relu" ? ", negative becomes 0" : ""} = `, result);
  const sign = (text) => element("span", { className: "sign", textContent: text });
  const line = element("div", { className: "product" }, numbers("window", inputs, table), sign("×"), numbers("kernel", weights, table), sign("="), numbers("products", products, table), lens(window, table));
  return [sum, line];
}

// The pixels around the chosen one, as numbers.
function lens({ lens: rows, lens_corner: [top, left], y, x }, table) {
  return numbers(`around row ${y}, column ${x}`, rows, table, [y - top, x - left]);
}

function numbers(title, rows, table, centre) {
  const end = Math.max(...rows.flat().map(Math.abs));
  const body = rows.map((row, i) =>
    element("tr", {}, ...row.map((value, j) => {
      const cell = element("td", { textContent: shortNumber(value) });
      if (centre && centre[0] === i && centre[1] === j) cell.className = "centre";
      const { background, text } = colourOf(table, value, end);
      cell.style.background = background;
      cell.style.color = text;
      return cell;
    })),
  );
  const grid = element("table", { className: rows[0].length > 5 ? "dense" : "" }, element("caption", { textContent: title }), ...body);
  return element("div", { className: "numbers", tabIndex: 0, role: "group", "aria-label": title }, grid);
}
