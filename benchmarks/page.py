"""How soon the page follows the hand, in headless Chromium on this machine, beside a page built the usual way.

Part of `make bench`. Browser and servers share the cores. Times are the browser's own: from the pointer event to the animation
frame in which the picture drawn for it is shown; on the usual page, whose slider reports only when the hand lets go, from there.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.results import machine, write
from tests.browser import chromium
from tests.browser.conftest import free_port, start_server
from tests.browser.instrument import in_menu, panel, settle, wait_until
from ui.site import PAGES

BASELINE = Path(__file__).parent / "baseline" / "app.py"
ROUNDS = 3
WATCH = """() => {
    window.marks = { moves: [], draws: [], links: [] };
    document.addEventListener("pointermove", () => marks.moves.push(performance.now()), true);
    document.addEventListener("pointerup", () => (marks.up = performance.now()), true);
    for (const name of ["pushState", "replaceState"]) {
        const plain = history[name].bind(history);
        history[name] = (...all) => { plain(...all); marks.links.push(performance.now()); };
    }
}"""
DRAWN = """(node, attribute) => {
    let waiting = false;
    const shown = () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => { waiting = false; marks.draws.push(performance.now()); });
    };
    const change = () => node.complete === false ? node.addEventListener("load", shown, { once: true }) : shown();
    window.drawn?.disconnect();
    window.drawn = new MutationObserver(change);
    window.drawn.observe(node, attribute ? { attributes: true, attributeFilter: [attribute] } : { childList: true, subtree: true });
}"""
EVERY_FRAME = """async ([node, gesture]) => {  // as a mouse does, which reports more often than the screen is drawn
    const { left, top, width, height } = node.getBoundingClientRect();
    for (let step = 0; step < 300; step++) {
        await new Promise(requestAnimationFrame);
        const swing = Math.abs(((step + 50) % 100) - 50);
        if (gesture === "value") {
            node.value = Number(node.min) + ((node.max - node.min) * swing) / 50;
            node.dispatchEvent(new Event("input", { bubbles: true }));
        } else {
            const at = { pointerId: 1, buttons: 1, bubbles: true, clientX: left + width / 2, clientY: top + height / 2 - swing };
            node.dispatchEvent(new PointerEvent("pointermove", at));
        }
    }
}"""
SEEN = """() => new Promise((resolve) => {  // the time of the first frame with a page's first picture: maps, chart, grid or code
    const inside = "figure .frame canvas[data-updates], .grid.output > *";
    const outside = ".js-plotly-plot .main-svg, [data-testid=stMain] [data-testid=stImage] img, [data-testid=stCode] code";
    const look = () => {
        const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
        const found = [...document.querySelectorAll(outside), ...hosts.map(({ shadowRoot }) => shadowRoot?.querySelector(inside))];
        if (found.some((node) => node && node.complete !== false)) requestAnimationFrame(resolve);
        else requestAnimationFrame(look);
    };
    look();
})"""
SWITCH = """async (link, heading) => {  // milliseconds from the click to the first picture of the page with this heading
    const started = performance.now();
    link.click();
    const there = () => document.querySelector("h1")?.textContent === heading && !document.querySelector("[data-stale=true]");
    while (!there()) await new Promise(requestAnimationFrame);
    return await seen() - started;
}"""
NO_FRAME_RATE = ("--disable-frame-rate-limit", "--disable-gpu-vsync")
Marks = dict[str, Any]
Row = tuple[str, str, str]  # what, measured, bar


def marks_of(page: Page) -> Marks:
    """The browser's marks since the last time, in milliseconds."""
    return page.evaluate(
        "() => { const all = structuredClone(marks); for (const one of Object.values(marks)) if (one.length) one.length = 0; return all; }"
    )


