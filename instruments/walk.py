"""The walk of a window over a small image, of the page on stride and padding; and what is nearly the same walk."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cnn_core import conv2d, conv_transpose2d
from cnn_core.arguments import Array, Pair
from cnn_core.images import resize
from cnn_core.kernels import PRESETS
from cnn_core.padding import MODES
from cnn_core.shapes import Axis, conv_output_size, window_axes
from instruments.code import library
from instruments.fields import Choice, Field, Switch, Values, Whole
from instruments.kernel import Settings
from instruments.kernel_operations import resized
from instruments.kernel_text import format_kernel

LARGEST, LONGEST_STRIDE, MOST_PADDING = 7, 5, 5  # of kernel, stride and padding, in pixels


def _most_padding(v: Values) -> int:
    return min(MOST_PADDING, min(size(v)) - 1)


def _longest_dilation(v: Values) -> int:
    """Up to which the kernel fits the padded image."""
    sides = zip(size(v), padding(v), kernel_size(v), strict=True)
    return min(3, *((i + 2 * p - 1) // max(k - 1, 1) for i, p, k in sides))


def _last_output(v: Values) -> int:
    height, width = size(v)
    stamped = transposed(np.zeros((1, height, width), np.float32), v)
    if stamped is not None:
        return stamped.size - 1
    rows, columns = axes(v)
    return rows.output_size * columns.output_size - 1


APART = Switch("walk_apart", "Apart", False)
FLIP = Switch("walk_flip", "True convolution", False)
TRANSPOSED = Switch("walk_transposed", "Transposed", False)
SIZE = Whole("walk_size", "input", 8, 3, 16)
SIZE_ACROSS = Whole("walk_size_across", "input", 8, 3, 16)
KERNEL = Whole("walk_kernel", "kernel", 3, 1, lambda v: min(LARGEST, *size(v)))
KERNEL_ACROSS = Whole("walk_kernel_across", "kernel", 3, 1, lambda v: min(LARGEST, *size(v)))
STRIDE = Whole("walk_stride", "stride", 1, 1, LONGEST_STRIDE)
STRIDE_ACROSS = Whole("walk_stride_across", "stride", 1, 1, LONGEST_STRIDE)
PADDING = Whole("walk_padding", "padding", 0, 0, _most_padding)
PADDING_ACROSS = Whole("walk_padding_across", "padding", 0, 0, _most_padding)
MODE = Choice("walk_mode", "mode", "zeros", {mode: mode.capitalize() for mode in MODES})
DILATION = Whole("walk_dilation", "dilation", 1, 1, _longest_dilation)
DILATION_ACROSS = Whole("walk_dilation_across", "dilation", 1, 1, _longest_dilation)
AT = Whole("walk_at", "output shown", 0, 0, _last_output)
CODE = library("walk", "NumPy", "PyTorch")
FIELDS: tuple[Field[Any], ...] = (
    APART, FLIP, TRANSPOSED, SIZE, SIZE_ACROSS, KERNEL, KERNEL_ACROSS, STRIDE, STRIDE_ACROSS, PADDING, PADDING_ACROSS, MODE,
    DILATION, DILATION_ACROSS, AT, CODE,
)  # fmt: skip


def _pair(v: Values, down: Whole, across: Whole) -> Pair:
    return v[down], v[across if v[APART] else down]


def size(v: Values) -> Pair:
    """Of the small image."""
    return _pair(v, SIZE, SIZE_ACROSS)


def kernel_size(v: Values) -> Pair:
    return _pair(v, KERNEL, KERNEL_ACROSS)


def stride(v: Values) -> Pair:
    return _pair(v, STRIDE, STRIDE_ACROSS)


def padding(v: Values) -> Pair:
    return _pair(v, PADDING, PADDING_ACROSS)


def dilation(v: Values) -> Pair:
    return _pair(v, DILATION, DILATION_ACROSS)


def axes(v: Values, over: Pair | None = None) -> tuple[Axis, Axis]:
    """Of the walk, from values resolved up to the dilation; over the small image unless another size is given."""
    return window_axes(over or size(v), kernel_size(v), stride(v), padding(v), dilation(v))


def settings(v: Values) -> Settings:
    """The convolution: Sobel x cut or padded to the kernel's size, or ones where it is smaller."""
    base = PRESETS["sobel_x"].values if min(kernel_size(v)) >= 3 else np.ones(kernel_size(v), np.float32)
    kernel = format_kernel(resized(base, *kernel_size(v)))
    return Settings(
        kernel, flip=v[FLIP], stride=stride(v), padding=padding(v), padding_mode=v[MODE], dilation=dilation(v)
    )


def small(image: Array, v: Values) -> Array:
    """The image (1, H, W) made so small that its numbers can be shown; those shown are those used. (1, h, w)"""
    return resize(image, *size(v), area=True).round(2)


def convolved(image: Array, v: Values) -> Array:
    """An image (1, H, W) after the convolution."""
    weight = settings(v).weight[np.newaxis, np.newaxis]
    return conv2d(image, weight, None, stride(v), padding(v), dilation(v), padding_mode=v[MODE])


def transposed(image: Array, v: Values) -> Array | None:
    """An image (1, h, w) after the transposed convolution; None where it is off, or the padding leaves nothing of it."""
    if not v[TRANSPOSED]:
        return None
    weight = settings(v).weight[np.newaxis, np.newaxis]
    try:
        return conv_transpose2d(image, weight, None, stride(v), padding(v), dilation=dilation(v))
    except ValueError:
        return None


def exact(v: Values) -> Iterator[tuple[str, dict[str, object]]]:
    """Strides and paddings with which the division leaves no remainder, in words, and what to give to have them."""

    def divides(strides: Pair, paddings: Pair) -> bool:
        try:
            walk = window_axes(size(v), kernel_size(v), strides, paddings, dilation(v))
        except ValueError:
            return False  # the kernel does not even fit
        return all(axis.leftover == 0 for axis in walk)

    def given(down: Whole, across: Whole, value: int) -> dict[str, object]:
        return {field.key: value for field in ((down, across) if v[APART] else (down,))}

    for s in range(1, LONGEST_STRIDE + 1):
        if divides((s, s), padding(v)):
            yield f"stride {s}", given(STRIDE, STRIDE_ACROSS, s)
    for p in range(_most_padding(v) + 1):
        if divides(stride(v), (p, p)):
            yield f"padding {p}", given(PADDING, PADDING_ACROSS, p)


def heights(v: Values) -> dict[int, list[int | None]]:
    """The output's height by kernel, for each stride from 1; None where the kernel does not fit."""
    height, pad = size(v)[0], padding(v)[0]
    strides = range(1, LONGEST_STRIDE + 1)
    return {
        k: [conv_output_size(height, k, s, pad) if k <= height + 2 * pad else None for s in strides]
        for k in range(1, LARGEST + 1)
    }
