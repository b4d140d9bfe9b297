// Pictures and their controls side by side (ui/beside.py): where one is higher than the screen, the page scrolls to its end.

const PICTURES = "figure canvas, .card"; // a tap on them is answered below them
const ANSWERED = 300; // milliseconds until it is
const MOST = 0.5; // of a phone's frame goes to what is told

const COLUMNS = "[class*=st-key-beside_] > [data-testid=stLayoutWrapper] > * > [data-testid=stColumn]";
const PICTURED = `${COLUMNS}:first-child`;

/**
 * Their heights are told to ui/shell.css, from now on. While the page scrolls, and at no other time: what
 * stays under a resting hand never moves when what is told of it grows.
 */
export function keepColumnsReachable() {
  document.addEventListener("scroll", ({ target }) => {
    if (!(target instanceof Element) || !target.matches("[data-testid=stMain]")) return;
    for (const column of /** @type {NodeListOf<HTMLElement>} */ (target.querySelectorAll(COLUMNS))) {
      const high = `${column.offsetHeight}px`;
      if (column.style.getPropertyValue("--column-high") !== high) column.style.setProperty("--column-high", high);
    }
  }, { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    const [target, ...around] = event.composedPath();
    if (!(target instanceof Element) || !target.closest(PICTURES)) return;
    const column = around.find((one) => one instanceof Element && one.matches(PICTURED));
    const root = target.getRootNode();
    if (column instanceof HTMLElement && root instanceof ShadowRoot) setTimeout(() => showTold(column, root), ANSWERED);
  }, true);
}

/**
 * On a phone, where pictures scroll in a frame: what is told of them is seen at once, and they still are.
 * @param {HTMLElement} column
 * @param {ShadowRoot} root
 */
function showTold(column, root) {
  const told = root.querySelector(".detail")?.getBoundingClientRect();
  if (!told || getComputedStyle(column).overflowY !== "auto") return;
  const { bottom, height } = column.getBoundingClientRect();
  const below = Math.min(told.bottom, told.top + MOST * height) - bottom;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (below > 0) column.scrollBy({ top: below, behavior: still ? "instant" : "smooth" });
}
