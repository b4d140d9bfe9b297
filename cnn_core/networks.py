"""Networks with trained weights: the lesson's digits network, two for colour photos, and the three of MTCNN.

Each is loaded when first asked for and then shared: its arrays are read-only, and nothing is remembered between calls.
"""

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from cnn_core import weights
from cnn_core.arguments import Array
from cnn_core.graph import INPUT, Graph, Node, chain
from cnn_core.layers import (
    Add,
    BatchNorm2d,
    Concat,
    Conv2d,
    Flatten,
    GlobalAvgPool2d,
    Layer,
    Linear,
    MaxPool2d,
    PReLU,
    ReLU,
    Scale,
    Shape,
    Softmax,
)
from cnn_core.shapes import Padding

ASSETS = Path(__file__).resolve().parent.parent / "assets"
IMAGENET_MEAN = (122.679, 116.669, 104.006)  # of R, G, B from 0 to 255, as SqueezeNet was trained
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def digits_layers(
    kernels: int = 16, kernel_size: int = 5, pool_size: int = 2, hidden: int = 128, seed: int = 0, convolutions: int = 1
) -> list[Layer]:
    """Input 1 x 28 x 28 -> (Conv -> ReLU -> MaxPool) once or more -> FC -> ReLU -> FC, ending in 10 logits.

    Args:
        kernels: of the first convolution; each further one has twice as many.
        kernel_size: their side in pixels.
        pool_size: side of the pooling window in pixels.
        hidden: units of the first dense layer.
        seed: of the weights.
        convolutions: how many, each with ReLU and pooling.

    Raises:
        ValueError: a kernel or a pooling window does not fit.

    Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), made smaller.

    >>> chain(digits_layers(), (1, 28, 28)).output_shapes()["flatten"]
    (2304,)
    >>> chain(digits_layers(8, 3, convolutions=2), (1, 28, 28)).output_shapes()["pool2"]
    (16, 5, 5)
    """
    layers: list[Layer] = []
    shape: Shape = (1, 28, 28)
    for number in range(convolutions):
        conv_seed = seed + 2 + number if number else seed  # the dense layers' seeds stand between
        block = (Conv2d(shape[0], kernels * 2**number, kernel_size, seed=conv_seed), ReLU(), MaxPool2d(pool_size))
        for layer in block:
            shape = layer.output_shape(shape)
        layers += block
    dense = Linear(math.prod(shape), hidden, seed=seed + 1)
    return [*layers, Flatten(), dense, ReLU(), Linear(hidden, 10, seed=seed + 2)]


def digits_network(
    kernels: int = 16,
    kernel_size: int = 5,
    pool_size: int = 2,
    hidden: int = 128,
    seed: int = 0,
    logits: bool = False,
    convolutions: int = 1,
) -> Graph:
    """The digits network with random weights: (N, 1, 28, 28) in [0, 1], bright on dark, to probabilities (N, 10).

    Args:
        kernels, kernel_size, pool_size, hidden, seed, convolutions: as in `digits_layers`.
        logits: end in logits, without the softmax: what `training.train` takes.

    Raises:
        ValueError: a kernel or a pooling window does not fit.

    >>> [node.name for node in digits_network().nodes]
    ['conv1', 'relu1', 'pool1', 'flatten', 'fc1', 'relu2', 'fc2', 'softmax']
    """
    layers = digits_layers(kernels, kernel_size, pool_size, hidden, seed, convolutions)
    return chain(layers if logits else [*layers, Softmax()], (1, 28, 28))


class Cascade:
    """One network of MTCNN: a graph with several answers, its heads.

    Input: RGB pixels as (value * 255 - 127.5) / 128, (3, H, W) or (N, 3, H, W). P-Net has convolutions as heads and takes
    any size from 12 x 12; R-Net takes 24 x 24, O-Net 48 x 48. The heads: "face" (probabilities, channel 1 is the face),
    "box", and for O-Net "landmarks".
    """

    def __init__(self, graph: Graph, heads: tuple[str, ...]) -> None:
        self.graph, self.heads = graph, heads

    def forward(self, x: ArrayLike) -> dict[str, Array]:
        """Answers by head; the maps on the way are let go as soon as they are read: those of a large photo are large."""
        return self.graph.values(x, self.heads)

    def trace(self, x: ArrayLike) -> dict[str, Array]:
        """Every intermediate by name, in order, the heads among them."""
        return self.graph.trace(x)


