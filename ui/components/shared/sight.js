// Headings further down that a link leads to: the page scrolls there, and neither the address nor the history changes.

const ARRIVAL = 30000; // milliseconds that a heading, or the page that it stands on, may be on its way
const LOOKS = 50; // milliseconds between looks for it
const TO = "to"; // in a link to another page: which of its headings is meant

const GLIDE = 700; // milliseconds that the page takes to it
const SETTLED = 3000; // milliseconds that it stands still after which nothing moves any more
const HANDS = ["wheel", "touchmove", "pointerdown", "keydown"]; // they go where they want

/** @type {ReturnType<typeof setInterval> | undefined} */
let looking;

/**
 * Bring the heading with this id into sight, once it is there, and keep it there while what stands above it comes.
 * @param {string} id
 * @param {string} [path] of the page that it stands on, if that is still to come
 */
export function bringIntoSight(id, path) {
  clearInterval(looking);
  const started = performance.now();
  let [there, still] = [0, 0]; // since when it is, and since when nothing has moved it
  const look = () => {
    const now = performance.now();
    if (now - started > ARRIVAL || (still && now - still > SETTLED)) clearInterval(looking);
    const app = /** @type {HTMLElement | null} */ (document.querySelector("[data-testid=stApp]"));
    if (path && (location.pathname !== path || app?.dataset.testScriptState !== "notRunning")) return;
    const heading = document.getElementById(id);
    if (!heading || (there && now - there < GLIDE)) return;
    const calm = !there && !path && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const { top } = heading.getBoundingClientRect();
    heading.scrollIntoView({ block: "start", behavior: calm ? "smooth" : "instant" });
    if (Math.abs(heading.getBoundingClientRect().top - top) > 1) still = now;
    if (there) return;
    there = still = now;
    heading.tabIndex = -1; // the keyboard goes on from there
    heading.focus({ preventScroll: true });
  };
  looking = setInterval(look, LOOKS);
  look();
}

/**
 * A link to the page without a name, home, has no address: it gets that of the app's root before a hand can open it in another tab.
 * @param {Event} event
 */
function giveAddress({ target }) {
  if (target instanceof Element) target.closest('a[data-testid="stPageLink-NavLink"][href=""]')?.setAttribute("href", "./");
}

/** Links to headings scroll, from now on. A link that opened the window is followed, too. */
export function keepLinksCalm() {
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, giveAddress);
  for (const kind of HANDS) document.addEventListener(kind, () => clearInterval(looking), { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    const path = event.composedPath();
    if (path.some((one) => one instanceof Element && one.matches("[class*=st-key-_][class*=_watch] button"))) {
      bringIntoSight(document.querySelector("h1")?.id ?? "");
    }
    const link = path.find((one) => one instanceof HTMLAnchorElement);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { hash, pathname, searchParams } = new URL(link.href);
    const id = searchParams.get(TO);
    if (id) bringIntoSight(id, pathname);
    else if (link.getAttribute("href")?.startsWith("#") && !link.closest("[data-testid=stHeaderActionElements]")) {
      event.preventDefault(); // the address is the screen's, and going back leads to the page before
      bringIntoSight(hash.slice(1));
    }
  }, true);
  const [opened] = performance.getEntriesByType("navigation");
  const id = opened && new URL(opened.name).searchParams.get(TO);
  if (id) bringIntoSight(id, location.pathname);
}
