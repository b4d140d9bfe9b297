// A wheel scrolls the page, also over a number that has the focus: it never changes one by accident.

const NUMBER = "input[type=number], [data-testid=stNumberInput] input";

/** Keeps numbers from the wheel, from now on; once a window, whoever asks. */
export function keepNumbersStill() {
  const kept = /** @type {Window & {cnnWheel?: true}} */ (window);
  if (kept.cnnWheel) return;
  kept.cnnWheel = true;
  document.addEventListener("wheel", (event) => {
    const [target] = event.composedPath();
    if (!(target instanceof HTMLInputElement) || !target.matches(NUMBER)) return;
    target.blur(); // what was typed is kept
    event.stopPropagation(); // Streamlit would stop the page from scrolling
  }, { capture: true, passive: true });
}
