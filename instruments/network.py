"""The network page's instrument: a digit through every layer, and how one unit and one answer came about."""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cnn_core import networks
from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from cnn_core.graph import Graph
from cnn_core.shapes import conv_output_size, window_axes
from instruments import overview_settings, own_model
from instruments.code import library
from instruments.digits import all_digits, digit_fields, weights_field
from instruments.fields import Field, Values, Whole, resolve
from instruments.window_walk import Walk

MOST_KERNELS, MOST_SIDE, MOST_POOL = 64, 9, 6
AROUND = 5  # outputs of the convolution a side that are shown around a unit
POOLED = 3  # outputs of the pooling a side


def _last(v: Values) -> int:
    """The last row, and column, of the convolution's output."""
    return conv_output_size(SIDE, v[KERNEL_SIDE]) - 1


def _strongest(v: Values) -> tuple[int, int, int]:
    """Kernel, row and column of the unit that is shown while nobody has chosen one: the strongest on a ready digit; in the middle
    of a drawing or a photo, of which nothing is known here."""
    if v.known(DIGIT.source) != "choose":
        return 0, SIDE // 2, SIDE // 2
    return _strongest_on(v[DIGIT.number], v[KERNELS], v[KERNEL_SIDE], v[POOL])


@lru_cache(64)
def _strongest_on(number: int, kernels: int, side: int, pool: int) -> tuple[int, int, int]:
    net = network(resolve(SIZES, dict(zip((size.key for size in SIZES), (kernels, side, pool), strict=True))))
    (maps,) = net.values(all_digits()[0][number], ("conv1",)).values()
    channel, row, column = np.unravel_index(maps.argmax(), maps.shape)
    return int(channel), int(row), int(column)


DIGIT = digit_fields("network")
WEIGHTS = weights_field("network")
KERNELS = Whole("network_kernels", "kernels", 16, 1, MOST_KERNELS)
KERNEL_SIDE = Whole("network_side", "kernel side", 5, 1, MOST_SIDE)
POOL = Whole("network_pool", "pooling window", 2, 1, MOST_POOL)
SIZES = (KERNELS, KERNEL_SIDE, POOL)
CHANNEL = Whole("network_channel", "kernel number", lambda v: _strongest(v)[0], 0, lambda v: v[KERNELS] - 1)
ROW = Whole("network_y", "row of the unit", lambda v: _strongest(v)[1], 0, _last)
COLUMN = Whole("network_x", "column of the unit", lambda v: _strongest(v)[2], 0, _last)
CODE = library("network", "NumPy", "PyTorch", "Keras")
FIELDS: tuple[Field[Any], ...] = (
    *DIGIT,
    WEIGHTS,
    *SIZES,
    CHANNEL,
    ROW,
    COLUMN,
    CODE,
    *overview_settings.FIELDS,
    *own_model.FIELDS,
)


def is_trained(v: Values) -> bool:
    """Whether there are trained weights for these sizes."""
    return all(v[size] == size.default(v) for size in SIZES)


def network(v: Values) -> Graph:
    """The shipped network, or one of these sizes with random weights."""
    if is_trained(v):
        return networks.load("digits")
    return networks.digits_network(v[KERNELS], v[KERNEL_SIDE], v[POOL])


def laid_out(values: Array) -> Array:
    """Values of a dense layer as one map (1, rows, columns), in row order, as near to a square as their number allows.

    >>> laid_out(np.arange(6))[0, 1].tolist(), laid_out(np.zeros(128)).shape
    ([3, 4, 5], (1, 8, 16))
    """
    rows = next(rows for rows in range(math.isqrt(len(values)), 0, -1) if len(values) % rows == 0)
    return values.reshape(1, rows, -1)


def _first(at: int, shown: int, size: int) -> int:
    """Where a run of so many outputs begins that has this one in its middle, or as near as the edges allow."""
    return min(max(at - shown // 2, 0), size - shown)


def convolution_around(v: Values, net: Graph, digit: Array, around: int = AROUND) -> Walk:
    """The convolution around the unit that is chosen, with the network's own numbers.

    Args:
        v: says which unit.
        net: the network.
        digit: (1, 28, 28).
        around: outputs a side.
    """
    side, size = v[KERNEL_SIDE], conv_output_size(SIDE, v[KERNEL_SIDE])
    shown = min(around, size)
    top, left = _first(v[ROW], shown, size), _first(v[COLUMN], shown, size)
    seen = digit[0, top : top + shown + side - 1, left : left + shown + side - 1]
    parameters = net.parameters()
    weights = parameters["conv1.weight"][v[CHANNEL], 0]
    bias = float(parameters["conv1.bias"][v[CHANNEL]])
    windows = np.lib.stride_tricks.sliding_window_view(seen, (side, side))  # (shown, shown, side, side)
    output = np.einsum("yxij,ij->yx", windows, weights) + bias
    rows, columns = window_axes((seen.shape[0], seen.shape[1]), (side, side), 1, 0, 1)
    return Walk(seen, output, rows, columns, weights, bias, (v[ROW] - top) * shown + v[COLUMN] - left)


def pooling_around(v: Values, trace: dict[str, Array]) -> Walk:
    """The pooling around the unit that is chosen, with the network's own numbers."""
    pool, size = v[POOL], trace["pool1"].shape[1]
    shown = min(POOLED, size)
    top, left = (_first(min(at // pool, size - 1), shown, size) for at in (v[ROW], v[COLUMN]))
    seen = trace["relu1"][v[CHANNEL], top * pool : (top + shown) * pool, left * pool : (left + shown) * pool]
    output = trace["pool1"][v[CHANNEL], top : top + shown, left : left + shown]
    rows, columns = window_axes((seen.shape[0], seen.shape[1]), (pool, pool), pool, 0, 1)
    at = min(v[ROW] // pool, size - 1) - top, min(v[COLUMN] // pool, size - 1) - left
    return Walk(seen, output, rows, columns, at=at[0] * shown + at[1])


class Votes(NamedTuple):
    """Why the dense layers gave an answer its logit."""

    hidden: Array  # (units,): each hidden unit times its weight for the answer
    bias: float
    unit: int  # the hidden unit that weighs most
    pooled: Array  # (K, h, w): the pooled maps, each number times its weight for that unit


def votes(net: Graph, trace: dict[str, Array], answer: int) -> Votes:
    """Split an answer's logit into what each hidden unit adds, and the strongest of those into pixels of the pooled maps."""
    parameters = net.parameters()
    hidden = parameters["fc2.weight"][answer] * trace["relu2"]
    unit = int(np.abs(hidden).argmax())
    pooled = parameters["fc1.weight"][unit] * trace["flatten"]
    return Votes(hidden, float(parameters["fc2.bias"][answer]), unit, pooled.reshape(trace["pool1"].shape))
