"""The forward page's instrument: one small convolution, computed in several ways side by side."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.images import resize
from cnn_core.layers import he
from instruments.code import library
from instruments.fields import Values, Whole

Way = Callable[
    [Array, Array, int], Array
]  # from image (C, H, W), weight (K, C, k, k) and stride to the output (K, Ho, Wo)

RUNS, PATIENCE = 4, 50.0  # of each way, if all of them take less than so many milliseconds

SIDE = Whole("forward_side", "input side", 12, 4, 32)
KERNELS = Whole("forward_kernels", "kernels", 2, 1, 8)
KERNEL = Whole("forward_k", "kernel side", 3, 1, lambda v: min(5, v[SIDE]))
STRIDE = Whole("forward_stride", "stride", 1, 1, 4)
CODE = library("forward", "One product", "Nested loops", "PyTorch")
FIELDS = (SIDE, KERNELS, KERNEL, STRIDE, CODE)


def small(image: Array, v: Values) -> Array:
    """The image (1, H, W) at the input's size."""
    return resize(image, v[SIDE], v[SIDE], area=True)


def weight(v: Values) -> Array:
    """Random kernels, (K, 1, k, k)."""
    return he((v[KERNELS], 1, v[KERNEL], v[KERNEL]), np.random.default_rng(0)).round(2)


class Result(NamedTuple):
    """What one way computed, and how long it took."""

    output: Array  # (K, Ho, Wo)
    milliseconds: float

    def times_faster(self, than: "Result") -> str:
        """In two digits.

        >>> Result(np.zeros(0), 2.11).times_faster(Result(np.zeros(0), 2.74)), Result(np.zeros(0), 0.1).times_faster(Result(np.zeros(0), 9))
        ('1.3', '90')
        """
        ratio = than.milliseconds / self.milliseconds
        return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def compared(ways: Mapping[str, Way], image: Array, weight: Array, stride: int) -> dict[str, Result]:
    """Each way's result by its name, with the fastest of RUNS; what is slow runs once."""

    def timed(way: Way) -> Result:
        started = time.perf_counter()
        output = way(image, weight, stride)
        return Result(output, (time.perf_counter() - started) * 1e3)

    def best(way: Way) -> Result:
        first = timed(way)  # warms up, too
        again = RUNS - 1 if RUNS * first.milliseconds < PATIENCE else 0
        return min([first, *(timed(way) for _ in range(again))], key=lambda one: one.milliseconds)

    return {name: best(way) for name, way in ways.items()}
