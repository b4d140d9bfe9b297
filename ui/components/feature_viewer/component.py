"""The input and the stages' maps as pictures, followed live while a hand moves; reports the pixel that was chosen."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from live.messages import describe, window_message
from live.settings import Settings
from live.stages import Stage, Window, scale_limits
from ui import cache
from ui.components.files import component
from ui.image_source import ChosenImage, ticket
from ui.palette import diverging_base64

_mount = component("feature_viewer", "channel", "colours")


def feature_viewer(
    key: str,
    image: ChosenImage,
    settings: Settings,
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
        stages: outputs in order, drawn on one colour scale.
        titles: a heading for "input" and each stage's name.
        window: what stands behind the chosen pixel, or None.
        note: a sentence about why the picture is not the newest one, or "".
        on_pick: called before the page runs, with whatever the browser sent.
    """

    def picked() -> None:
        on_pick(getattr(st.session_state[key], "pick", None))

    end = scale_limits(stages[0].low, stages[0].high)[1]
    drawn = []
    for stage in stages:
        source, tiles = cache.stage_picture(image.digest, settings, stage, end)
        drawn.append(describe(stage, end, tiles) | {"src": source, "title": titles[stage.name]})
    pixels = image.pixels
    data = {
        "live": {"base": st.get_option("server.baseUrlPath"), "token": ticket(image)},
        "instrument": key,
        "settings": settings.to_message(),
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
    _mount(key=key, data=data, on_pick_change=picked)
