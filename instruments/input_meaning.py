"""What the numbers of a network's input mean, the layers that make them of a picture in [0, 1], and what is likeliest."""

from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.graph import INPUT, Graph
from cnn_core.layers import Flatten, Layer, Reshape, Scale, Take, Transpose

SMALL, LARGE = 0.05, 1.5  # a first layer that multiplies by less is given up to 255, by more up to 1


class Range(NamedTuple):
    """What the numbers of a picture mean: (value in [0, 1] - mean) / deviation, by channel R, G, B."""

    words: str
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)


def _all(value: float) -> tuple[float, float, float]:
    return value, value, value


RANGES = {
    "unit": Range("0 to 1"),
    "bytes": Range("0 to 255", _all(0.0), _all(1 / 255)),
    "signed": Range("−1 to 1", _all(0.5), _all(0.5)),
    "imagenet": Range("Mean and deviation of ImageNet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": Range("0 to 255, less ImageNet's mean", (0.48502, 0.45796, 0.40760), _all(1 / 255)),
    "cifar10": Range("Mean and deviation of CIFAR-10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": Range("Mean and deviation of MNIST", _all(0.1307), _all(0.3081)),
}


class Meaning(NamedTuple):
    """What is set about the input of a network."""

    colours: str
    values: str
    photo: str
    height: int
    width: int


def pixels(channels: int, values: str) -> tuple[Array, Array]:
    """Mean and deviation, one a channel, by which a picture in [0, 1] becomes what a code of `RANGES` means.

    >>> [part.tolist() for part in pixels(1, "signed")]
    [[0.5], [0.5]]
    """
    parts = (np.array(part) for part in (RANGES[values].mean, RANGES[values].deviation))
    mean, deviation = (part if channels == 3 else part.mean(keepdims=True) for part in parts)
    return mean, deviation


def layers(channels: int, meaning: Meaning) -> dict[str, Layer]:
    """What turns a picture in [0, 1], grey or R, G, B, into the numbers that a network was trained on, by name."""
    mean, deviation = pixels(channels, meaning.values)
    scale, shift = 1 / deviation, -mean / deviation
    made: dict[str, Layer] = {
        "pixels": Scale(*(part.astype(np.float32).reshape(channels, 1, 1) for part in (scale, shift)))
    }
    if channels == 3 and meaning.colours == "bgr":
        made["blue_first"] = Take(1, [2, 1, 0])
    return made


def guessed(graph: Graph, classes: int) -> tuple[str, str]:
    """The likeliest meaning of a picture's numbers, a code of `RANGES`, and why.

    Args:
        graph: as it was read.
        classes: that it names.
    """
    first = _first_layer(graph)
    if isinstance(first, Scale):
        factor = float(np.abs(first.scale).max())
        if factor < SMALL:
            return "bytes", "its first layer makes large numbers small"
        if factor > LARGE:
            return "unit", "its first layer makes small numbers large"
    if graph.input_shape[0] == 3 and classes == 1000:
        return "imagenet", "1,000 classes are mostly ImageNet's"
    return "unit", "the file says nothing else"


def _first_layer(graph: Graph) -> Layer | None:
    """The layer that alone reads the picture, behind such as only give it another shape."""
    name = INPUT
    while True:
        readers = [node for node in graph.nodes if name in node.inputs]
        if len(readers) != 1:
            return None
        name = readers[0].name
        if not isinstance(readers[0].layer, Flatten | Reshape | Transpose):
            return readers[0].layer
