"""The site map: every page once, in the order of the lesson."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class PageInfo(NamedTuple):
    """A page's file in pages/, which is its URL path too, and how navigation shows it."""

    file: str
    title: str
    icon: str
    idea: str  # one line for the home page
    default: bool = False


PAGES: dict[str, list[PageInfo]] = {
    "Start": [PageInfo("home", "Home", ":material/home:", "The whole pipeline as one picture.", default=True)],
    "Components": [
        PageInfo("kernel", "Kernel", ":material/grid_on:", "Edit a kernel and watch the whole image answer."),
    ],
}
