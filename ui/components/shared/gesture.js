// A hand that moves a setting tells the viewers of its instrument.

/** @typedef {{instrument: string, changes: Record<string, unknown>}} Moved */

/**
 * Tell the viewers; returns whether one of them follows it live.
 * @param {string} instrument
 * @param {Record<string, unknown>} changes values by the fields' keys
 */
export function gesture(instrument, changes) {
  const event = new CustomEvent("cnn:gesture", { detail: { instrument, changes }, cancelable: true });
  return !document.dispatchEvent(event);
}

/**
 * Hear of every movement; returns what ends that. `follow` says whether it follows this one.
 * @param {(moved: Moved) => boolean} follow
 */
export function onGesture(follow) {
  /** @param {Event} event */
  const heard = (event) => {
    if (event instanceof CustomEvent && follow(event.detail)) event.preventDefault();
  };
  document.addEventListener("cnn:gesture", heard);
  return () => document.removeEventListener("cnn:gesture", heard);
}
