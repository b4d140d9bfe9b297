"""A network as cards from left to right, with live maps; hovering shows what a map reads and feeds, and clicking opens it."""

from collections.abc import Callable, Sequence
from typing import Any

from cnn_core.arguments import Pair
from ui.components.files import component, mount
from ui.palette import diverging_tables

_mount = component("graph_viewer", "scrolling")


def graph_viewer(
    key: str,
    cards: Sequence[dict[str, Any]],
    chosen: tuple[str, int, Pair | None] | None,
    size: Pair,
    hint: str,
    opened: str,
    heading: str,
    narrow: bool,
    on_pick: Callable[[Any], None],
) -> None:
    """Draw the overview.

    Args:
        key: key of the component in the session.
        cards: as shared/types.js declares them, the input first, each after those that it reads.
        chosen: the card and the map that are open, and the row and column of it that are looked at, if they are.
        size: (H, W) of the input.
        hint: what to do, said while nothing is pointed at.
        opened: what is open below, said in its place, as the way there.
        heading: id of the heading there.
        narrow: whether cards show their names and a column of maps only, so that more of them are in sight.
        on_pick: called before the page runs with what the browser sent: {"card", "map"}, {"fold"}, {"unfold"}
            or {"narrow"}.
    """
    data = {
        "cards": list(cards),
        "chosen": chosen and dict(zip(("card", "map", "place"), chosen, strict=True)),
        "input": list(size),
        "narrow": narrow,
        "hint": {"first": hint, "opened": opened, "heading": heading},
        "tables": diverging_tables(),
    }
    mount(_mount, key, data, "pick", on_pick)