def _cascade(trunk: list[Layer], names: list[str], side: int | None, landmarks: bool) -> Cascade:
    """The layers in a row, then the heads on what they leave: convolutions on maps, else dense layers."""
    nodes = list(chain(trunk, (3, side, side), names).nodes)
    last = nodes[-1].name
    slopes = trunk[-1]
    assert isinstance(slopes, PReLU)
    features, maps = slopes.num_parameters, isinstance(trunk[-2], Conv2d)
    outputs = {"box": 4} | ({"landmarks": 10} if landmarks else {}) | {"logits": 2}
    for name, count in outputs.items():
        nodes.append(Node(name, Conv2d(features, count, 1) if maps else Linear(features, count), (last,)))
    nodes.append(Node("face", Softmax(axis=1), ("logits",)))
    return Cascade(Graph(nodes, (3, side, side)), tuple("face" if name == "logits" else name for name in outputs))


def _pnet() -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 10, 3), PReLU(10), MaxPool2d(2, 2, ceil_mode=True), Conv2d(10, 16, 3), PReLU(16)]
    trunk += [Conv2d(16, 32, 3), PReLU(32)]
    return _cascade(trunk, ["conv1", "prelu1", "pool1", "conv2", "prelu2", "conv3", "prelu3"], None, False)


def _rnet() -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 28, 3), PReLU(28), MaxPool2d(3, 2, ceil_mode=True)]
    trunk += [Conv2d(28, 48, 3), PReLU(48), MaxPool2d(3, 2), Conv2d(48, 64, 2), PReLU(64)]
    trunk += [Flatten(), Linear(576, 128), PReLU(128)]
    names = ["conv1", "prelu1", "pool1", "conv2", "prelu2", "pool2", "conv3", "prelu3", "flatten", "fc4", "prelu4"]
    return _cascade(trunk, names, 24, False)


def _onet() -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 32, 3), PReLU(32), MaxPool2d(3, 2, ceil_mode=True)]
    trunk += [Conv2d(32, 64, 3), PReLU(64), MaxPool2d(3, 2), Conv2d(64, 64, 3), PReLU(64)]
    trunk += [MaxPool2d(2, 2, ceil_mode=True), Conv2d(64, 128, 2), PReLU(128)]
    trunk += [Flatten(), Linear(1152, 256), PReLU(256)]
    names = ["conv1", "prelu1", "pool1", "conv2", "prelu2", "pool2", "conv3", "prelu3", "pool3", "conv4", "prelu4"]
    return _cascade(trunk, [*names, "flatten", "fc5", "prelu5"], 48, True)


