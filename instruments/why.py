"""The why page's instrument: a dense layer beside a convolution, pixels out of order, a signal as an image of height 1."""

from typing import NamedTuple

import numpy as np

from cnn_core import Conv2d, conv2d, count_macs, count_parameters, linear
from cnn_core.arguments import Array
from cnn_core.images import resize
from cnn_core.layers import he
from cnn_core.shapes import conv_output_size
from instruments.code import library
from instruments.fields import SettingError, Text, Values, Whole
from instruments.image import SHAPE
from instruments.kernel_text import format_kernel, parse_kernel

TAPS_COUNT = 3
SAMPLES = 200  # of the signal
SMALL_SIDE, SMALL_UNITS = 64, 6  # of the dense layer that is really computed


def _parse_taps(text: str) -> Array:
    taps = parse_kernel(text)
    if taps.shape != (1, TAPS_COUNT):
        rows, columns = taps.shape
        raise SettingError(f"The kernel must be one row of {TAPS_COUNT} numbers, this one is {rows} × {columns}.")
    return taps


UNITS = Whole("why_units", "hidden units", 100, 1, 10_000)
KERNELS = Whole("why_kernels", "kernels", 16, 1, 512)
SIDE = Whole("why_k", "kernel side", 3, 1, lambda v: min(11, *v[SHAPE][1:]))
SEED = Whole("why_seed", "shuffle number", 1, 1, 1000)
TAPS = Text("why_taps", "The kernel", "-1 0 1", _parse_taps, format_kernel)  # (1, 3)
CODE = library("why", "NumPy", "PyTorch")
FIELDS = (UNITS, KERNELS, SIDE, SEED, TAPS, CODE)


class Counts(NamedTuple):
    """What a layer costs."""

    parameters: int
    macs: int


def dense_counts(v: Values) -> Counts:
    """Of a dense layer on the whole image; counted, not built: it may need more memory than there is."""
    channels, height, width = v[SHAPE]
    weights = channels * height * width * v[UNITS]
    return Counts(weights + v[UNITS], weights)


def convolution_counts(v: Values) -> Counts:
    """Of a convolution on the image."""
    shape = v[SHAPE]
    layer = Conv2d(shape[0], v[KERNELS], v[SIDE])
    return Counts(count_parameters([layer]), count_macs([layer], shape))


def comparable_counts(v: Values) -> Counts:
    """Of a dense layer with as many outputs as the convolution; counted, not built."""
    channels, height, width = v[SHAPE]
    outputs = v[KERNELS] * conv_output_size(height, v[SIDE]) * conv_output_size(width, v[SIDE])
    weights = channels * height * width * outputs
    return Counts(weights + outputs, weights)


def shuffled(image: Array, seed: int) -> Array:
    """The same pixels (1, H, W) in another order."""
    order = np.random.default_rng(seed).permutation(image.size)
    return image.reshape(-1)[order].reshape(image.shape)


def dense_answers(image: Array, seed: int) -> tuple[Array, Array]:
    """A dense layer's units on the image (1, H, W) made small, and on its pixels and weights shuffled alike."""
    height, width = (max(1, side * SMALL_SIDE // max(image.shape)) for side in image.shape[1:])
    pixels = resize(image, height, width).reshape(-1)
    weight = he((SMALL_UNITS, pixels.size), np.random.default_rng(seed))
    order = np.random.default_rng(seed).permutation(pixels.size)
    return linear(pixels, weight), linear(pixels[order], weight[:, order])


def signal() -> Array:
    """A noisy sine with a step, (SAMPLES,)."""
    time = np.arange(SAMPLES)
    noise = np.random.default_rng(0).normal(0, 0.08, SAMPLES)
    return np.sin(time / 12) + (time > 120) * 1.5 + noise


def convolved(signal: Array, taps: Array) -> Array:
    """A signal (SAMPLES,) convolved with taps (1, 3), as long as before."""
    return conv2d(signal.reshape(1, 1, -1), taps[np.newaxis, np.newaxis], padding=(0, TAPS_COUNT // 2))[0, 0]
