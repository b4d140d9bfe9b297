// Says once when the page's first picture has been drawn: maps, a grid of numbers, or an image.

import { keepColumnsReachable } from "../shared/columns.js";
import { keepCommas } from "../shared/commas.js";
import { keepHistoryShort } from "../shared/history.js";
import { keepMenuShort } from "../shared/menu.js";
import { keepNamesPlain } from "../shared/names.js";
import { keepNumbersStill } from "../shared/scrolling.js";
import { keepLinksCalm } from "../shared/sight.js";

/** @import {Mounted} from "../shared/types.js" */

// Here, since this is on every page that a session opens with; once a window, also where it is run again.
const kept = /** @type {Window & {cnnKept?: true}} */ (window);
if (!kept.cnnKept) {
  kept.cnnKept = true;
  for (const keep of [keepColumnsReachable, keepCommas, keepHistoryShort, keepMenuShort, keepNamesPlain, keepNumbersStill, keepLinksCalm]) keep();
}

const PATIENCE = 3000; // milliseconds, on a page that draws none

// Whatever the browser says carries the page's settings as they stand here. Said while the answer to a click is on its way, it
// would set back what the click has changed on the server; so it is said once the hand has rested, and the page has run since:
// a photo is on its way for a while before it does.
const QUIET = 700; // milliseconds
const UNANSWERED = 5000; // milliseconds, where nothing ran: most clicks ask for nothing
const ACTS = ["pointerdown", "pointerup", "keydown", "change"];
let acted = performance.now(); // perhaps just before this was loaded
let answered = true;
const act = () => {
  acted = performance.now();
  answered = false;
};
for (const kind of ACTS) document.addEventListener(kind, act, true);

/** @param {Mounted<undefined>} mounted */
export default function ({ parentElement, setTriggerValue }) {
  if (!parentElement.querySelector(".waiting")) {
    parentElement.append(Object.assign(document.createElement("span"), { className: "waiting" }));
  }
  const started = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const app = /** @type {HTMLElement | null} */ (document.querySelector("[data-testid=stApp]"));
    const runs = app?.dataset.testScriptState !== "notRunning";
    answered ||= runs;
    if (runs || now - acted < (answered ? QUIET : UNANSWERED)) return;
    const hosts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
    const parts = [...hosts].map(({ shadowRoot }) => shadowRoot?.querySelector("canvas[data-updates], .grid.output > *"));
    const image = /** @type {HTMLImageElement | null} */ (document.querySelector("[data-testid=stMain] [data-testid=stImage] img"));
    if (!parts.some(Boolean) && !image?.complete && now - started < PATIENCE) return;
    clearInterval(timer);
    setTriggerValue("drawn", true);
  }, 50);
  return () => clearInterval(timer);
}
