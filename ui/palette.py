"""Colours: one for each quantity, the same in drawings, formulas, labels and code; and the diverging table of maps.

The hex values stand in .streamlit/config.toml too, as the theme's named colours (a test compares them), so that
`:orange[kernel]` in a label is the colour of the kernel in a formula.
"""

import base64
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Quantity(NamedTuple):
    """A quantity's letter in formulas, its colour's name in Streamlit's Markdown, and its hex by theme."""

    letter: str
    name: str
    light: str
    dark: str


QUANTITIES = {
    "input": Quantity("i", "blue", "#0b5cad", "#6cb6ff"),
    "padding": Quantity("p", "gray", "#5b6472", "#a9b3c1"),
    "kernel": Quantity("k", "orange", "#b34700", "#ffa657"),
    "stride": Quantity("s", "violet", "#6d28d9", "#c4a7ff"),
    "dilation": Quantity("d", "primary", "#0a55a3", "#5aa9ff"),
    "output": Quantity("o", "green", "#146c2e", "#6fdd8b"),
    "bias": Quantity("b", "yellow", "#7a5b00", "#e3c35a"),
    "gradient": Quantity("g", "red", "#b3123c", "#ff8f9e"),
}


def colour(quantity: str, dark: bool) -> str:
    """Hex colour of a quantity in the light or dark theme."""
    return QUANTITIES[quantity].dark if dark else QUANTITIES[quantity].light


def label(quantity: str, text: str) -> str:
    """A control's label in Streamlit's Markdown: the text and its letter in the quantity's colour."""
    q = QUANTITIES[quantity]
    return f":{q.name}[{text} *{q.letter}*]"


# Blue below zero, orange above, and at zero the colour of the page: near-white in the light theme, near-black in the dark one.
# Told apart by every common kind of colour blindness, and the lightness alone tells the size. Stops of the light table after
# ColorBrewer's PuOr and RdBu (Brewer 2002); the dark one has the same hues, lighter the farther they are from zero.
_LIGHT = ((0.0, "#08306b"), (0.15, "#1c5fa8"), (0.32, "#6fa8dc"), (0.5, "#f7f6f3"), (0.68, "#f2a65a"), (0.85, "#c2560c"), (1.0, "#6b2400"))  # fmt: skip
_DARK = ((0.0, "#d9ecff"), (0.15, "#86bff5"), (0.32, "#2a6cb3"), (0.5, "#12161d"), (0.68, "#ad550f"), (0.85, "#f79a4b"), (1.0, "#ffe8cf"))  # fmt: skip


@cache
def diverging(dark: bool = False) -> NDArray[np.uint8]:
    """256 colours from -end to +end for the light or dark theme, read-only, (256, 3); entry 128 is zero."""
    stops = _DARK if dark else _LIGHT
    positions = [position for position, _ in stops]
    colours = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for _, code in stops])
    where = (np.arange(256) - 0.5) / 255  # to_bytes puts 0 at 127.5, which rounds up to 128
    table = np.stack([np.interp(where, positions, colours[:, band]) for band in range(3)], axis=1)
    rounded = table.round().astype(np.uint8)
    rounded.flags.writeable = False
    return rounded


@cache
def diverging_tables() -> dict[str, str]:
    """The tables of both themes as components read them: base64 of 256 x 3 bytes."""
    tables = {"light": diverging(), "dark": diverging(dark=True)}
    return {theme: base64.b64encode(table.tobytes()).decode() for theme, table in tables.items()}


def colourise(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour a byte picture (H, W) by the light table: (3, H, W), for downloads."""
    return np.ascontiguousarray(diverging()[grey].transpose(2, 0, 1))
