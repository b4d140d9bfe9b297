// The pictures beside their controls (ui/beside.py): where they are higher than the screen, the page scrolls to their end.

const COLUMNS = "[class*=st-key-beside_] > [data-testid=stLayoutWrapper] > * > [data-testid=stColumn]:first-child";

/**
 * Their heights are told to ui/shell.css, from now on; once a window, whoever asks. While the page scrolls, and at no other time: what
 * stays under a resting hand never moves when what is told of it grows.
 */
export function keepColumnsReachable() {
  const kept = /** @type {Window & {cnnColumns?: true}} */ (window);
  if (kept.cnnColumns) return;
  kept.cnnColumns = true;
  document.addEventListener("scroll", ({ target }) => {
    if (!(target instanceof Element) || !target.matches("[data-testid=stMain]")) return;
    for (const column of /** @type {NodeListOf<HTMLElement>} */ (target.querySelectorAll(COLUMNS))) {
      const high = `${column.offsetHeight}px`;
      if (column.style.getPropertyValue("--column-high") !== high) column.style.setProperty("--column-high", high);
    }
  }, { capture: true, passive: true });
}
