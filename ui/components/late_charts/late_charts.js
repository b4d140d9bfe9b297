// Keeps the place of charts, and says when the page's first picture has been drawn.

const PATIENCE = 3000; // milliseconds, on a page that draws no picture

export default function ({ parentElement, setTriggerValue }) {
  if (!parentElement.querySelector("p")) {
    const note = document.createElement("p");
    note.textContent = "Charts come after the pictures …";
    parentElement.append(note);
  }
  const started = performance.now();
  const timer = setInterval(() => {
    const hosts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
    const drawn = [...hosts].some(({ shadowRoot }) => shadowRoot?.querySelector("canvas[data-updates]"));
    if (!drawn && performance.now() - started < PATIENCE) return;
    clearInterval(timer);
    setTriggerValue("drawn", true);
  }, 50);
  return () => clearInterval(timer);
}
