// Elements of the page.

/**
 * Make an element: properties by name, attributes where there is no such property.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * A button whose sign is explained by its title.
 * @param {string} sign
 * @param {string} title
 * @param {() => void} run
 */
export function button(sign, title, run) {
  return element("button", { type: "button", textContent: sign, title, "aria-label": title, onclick: run });
}

/**
 * Text that an element shows; where it shows it already, the browser has nothing to lay out.
 * @param {Element} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
