// One step back for each thing that a person did. Streamlit puts an entry into the history when a page opens, and another when
// that page writes its settings into the address, before it or after. Of those that one act leads to, the last takes their place.

/** Watches how entries are put into the history. */
export function keepHistoryShort() {
  let opened = true; // a page, and nobody has acted on it yet
  let written = false; // into the history, since somebody acted
  const act = () => {
    opened = written = false;
  };
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, act, true);
  const push = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    const opens = new URL(url ?? "", location.href).pathname !== location.pathname;
    if (opens ? written : opened) history.replaceState(state, unused, url);
    else push(state, unused, url);
    opened ||= opens;
    written = !opens;
  };
}
