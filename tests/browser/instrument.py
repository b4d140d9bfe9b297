"""How the tests read the viewer: shapes, ranges and pixels as they stand on the page."""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from ui.palette import diverging


def panel(page: Page, stage: str):
    return page.locator(f'figure[data-stage="{stage}"]')


def expect_shape(page: Page, stage: str, shape: tuple[int, ...]) -> None:
    expect(panel(page, stage).locator(".shape")).to_have_text(" × ".join(map(str, shape)))


def range_of(page: Page, stage: str) -> str:
    return panel(page, stage).locator(".found").inner_text()


def pixels(page: Page, stage: str) -> NDArray[np.uint8]:
    """The canvas as (H, W, 3)."""
    data = (
        panel(page, stage)
        .locator(".frame canvas")
        .evaluate(
            """canvas => [canvas.height, canvas.width,
           Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)]"""
        )
    )
    return np.array(data[2], np.uint8).reshape(data[0], data[1], 4)[..., :3]


def coloured(values: NDArray[np.floating], end: float) -> NDArray[np.uint8]:
    """What a map of these values must look like, worked out apart from the app's own scaling."""
    index = np.floor(np.clip((values + end) / (2 * end) * 255 + 0.5, 0, 255)).astype(int)
    return diverging()[index]


def in_menu(page: Page, title: str) -> Locator:
    """The link to a page in the navigation, whatever number the lesson gives it."""
    name = re.compile(rf"^(\d+ )?{re.escape(title)}$")
    return page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)


def updates(page: Page, stage: str) -> int:
    return int(panel(page, stage).locator(".frame canvas").get_attribute("data-updates") or 0)


def wait_until(page: Page, holds: str | Callable[[], object], timeout: int = 30_000) -> None:
    """Ask again and again until a JavaScript expression, or a function, is true; Playwright's own waiting needs eval, which
    the app's Content-Security-Policy forbids."""
    for _ in range(timeout // 50):
        if page.evaluate(holds) if isinstance(holds, str) else holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"still false after {timeout} ms: {holds}")


# Streamlit puts a component on the page before its script is there, and the script its parts before their pictures.
_DRAWN = """!document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')].every(({shadowRoot}) =>
        shadowRoot?.childElementCount > 1
        && !shadowRoot.querySelector(".waiting")
        && [...shadowRoot.querySelectorAll("figure .frame canvas")].every((canvas) => canvas.dataset.updates))"""


def settle(page: Page) -> None:
    """Wait until Streamlit has finished running and every instrument's pictures have been drawn."""
    page.wait_for_timeout(400)
    wait_until(page, '!document.querySelector(\'[data-testid="stApp"][data-test-script-state="running"]\')')
    wait_until(page, "!document.querySelector('[data-stale=\"true\"]')")
    wait_until(page, _DRAWN)
    page.wait_for_timeout(250)


def and_then(page: Page) -> None:
    """Open what waits on the kernel page: stride, padding, ReLU, pooling."""
    page.get_by_test_id("stMain").get_by_text("And then").click()
    page.locator(".st-key-kernel_stride input").wait_for(state="visible")
    page.wait_for_timeout(500)


def upload(page: Page, name: str, data: bytes) -> None:
    """Give the page a photo of one's own."""
    page.get_by_test_id("stExpander").get_by_text("Your own photo").click()
    field = page.locator("[class*='st-key-_upload'] input[type=file]")
    field.set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
