"""Stages as pictures: mosaics of maps, and what a viewer must know to draw one."""

from typing import Any, TypeVar

import numpy as np

from cnn_core.arguments import Array, Pair
from cnn_core.images import Bytes, to_bytes
from cnn_core.pooling import avg_pool2d
from instruments.stages import Stage

Numbers = TypeVar("Numbers", Array, Bytes)


def drawable(maps: Array) -> Array:
    """Values with 0 in place of what is infinite or no number, for which a picture has no colour.

    >>> drawable(np.array([1.5, np.nan, -np.inf])).tolist()
    [1.5, 0.0, 0.0]
    """
    return maps if np.isfinite(maps).all() else np.nan_to_num(maps, posinf=0, neginf=0)


def tiling(count: int, height: int, width: int) -> Pair:
    """Rows and columns of a mosaic of so many maps of H x W, about square; up to three stand in a row, without a gap."""
    if count <= 3:
        return 1, count
    columns = min(max(int(np.ceil(np.sqrt(count * height / width))), 1), count)
    return -(-count // columns), columns


def mosaic(maps: Numbers, blank: float = 0.0, row: int = 0) -> tuple[Numbers, Pair]:
    """Lay C maps (C, H, W) side by side, rows first; returns the picture and (rows, columns). Gaps are not added.

    Args:
        maps: what is laid.
        blank: the value behind the last one.
        row: places in a single row, at least C, instead of a mosaic that is about square; 0 for that.
    """
    count, height, width = maps.shape
    rows, columns = (1, row) if row else tiling(count, height, width)
    if count == columns == 1:
        return maps[0], (1, 1)
    picture = np.full((rows * height, columns * width), blank, maps.dtype)
    for number, one in enumerate(maps):
        y, x = divmod(number, columns)
        picture[y * height : (y + 1) * height, x * width : (x + 1) * width] = one
    return picture, (rows, columns)


def describe(stage: Stage, end: float, tiles: tuple[int, int]) -> dict[str, Any]:
    """What a viewer must know to draw a stage's picture."""
    return {
        "name": stage.name,
        "shape": list(stage.maps.shape),
        "low": stage.low,
        "high": stage.high,
        "end": end,
        "tiles": list(tiles),
    }


def picture(stage: Stage, end: float, width: int = 0) -> tuple[Bytes, tuple[int, int]]:
    """The stage's mosaic as bytes, 0 for -end and 255 for +end, and its (rows, columns) of maps.

    Args:
        stage: the maps.
        end: of the colour scale.
        width: pixels that the screen has for it, or 0; a mosaic at least twice as wide is shrunk to means of blocks.
    """
    maps = stage.maps
    columns = tiling(*maps.shape)[1]
    shrink = min(columns * maps.shape[2] // width, *maps.shape[1:]) if width else 1
    if shrink > 1:
        maps = avg_pool2d(maps, shrink)
    parts = np.stack([to_bytes(one, -end, end) for one in maps])  # one by one they stay in the cache
    return mosaic(parts, 128)