class _Builder:
    """Nodes of a network, each reading the one before unless told otherwise."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, name: str, layer: Layer, *inputs: str) -> str:
        before = self.nodes[-1].name if self.nodes else INPUT
        self.nodes.append(Node(name, layer, inputs or (before,)))
        return name


def _squeezenet() -> Graph:
    net = _Builder()

    def fire(name: str, channels: int, squeezed: int, expanded: int) -> int:
        """Few 1 x 1 kernels, then 1 x 1 and 3 x 3 kernels side by side; returns the channels that leave."""
        net.add(f"{name}.squeeze", Conv2d(channels, squeezed, 1))
        narrow = net.add(f"{name}.squeeze_relu", ReLU())
        net.add(f"{name}.expand1", Conv2d(squeezed, expanded, 1), narrow)
        one = net.add(f"{name}.expand1_relu", ReLU())
        net.add(f"{name}.expand3", Conv2d(squeezed, expanded, 3, padding=1), narrow)
        three = net.add(f"{name}.expand3_relu", ReLU())
        net.add(f"{name}.concat", Concat(), one, three)
        return 2 * expanded

    net.add("normalise", Scale(255.0, -np.array(IMAGENET_MEAN, np.float32).reshape(3, 1, 1)))
    net.add("conv1", Conv2d(3, 64, 3, stride=2))
    net.add("relu1", ReLU())
    channels = 64
    for stage, squeezed, expanded, modules in ((1, 16, 64, (2, 3)), (3, 32, 128, (4, 5))):
        net.add(f"pool{stage}", MaxPool2d(3, 2, ceil_mode=True))
        for number in modules:
            channels = fire(f"fire{number}", channels, squeezed, expanded)
    net.add("pool5", MaxPool2d(3, 2, ceil_mode=True))
    for number, squeezed, expanded in ((6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256)):
        channels = fire(f"fire{number}", channels, squeezed, expanded)
    net.add("conv10", Conv2d(channels, 1000, 1))
    net.add("relu10", ReLU())
    net.add("mean", GlobalAvgPool2d(keepdims=False))
    net.add("softmax", Softmax())
    return Graph(net.nodes, (3, None, None))


def _resnet8() -> Graph:
    net = _Builder()

    def block(name: str, channels: int, kernels: int, stride: int) -> None:
        """Two convolutions and a skip past them, through a 1 x 1 convolution where the sizes change."""
        start = net.nodes[-1].name
        same: Padding = 1 if stride == 1 else ((0, 1), (0, 1))  # TensorFlow's "same" puts the odd pixel after
        net.add(f"{name}.conv1", Conv2d(channels, kernels, 3, stride, same))
        net.add(f"{name}.norm1", BatchNorm2d(kernels, 0.001))
        net.add(f"{name}.relu1", ReLU())
        net.add(f"{name}.conv2", Conv2d(kernels, kernels, 3, padding=1))
        straight = net.add(f"{name}.norm2", BatchNorm2d(kernels, 0.001))
        skip = start if stride == 1 else net.add(f"{name}.shortcut", Conv2d(channels, kernels, 1, stride), start)
        net.add(f"{name}.add", Add(), straight, skip)
        net.add(f"{name}.relu2", ReLU())

    net.add("conv1", Conv2d(3, 16, 3, padding=1))
    net.add("norm1", BatchNorm2d(16, 0.001))
    net.add("relu1", ReLU())
    block("block1", 16, 16, 1)
    block("block2", 16, 32, 2)
    block("block3", 32, 64, 2)
    net.add("mean", GlobalAvgPool2d(keepdims=False))
    net.add("fc", Linear(64, 10))
    net.add("softmax", Softmax())
    return Graph(net.nodes, (3, 32, 32))


_GRAPHS: dict[str, Callable[[], Graph]] = {
    "digits": digits_network,
    "squeezenet": _squeezenet,
    "resnet8": _resnet8,
}
_CASCADES: dict[str, Callable[[], Cascade]] = {"pnet": _pnet, "rnet": _rnet, "onet": _onet}


@overload
def load(name: Literal["digits", "squeezenet", "resnet8"]) -> Graph: ...
@overload
def load(name: Literal["pnet", "rnet", "onet"]) -> Cascade: ...
@overload
def load(name: str) -> Graph | Cascade: ...
def load(name: str) -> Graph | Cascade:
    """A network with trained weights, loaded when first asked for; every call answers the same object.

    Args:
        name: "digits", "squeezenet", "resnet8", "pnet", "rnet" or "onet".

    Returns:
        A Graph, or a Cascade for the last three. "digits" takes (1, 28, 28) in [0, 1], bright strokes on dark; "squeezenet"
        (3, H, W) pixels R, G, B in [0, 1], made for 227 x 227; "resnet8" the same at 32 x 32: each, or a batch of them, to
        probabilities of `classes(name)`. The last three take normalised pixels, see `Cascade`.

    Raises:
        ValueError: there is no network of this name.

    Source: digits: `cnn_core/train_digits.py`. squeezenet: Iandola et al., "SqueezeNet" (2016), version 1.1. resnet8: He et
    al., "Deep Residual Learning for Image Recognition" (2016), for CIFAR-10. The others: Zhang et al., "Joint Face Detection
    and Alignment using Multitask Cascaded Convolutional Networks" (2016).

    >>> load("digits").forward(np.zeros((2, 1, 28, 28))).shape
    (2, 10)
    >>> {head: answer.shape for head, answer in load("pnet").forward(np.zeros((3, 12, 12))).items()}
    {'box': (4, 1, 1), 'face': (2, 1, 1)}
    """
    if name not in _GRAPHS and name not in _CASCADES:
        raise ValueError(f"name must be one of {', '.join((*_GRAPHS, *_CASCADES))}, got {name!r}")
    return _loaded(name)


@cache
def _loaded(name: str) -> Graph | Cascade:
    network = _GRAPHS[name]() if name in _GRAPHS else _CASCADES[name]()
    graph = network if isinstance(network, Graph) else network.graph
    weights.load(ASSETS / f"{'mtcnn_' if name in _CASCADES else ''}{name}.npz", graph)
    for array in graph.stored().values():
        array.flags.writeable = False
    return network


def classes(name: str) -> list[str]:
    """The classes of a network's probabilities, in their order.

    Args:
        name: "digits", "squeezenet" or "resnet8".

    Returns:
        A name each.

    Raises:
        ValueError: there is no such network.

    Source: ImageNet's 1,000 classes (Russakovsky et al., 2015), first synonym; CIFAR-10 (Krizhevsky, 2009).

    >>> classes("digits")[3], classes("resnet8")[3], classes("squeezenet")[281], len(classes("squeezenet"))
    ('3', 'cat', 'tabby', 1000)
    """
    if name == "digits":
        return [str(digit) for digit in range(10)]
    if name == "resnet8":
        return list(CIFAR10)
    if name == "squeezenet":
        return list(_imagenet())
    raise ValueError(f"name must be digits, squeezenet or resnet8, got {name!r}")


@cache
def _imagenet() -> tuple[str, ...]:
    return tuple(json.loads((ASSETS / "imagenet_classes.json").read_text("utf-8")))
