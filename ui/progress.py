"""How far a session has come in the lesson: the steps that were opened, and the questions that were answered there."""

import streamlit as st

from ui.check_yourself import asked, progress
from ui.site import QUESTIONS, STEPS, PageInfo

VISITED, ALL_RIGHT = ":material/check:", ":material/done_all:"


def _visited() -> set[str]:
    visited: set[str] = st.session_state.setdefault("_visited", set())
    return visited


def visit(file: str) -> bool:
    """Note that the page of this name is open; answers whether it is for the first time."""
    new = file not in _visited()
    _visited().add(file)
    return new


def visited() -> list[PageInfo]:
    """The steps of the lesson that were open in this session, in order."""
    return [page for page in STEPS if page.file in _visited()]


def following() -> PageInfo | None:
    """The step that comes next: the first that was not open yet; None at the end."""
    return next((page for page in STEPS if page.file not in _visited()), None)


def right() -> int:
    """How many questions of the lesson were answered rightly in this session."""
    return sum(progress(page.file) for page in STEPS)


def unanswered() -> PageInfo:
    """The first step with questions that were not answered rightly yet; at the end the first of all."""
    return next((page for page in STEPS if progress(page.file) < QUESTIONS), STEPS[0])


def icon(page: PageInfo) -> str:
    """A page's sign in the navigation; ticks take its place, so that nothing moves."""
    if page not in STEPS or page.file not in _visited():
        return page.icon
    return ALL_RIGHT if asked(page.file) and progress(page.file) == asked(page.file) else VISITED


def told(page: PageInfo) -> str:
    """What the navigation says of a page beside its name, for those who do not see the ticks too."""
    if page not in STEPS or page.file not in _visited():
        return page.idea
    right = f" {progress(page.file)} of {asked(page.file)} questions right." if progress(page.file) else ""
    return f"{page.idea} Visited.{right}"
