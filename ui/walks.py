"""How a walk over a small grid is shown."""

from instruments.window_walk import Walk
from ui import lesson
from ui.components.window_explorer.component import explorer_data, window_explorer


def walk_explorer(key: str, walk: Walk, titles: tuple[str, str, str], picture: bool = False, end: float = 0.0) -> None:
    """Draw a walk that nobody asks about.

    Args:
        key: key of the component in the session.
        walk: what is walked over.
        titles: of input, kernel and output.
        picture: whether the input is an image, and keeps its greys.
        end: of the output's colour scale, at least: that of the map which it is a part of.
    """
    mode = "max" if walk.weights is None else "zeros"
    data = explorer_data(walk.input, walk.output, walk.rows, walk.columns, walk.weights, mode, walk.bias, picture, end)
    window_explorer(key, data, titles, walk.at, lesson.dark(), lambda _: None)
