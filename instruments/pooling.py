"""The pooling page's instrument: windows over a small image, over a feature map, and over the same map shifted."""

import numpy as np

from cnn_core import avg_pool2d, conv2d, max_pool2d, relu
from cnn_core.arguments import Array
from cnn_core.images import resize
from cnn_core.kernels import PRESETS
from cnn_core.shapes import Axis, window_axes
from instruments.code import library
from instruments.fields import Choice, Values, Whole

KIND = Choice("pooling_kind", "Pooling", "max", {"max": "Max", "average": "Average"})
SIDE = Whole("pooling_side", "input", 8, 4, 16)
WINDOW = Whole("pooling_size", "window", 2, 1, lambda v: min(5, v[SIDE]))
STRIDE = Whole("pooling_stride", "stride", 2, 1, 5)
PADDING = Whole("pooling_padding", "padding", 0, 0, lambda v: v[WINDOW] // 2)


def axes(v: Values) -> tuple[Axis, Axis]:
    """The walk over the small image, from values resolved up to the padding."""
    side, window, stride, padding = v[SIDE], v[WINDOW], v[STRIDE], v[PADDING]
    return window_axes((side, side), (window, window), stride, padding, 1)


def _last(v: Values) -> int:
    rows, columns = axes(v)
    return rows.output_size * columns.output_size - 1


AT = Whole("pooling_at", "output shown", 0, 0, _last)
SHIFT = Whole("pooling_shift", "shift", 1, 0, 4)
CODE = library("pooling", "NumPy", "PyTorch")
FIELDS = (KIND, SIDE, WINDOW, STRIDE, PADDING, AT, SHIFT, CODE)


def small(image: Array, v: Values) -> Array:
    """The image (1, H, W) made so small that its numbers can be shown; those shown are those used. (1, side, side)"""
    return resize(image, v[SIDE], v[SIDE], area=True).round(2)


def pooled(maps: Array, v: Values) -> Array:
    """Maps (C, H, W) pooled as it is set."""
    if v[KIND] == "average":
        return avg_pool2d(maps, v[WINDOW], v[STRIDE], v[PADDING])
    return np.asarray(max_pool2d(maps, v[WINDOW], v[STRIDE], v[PADDING]))


def feature_map(image: Array, shift: int = 0) -> Array:
    """The edges of an image (1, H, W), after so many pixels to the right: Sobel x, then ReLU."""
    sobel = PRESETS["sobel_x"].values[np.newaxis, np.newaxis]
    return relu(conv2d(np.roll(image, shift, axis=2), sobel))


def change(before: Array, after: Array) -> float:
    """Mean change, as a share of the mean value before."""
    return float(np.abs(before - after).mean() / max(float(before.mean()), 1e-9))
