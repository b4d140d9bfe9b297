// The live channel's client: one request in flight, the newest of each kind waits.

import { Waiting, addressesFor, pack, unpack } from "./messages.js";

/** @import {Answer} from "./types.js" */
/** @import {Question} from "./messages.js" */

const PATIENCE = 8000; // milliseconds for an answer
const LONGEST_PAUSE = 15000; // milliseconds between attempts to connect

export class Channel {
  /** @param {string} base the server's base path */
  constructor(base) {
    const script = /** @type {HTMLScriptElement | null} */ (document.querySelector('script[src*="static/js/"]'));
    this.addresses = addressesFor(base, script?.src ?? "", location);
    this.attempt = 0;
    this.number = 0;
    this.delay = 250;
    this.waiting = new Waiting();
    /** @type {{id: number, op: string, question: Question, timer: ReturnType<typeof setTimeout>} | null} */
    this.flying = null;
    this.open = false;
    this.socket = this.connect();
  }

  connect() {
    const address = this.addresses[this.attempt % this.addresses.length];
    const socket = new WebSocket(address);
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
      if (lost) this.waiting.putBack(lost.op, lost.question); // asked again when it is back
      this.attempt += 1;
      this.delay = Math.min(this.delay * 2, LONGEST_PAUSE);
      setTimeout(() => {
        this.socket = this.connect();
      }, this.delay);
    };
    return socket;
  }

  /**
   * Ask, with bytes behind the message if there are any; an older question of the same kind that still waits is forgotten.
   * @param {string} op
   * @param {Record<string, unknown>} message
   * @param {(answer: Answer) => void} receive
   * @param {ArrayBuffer} [bytes]
   */
  ask(op, message, receive, bytes) {
    this.waiting.put(op, { message, receive, bytes });
    this.send();
  }

  send() {
    if (!this.open || this.flying) return;
    const next = this.waiting.take();
    if (!next) return;
    const { op, question } = next;
    const id = ++this.number;
    this.flying = { id, op, question, timer: setTimeout(() => this.giveUp(), PATIENCE) };
    const text = JSON.stringify({ v: 1, id, op, ...question.message });
    this.socket.send(question.bytes ? pack(text, question.bytes) : text);
  }

  giveUp() {
    const lost = this.flying;
    this.land(); // what took too long is not asked again
    this.socket.close();
    lost?.question.receive({ id: lost.id, stages: [], error: "The server took too long to answer." });
  }

  land() {
    clearTimeout(this.flying?.timer);
    this.flying = null;
  }

  /** @param {string | ArrayBuffer} data */
  receive(data) {
    const flying = this.flying;
    /** @type {Answer} */
    const answer = typeof data === "string" ? JSON.parse(data) : unpack(data);
    if (!flying || answer.id !== flying.id) return;
    this.land();
    this.send();
    flying.question.receive(answer);
  }
}

/**
 * One channel a page, however many components use it.
 * @param {string} base
 * @returns {Channel}
 */
export function sharedChannel(base) {
  const page = /** @type {{cnnLive?: Channel}} */ (/** @type {unknown} */ (window));
  page.cnnLive ??= new Channel(base);
  return page.cnnLive;
}
