// Names that a screen reader says are words. Streamlit takes a control's label for its name as it was written, with its Markdown.

/**
 * The words of a label without what colours, slants and decorates them.
 * @param {string} label in Streamlit's Markdown
 */
export function plainName(label) {
  return label
    .replace(/:material\/\w+:/g, "")
    .replace(/:[a-z-]+\[([^\]]*)\]/g, "$1")
    .replace(/\\([\\`*_{}[\]()#+\-.!|<>~$:&@/])|[*$`]/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

/** Keeps all names on the page plain, from now on. */
export function keepNamesPlain() {
  /** @param {Element} one */
  const mend = (one) => {
    const name = one.getAttribute("aria-label") ?? "";
    const plain = plainName(name);
    if (plain !== name) one.setAttribute("aria-label", plain);
  };
  const mendAll = /** @param {Element} root */ (root) => [root, ...root.querySelectorAll("[aria-label]")].forEach(mend);
  mendAll(document.body);
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") mend(/** @type {Element} */ (target));
      else for (const node of addedNodes) if (node instanceof Element) mendAll(node);
    }
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-label"] });
}
