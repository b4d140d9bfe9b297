"""The order of a lesson page: idea, instrument, formula, Check yourself, In code, share and download."""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.images import encode_png, to_bytes
from instruments.code import NONE
from instruments.fields import Choice, Values
from instruments.stages import scale_limits
from live.pictures import drawable, mosaic
from ui import check_yourself, controls, downloads, image_source, left_behind, settings
from ui.components.copy_link.component import copy_link
from ui.components.first_picture import component as first_picture
from ui.controls import plain
from ui.palette import colourise
from ui.site import PAGES, QUESTIONS, PageInfo

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from instruments.questions.any_network import Facts

FORMULA_MARGIN, FORMULA_LINE = 20, 54  # pixels, about
CHECK, CODE, SHARE, AROUND = 440, 120, 250, 80  # pixels that these parts of a page take, about


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"


class Page:
    """A lesson page: it knows its name, its title and its neighbours.

    Args:
        name: of its file in pages/, by which the site map knows it.
        idea: one sentence that says the idea.
        first: what to try first.
    """

    def __init__(self, name: str, idea: str, first: str) -> None:
        pages = [page for section in PAGES.values() for page in section]
        place = [page.file for page in pages].index(name)
        self.name, self.title = name, pages[place].title
        self.before = pages[place - 1] if place else None
        self.after = pages[place + 1] if place + 1 < len(pages) else None
        with st.container(key="_title_line", horizontal=True, vertical_alignment="center"):
            st.title(self.title, width="stretch")
            words = check_yourself.so_far(check_yourself.progress(name), QUESTIONS)
            st.markdown(f"[{words} ↓](#{check_yourself.ANCHOR})", width="content")
            way(self.before, self.after)
        st.markdown(f"{idea} :material/touch_app: **Try first:** {first}")
        image_source.keep_place()

    def check_yourself(self, about: "Facts | None" = None) -> None:
        """The page's questions, one at a time, about a network if it shows one."""
        if not waits(CHECK):
            check_yourself.draw(self.name, about)

    def in_code(self, v: Values, library: Choice, programs: Mapping[str, str]) -> None:
        """The current settings as code for the library that is chosen. Nothing is drawn before: a browser needs more than
        half a second for its first coloured code, and the picture would wait for it.

        Args:
            v: the values of this run.
            library: the page's field that chooses.
            programs: code by the words of the choice.
        """
        if waits(CODE):
            return
        st.subheader("In code")
        controls.optional_buttons(v, library, "Show the code", none=NONE)
        if v[library] != NONE:
            words = library.words[v[library]]
            st.code(programs[words], language="python", wrap_lines=True)  # a phone has no keys to scroll

    def share(self, maps: Array, name: str = "output") -> None:
        """Link to this screen; the page's result as picture and numbers; its settings to a file and back.

        Args:
            maps: (C, H, W), the result that is downloaded.
            name: what the result is called in file names.
        """
        if waits(SHARE):
            return
        st.subheader("Share and download")
        st.markdown("The link holds every setting, but not your own photo or model.")
        copy_link(f"_{self.name}_link")
        saved = settings.to_file()
        buttons: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
            ("Picture (PNG)", lambda: coloured_png(maps), f"{self.name}-{name}.png", "image/png"),
            ("Numbers (CSV)", lambda: _csv(maps), f"{self.name}-{name}.csv", "text/csv"),
            ("Numbers (NPY)", lambda: _npy(maps), f"{self.name}-{name}.npy", "application/octet-stream"),
            ("Settings (JSON)", lambda: saved, f"{self.name}-settings.json", "application/json"),
        )
        with st.container(horizontal=True):
            for text, make, file, kind in buttons:
                making = downloads.in_turn(make, 24 * maps.size)
                st.download_button(text, making, file, kind, on_click="ignore", width="stretch")
        with st.expander("Load settings", icon=":material/upload_file:"):
            key = f"_{self.name}_settings"
            words = "A settings file from this page (JSON)"
            st.file_uploader(words, key=left_behind.fresh(key), on_change=_load, args=(key,), max_upload_size=1)
            for sentence in settings.file_sentences():
                controls.say(sentence)

    def around(self) -> None:
        """Links to the page before and the page after, at the foot."""
        if waits(AROUND):
            return
        st.divider()
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            way(self.before, self.after)


