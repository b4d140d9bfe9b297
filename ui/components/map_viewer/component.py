"""Maps and images as pictures side by side; hovering tells a value, what it reads and what reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import streamlit as st

from cnn_core.arguments import Array, Pair
from cnn_core.images import encode_png, to_bytes
from cnn_core.shapes import Axis
from instruments.stages import scale_limits
from live.pictures import mosaic
from ui import cache
from ui.components.files import component, mount
from ui.image_source import ChosenImage, map_tickets, ticket
from ui.palette import diverging_tables

Scale = Literal["diverging", "sequential", "grey", "colour"]
Box = tuple[int, int, int, int]  # top, left, height, width


@dataclass(frozen=True)
class Reads:
    """What each cell of a panel reads from another one: the frame that hovering draws there, and the other way round.

    how "same": the cell at the same row and column. "row", "column": all that stand in it. "all": every cell. "window": those that the axes' window covers at that
    row and column. From the map of the same number (channels "own") or from all maps. `transposed` turns a window round: the
    other panel's cells are its results, this panel's cells are what they were made of, as for a gradient of the input.

    >>> from cnn_core.shapes import window_axes
    >>> rows, columns = window_axes((28, 28), (5, 5), 1, 0, 1)
    >>> Reads("input", "window", rows, columns, channels="all").panel
    'input'
    """

    panel: str
    how: Literal["same", "row", "column", "all", "window"]
    rows: Axis | None = None
    columns: Axis | None = None
    channels: Literal["own", "all"] = "own"
    transposed: bool = False

    def __post_init__(self) -> None:
        if (self.how == "window") != (self.rows is not None and self.columns is not None):
            raise ValueError(f'rows and columns must be given for how "window" and for nothing else, got {self.how!r}')

    def message(self) -> dict[str, Any]:
        """As the browser reads it."""
        return {
            "panel": self.panel,
            "how": self.how,
            "channels": self.channels,
            "transposed": self.transposed,
            "rows": _axis_message(self.rows),
            "columns": _axis_message(self.columns),
        }


def _axis_message(axis: Axis | None) -> dict[str, int] | None:
    if axis is None:
        return None
    return {
        "size": axis.size,
        "kernel": axis.kernel_size,
        "stride": axis.stride,
        "before": axis.before,
        "dilation": axis.dilation,
        "outputs": axis.output_size,
    }


def values_scale(maps: Array) -> Scale:
    """Around 0 for maps with negative values; from 0 on for those without.

    >>> values_scale(np.array([[[0.0, 1.0]]])), values_scale(np.array([[[-1.0, 1.0]]]))
    ('sequential', 'diverging')
    """
    return "sequential" if maps.min() >= 0 else "diverging"


def picture_scale(maps: Array) -> Scale:
    """Of an image after a convolution: in grey where it is an image again, as after a blur; around 0 with negative values.

    >>> picture_scale(np.array([[[0.0, 1.0]]])), picture_scale(np.array([[[-1.0, 1.0]]]))
    ('grey', 'diverging')
    """
    return "grey" if maps.min() >= 0 else "diverging"


def kernel_gradient_axis(axis: Axis) -> Axis:
    """How one tap of a kernel's gradient reads the input: what the tap met in every window of this axis.

    >>> from cnn_core.shapes import make_axis
    >>> kernel_gradient_axis(make_axis(7, kernel_size=3, stride=2, padding=(1, 1))).window(0)
    [-1, 1, 3, 5]
    """
    return Axis(axis.size, axis.output_size, axis.dilation, axis.before, axis.after, axis.stride, axis.kernel_size)


class Legend(NamedTuple):
    """What colours that lie over a picture stand for, from the left end of a bar to the right one."""

    colours: Sequence[str]  # CSS, at equal distances
    words: Sequence[str]  # below both ends, or the ends and the middle


@dataclass(frozen=True, eq=False)
class MapPanel:
    """One picture of `map_viewer`.

    Attributes:
        name: by which other panels and places call it.
        title: its heading.
        maps: (C, H, W).
        image: whether it is an image in its own colours; C is 1 or 3 then.
        end: of the colour scale, or None for the largest absolute value, of an image or picture at least 1.
        scale: "diverging" from -end to end, "sequential" from 0 to end for what cannot be negative, "grey" from 0 to end as a
            picture, "colour" for three maps that are red, green and blue; None for an image's own, or diverging.
        names: of the maps; for a single map, of its cells, which then stand in a column; None for numbers.
        reads: what its cells read from other panels; without it nothing is framed there.
        row: places in a single row, at least C, in which the maps of values stand over the whole width, so that equal places of
            panels below each other belong together; 0 for a mosaic.
        legend: what an image's own colours stand for, in place of a scale of its brightness.
        meant: (1 or C, H, W), the numbers that those colours stand for, which are read under the hand in place of its brightness.
    """

    name: str
    title: str
    maps: Array
    image: bool = False
    end: float | None = None
    scale: Scale | None = None
    names: Sequence[str] | None = None
    reads: Sequence[Reads] = ()
    row: int = 0
    legend: Legend | None = None
    meant: Array | None = None

    def __post_init__(self) -> None:
        count, cells = len(self.maps), self.maps.size
        if self.names is not None and len(self.names) not in ({cells} if count == 1 else {count}):
            raise ValueError(f"names must be one for each of {cells if count == 1 else count}, got {len(self.names)}")
        if self.meant is not None and self.meant.shape not in (self.maps.shape, (1, *self.maps.shape[1:])):
            raise ValueError(f"meant must have a number for each of {self.maps.shape}, got {self.meant.shape}")
        if self.kind == "colour" and count != 3:
            raise ValueError(f'scale "colour" needs 3 maps, got {count}')

    @property
    def kind(self) -> Scale:
        """The kind of its colours."""
        if self.scale is not None:
            return self.scale
        if self.image:
            return "colour" if len(self.maps) == 3 else "grey"
        return "diverging"

    @property
    def shown(self) -> Array:
        """The maps as they are laid out: named cells of a single map in one column."""
        return self.maps.reshape(1, -1, 1) if self.names is not None and len(self.maps) == 1 else self.maps


class Following(NamedTuple):
    """What the live channel must know to redraw the maps while a hand moves."""

    image: ChosenImage
    op: str
    settings: Mapping[str, object]  # by the fields' keys


_mount = component("map_viewer", "scrolling", "pictures")


def map_viewer(
    key: str,
    panels: list[MapPanel],
    boxes: dict[str, Box] | None = None,
    select: str | None = None,
    on_select: Callable[[Any], None] | None = None,
    on_click: Callable[[Any], None] | None = None,
    following: Following | None = None,
) -> None:
    """Draw pictures side by side; hovering reads exact values, and frames what they read as the panels declare it.

    Args:
        key: key of the component in the session, and the instrument's name.
        panels: the pictures.
        boxes: rectangles to mark, by panel name; they take the frames' place.
        select: name of the panel on which a rectangle can be dragged.
        on_select: called before the page runs, with the rectangle that the browser sent.
        on_click: the same, with the place that was clicked: {"stage", "channel", "y", "x"}.
        following: how the live channel computes the pictures named as its stages, or None for maps that stand still.

    Raises:
        ValueError: a panel reads one that is not there.
    """

    def selected(place: Any) -> None:
        for taken in (on_select, on_click):
            if taken is not None:
                taken(place)

    known = [panel.name for panel in panels]
    for panel in panels:
        for one in panel.reads:
            if one.panel not in known:
                raise ValueError(f"panel {panel.name!r} must read one of {', '.join(known)}, got {one.panel!r}")
    digests = [cache.digest(panel.shown) for panel in panels]
    tokens = map_tickets(key, [_read(*one) for one in zip(panels, digests, strict=True)])
    live: dict[str, Any] = {"base": st.get_option("server.baseUrlPath")}
    if following:
        live |= {"op": following.op, "token": ticket(following.image), "settings": dict(following.settings)}
    data = {
        "live": live,
        "instrument": key,
        "tables": diverging_tables(),
        "panels": [_message(*one) for one in zip(panels, digests, tokens, strict=True)],
        "boxes": boxes,
        "select": select,
        "clickable": on_click is not None,
    }
    with st.container(key=f"pictures_{key}"):
        mount(_mount, key, data, "pick", selected)


def _read(panel: MapPanel, digest: str) -> tuple[Array, str]:
    """The numbers that are read under the hand, and their digest."""
    return (panel.shown, digest) if panel.meant is None else (panel.meant, cache.digest(panel.meant))


def _read_scale(meant: Array) -> dict[str, object]:
    """The scale of numbers that an image's colours stand for."""
    return {"kind": values_scale(meant), "end": scale_limits(float(meant.min()), float(meant.max()))[1]}


