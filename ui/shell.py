"""What stands around every page: page config, navigation, the image picker, presentation mode."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # this file is run as a script, and everything is imported from the root
    sys.path.insert(0, str(ROOT))

from live import limits  # noqa: E402
from ui import image_source  # noqa: E402
from ui.components.files import catch_up  # noqa: E402
from ui.components.first_picture import component as first_picture  # noqa: E402
from ui.session import forgetting_left_pages  # noqa: E402
from ui.site import PAGES  # noqa: E402

st.set_page_config("CNN Visualiser", ROOT / "assets" / "icon.png", layout="wide")

page = st.navigation(
    {
        section: [
            st.Page(
                ROOT / "pages" / f"{p.file}.py",
                title=p.title,
                icon=p.icon,
                url_path=p.file.replace("_", "-"),
                default=p.default,
            )
            for p in pages
        ]
        for section, pages in PAGES.items()
    },
    expanded=True,
)
st.html(ROOT / "ui" / "shell.css")
with forgetting_left_pages():
    catch_up()
    st.session_state["_readers"] = {}  # filled by the controls of this run
    with st.sidebar:
        below_picker = image_source.choose()
        if st.toggle("Large type for a projector", key="large", bind="query-params"):
            st.html(ROOT / "ui" / "projector.css")
    with limits.RUNS.take(image_source.cost()):  # large images wait for each other
        with below_picker:
            image_source.fit_memory()
        page.run()
    image_source.drop_old_maps()
    first_picture.watch()
