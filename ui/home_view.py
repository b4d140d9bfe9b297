"""How home shows the network, the sum behind one value, and the three doors."""

from dataclasses import replace

import numpy as np
import streamlit as st

from cnn_core import networks
from cnn_core.arguments import Array
from instruments import network
from instruments.fields import Values
from instruments.home import SIZES, unit
from instruments.network import CHANNEL, COLUMN, ROW
from instruments.overview_settings import MODEL
from ui import cache, formulas, image_source, network_view, progress
from ui.check_yourself import ANCHOR, so_far
from ui.components.feature_viewer.component import map_viewer
from ui.site import QUESTIONS, STEPS, TEACHING, info
from ui.walks import walk_explorer

TITLES = {"fc1": "Dense", "fc2": "Answers"}  # shorter than on the network's own page
AROUND = 3  # outputs a side beside the one whose sum is shown: all of it fits on a projector
CLICKED = "_home_clicked"  # the place of a click, until its sum is shown
# What one can do with a photo: page, words, and what is chosen there.
PHOTO: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("network", "See a network of photos at work on it", {MODEL.key: "squeezenet"}),
    ("why_this_answer", "See why it names it so", {}),
    ("kernel", "Let kernels find its edges", {}),
    ("features", "Cut out an eye, find the face", {}),
    ("faces", "Find the faces in it", {}),
)


def title(words: str) -> None:
    """The app's name, and beside it, as on every page, the way to the questions."""
    page, count = progress.unanswered(), QUESTIONS * len(STEPS)
    with st.container(key="_title_line", horizontal=True, vertical_alignment="center"):
        st.title(words, width="stretch")
        with st.container(key="_to_questions", width="content"):
            st.page_link(
                page.path,
                label=f"Check yourself: **{so_far(progress.right(), count)}**",
                icon=":material/quiz:",
                query_params={"to": ANCHOR},
            )


def photo() -> None:
    """The photo that is looked at, and what becomes of it."""
    image = image_source.chosen()
    st.image(cache.input_picture(image.digest, image.pixels), alt=image.label, width="stretch")
    st.markdown(
        "What stands out of it, bright on dark, made small and centred as digits are, is the network's **input**. "
        "This network knows nothing but digits."
    )


def graph(source: str, digit: Array, trace: dict[str, Array]) -> None:
    """The network's pictures; a click opens the sum behind a value. `source` says where the digit comes from."""

    def clicked(place: object) -> None:
        st.session_state[CLICKED] = place

    panels = [replace(one, title=TITLES.get(one.name, one.title)) for one in network_view.panels(SIZES, trace)]
    map_viewer("home_maps", panels, on_click=clicked)
    place = st.session_state.pop(CLICKED, None)
    if (v := unit(place)) is not None and isinstance(place, dict):
        st.dialog(f"How this value of map {v[CHANNEL]} was computed", width="large")(_explained)(
            str(place["stage"]), v, source, digit, trace
        )


def _explained(stage: str, v: Values, source: str, digit: Array, trace: dict[str, Array]) -> None:
    """Window x kernel + bias of one unit, and what became of the result."""
    y, x, maps = v[ROW], v[COLUMN], trace["conv1"][v[CHANNEL]]
    end = float(np.abs(trace["conv1"]).max())  # as the pictures': a number keeps its colour
    if stage == "pool":
        words = "Max pooling keeps the **largest** value of each 2 × 2 window of the map after ReLU."
        st.markdown(f"{words} Tap or point at a value, or walk with the arrows.")
        walk_explorer("home_pool_sum", network.pooling_around(v, trace), ("ReLU", "", "Max pooling"), end=end)
    else:
        st.markdown(
            f"Each number of the window times the number of kernel {v[CHANNEL]} at the same place, all added up, and the bias."
            " Tap or point at a value, or walk with the arrows."
        )
        walk = network.convolution_around(v, networks.load("digits"), digit, AROUND)
        titles = ("Input", f"Kernel {v[CHANNEL]}", f"Map {v[CHANNEL]}")
        walk_explorer("home_sum", walk, titles, picture=True, end=end)
        if stage == "relu":
            before, after = (formulas.number(value) for value in (maps[y, x], max(maps[y, x], 0)))
            st.markdown(f"ReLU then keeps what is above 0: max(0, {before}) = **{after}**.")
    query = {field.key: field.write(v[field]) for field in (CHANNEL, ROW, COLUMN)} | {network.DIGIT.source.key: source}
    st.page_link(
        info("network").path,
        label="The same on the page of the whole network",
        icon=":material/account_tree:",
        query_params=query,
    )


def doors() -> None:
    """The lesson in order, a photo of one's own, and what teachers need."""
    with st.container(key="_doors"):
        lesson, photo, teachers = st.columns(3)
    with lesson.container(border=True, height="stretch"):
        _lesson()
    with photo.container(border=True, height="stretch"):
        st.subheader("My photo")
        st.markdown("Choose it in the menu: it stays in memory, and goes with this page. Then:")
        for file, words, query in PHOTO:
            st.page_link(info(file).path, label=words, icon=info(file).icon, query_params=query)
    with teachers.container(border=True, height="stretch"):
        st.subheader("For teachers")
        st.markdown(
            "What is set on a page stands in its address: set up a screen, and **send the class its link**. "
            "**Large type for a projector** is a switch in the menu."
        )
        st.page_link(TEACHING.path, label="How a 45-minute lesson goes", icon=TEACHING.icon)


def _lesson() -> None:
    st.subheader("The lesson, in order")
    seen, following = len(progress.visited()), progress.following()
    st.progress(seen / len(STEPS), f"{seen} of {len(STEPS)} steps visited")
    st.markdown(
        "From one pixel to a network that you train: each step is a page to play with, and asks three questions."
    )
    if following is None:
        st.markdown("You have been everywhere. **Check yourself** on each page has new numbers every time.")
    elif st.button(f"Go on: {following.title}" if seen else "Start", type="primary", icon=":material/arrow_forward:"):
        st.switch_page(following.path)
