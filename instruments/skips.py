"""The page of skips and norms: ResNet-8 with skips cut, what a block adds, and what a batch norm does to a map."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from cnn_core import networks
from cnn_core.arguments import Array
from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import BatchNorm2d
from instruments import models, samples
from instruments.code import library
from instruments.fields import Choice, Field, Switch, Values, Whole

BLOCKS = (1, 2, 3)
SAMPLE_SIDE = 128  # pixels of a sample picture, of which the network sees 32
NORMS = {"norm1": "conv1"} | {
    f"block{block}.norm{number}": f"block{block}.conv{number}" for block in BLOCKS for number in (1, 2)
}  # the convolution that each norm reads
MAPS = {"norm1": 16} | {f"block{block}.norm{number}": 16 * 2 ** (block - 1) for block in BLOCKS for number in (1, 2)}

CUT = {block: Switch(f"skips_cut{block}", f"Cut the skip of block {block}", False) for block in BLOCKS}
BLOCK = Choice("skips_block", "Look into", "1", {str(block): f"Block {block}" for block in BLOCKS})
MAP = Whole("skips_map", "map number", 0, 0, lambda v: MAPS[f"block{v[BLOCK]}.norm2"] - 1)
NORM = Choice("skips_norm", "Norm", "block1.norm1", {name: name for name in NORMS})
NORM_MAP = Whole("skips_norm_map", "map number", 0, 0, lambda v: MAPS[v[NORM]] - 1)
CODE = library("skips", "NumPy", "PyTorch")
FIELDS: tuple[Field[Any], ...] = (*CUT.values(), BLOCK, MAP, NORM, NORM_MAP, CODE)


def cut_blocks(v: Values) -> tuple[int, ...]:
    """Numbers of the blocks whose skip is cut."""
    return tuple(block for block, field in CUT.items() if v[field])


def is_cut(v: Values) -> bool:
    """Whether the skip of the block that is looked into is cut."""
    return v[CUT[int(v[BLOCK])]]


def cut(net: Graph, blocks: tuple[int, ...]) -> Graph:
    """The network without the skips of these blocks: what a block computed goes on, what it was given does not.

    The weights are shared. Layers that only a skip went through are gone.

    >>> net = networks.load("resnet8")
    >>> len(net.nodes), len(cut(net, (1,)).nodes), len(cut(net, (2,)).nodes)
    (29, 28, 27)
    """
    instead = {f"block{block}.add": f"block{block}.norm2" for block in blocks}
    gone = {*instead, *(f"block{block}.shortcut" for block in blocks)}
    nodes = [
        Node(node.name, node.layer, tuple(instead.get(name, name) for name in node.inputs))
        for node in net.nodes
        if node.name not in gone
    ]
    return Graph(nodes, net.input_shape, net.output)


class Block(NamedTuple):
    """One map on its way through a residual block, each (1, h, w)."""

    given: Array  # what the skip brings
    computed: Array  # what two convolutions and norms made of the block's input
    added: Array  # the sum; without the skip what was computed
    left: Array  # after ReLU

    @property
    def share(self) -> float:
        """How large what is computed is beside what is given, as root mean squares."""
        sizes = [float(np.sqrt(np.mean(part.astype(np.float64) ** 2))) for part in (self.computed, self.given)]
        return sizes[0] / sizes[1] if sizes[1] else float("inf")


def block(net: Graph, x: Array, v: Values) -> Block:
    """The map that is chosen, in the block that is chosen.

    Args:
        net: ResNet-8, perhaps without some skips.
        x: (3, 32, 32).
        v: says which block and map.
    """
    whole, name, number = networks.load("resnet8"), f"block{v[BLOCK]}", v[MAP]
    computed, brought = whole.node(f"{name}.add").inputs
    trace = net.trace(x)
    if brought in trace:
        given = trace[brought]
    else:  # the skip's own convolution is cut: what it would have brought
        given = np.asarray(whole.layer(brought).apply(trace[whole.node(brought).inputs[0]]))
    added = trace.get(f"{name}.add", trace[computed])
    parts = (given, trace[computed], added, trace[f"{name}.relu2"])
    return Block(*(part[number : number + 1] for part in parts))


class Norm(NamedTuple):
    """One map before and after a batch norm, and the four numbers that make the one of the other."""

    before: Array  # (1, h, w)
    after: Array
    mean: float
    variance: float
    weight: float
    bias: float
    eps: float


def norm(net: Graph, x: Array, v: Values) -> Norm:
    """The map that is chosen, around the norm that is chosen; arguments as of `block`."""
    name, number = v[NORM], v[NORM_MAP]
    layer = net.layer(name)
    assert isinstance(layer, BatchNorm2d)
    values = net.values(x, (net.node(name).inputs[0], name))
    before, after = (one[number : number + 1] for one in values.values())
    mean, variance = (float(layer.buffers[f"running_{name}"][number]) for name in ("mean", "var"))
    weight, bias = (float(layer.parameters[name][number]) for name in ("weight", "bias"))
    return Norm(before, after, mean, variance, weight, bias, layer.eps)


CASES = {"none": (), **{f"block {block}": (block,) for block in BLOCKS}, "all three": BLOCKS}  # what is cut, in words


class Alone(NamedTuple):
    """What the network says with one skip cut, or none."""

    words: str
    said: str
    probability: float  # of what it said with all skips


class OnSamples(NamedTuple):
    """What a network with skips cut says of the pictures that come with the app."""

    others: int  # pictures of which it says something else than the whole network
    sure: float  # the mean of its largest probability


@cache
def on_samples() -> list[OnSamples]:
    """For each of CASES, on all sample pictures, few of which show one of the ten classes."""
    net, square = networks.load("resnet8"), models.shipped("resnet8").square
    pictures = np.stack([square(samples.load(name, SAMPLE_SIDE)) for name in samples.SAMPLES])
    answers = [cut(net, blocks).forward(pictures) for blocks in CASES.values()]
    whole = answers[0].argmax(axis=1)
    return [OnSamples(int((one.argmax(axis=1) != whole).sum()), float(one.max(axis=1).mean())) for one in answers]


def each_alone(x: Array) -> list[Alone]:
    """The answer with all skips, then with each one cut alone, and with all cut."""
    net, names = networks.load("resnet8"), networks.classes("resnet8")
    found, first = [], None
    for words, blocks in CASES.items():
        probabilities = cut(net, blocks).forward(x)
        said = int(probabilities.argmax())
        first = said if first is None else first
        found.append(Alone(words, names[said], float(probabilities[first])))
    return found


def shortest(net: Graph) -> int:
    """Nodes on the shortest way from the input to the answer, which a gradient goes back: skips make it short."""
    steps = {INPUT: 0}
    for node in net.nodes:
        steps[node.name] = 1 + min(steps[name] for name in node.inputs)
    return steps[net.output]
