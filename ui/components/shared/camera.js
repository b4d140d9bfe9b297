// The webcam's moving picture instead of the image: small JPEGs through the live channel, one in flight, nothing kept.

const FRAME_SIDE = 320; // pixels on the long side, as live/messages.py shrinks to

class Camera {
  constructor(viewer) {
    this.viewer = viewer;
    this.button = element("button", { type: "button", className: "camera", onclick: () => (this.stream ? this.stop() : this.start()) });
    this.told = element("span", { role: "status" });
    this.root = element("p", { className: "camera-line" }, this.button, this.told);
    this.show("");
  }

  get on() {
    return Boolean(this.stream);
  }

  show(sentence) {
    this.button.textContent = this.on ? "■ Stop the camera" : "● Live camera";
    this.root.classList.toggle("on", this.on);
    this.told.textContent = sentence;
  }

  async start() {
    this.button.disabled = true; // until the question for permission is answered
    try {
      const wanted = { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 30 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    } catch {
      this.show("The camera could not be opened: allow it for this page, and close other programs that use it.");
      return;
    } finally {
      this.button.disabled = false;
    }
    this.video = element("video", { muted: true, playsInline: true, srcObject: this.stream });
    this.canvas = document.createElement("canvas");
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.stop());
    await this.video.play();
    this.show("The camera is on. Its pictures are computed and forgotten.");
    this.viewer.cover();
    this.next();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video = null;
    this.show("");
    if (this.root.isConnected) this.viewer.update(this.viewer.data); // a viewer of a left page must not listen again
  }

  // Send the newest picture; its answer asks for the next one.
  async next() {
    if (!this.on) return;
    if (!this.root.isConnected) return this.stop(); // the page was left
    const { videoWidth, videoHeight } = this.video;
    if (!this.viewer.channel.open || !videoWidth) return void setTimeout(() => this.next(), 200);
    const scale = Math.min(1, FRAME_SIDE / Math.max(videoWidth, videoHeight));
    Object.assign(this.canvas, { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) });
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.85));
    const head = { settings: this.viewer.settings(), colour: this.viewer.data.input.shape[0] === 3 };
    this.viewer.channel.ask("frame", head, (answer) => this.drawn(answer), await blob.arrayBuffer());
  }

  async drawn(answer) {
    if (!this.on) return;
    await this.viewer.receive(answer);
    requestAnimationFrame(() => this.next()); // waits while the page is in the background
  }
}
