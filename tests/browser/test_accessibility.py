"""axe finds nothing serious or critical on any page, in light and dark, but in Streamlit's own elements, listed here."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.instrument import settle
from ui.site import PAGES, TEACHING

STREAMLITS_OWN = (  # (rule, selector)
    ("list", '[data-testid="stSidebarNavItems"]'),  # a list whose sections are wrapped in other elements
    ("listitem", '[data-testid="stSidebarNavItems"] li'),
    ("color-contrast", "code .token"),  # the colours of st.code
    (
        "scrollable-region-focusable",
        ".katex-display",
    ),  # a formula wider than its column scrolls, by touch or wheel only
)


@pytest.mark.parametrize("file", [page.file for pages in (*PAGES.values(), [TEACHING]) for page in pages])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe(visit, file, scheme) -> None:
    page = visit("" if file == "home" else f"{file.replace('_', '-')}?size=64", color_scheme=scheme)
    settle(page)
    page.wait_for_timeout(700)  # plots fade in
    result = Axe().run(page, options={"resultTypes": ["violations"]}).response
    found = []
    for violation in result["violations"]:
        for node in violation["nodes"]:
            target = node["target"][0]
            ours = isinstance(
                target, list
            )  # every component of ours lives in a shadow root, Streamlit's elements do not
            known = not ours and any(
                rule == violation["id"]
                and page.locator(target).first.evaluate("(node, own) => node.matches(own)", selector)
                for rule, selector in STREAMLITS_OWN
            )
            if violation["impact"] in ("serious", "critical") and not known:
                found.append((violation["id"], target, node["html"][:200]))
    assert found == []
