// The live channel's client (live/messages.py has the format): one request in flight, the newest of each kind waits.

class Channel {
  constructor(base) {
    this.addresses = addressesFor(base);
    this.attempt = 0;
    this.number = 0;
    this.waiting = new Map(); // op -> {message, receive}
    this.flying = null; // {id, op, question, timer}
    this.open = false;
    this.connect();
  }

  connect() {
    const address = this.addresses[this.attempt % this.addresses.length];
    const socket = (this.socket = new WebSocket(address));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.open = true;
      this.attempt = this.addresses.indexOf(address); // a later reconnect starts with the address that worked
      this.delay = 500;
      this.send();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => {
      this.open = false;
      const lost = this.flying;
      this.land();
      if (lost && !this.waiting.has(lost.op)) this.waiting.set(lost.op, lost.question); // asked again when it is back
      this.attempt += 1;
      this.delay = Math.min((this.delay ?? 250) * 2, 15000);
      setTimeout(() => this.connect(), this.delay);
    };
  }

  // Ask, with bytes behind the message if there are any; an older question of the same kind that still waits is forgotten.
  ask(op, message, receive, bytes) {
    this.waiting.set(op, { message, receive, bytes });
    this.send();
  }

  send() {
    if (!this.open || this.flying || this.waiting.size === 0) return;
    const op = [...this.waiting.keys()].find((one) => one !== "look") ?? "look"; // pictures first
    const question = this.waiting.get(op);
    this.waiting.delete(op);
    const id = ++this.number;
    this.flying = { id, op, question, timer: setTimeout(() => this.giveUp(), 8000) };
    const text = JSON.stringify({ v: 1, id, op, ...question.message });
    this.socket.send(question.bytes ? pack(text, question.bytes) : text);
  }

  giveUp() {
    const { question } = this.flying;
    this.land(); // what took too long is not asked again
    this.socket.close();
    question.receive({ error: "The server took too long to answer." });
  }

  land() {
    clearTimeout(this.flying?.timer);
    this.flying = null;
  }

  receive(data) {
    const flying = this.flying;
    const answer = typeof data === "string" ? JSON.parse(data) : unpack(data);
    if (!flying || answer.id !== flying.id) return;
    this.land();
    this.send();
    flying.question.receive(answer);
  }
}

// The length of the head in four bytes, the head, then the bytes.
function pack(text, bytes) {
  const head = new TextEncoder().encode(text);
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, head.length);
  return new Blob([length, head, bytes]);
}

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  for (const stage of answer.stages) {
    stage.picture = new Blob([new Uint8Array(buffer, offset, stage.bytes)], { type: stage.type });
    offset += stage.bytes;
  }
  return answer;
}

// The server's base path as configured, then as the page's own scripts were loaded (a host may put a prefix before it).
function addressesFor(base) {
  const script = document.querySelector('script[src*="static/js/"]')?.src ?? "";
  const found = script ? new URL(script).pathname.split("static/js/")[0] : "/";
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  const paths = new Set([`/${base}/live`, `${found}live`].map((path) => path.replace(/\/+/g, "/")));
  return [...paths].map((path) => scheme + location.host + path);
}

// One channel a page, however many components use it.
function sharedChannel(base) {
  window.cnnLive ??= new Channel(base);
  return window.cnnLive;
}

// A hand moves: tell the viewers. Returns true if one of them follows it live.
function gesture(instrument, changes) {
  const event = new CustomEvent("cnn:gesture", { detail: { instrument, changes }, cancelable: true });
  return !document.dispatchEvent(event);
}