def way(before: PageInfo | None, after: PageInfo | None) -> None:
    """Links to the page before and the page after."""
    if before:
        st.page_link(before.path, label=f"Back: {before.title}", icon=":material/arrow_back:")
    if after:
        words, icon = f"Next: {after.title}", ":material/arrow_forward:"
        st.page_link(after.path, label=words, icon=icon, icon_position="right")


def _load(key: str) -> None:
    if (file := left_behind.take(key)) is not None:
        settings.give_file(file.getvalue())


def waits(height: int) -> bool:
    """Whether a part of the page below its pictures waits, in a session's first second; then its place is kept, so many pixels.

    A browser has a fifth less to do until the first picture stands.
    """
    later = not first_picture.drawn()
    if later:
        st.space(height)
    return later


def formula(tex: str) -> None:
    """A formula, in a session's first second its place: KaTeX would hold up the first picture by 0.1 s.

    Where it is too long for the page, it goes on below, after a sign or at a wide space.
    """
    if first_picture.drawn():
        st.latex(tex.replace(r"\qquad ", r"\qquad \allowbreak "))
    else:
        st.space(FORMULA_MARGIN + FORMULA_LINE * (tex.count(r"\\") + 1))


def charts(key: str, figures: Mapping[str, Callable[[], "go.Figure"]], height: int = 320) -> None:
    """Plotly's charts side by side, in a session's first second their place: its script holds a browser for half a second.

    Args:
        key: start of the charts' keys in the session.
        figures: what makes each, by its description in words.
        height: of each, in pixels.
    """
    for number, (column, (alt, make)) in enumerate(zip(st.columns(len(figures)), figures.items(), strict=True)):
        if first_picture.drawn():
            column.plotly_chart(make(), height=height, key=f"{key}_{number}", alt=alt, config={"displayModeBar": False})
        else:
            column.space(height)  # in each column: on a phone they stand below each other


def table(columns: Mapping[str, Iterable[object]]) -> None:
    """A small table, a list of cells under each heading; as text, which a phone wraps and a screen reader reads, and for which
    neither the server needs pandas nor the browser a grid's script.

    Args:
        columns: cells by heading; a column mostly of numbers stands to the right.
    """
    cells = [[str(cell) for cell in column] for column in columns.values()]
    counted = [sum(bool(re.match(r"[<>]? ?-?\d", cell)) for cell in column) for column in cells]
    sides = ["---:" if 2 * numbers > len(column) else ":---" for numbers, column in zip(counted, cells, strict=True)]
    lines = [map(plain, columns), sides, *(map(plain, row) for row in zip(*cells, strict=True))]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def coloured_png(maps: Array) -> bytes:
    """Maps (C, H, W) side by side, blue below and orange above 0, as PNG."""
    maps = drawable(maps)
    end = scale_limits(float(maps.min()), float(maps.max()))[1]
    return encode_png(colourise(to_bytes(mosaic(maps)[0], -end, end)))


def _csv(maps: Array) -> bytes:
    """One row of numbers a line; maps one below the other, each after a line with its number.

    Nine digits tell every float32 apart, so that what is read back is what was there.
    """
    buffer = io.BytesIO()
    for number, one in enumerate(maps):
        buffer.write(f"# map {number}: {one.shape[0]} x {one.shape[1]}\n".encode())
        np.savetxt(buffer, one, fmt="%.9g", delimiter=",")
    return buffer.getvalue()


def _npy(maps: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, maps, allow_pickle=False)
    return buffer.getvalue()
