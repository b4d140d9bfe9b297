"""What the channels page moves live: the slices of one kernel, and a layer of many. Each class is its own validator."""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from cnn_core.arguments import Array
from cnn_core.convolution import conv2d
from cnn_core.layers import he
from live import limits
from live.settings import MAX_VALUE, SettingError, known, parse_kernel, real, whole
from live.stages import Shown, Stage, on_one_scale

COLOURS = ("red", "green", "blue")
BOUNDS = {"kernels": (1, 64), "side": (1, 7), "seed": (1, 1000)}


def parse_slice(text: object) -> Array:
    """Read one slice: a kernel of 3 x 3.

    >>> parse_slice("0 0 0; 0 1 0; 0 0 0").shape
    (3, 3)
    """
    kernel = parse_kernel(text)
    if kernel.shape != (3, 3):
        raise SettingError("A slice must have 3 rows of 3 numbers.")
    return kernel


def _expect_colour(image: Array) -> None:
    if len(image) != 3:
        raise SettingError("The image must have red, green and blue.")


@dataclass(frozen=True)
class Slices:
    """One kernel on a colour image: a slice for each channel, and a bias."""

    op: ClassVar = "slices"  # in the messages of the live channel
    red: str = "-1 0 1; -2 0 2; -1 0 1"
    green: str = "0 0 0; 0 1 0; 0 0 0"
    blue: str = "1 1 1; 1 -8 1; 1 1 1"
    bias: float = 0.0

    @staticmethod
    def parse(message: object) -> "Slices":
        """Check JSON values; missing ones take their default."""
        given = known(message, [one.name for one in fields(Slices)])
        for name in COLOURS:
            parse_slice(given.get(name, getattr(Slices, name)))
        texts = {name: str(given[name]) for name in COLOURS if name in given}
        return Slices(**texts, bias=real("bias", given.get("bias", 0.0), MAX_VALUE))

    @property
    def weight(self) -> Array:
        """(1, 3, 3, 3)"""
        return np.stack([parse_slice(getattr(self, name)) for name in COLOURS])[np.newaxis]

    def compute(self, image: Array) -> list[Shown]:
        """Each channel's answer and their sum with the bias, on one colour scale.

        Raises:
            SettingError: the image (C, H, W) is not in colour.
        """
        _expect_colour(image)
        with limits.TURNS.take(4 * image.nbytes):
            partial = conv2d(image, self.weight[0][:, np.newaxis], groups=3)  # (3, Ho, Wo)
            total = conv2d(image, self.weight, [self.bias])  # (1, Ho, Wo)
            answers = [Stage.of(name, partial[n : n + 1]) for n, name in enumerate(COLOURS)]
            return on_one_scale([*answers, Stage.of("sum", total)])


@dataclass(frozen=True)
class Filters:
    """A layer of K kernels on a colour image, its weights on the way from one random draw to the next."""

    op: ClassVar = "filters"
    kernels: int = 8
    side: int = 3
    seed: int = 1
    walk: float = 0.0  # 0 for the draw of this seed, 1 for that of the next

    @staticmethod
    def parse(message: object) -> "Filters":
        """Check JSON values; missing ones take their default."""
        given = known(message, [one.name for one in fields(Filters)])
        read = {name: whole(name, given[name], bounds) for name, bounds in BOUNDS.items() if name in given}
        return Filters(**read, walk=real("walk", given.get("walk", 0.0), 1.0))

    @property
    def weight(self) -> Array:
        """(K, 3, side, side)"""
        shape = (self.kernels, 3, self.side, self.side)
        here, there = (he(shape, np.random.default_rng(self.seed + step)) for step in (0, 1))
        return here + np.float32(self.walk) * (there - here)

    def compute(self, image: Array) -> list[Shown]:
        """The layer's K feature maps as one stage.

        Raises:
            SettingError: the image (C, H, W) is not in colour, or the work would take too long.
        """
        _expect_colour(image)
        weight = self.weight
        taken = image.nbytes + 2 * self.kernels * image[0].nbytes  # the maps, and their mosaic
        limits.check(weight.size * image[0].size, taken, "a smaller image or fewer kernels")
        with limits.TURNS.take(taken):
            return on_one_scale([Stage.of("maps", conv2d(image, weight))])
