// One pointer that is held down and moved, whatever it is: mouse, pen or finger. After GoogleChromeLabs/pointer-tracker.

/**
 * @template T what is remembered from the press
 * @typedef {object} DragHooks
 * @property {(event: PointerEvent) => T | null} press what a press begins here; null if nothing
 * @property {(event: PointerEvent, held: T) => void} move
 * @property {(held: T) => void} [end] let go after it moved
 * @property {(held: T) => void} [cancel] taken away, by scrolling for instance; as `end` if it is not given
 * @property {number} [slop] pixels to move before it counts as a drag
 */

/** @template T */
export class Drag {
  /**
   * @param {HTMLElement} target
   * @param {DragHooks<T>} hooks
   */
  constructor(target, hooks) {
    this.hooks = hooks;
    this.moved = false; // whether the last press became a drag: its click is none
    this.down = false;
    target.addEventListener("pointerdown", (event) => this.press(event));
    // The browser would select text, or take along what is selected; a click that is no drag focuses by itself.
    target.addEventListener("mousedown", (event) => this.down && event.preventDefault());
  }

  /** Whether something is being dragged now. */
  get active() {
    return this.down && this.moved;
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.moved = false;
    if (event.button !== 0 || this.down || !(event.target instanceof Element)) return;
    const held = this.hooks.press(event);
    if (held === null) return;
    const { target, pointerId } = event;
    const start = { x: event.clientX, y: event.clientY };
    this.down = true;
    if (!this.hooks.slop) event.preventDefault(); // else a click stays a click until it moves
    target.setPointerCapture(pointerId); // at once: the first movement may already leave the target
    const own = /** @param {(event: PointerEvent) => void} run */ (run) => /** @param {Event} one */ (one) => {
      if (one instanceof PointerEvent && one.pointerId === pointerId) run(one);
    };
    const move = own((at) => {
      if (!this.moved && isStill(start, { x: at.clientX, y: at.clientY }, this.hooks.slop ?? 0)) return;
      this.moved = true;
      at.preventDefault();
      this.hooks.move(at, held);
    });
    const over = /** @param {((held: T) => void) | undefined} told */ (told) => {
      this.down = false;
      for (const [name, heard] of Object.entries({ pointermove: move, pointerup: up, pointercancel: cancel })) {
        target.removeEventListener(name, heard);
      }
      if (this.moved) told?.(held);
    };
    const up = own(() => over(this.hooks.end));
    const cancel = own(() => over(this.hooks.cancel ?? this.hooks.end));
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", up);
    target.addEventListener("pointercancel", cancel);
  }
}

/**
 * @param {{x: number, y: number}} start
 * @param {{x: number, y: number}} now
 * @param {number} slop
 */
export function isStill(start, now, slop) {
  return Math.abs(now.x - start.x) < slop && Math.abs(now.y - start.y) < slop;
}
