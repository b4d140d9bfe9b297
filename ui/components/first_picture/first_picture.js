// Says once when the page's first picture has been drawn: maps, a grid of numbers, or an image.

const PATIENCE = 3000; // milliseconds, on a page that draws none
const QUIET = 700; // milliseconds after the hand's last act: what this says carries the page's settings, and would set back
const ACTS = ["pointerdown", "pointerup", "keydown", "change"]; // what an act has changed on the server, not yet here

let acted = performance.now(); // perhaps, before this was loaded
const act = () => {
  acted = performance.now();
};
for (const kind of ACTS) document.addEventListener(kind, act, true);

export default function ({ parentElement, setTriggerValue }) {
  if (!parentElement.querySelector(".waiting")) {
    parentElement.append(Object.assign(document.createElement("span"), { className: "waiting" }));
  }
  const started = performance.now();
  const timer = setInterval(() => {
    const hosts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
    const parts = [...hosts].map(({ shadowRoot }) => shadowRoot?.querySelector("canvas[data-updates], .grid.output > *"));
    const image = document.querySelector("[data-testid=stMain] [data-testid=stImage] img");
    const now = performance.now();
    const stands = parts.some(Boolean) || image?.complete || now - started > PATIENCE;
    const app = document.querySelector("[data-testid=stApp]").dataset.testScriptState;
    if (!stands || app !== "notRunning" || now - acted < QUIET) return;
    clearInterval(timer);
    setTriggerValue("drawn", true);
  }, 50);
  return () => clearInterval(timer);
}
