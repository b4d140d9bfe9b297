// The list of pages on a small screen, where it lies over the page: it closes once a page is chosen.

const OVER = "(max-width: 767px)"; // as in shell.css
const CLOSE = "[data-testid=stSidebarCollapseButton] button";

/** From now on. */
export function keepMenuShort() {
  document.addEventListener("click", ({ target, ctrlKey, metaKey, shiftKey }) => {
    const chosen = target instanceof Element && target.closest("[data-testid=stSidebarNav] a");
    if (!chosen || ctrlKey || metaKey || shiftKey || !matchMedia(OVER).matches) return;
    /** @type {HTMLElement | null} */ (document.querySelector(CLOSE))?.click();
  });
}
