"""The small pictures that questions are about."""

from functools import cache
from random import Random

import numpy as np

from cnn_core import conv2d
from cnn_core.arguments import Array
from cnn_core.images import to_grey
from cnn_core.kernels import PRESETS
from instruments import samples
from instruments.digits import all_digits

SIDE = 48  # pixels of a photo
PHOTOS = {"astronaut": "an astronaut", "cat": "a cat", "coffee": "a cup of coffee"}
NAMES = ("black", "blue", "green", "cyan", "red", "magenta", "yellow", "white")  # of mixtures, red counts 4
LOPSIDED = (2, 4, 5, 7)  # digits that change when they are turned or mirrored


@cache
def photo(name: str) -> Array:
    """A bundled photo in grey, its middle square, (SIDE, SIDE)."""
    grey = to_grey(samples.load(name, 2 * SIDE))[0]
    top, left = ((side - SIDE) // 2 for side in grey.shape)
    middle: Array = grey[top : top + SIDE, left : left + SIDE]
    return middle


@cache
def convolved(name: str, kernel: str) -> Array:
    """A photo after a named kernel."""
    return correlated(photo(name), PRESETS[kernel].values)


def correlated(image: Array, kernel: Array) -> Array:
    """(H, W) after (kH, kW), without padding."""
    answer: Array = conv2d(image[np.newaxis], kernel[np.newaxis, np.newaxis])[0]
    return answer


@cache
def _lopsided() -> Array:
    """(n, 28, 28)"""
    images, labels = all_digits()
    chosen: Array = images[:400][np.isin(labels[:400], LOPSIDED), 0]
    return chosen


def digit(rng: Random) -> Array:
    """A digit (28, 28) that is not symmetric."""
    chosen: Array = _lopsided()[rng.randrange(len(_lopsided()))]
    return chosen


def colour_names(colours: Array) -> str:
    """Fields (3, H, W) of pure mixtures in words, row by row.

    >>> colour_names(np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]]]))
    'yellow, black'
    """
    _, height, width = colours.shape
    number = np.tensordot(np.array([4, 2, 1]), colours, 1).astype(int)
    return "; ".join(", ".join(NAMES[number[y, x]] for x in range(width)) for y in range(height))


def pattern(rng: Random, side: int, shades: tuple[float, ...] = (0.0, 1.0)) -> Array:
    """Random shades, (side, side)."""
    values: Array = np.array([[rng.choice(shades) for _ in range(side)] for _ in range(side)], np.float32)
    return values


def patterns(rng: Random, side: int, count: int) -> Array:
    """Random black and white patterns, each clearly unlike the others and their negatives, (count, side, side)."""
    kept: list[Array] = []
    while len(kept) < count:
        new = pattern(rng, side)
        if all(0.25 <= float(np.abs(new - old).mean()) <= 0.75 for old in [*kept, np.zeros_like(new)]):
            kept.append(new)
    return np.stack(kept)
