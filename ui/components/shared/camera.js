// The webcam's moving picture instead of the image: small JPEGs, one in flight, nothing kept.

import { button, element } from "./dom.js";

const FRAME_SIDE = 320; // pixels on the long side, as live/messages.py shrinks to
const REFUSED = "The camera could not be opened: allow it for this page, and close other programs that use it.";

/**
 * @typedef {object} CameraHooks
 * @property {() => void} started
 * @property {() => void} stopped
 * @property {() => boolean} ready whether a picture can be sent now
 * @property {(jpeg: ArrayBuffer) => Promise<void>} send ends when its answer is drawn
 */

export class Camera {
  /** @param {CameraHooks} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.video = element("video", { muted: true, playsInline: true });
    this.canvas = element("canvas");
    this.button = button("", "", () => (this.stream ? this.stop() : void this.start()));
    this.button.className = "camera";
    this.button.removeAttribute("aria-label"); // its words are its name
    this.note = element("span", { role: "status" });
    this.root = element("p", { className: "camera-line" }, this.button, this.note);
    this.show("");
  }

  get on() {
    return this.stream !== null;
  }

  /** @param {string} sentence */
  show(sentence) {
    this.button.textContent = this.on ? "■ Stop the camera" : "● Live camera";
    this.root.classList.toggle("on", this.on);
    this.note.textContent = sentence;
  }

  async start() {
    this.button.disabled = true; // until the question for permission is answered
    try {
      const wanted = { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 30 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    } catch {
      this.show(REFUSED);
      return;
    } finally {
      this.button.disabled = false;
    }
    this.video.srcObject = this.stream;
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.stop());
    await this.video.play();
    this.show("The camera is on. Its pictures are computed and forgotten.");
    this.hooks.started();
    void this.next();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
    this.show("");
    if (this.root.isConnected) this.hooks.stopped(); // a viewer of a left page must not listen again
  }

  // Send the newest picture; its answer asks for the next one.
  /** @returns {Promise<void>} */
  async next() {
    if (!this.on) return;
    if (!this.root.isConnected) return this.stop(); // the page was left
    const { videoWidth, videoHeight } = this.video;
    if (!this.hooks.ready() || !videoWidth) return void setTimeout(() => this.next(), 200);
    const scale = Math.min(1, FRAME_SIDE / Math.max(videoWidth, videoHeight));
    Object.assign(this.canvas, { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) });
    this.canvas.getContext("2d")?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    /** @type {Blob | null} */
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.85));
    if (blob) await this.hooks.send(await blob.arrayBuffer());
    requestAnimationFrame(() => void this.next()); // waits while the page is in the background
  }
}
