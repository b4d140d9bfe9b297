"""What stands around every page: page config, navigation, the image picker, presentation mode."""

import sys
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # this file is run as a script, and everything is imported from the root
    sys.path.insert(0, str(ROOT))

from instruments.fields import Switch  # noqa: E402
from server.shares import PAGE_RUNS  # noqa: E402
from ui import controls, image_source, progress, settings  # noqa: E402
from ui.components.files import catch_up  # noqa: E402
from ui.components.first_picture import component as first_picture  # noqa: E402
from ui.left_behind import forgetting_left_pages  # noqa: E402
from ui.site import PAGES, TEACHING, named  # noqa: E402

LARGE = Switch("large", "Large type for a projector", False)

st.set_page_config("CNN Visualiser", ROOT / "assets" / "icon.png", layout="wide")

sections = PAGES | {"Tools": [*PAGES["Tools"], TEACHING]}


def navigation() -> StreamlitPage:
    """Draw the list of pages, with ticks as they stand; returns the page that is open."""
    pages = {
        section: [
            st.Page(
                one.path,
                title=named(one),
                icon=progress.icon(one),
                url_path=one.url_path,
                default=one.default,
                help=progress.told(one),
            )
            for one in pages
        ]
        for section, pages in sections.items()
    }
    return st.navigation(pages, expanded=True)


page = navigation()
if progress.visit(page.url_path.replace("-", "_")):
    page = navigation()  # with its tick, now that it is known which page is open
with forgetting_left_pages():
    catch_up()
    settings.begin(page.url_path)
    if settings.first_run():
        first_picture.begin()
    with st.sidebar:
        beside_picker, below_picker = image_source.choose()
        v = settings.resolved([LARGE])
        controls.toggle(v, LARGE)
        if v[LARGE]:
            st.html(ROOT / "ui" / "projector.css")
    with PAGE_RUNS.take(image_source.cost()):  # large images wait for each other
        with below_picker:
            image_source.fit_memory()
        page.run()
    with beside_picker:
        image_source.say_unused()
    settings.end()
    image_source.drop_old_maps()
    first_picture.watch()