def _message(panel: MapPanel, digest: str, token: str) -> dict[str, Any]:
    """A panel as the browser reads it."""
    maps = panel.shown
    low, high = float(maps.min()), float(maps.max())
    end = panel.end or (max(1.0, high) if panel.kind in ("grey", "colour") else scale_limits(low, high)[1])
    source, tiles, encoded = _picture(panel, digest, end)
    return {
        "name": panel.name,
        "title": panel.title,
        "shape": list(maps.shape),
        "low": low,
        "high": high,
        "end": end,
        "scale": panel.kind,
        "encoded": encoded,
        "tiles": list(tiles),
        "row": panel.row > 0,
        "legend": panel.legend and panel.legend._asdict(),
        "meant": None if panel.meant is None else _read_scale(panel.meant),
        "src": source,
        "token": token,
        "names": None if panel.names is None else list(panel.names),
        "values": maps.ravel().tolist() if panel.names is not None and len(maps) == 1 else None,
        "reads": [one.message() for one in panel.reads],
    }


def _picture(panel: MapPanel, digest: str, end: float) -> tuple[str, Pair, Pair | tuple[float, float] | None]:
    """A panel's picture, its (rows, columns) of maps, and the values of its bytes 0 and 255, None for an image."""
    maps = panel.shown
    if panel.kind in ("grey", "colour"):
        if end != 1:  # whiter than white
            maps = maps / np.float32(end)
            digest = cache.digest(maps)
        if panel.kind == "colour" or len(maps) == 1:
            return cache.input_picture(digest, maps), (1, 1), None
        source, tiles = grey_picture(digest, maps)
        return source, tiles, (0.0, end)
    source, tiles = cache.map_picture(digest, maps, end, panel.row)
    return source, tiles, (-end, end)


@cache.remembered
def _grey_picture(name: str, _maps: Array) -> tuple[str, Pair]:  # noqa: ARG001  (the name is the key)
    picture, tiles = mosaic(_maps)
    return cache.data_url(encode_png(to_bytes(picture)), "png"), tiles


def grey_picture(name: str, maps: Array) -> tuple[str, Pair]:
    """Maps with this digest in grey from 0 to 1, side by side, and the mosaic's (rows, columns)."""
    return _grey_picture(name, maps)
