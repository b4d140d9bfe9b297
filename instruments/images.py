"""The images page's instrument: one pixel, one value's place in memory, and the way from one image to another."""

from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.images import resize
from instruments.code import library
from instruments.fields import Choice, Real, Values, Whole
from instruments.image import SHAPE
from instruments.samples import SAMPLES

COLOURS = ("Red", "Green", "Blue")
READY = {"Black": (0, 0, 0), "White": (255, 255, 255), "Very red": (255, 0, 0)}
LADDER = (16, 32, 64, 128, 256, 512, 1024)  # pixels on the long side
LENS = (3, 4)  # rows and columns of numbers that are shown on each side of the chosen value

RED = Real("images_r", "red", 220.0, 0, 255, step=1)
GREEN = Real("images_g", "green", 120.0, 0, 255, step=1)
BLUE = Real("images_b", "blue", 40.0, 0, 255, step=1)
MIXED = (RED, GREEN, BLUE)
CHANNEL = Whole("images_c", "channel", 0, 0, lambda v: v[SHAPE][0] - 1)
ROW = Whole("images_y", "row", lambda v: v[SHAPE][1] // 2, 0, lambda v: v[SHAPE][1] - 1)
COLUMN = Whole("images_x", "column", lambda v: v[SHAPE][2] // 2, 0, lambda v: v[SHAPE][2] - 1)
GOAL = Choice("images_other", "image", "cat", {name: words for name, (words, _) in SAMPLES.items()})
WAY = Choice("images_way", "Way", "blend", {"blend": "Blend all", "one": "One at a time"})
SHARE = Real("images_share", "how far", 50.0, 0, 100, step=1)
CODE = library("images", "NumPy", "PyTorch")
FIELDS = (*MIXED, CHANNEL, ROW, COLUMN, GOAL, WAY, SHARE, CODE)


def mixed(v: Values) -> tuple[int, int, int]:
    """Red, green and blue of the pixel that is mixed, in 8 bits."""
    red, green, blue = v[RED], v[GREEN], v[BLUE]
    return round(red), round(green), round(blue)


class Lens(NamedTuple):
    """Values around the chosen one."""

    values: Array  # (rows, columns)
    top: int  # row of the first
    left: int


def lens(image: Array, v: Values) -> Lens:
    """The chosen value's neighbours in its channel."""
    top, left = max(0, v[ROW] - LENS[0]), max(0, v[COLUMN] - LENS[1])
    return Lens(image[v[CHANNEL], top : v[ROW] + LENS[0] + 1, left : v[COLUMN] + LENS[1] + 1], top, left)


def places(v: Values) -> tuple[int, int]:
    """Number of the chosen value in memory, as C × H × W and as H × W × C."""
    (channels, height, width), c, y, x = v[SHAPE], v[CHANNEL], v[ROW], v[COLUMN]
    return (c * height + y) * width + x, (y * width + x) * channels + c


def rungs(image: Array) -> dict[str, Array]:
    """The image (C, H, W) at the resolutions of the ladder up to its own, by their words: more pixels would hold nothing new."""
    longest = max(image.shape[1:])

    def rung(side: int) -> Array:
        height, width = (max(1, round(one * side / longest)) for one in image.shape[1:])
        return image if side == longest else resize(image, height, width)

    return {f"{side} pixels": rung(side) for side in LADDER if side <= longest}


class Walk(NamedTuple):
    """A place on the way from one image to another."""

    between: Array  # (C, H, W)
    changed: int  # values that have been changed


def walk(start: Array, goal: Array, way: str, share: float) -> Walk:
    """Go a share of the way from one image to another of the same shape.

    Args:
        start, goal: (C, H, W).
        way: "blend" moves all values a little, "one" changes one after the other wholly, in a fixed random order.
        share: from 0 to 1.
    """
    if way == "blend":
        return Walk(start * np.float32(1 - share) + goal * np.float32(share), start.size)
    changed = round(share * start.size)
    order = np.random.default_rng(0).permutation(start.size)[:changed]
    between = start.copy()
    between.reshape(-1)[order] = goal.reshape(-1)[order]
    return Walk(between, changed)
