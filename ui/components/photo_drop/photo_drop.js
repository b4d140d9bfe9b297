// A photo dropped or pasted anywhere goes the way of one that is chosen: through the uploader in the sidebar, and all its bounds.

import { element } from "../shared/dom.js";

/** @import {Mounted} from "../shared/types.js" */

const UPLOADER = "[data-testid=stSidebar] [class*=st-key-_upload_] input[type=file]";
const OWN_PLACE = "[data-testid=stFileUploaderDropzone]"; // an uploader takes what is dropped on it
const WRITABLE = "input, textarea, [contenteditable]";

/** @param {Mounted<undefined>} mounted */
export default function ({ parentElement }) {
  const known = /** @type {HTMLElement | null} */ (parentElement.querySelector(".hint"));
  const hint = known ?? element("p", { className: "hint", textContent: "Drop the photo anywhere" });
  hint.popover = "manual"; // above all else, also where the sidebar is closed
  if (!known) parentElement.append(hint);
  const gone = new AbortController();
  const { signal } = gone;
  /** @param {boolean} shown */
  const show = (shown) => hint.isConnected && hint.togglePopover(shown);
  const over = /** @param {DragEvent} event */ (event) => {
    const files = event.dataTransfer?.types.includes("Files") ?? false;
    const taken = files && !within(event, OWN_PLACE);
    if (taken) event.preventDefault(); // or the browser would open the file instead of the page
    show(taken);
  };
  document.addEventListener("dragover", over, { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? show(false), { signal });
  document.addEventListener("drop", (event) => {
    show(false);
    const file = event.dataTransfer?.files[0];
    if (!file || within(event, OWN_PLACE)) return; // prevented it is by every uploader on the page
    event.preventDefault();
    hand(file);
  }, { signal });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const text = event.clipboardData?.types.includes("text/plain");
    if (!file || event.defaultPrevented || (text && within(event, WRITABLE))) return;
    event.preventDefault();
    hand(file);
  }, { signal });
  return () => gone.abort();
}

/**
 * Whether an event began in such an element, also inside a component.
 * @param {Event} event
 * @param {string} selector
 */
function within(event, selector) {
  return event.composedPath().some((node) => node instanceof Element && node.matches(selector));
}

/** @param {File} file */
function hand(file) {
  const uploader = /** @type {HTMLInputElement | null} */ (document.querySelector(UPLOADER));
  if (!uploader) return;
  const held = new DataTransfer();
  held.items.add(file);
  uploader.files = held.files;
  uploader.dispatchEvent(new Event("change", { bubbles: true }));
}
