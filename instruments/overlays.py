"""How the maps of a method lie over the picture that they explain."""

import numpy as np

from cnn_core.arguments import Array
from cnn_core.images import to_grey
from cnn_core.resampling import interpolate
from instruments import why_this_answer as why
from instruments.fields import Values

ORANGE, BLUE = (1.0, 0.5, 0.0), (0.1, 0.4, 1.0)


def spread(found: Array, sides: tuple[int, int], size: int, stride: int) -> Array:
    """An occlusion map (rows, columns) on the pixels of a picture with these sides: each the mean of the squares that cover it,
    else 0.

    >>> spread(np.array([[2.0, 4.0]]), (2, 3), 2, 1)[0].tolist()
    [2.0, 3.0, 4.0]
    """
    total, count = np.zeros(sides, np.float32), np.zeros(sides, np.float32)
    for (row, column), value in np.ndenumerate(found):
        here = (slice(row * stride, row * stride + size), slice(column * stride, column * stride + size))
        total[here] += value
        count[here] += 1
    return total / np.maximum(count, 1)


def on_pixels(v: Values, maps: Array) -> Array:
    """Maps (targets, h, w) of the chosen method at the size of the picture, (targets, H, W)."""
    _, height, width = why.model(v).shape
    if why.method(v) == "occlusion":
        return np.stack([spread(one, (height, width), v[why.SIZE], v[why.STRIDE]) for one in maps])
    if maps.shape[1:] == (height, width):
        return maps
    return interpolate(maps, size=(height, width), mode="bilinear")


def largest(maps: Array) -> float:
    """The end of the scale: the largest size, or for a map of single pixels what one in fifty exceeds."""
    sizes = np.abs(maps)
    return float(np.quantile(sizes, 0.98) if sizes.size > 20_000 else sizes.max()) or float(sizes.max()) or 1.0


def overlay(x: Array, found: Array, end: float, strength: float) -> Array:
    """The picture in grey under a map: orange where it speaks for the class, blue where against, (3, H, W) in [0, 1].

    Args:
        x: the picture (C, H, W).
        found: the map (H, W).
        end: the value that is coloured fully.
        strength: of the colour, from 0 to 1.
    """
    grey = to_grey(x) if len(x) == 3 else x
    part = np.clip(found / np.float32(end), -1, 1)[np.newaxis]
    shade = np.where(part > 0, np.reshape(ORANGE, (3, 1, 1)), np.reshape(BLUE, (3, 1, 1)))
    alpha = np.float32(strength) * np.abs(part)
    return np.asarray(grey * (1 - alpha) + alpha * shade, np.float32)


def likeness(one: Array, other: Array) -> float:
    """Correlation of two maps of one shape, from -1 to 1; 0 where one says the same everywhere."""
    a, b = (np.asarray(part, np.float64).ravel() - part.mean(dtype=np.float64) for part in (one, other))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
