// A wheel or a finger scrolls the page, also over a number or a slider: it never changes one by accident.

const NUMBER = "input[type=number], input[type=range], [data-testid=stNumberInput] input";

/**
 * A slider of a component's own, whose value stands nowhere else: a finger that scrolls the page from there changes nothing.
 * @param {HTMLInputElement} range
 */
export function keepFromSwipes(range) {
  let before = range.value;
  range.addEventListener("pointerdown", () => {
    before = range.value;
  });
  range.addEventListener("pointercancel", () => {
    range.value = before;
  });
  range.style.touchAction = "pan-y";
}

/** Keeps numbers from the wheel, from now on. */
export function keepNumbersStill() {
  document.addEventListener("wheel", (event) => {
    const [target] = event.composedPath();
    if (!(target instanceof HTMLInputElement) || !target.matches(NUMBER)) return;
    target.blur(); // what was typed is kept
    event.stopPropagation(); // Streamlit would stop the page from scrolling
  }, { capture: true, passive: true });
}