def drag(page: Page, handle: Locator, along: tuple[float, float], steps: int, pause: float) -> tuple[Marks, Marks]:
    """Press, move step by step, release; returns the marks while the hand moved and those of the 1.5 s after."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    marks_of(page)
    due = time.perf_counter()
    for step in range(1, steps + 1):
        swing = abs((step + 50) % 100 - 50)  # up to 50 steps away, and back
        page.mouse.move(x + along[0] * swing, y + along[1] * swing)
        due = max(due + pause, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
    moving = marks_of(page)
    page.mouse.up()
    page.wait_for_timeout(1500)
    return moving, marks_of(page)


def pictures_a_second(page: Page, handle: Locator, gesture: str) -> float:
    """While a hand moves at every animation frame; the gesture is "drag" for a kernel's number, "value" for a slider."""
    handle.scroll_into_view_if_needed()
    handle.hover()
    page.mouse.down()
    marks_of(page)
    page.evaluate(EVERY_FRAME, [handle.element_handle(), gesture])
    draws = marks_of(page)["draws"]
    page.mouse.up()
    page.wait_for_timeout(1500)
    return (len(draws) - 1) / (draws[-1] - draws[0]) * 1000


def waits(marks: Marks) -> list[float]:
    """From each move to the first picture drawn after it and before the next move."""
    found = []
    for move, following in pairwise([*marks["moves"], float("inf")]):
        found += [draw - move for draw in marks["draws"] if move < draw < following][:1]
    return found


