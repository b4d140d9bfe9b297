"""The input and the stages' maps as pictures, followed live while a hand moves; reports the pixel that was chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import streamlit as st

from cnn_core.arguments import Array
from instruments.kernel import Settings
from instruments.stages import Stage, Window, on_one_scale, scale_limits
from live.messages import window_message
from live.pictures import describe
from ui import cache
from ui.components.files import component, mount
from ui.image_source import ChosenImage, map_tickets, ticket
from ui.palette import diverging_base64


@dataclass(frozen=True, eq=False)
class MapPanel:
    """One picture of `map_viewer`: maps (C, H, W); an image keeps its own colours, maps get the diverging ones."""

    name: str
    title: str
    maps: Array
    image: bool = False
    end: float | None = None  # end of the colour scale, or None for the largest absolute value


class Following(NamedTuple):
    """What the live channel must know to redraw the maps while a hand moves."""

    image: ChosenImage
    op: str
    settings: Mapping[str, object]  # by the fields' keys


_mount = component("feature_viewer", "channel", "colours", "camera")


def feature_viewer(
    key: str,
    image: ChosenImage,
    settings: Settings,
    live_settings: Mapping[str, object],
    stages: list[Stage],
    titles: dict[str, str],
    window: Window | None,
    note: str,
    on_pick: Callable[[Any], None],
) -> None:
    """Draw the image and its stages; the key is the instrument's name for editors that move it.

    Args:
        key: key of the component in the session, and the instrument's name.
        image: the input.
        settings: what the stages were computed with.
        live_settings: the same as the live channel reads them, by the fields' keys.
        stages: outputs in order, drawn on one colour scale.
        titles: a heading for "input" and each stage's name.
        window: what stands behind the chosen pixel, or None.
        note: a sentence about why the picture is not the newest one, or "".
        on_pick: called before the page runs, with whatever the browser sent.
    """

    drawn = []
    for stage, end in on_one_scale(stages):
        source, tiles = cache.stage_picture(image.digest, settings, stage, end)
        drawn.append(describe(stage, end, tiles) | {"src": source, "title": titles[stage.name]})
    pixels = image.pixels
    data = {
        "live": {
            "base": st.get_option("server.baseUrlPath"),
            "op": "stages",
            "token": ticket(image),
            "settings": dict(live_settings),
        },
        "instrument": key,
        "looks": True,
        "table": diverging_base64(),
        "input": {
            "name": "input",
            "title": titles["input"],
            "shape": list(pixels.shape),
            "low": float(pixels.min()),
            "high": float(pixels.max()),
            "tiles": [1, 1],
            "src": cache.input_picture(image.digest, pixels),
        },
        "stages": drawn,
        "window": window_message(window) if window else None,
        "note": note,
    }
    mount(_mount, key, data, "pick", on_pick)


Box = tuple[int, int, int, int]  # top, left, height, width


def map_viewer(
    key: str,
    panels: list[MapPanel],
    boxes: dict[str, Box] | None = None,
    select: str | None = None,
    on_select: Callable[[Any], None] | None = None,
    on_click: Callable[[Any], None] | None = None,
    following: Following | None = None,
) -> None:
    """Draw pictures side by side; hovering reads exact values, with a crosshair linked over all of them.

    Args:
        key: key of the component in the session, and the instrument's name.
        panels: the pictures.
        boxes: rectangles to mark, by panel name; they take the crosshair's place.
        select: name of the panel on which a rectangle can be dragged.
        on_select: called before the page runs, with the rectangle that the browser sent.
        on_click: the same, with the place that was clicked: {"stage", "channel", "y", "x"}.
        following: how the live channel computes the pictures named as its stages, or None for maps that stand still.
    """

    def selected(place: Any) -> None:
        for told in (on_select, on_click):
            if told is not None:
                told(place)

    digests = [cache.digest(panel.maps) for panel in panels]
    tokens = map_tickets(key, [(panel.maps, digest) for panel, digest in zip(panels, digests, strict=True)])
    drawn = []
    for panel, digest, token in zip(panels, digests, tokens, strict=True):
        low, high = float(panel.maps.min()), float(panel.maps.max())
        end = panel.end or scale_limits(low, high)[1]
        if panel.image and len(panel.maps) in (1, 3):
            source, tiles = cache.input_picture(digest, panel.maps), (1, 1)
        else:
            source, tiles = cache.map_picture(digest, panel.maps, end)
        drawn.append(
            {
                "name": panel.name,
                "title": panel.title,
                "shape": list(panel.maps.shape),
                "low": low,
                "high": high,
                "end": end,
                "plain": panel.image,
                "tiles": list(tiles),
                "src": source,
                "token": token,
            }
        )
    live: dict[str, Any] = {"base": st.get_option("server.baseUrlPath")}
    if following:
        live |= {"op": following.op, "token": ticket(following.image), "settings": dict(following.settings)}
    data: dict[str, Any] = {
        "live": live,
        "instrument": key,
        "table": diverging_base64(),
    }
    data |= {
        "looks": False,
        "input": None,
        "stages": drawn,
        "window": None,
        "note": "",
        "boxes": boxes,
        "select": select,
        "clickable": on_click is not None,
    }
    mount(_mount, key, data, "pick", selected)
