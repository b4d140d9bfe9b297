// The address bar's link, which holds every setting, on the clipboard.

import { element } from "../shared/dom.js";

/** @import {Mounted} from "../shared/types.js" */

const REST = "Copy link";
const SAID = 2000; // milliseconds that an answer stays

/** @param {Mounted<undefined>} mounted */
export default function ({ parentElement }) {
  if (parentElement.querySelector("button")) return;
  const link = element("input", { readOnly: true, "aria-label": "link to this screen" });
  const refresh = () => {
    link.value = location.href;
  };
  const copy = element("button", { type: "button", textContent: REST });
  copy.addEventListener("click", async () => {
    refresh();
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Press Ctrl+C"; // no clipboard without https: the link is selected
    }
    setTimeout(() => {
      copy.textContent = REST;
    }, SAID);
  });
  parentElement.append(link, copy);
  refresh();
  const timer = setInterval(refresh, 500);
  return () => clearInterval(timer);
}