def late(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


@contextmanager
def server(app: Path | None = None) -> Iterator[str]:
    """The address of a server of its own: ours, or another app."""
    port = free_port()
    process = start_server(port) if app is None else start_server(port, app=app)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def opened(browser: Browser, address: str = "about:blank") -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(30_000)
    try:
        page.goto(address)
        yield page
    finally:
        page.close()


def watch(page: Page, picture: Locator, attribute: str) -> None:
    page.evaluate(WATCH)
    picture.evaluate(DRAWN, attribute)


def live_page(page: Page, stage: str) -> Locator:
    """The picture of a stage, watched, on a page that has come to rest."""
    page.wait_for_selector("h1")
    wait_until(page, "window.cnnLive?.open")
    settle(page)
    picture = panel(page, stage).locator(".frame canvas")
    watch(page, picture, "data-updates")
    return picture


def usual_waits(browser: Browser, address: str) -> list[float]:
    """Ten moves of the usual page's slider, which tells its value when the hand lets go."""
    found = []
    with opened(browser, address) as page:
        picture = page.locator("[data-testid=stImage] img")
        picture.wait_for()
        settle(page)
        watch(page, picture, "src")
        for step in range(10):
            after = drag(page, page.get_by_role("slider"), (2 + step, 0), 3, 0.05)[1]
            found += [draw - after["up"] for draw in after["draws"]][:1]
    return found


def beside_the_usual_way(browser: Browser) -> list[Row]:
    """The same gesture in turns: the middle of a 3 x 3 kernel on 512 x 512 grey pixels.

    At 60 frames a second no way can take less than a frame, 17 ms; a browser that draws whenever there is something new shows
    the two ways themselves.
    """
    ours, theirs, rates, links, finals, hovers, ours_free, theirs_free = ([] for _ in range(8))
    free = browser.browser_type.launch(executable_path=chromium.find(), args=[*chromium.FLAGS, *NO_FRAME_RATE])
    with server() as base, server(BASELINE) as usual:
        kernel_page = f"{base}/kernel?kernel=-1+0+1%3B+-2+0+2%3B+-1+0+1"
        for _ in range(ROUNDS):
            with opened(browser, kernel_page) as page:
                picture, cell = live_page(page, "convolution"), page.get_by_label("row 2, column 2")
                rates.append(pictures_a_second(page, cell, "drag"))
                for _ in range(3):
                    moving, after = drag(page, cell, (0, -1), 20, 0.06)
                    ours += waits(moving)
                    links.append(after["links"][-1] - after["up"])
                    finals.append(after["draws"][-1] - after["up"])
                hovers += hover(page, picture)
            theirs += usual_waits(browser, usual)
            with opened(free, kernel_page) as page:
                live_page(page, "convolution")
                ours_free += waits(drag(page, page.get_by_label("row 2, column 2"), (0, -1), 60, 0.06)[0])
            theirs_free += usual_waits(free, usual)
    free.close()
    middle, other, middle_free, other_free = map(statistics.median, (ours, theirs, ours_free, theirs_free))
    return [
        ("hand to pixels, median", f"{middle:.1f} ms", "20 ms"),
        ("hand to pixels, 95th percentile", f"{late(ours):.1f} ms", "35 ms"),
        ("pictures a second while the hand moves", f"{statistics.median(rates):.0f}", "50"),
        ("link up to date after release", f"{statistics.median(links):.0f} ms", "250 ms"),
        ("page run again and at rest after release", f"{statistics.median(finals):.0f} ms", "250 ms; goal 150"),
        ("hovering, window and value, median", f"{statistics.median(hovers):.1f} ms", "30 ms"),
        ("hovering, 95th percentile", f"{late(hovers):.1f} ms", ""),
        ("the usual way, hand to pixels, median", f"{other:.0f} ms", ""),
        ("times as fast as the usual way, of which ours waits one frame", f"{other / middle:.1f}", ""),
        ("without a frame rate: hand to pixels, median", f"{middle_free:.1f} ms", ""),
        ("without a frame rate: the usual way, median", f"{other_free:.0f} ms", ""),
        ("without a frame rate: times as fast as the usual way", f"{other_free / middle_free:.1f}", "6; goal 8"),
    ]


def hover(page: Page, picture: Locator) -> list[float]:
    """Waiting times from a move over the picture to the window and value shown for it."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    page.locator("section.detail").evaluate(DRAWN, None)
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.wait_for_timeout(500)
    marks_of(page)
    for step in range(60):
        page.mouse.move(box["x"] + 20 + 2 * step, box["y"] + 20 + step)
        time.sleep(0.06)
    return waits(marks_of(page))


def eight_kernels(browser: Browser) -> list[Row]:
    """All weights of eight kernels on a colour image, one mosaic of 8 x 510 x 510."""
    with server() as base, opened(browser, f"{base}/channels?colour=Colour") as page:
        live_page(page, "maps")
        slider = page.locator(".st-key-_channels_walk_slider input[type=range]")
        rates = [pictures_a_second(page, slider, "value") for _ in range(ROUNDS)]
    return [("pictures a second, RGB, 8 kernels", f"{statistics.median(rates):.0f}", "30")]


def opening(browser: Browser) -> list[Row]:
    """First pictures on a warm server, and switching pages, for every page."""
    pages = [page for section in PAGES.values() for page in section]
    first: dict[str, list[float]] = {page.title: [] for page in pages}
    switch: dict[str, list[float]] = {page.title: [] for page in pages}
    with server() as base, opened(browser) as page:
        page.add_init_script(f"window.seen = {SEEN}; seen().then((time) => (window.firstPicture = time));")
        for turn in range(ROUNDS + 1):  # the first warms the server
            for one in pages:
                page.goto("about:blank")
                page.goto(f"{base}/{'' if one.default else one.file.replace('_', '-')}")
                wait_until(page, "window.firstPicture")
                first[one.title] += [page.evaluate("firstPicture")] * (turn > 0)
                settle(page)
            for one in pages:
                link = in_menu(page, one.title)
                heading = "CNN Visualiser" if one.default else one.title
                switch[one.title] += [link.evaluate(SWITCH, heading)] * (turn > 0)
                settle(page)
    rows = []
    first_bars, switch_bars = ("1500 ms; goal 700", "1500 ms; goal 1000"), ("700 ms", "700 ms")
    for title, times, bars in (
        ("first picture, warm server", first, first_bars),
        ("switching pages", switch, switch_bars),
    ):
        medians = {name: statistics.median(values) for name, values in times.items()}
        slowest = max(medians, key=lambda name: medians[name])
        rows.append(
            (f"{title}, median of {len(times)} pages", f"{statistics.median(medians.values()):.0f} ms", bars[0])
        )
        rows.append((f"the same, slowest page ({slowest})", f"{medians[slowest]:.0f} ms", bars[1]))
    return rows


def main() -> None:
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        for part in (eight_kernels, beside_the_usual_way, opening):
            found = part(browser)
            rows += found
            print("\n".join(f"{name}: {value}  (bar {bar or 'none'})" for name, value, bar in found), flush=True)
        browser.close()
    table = ["| | measured | bar |", "| --- | ---: | ---: |"] + [f"| {' | '.join(row)} |" for row in rows]
    text = f"{machine()}; headless Chromium and the servers on the same cores; 512 x 512 pixels, 3 x 3 kernels."
    write("The page", [text, "", *table])


if __name__ == "__main__":
    main()
