"""The networks that pages look into: what each is given of a photo, its layers with maps, and its classes."""

import copy
import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from cnn_core import attribution, networks
from cnn_core.arguments import Array
from cnn_core.digits import SIDE, prepare
from cnn_core.graph import Graph
from cnn_core.images import resize, to_grey
from cnn_core.layers import he

SHIPPED = {"squeezenet": "Photos (SqueezeNet)", "resnet8": "ResNet-8", "digits": "Digits"}
OWN = "own"  # a network that someone gave to their session
WORDS = SHIPPED | {OWN: "Your own (ONNX)"}
SIDES = {"squeezenet": 227, "resnet8": 32, "digits": SIDE}  # pixels a side that each network is given
COVERS = {"squeezenet": 0.5, "resnet8": 0.5, "digits": 0.0}  # what covers: grey, and on digits the ground


@dataclass(frozen=True, eq=False)
class Model:
    """A network and what belongs to it.

    Args:
        code: by which links choose it.
        digest: names it in caches, with all that its answers depend on.
        graph: takes a picture (C, H, W) in [0, 1], in grey or R, G, B, and ends in one number a class.
        classes: their names, in the order of the answer; () where the graph ends otherwise.
        shape: (C, H, W) of the picture.
        cover: value of what covers a part of the picture.
        finds_digit: whether the picture is a digit found in the photo, else the photo's middle.
    """

    code: str
    digest: str
    graph: Graph
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    cover: float = 0.5
    finds_digit: bool = False

    def square(self, photo: Array) -> Array:
        """What the network is given of a photo (C, H, W): the middle at its size, or a digit found in it and centred.

        The middle is as large as it can be with the sides' ratio: a square for most networks.

        >>> shipped("resnet8").square(np.zeros((3, 40, 60), np.float32)).shape
        (3, 32, 32)
        """
        channels, high, wide = self.shape
        if self.finds_digit:
            digit = prepare(to_grey(photo)[0])
            return digit if (high, wide) == digit.shape[1:] else resize(digit, high, wide)
        _, height, width = photo.shape
        scale = min(height / high, width / wide)
        rows, columns = (max(1, min(round(side * scale), end)) for side, end in ((high, height), (wide, width)))
        top, left = (height - rows) // 2, (width - columns) // 2
        middle = photo[:, top : top + rows, left : left + columns]
        return resize(to_grey(middle) if channels == 1 else middle, high, wide)

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Nodes before the scores whose value are maps of more than one cell, in order.

        >>> shipped("digits").layers
        ('conv1', 'relu1', 'pool1')
        """
        scores = attribution.score_node(self.graph)
        names = [node.name for node in self.graph.nodes]
        return tuple(
            name
            for name in names[: names.index(scores)]
            if len(size := self.shapes[name]) == 3 and size[1] * size[2] > 1
        )

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each node's value, by name."""
        return self.graph.output_shapes(self.shape)

    @cached_property
    def macs(self) -> int:
        """Multiply-adds of one answer."""
        return self.graph.macs(self.shape)

    @cached_property
    def memory(self) -> int:
        """Bytes of all values, forward and back."""
        return 2 * 4 * sum(math.prod(size) for size in self.shapes.values())

    @cached_property
    def has_activation_map(self) -> bool:
        """Whether the network ends in the mean of maps."""
        return attribution.ends_in_means(self.graph)


@cache
def shipped(code: str) -> Model:
    """A network that comes with the app.

    Args:
        code: of `SHIPPED`.
    """
    graph, side = networks.load(code), SIDES[code]
    assert isinstance(graph, Graph)
    names = tuple(networks.classes(code))
    return Model(code, code, graph, names, (1 if code == "digits" else 3, side, side), COVERS[code], code == "digits")


@cache
def shipped_with(code: str, weights: str) -> Graph:
    """A shipped network with other weights, as `with_weights`."""
    return with_weights(shipped(code).graph, weights)


def with_weights(trained: Graph, weights: str) -> Graph:
    """A network as it was trained, or a copy with random weights.

    Args:
        trained: it stays as it is.
        weights: "none" of them are random, the "last" layer's, or "all".
    """
    if weights == "none":
        return trained
    arrays, rng = trained.stored(), np.random.default_rng(0)
    drawn = [key for key in arrays if key.endswith(".weight") and arrays[key].ndim > 1]
    for key in drawn[-1:] if weights == "last" else drawn:
        arrays[key] = he(arrays[key].shape, rng)
    nodes = [node._replace(layer=copy.copy(node.layer)) for node in trained.nodes]
    net = Graph(nodes, trained.input_shape, trained.output)
    net.store(arrays)
    return net
