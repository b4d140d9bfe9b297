"""The input and the stages' maps as pictures, followed live while a hand moves; reports the pixel that was chosen."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from instruments.kernel import Settings
from instruments.stages import Stage, Window, is_image, on_one_scale
from live.messages import window_message
from live.pictures import describe
from ui import cache
from ui.components.files import component, mount
from ui.components.map_viewer.component import (
    Box,
    Following,
    Legend,
    MapPanel,
    Reads,
    Scale,
    kernel_gradient_axis,
    map_viewer,
    picture_scale,
    values_scale,
)
from ui.image_source import ChosenImage, ticket
from ui.palette import diverging_tables

__all__ = [
    "Box",
    "Following",
    "Legend",
    "MapPanel",
    "Reads",
    "feature_viewer",
    "kernel_gradient_axis",
    "map_viewer",
    "picture_scale",
    "values_scale",
]

_mount = component("feature_viewer", "scrolling", "pictures")


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
    as_picture: bool | None = None,
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
        as_picture: show the stages as images, in grey or, three maps, in colour; else as values around 0. None: as images where
            the convolution has no negative values.
    """
    reads = stage_reads(image.pixels.shape, settings, stages)
    drawn = []
    pictures = is_image(stages) if as_picture is None else as_picture
    for stage, end in on_one_scale(stages):
        kinds = _kinds(stage, settings)
        if pictures:
            end = max(1.0, end)  # a sum of many pixels can be whiter than white
            bright = stage.maps / np.float32(end)
            source, tiles, coding = cache.input_picture(cache.digest(bright), bright), (1, 1), None
        else:
            source, tiles = cache.stage_picture(image.digest, settings, stage, end)
            coding = -end, end
        drawn.append(
            describe(stage, end, tiles)
            | {"title": titles[stage.name], "kinds": kinds, "encoded": coding, "src": source}
            | {"scale": kinds["picture" if pictures else "values"]}
            | {"reads": [one.message() for one in reads[stage.name]]}
        )
    live = {"base": st.get_option("server.baseUrlPath"), "op": "stages", "token": ticket(image)}
    data = {
        "live": live | {"settings": dict(live_settings)},
        "instrument": key,
        "tables": diverging_tables(),
        "input": _input_message(image, titles["input"]),
        "stages": drawn,
        "window": window_message(window) if window else None,
        "note": note,
        "auto": as_picture is None,
    }
    with st.container(key=f"pictures_{key}"):
        mount(_mount, key, data, "pick", on_pick)


def _input_message(image: ChosenImage, title: str) -> dict[str, Any]:
    pixels = image.pixels
    return {
        "name": "input",
        "title": title,
        "shape": list(pixels.shape),
        "low": float(pixels.min()),
        "high": float(pixels.max()),
        "end": 1.0,
        "scale": "colour" if len(pixels) == 3 else "grey",
        "encoded": None,
        "tiles": [1, 1],
        "src": cache.input_picture(image.digest, pixels),
        "reads": [],
    }


def _kinds(stage: Stage, settings: Settings) -> dict[str, Scale]:
    """Of a stage's colours, as picture and as values."""
    never_negative = settings.relu and stage.name != "convolution"
    return {
        "picture": "colour" if len(stage.maps) == 3 else "grey",
        "values": "sequential" if never_negative else "diverging",
    }


def stage_reads(shape: tuple[int, ...], settings: Settings, stages: list[Stage]) -> dict[str, list[Reads]]:
    """What each stage's pixels read from the one before, for an input (C, H, W)."""
    rows, columns = settings.axes((shape[1], shape[2]))
    reads, before = dict[str, list[Reads]](), "input"
    for stage in stages:
        if stage.name == "convolution":
            own = len(stage.maps) == shape[0]  # each channel alone; else a map sums over all of them
            one = Reads(before, "window", rows, columns, "own" if own else "all")
        elif stage.name == "pooling":
            one = Reads(before, "window", *settings.pool_axes((rows.output_size, columns.output_size)))
        else:
            one = Reads(before, "same")
        reads[stage.name], before = [one], stage.name
    return reads
