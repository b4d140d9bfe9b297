// Says once when the page's first picture has been drawn: maps, a grid of numbers, or an image.

const PATIENCE = 3000; // milliseconds, on a page that draws none

export default function ({ parentElement, setTriggerValue }) {
  if (!parentElement.querySelector(".waiting")) {
    parentElement.append(Object.assign(document.createElement("span"), { className: "waiting" }));
  }
  const started = performance.now();
  const timer = setInterval(() => {
    const hosts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
    const parts = [...hosts].map(({ shadowRoot }) => shadowRoot?.querySelector("canvas[data-updates], .grid.output > *"));
    const image = document.querySelector("[data-testid=stMain] [data-testid=stImage] img");
    if (!parts.some(Boolean) && !image?.complete && performance.now() - started < PATIENCE) return;
    clearInterval(timer);
    setTriggerValue("drawn", true);
  }, 50);
  return () => clearInterval(timer);
}
