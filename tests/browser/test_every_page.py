"""Every page opens by its link, fits its screen, and axe finds nothing serious or critical on it but what is listed here."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.instrument import settle
from ui.site import PAGES, TEACHING

STREAMLITS_OWN = (  # (rule, selector)
    ("list", '[data-testid="stSidebarNavItems"]'),  # a list whose sections are wrapped in other elements
    ("listitem", '[data-testid="stSidebarNavItems"] li'),
    ("color-contrast", "code .token"),  # the colours of st.code
    # A formula or, on a phone, a table wider than its column scrolls, by touch or wheel only.
    ("scrollable-region-focusable", '.katex-display, [data-testid="stMarkdownContainer"]'),
)
FILES = [page.file for pages in (*PAGES.values(), [TEACHING]) for page in pages]
# Each page on a phone in light or at a desk in dark; the other of the two in `make soak`.
SCREENS = [
    pytest.param(file, *screen, marks=() if number % 2 == turn else pytest.mark.soak)
    for number, file in enumerate(FILES)
    for turn, screen in enumerate([(400, "light"), (1440, "dark")])
]


def troubles(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds serious or critical: rule, where, and the element."""
    result = Axe().run(page, options={"resultTypes": ["violations"]}).response
    found = []
    for violation in result["violations"]:
        for node in violation["nodes"]:
            target = node["target"][0]
            ours = isinstance(target, list)  # our components live in a shadow root, Streamlit's elements do not
            known = not ours and any(
                rule == violation["id"]
                and page.locator(target).first.evaluate("(node, own) => node.matches(own)", selector)
                for rule, selector in STREAMLITS_OWN
            )
            if violation["impact"] in ("serious", "critical") and not known:
                found.append((violation["id"], target, node["html"][:200]))
    return found


@pytest.mark.parametrize(("file", "width", "scheme"), SCREENS)
def test_a_page_opens_by_its_link_fits_and_can_be_used_by_everybody(visit, file, width, scheme) -> None:
    page = visit("" if file == "home" else file.replace("_", "-"), width=width, scheme=scheme)
    settle(page)
    assert page.locator('[data-testid="stMain"]').evaluate("main => main.scrollWidth - main.clientWidth") <= 1
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    page.wait_for_timeout(700)  # plots fade in
    assert troubles(page) == []
