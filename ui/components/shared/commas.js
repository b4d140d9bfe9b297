// A comma in a number field is a decimal point: browsers drop it, and 2,5 became 25.

/** Writes points for commas, from now on. */
export function keepCommas() {
  document.addEventListener("beforeinput", (event) => {
    const [target] = event.composedPath();
    if (!(target instanceof HTMLInputElement) || target.type !== "number" || !event.data?.includes(",")) return;
    event.preventDefault();
    document.execCommand("insertText", false, event.data.replaceAll(",", ".")); // as typed: it can be undone
  }, true);
}
