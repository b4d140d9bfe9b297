"""The channels page's instruments: the slices of one kernel on a colour image, and a layer of many kernels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn_core.arguments import Array
from cnn_core.convolution import conv2d
from cnn_core.layers import he
from instruments.code import library
from instruments.cost import MAX_MACS, Cost
from instruments.fields import Field, Real, SettingError, Text, Values, Whole, strict
from instruments.image import SHAPE
from instruments.kernel_text import format_kernel, parse_kernel
from instruments.stages import Shown, Stage, on_one_scale

COLOURS = ("red", "green", "blue")
MAX_MAP_BYTES = 16_000_000  # of the K feature maps, which stay while the page is open
MOST_KERNELS = 64
_LOWER = "a smaller image or fewer kernels"


def canonical_slice(text: str) -> str:
    """One slice, a kernel of 3 x 3, as it is written.

    >>> canonical_slice("[[0, 0, 0], [0, 1.0, 0], [0, 0, 0]]")
    '0 0 0; 0 1 0; 0 0 0'
    """
    kernel = parse_kernel(text)
    if kernel.shape != (3, 3):
        raise SettingError("A slice must have 3 rows of 3 numbers.")
    return format_kernel(kernel)


def _most_kernels(v: Values) -> int:
    """As many as memory and time allow for this image."""
    _, height, width = v[SHAPE]
    map_bytes = max(1, 4 * (height - 2) * (width - 2))
    return min(MOST_KERNELS, MAX_MAP_BYTES // map_bytes, MAX_MACS // (3 * height * width * v[SIDE] ** 2))


SLICES = tuple(
    Text(f"channels_{colour}", f"The {colour} slice", default, canonical_slice, str)
    for colour, default in zip(
        COLOURS, ("-1 0 1; -2 0 2; -1 0 1", "0 0 0; 0 1 0; 0 0 0", "1 1 1; 1 -8 1; 1 1 1"), strict=True
    )
)
BIAS = Real("channels_bias", "bias", 0.0, -3, 3)
ROW = Whole("channels_y", "row", lambda v: (v[SHAPE][1] - 2) // 2, 0, lambda v: v[SHAPE][1] - 3)
COLUMN = Whole("channels_x", "column", lambda v: (v[SHAPE][2] - 2) // 2, 0, lambda v: v[SHAPE][2] - 3)
SIDE = Whole("channels_k", "kernel side", 3, 1, 7)
KERNELS = Whole("channels_kernels", "kernels", 8, 1, _most_kernels)
SEED = Whole("channels_seed", "random weights number", 1, 1, 1000)
WALK = Real("channels_walk", "walk", 0.0, 0, 1)
CODE = library("channels", "NumPy", "PyTorch")
SLICES_FIELDS: tuple[Field[Any], ...] = (*SLICES, BIAS)
FILTERS_FIELDS: tuple[Field[Any], ...] = (SIDE, KERNELS, SEED, WALK)
FIELDS: tuple[Field[Any], ...] = (*SLICES_FIELDS, ROW, COLUMN, *FILTERS_FIELDS, CODE)


def _expect_colour(image: Array) -> None:
    if len(image) != 3:
        raise SettingError("The image must have red, green and blue.")


@dataclass(frozen=True)
class Slices:
    """One kernel on a colour image: a slice for each channel, and a bias."""

    texts: tuple[str, ...]
    bias: float

    @property
    def weight(self) -> Array:
        """(1, 3, 3, 3)"""
        return np.stack([parse_kernel(text) for text in self.texts])[np.newaxis]

    def cost(self, shape: tuple[int, int, int]) -> Cost:
        """What `compute` takes on an image (C, H, W)."""
        size = shape[0] * shape[1] * shape[2]
        return Cost(2 * 9 * size, 4 * 4 * size).check(_LOWER)

    def compute(self, image: Array) -> list[Shown]:
        """Each channel's answer, "red", "green" and "blue", and "sum", them with the bias; on one colour scale.

        Raises:
            SettingError: the image (C, H, W) is not in colour.
        """
        _expect_colour(image)
        partial = conv2d(image, self.weight[0][:, np.newaxis], groups=3)  # (3, Ho, Wo)
        total = conv2d(image, self.weight, [self.bias])  # (1, Ho, Wo)
        answers = [Stage.of(name, partial[n : n + 1]) for n, name in enumerate(COLOURS)]
        return on_one_scale([*answers, Stage.of("sum", total)])


@dataclass(frozen=True)
class Filters:
    """A layer of K kernels on a colour image, its weights on the way from one random draw to the next."""

    kernels: int = 8
    side: int = 3
    seed: int = 1
    walk: float = 0.0  # 0 for the draw of this seed, 1 for that of the next

    @property
    def weight(self) -> Array:
        """(K, 3, side, side)"""
        shape = (self.kernels, 3, self.side, self.side)
        here, there = (he(shape, np.random.default_rng(self.seed + step)) for step in (0, 1))
        return here + np.float32(self.walk) * (there - here)

    def cost(self, shape: tuple[int, int, int]) -> Cost:
        """What `compute` takes on an image (C, H, W): the maps and their mosaic, beside the image."""
        pixels = shape[1] * shape[2]
        macs = self.kernels * shape[0] * self.side**2 * pixels
        return Cost(macs, 4 * pixels * (shape[0] + 2 * self.kernels)).check(_LOWER)

    def compute(self, image: Array) -> list[Shown]:
        """The layer's K feature maps as one stage.

        Raises:
            SettingError: the image (C, H, W) is not in colour.
        """
        _expect_colour(image)
        return on_one_scale([Stage.of("maps", conv2d(image, self.weight))])


def slices(v: Values) -> Slices:
    """The kernel that is set."""
    return Slices(tuple(v[field] for field in SLICES), v[BIAS])


def filters(v: Values) -> Filters:
    """The layer that is set."""
    return Filters(v[KERNELS], v[SIDE], v[SEED], v[WALK])


def parse_slices(message: object, shape: tuple[int, int, int]) -> Slices:
    """From a live message: values by key; raises SettingError."""
    return slices(strict(SLICES_FIELDS, message, {SHAPE: shape}))


def parse_filters(message: object, shape: tuple[int, int, int]) -> Filters:
    """From a live message: values by key; raises SettingError."""
    return filters(strict(FILTERS_FIELDS, message, {SHAPE: shape}))
