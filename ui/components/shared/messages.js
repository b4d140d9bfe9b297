// What the live channel sends (live/messages.py has the format), and what waits to be sent.

/** @import {Answer} from "./types.js" */
/** @typedef {{message: Record<string, unknown>, receive: (answer: Answer) => void, bytes?: ArrayBuffer}} Question */

/** Questions that wait, the newest of each kind; pictures go before numbers. */
export class Waiting {
  constructor() {
    /** @type {Map<string, Question>} */
    this.questions = new Map();
  }

  /**
   * An older question of the same kind is forgotten.
   * @param {string} op
   * @param {Question} question
   */
  put(op, question) {
    this.questions.set(op, question);
  }

  /**
   * A question that was lost on its way waits again, unless a newer one does.
   * @param {string} op
   * @param {Question} question
   */
  putBack(op, question) {
    if (!this.questions.has(op)) this.questions.set(op, question);
  }

  /** The next one and its kind, which waits no longer; null if there is none. */
  take() {
    const op = [...this.questions.keys()].find((one) => one !== "look") ?? "look";
    const question = this.questions.get(op);
    if (!question) return null;
    this.questions.delete(op);
    return { op, question };
  }
}

/**
 * The length of the head in four bytes, the head, then the bytes.
 * @param {string} head
 * @param {ArrayBuffer} bytes
 */
export function pack(head, bytes) {
  const text = new TextEncoder().encode(head);
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, text.length);
  return new Blob([length, text, bytes]);
}

/**
 * An answer with its pictures.
 * @param {ArrayBuffer} buffer
 * @returns {Answer}
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  /** @type {Answer} */
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  for (const stage of answer.stages) {
    stage.picture = new Blob([new Uint8Array(buffer, offset, stage.bytes)], { type: stage.type });
    offset += stage.bytes;
  }
  return answer;
}

/**
 * Where the channel may be: at the server's base path as configured, then as the page's own scripts were loaded (a host may put a
 * prefix before it).
 * @param {string} base
 * @param {string} script address of one of the page's scripts, "" if none is known
 * @param {{protocol: string, host: string}} page
 */
export function addressesFor(base, script, { protocol, host }) {
  const found = script ? new URL(script).pathname.split("static/js/")[0] : "/";
  const paths = new Set([`/${base}/live`, `${found}live`].map((path) => path.replace(/\/+/g, "/")));
  return [...paths].map((path) => `${protocol === "https:" ? "wss:" : "ws:"}//${host}${path}`);
}
