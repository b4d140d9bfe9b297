"""The page that tries to break a network: a step against its answer, maps switched off, a photo moved, what a map looks for."""

import math
import re
from collections.abc import Iterator

import numpy as np

from cnn_core import attribution
from cnn_core.arguments import Array
from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import ReLU, Scale
from instruments import own_model
from instruments.code import library
from instruments.fields import Choice, Field, Real, SettingError, Values, Whole
from instruments.growing import Growing
from instruments.models import WORDS, Model
from instruments.why_this_answer import LayerName, answer

LEVELS = 255  # steps from black to white in a photo's file
STRONGEST = 5  # maps that are switched off at once
QUIET = 0.03  # deviation of the noise that a picture starts from, once it is smoothed, is below
PLACES = 13  # points of the curve
ASK_SIDES = {"squeezenet": 96}  # pixels a side of the picture that a map asks for, where it is not the network's own
RANGES = {"shift": (-0.5, 0.5), "turn": (-90.0, 90.0), "shrink": (0.0, 0.8)}


class MapNumbers(Field[tuple[int, ...]]):
    """Numbers of maps of the chosen layer, in order, each once."""

    def read(self, given: object, before: Values) -> tuple[int, ...]:
        if own_model.is_missing(before, NETWORK):
            return ()  # a link to one's own network means its maps
        last = channels(before) - 1
        parts = [part for part in re.split(r"[\s,;]+", given) if part] if isinstance(given, str) else ["?"]
        if len(parts) > last + 1 or not all(re.fullmatch("[0-9]{1,5}", part) and int(part) <= last for part in parts):
            raise SettingError(f"{self.name} must be numbers from 0 to {last}, with commas between them.")
        return tuple(sorted({int(part) for part in parts}))

    def fit(self, value: tuple[int, ...], before: Values) -> tuple[int, ...]:
        count = channels(before)
        return tuple(number for number in value if number < count)

    def write(self, value: tuple[int, ...]) -> str:
        return ", ".join(map(str, value))


NETWORK = Choice("fool_network", "Network", "squeezenet", WORDS)
EPSILON = Real("fool_epsilon", "epsilon", 2, 0, 32, 0.5)
FIRST_LAYERS = {"squeezenet": "fire5.concat", "resnet8": "block3.add", "digits": "relu1"}
LAYER = LayerName("fool_layer", "layer", NETWORK, FIRST_LAYERS)
OFF = MapNumbers("fool_off", "maps that are off", ())
MOVE = Choice("fool_move", "Plot over", "shift", {"shift": "Shift", "turn": "Turn", "shrink": "Shrink"})
SHIFT = Real("fool_shift", "shift", 0, *RANGES["shift"])
TURN = Real("fool_turn", "turn", 0, *RANGES["turn"], step=1)
SHRINK = Real("fool_shrink", "shrink", 0, *RANGES["shrink"])
MOVES = {"shift": SHIFT, "turn": TURN, "shrink": SHRINK}
CHANNEL = Whole("fool_channel", "map number", 0, 0, lambda v: channels(v) - 1)
SEED = Whole("fool_seed", "noise number", 0, 0, 999)
STEPS = Whole("fool_steps", "steps", 100, 10, 400)
CODE = library("fool", "NumPy", "PyTorch")
FIELDS = (NETWORK, *own_model.FIELDS, EPSILON, LAYER, OFF, MOVE, SHIFT, TURN, SHRINK, CHANNEL, SEED, STEPS, CODE)


def model(v: Values) -> Model:
    """The network that is tried."""
    return own_model.chosen(v, NETWORK)


def channels(v: Values) -> int:
    """Maps of the chosen layer."""
    return model(v).shapes[v[LAYER]][0]


def fooled(tried: Model, x: Array, epsilon: float) -> Array:
    """The picture moved against the network's answer by at most so many of 255 steps."""
    net = tried.graph
    return attribution.fgsm(net, x, int(attribution.scores(net, x).argmax()), epsilon / LEVELS)


def switched(net: Graph, layer: str, off: tuple[int, ...], count: int) -> Graph:
    """The network with some of the layer's maps set to zero; the weights are shared.

    Args:
        net: the network.
        layer: a node whose value are maps.
        off: numbers of the maps.
        count: of all maps of the layer.
    """
    mask = np.ones((count, 1, 1), np.float32)
    mask[list(off)] = 0
    nodes, switch = [], f"{layer}.switch"
    while any(node.name == switch for node in net.nodes):
        switch += "_"
    for node in net.nodes:
        nodes.append(Node(node.name, node.layer, tuple(switch if name == layer else name for name in node.inputs)))
        if node.name == layer:
            nodes.append(Node(switch, Scale(mask), (layer,)))
    return Graph(nodes, net.input_shape, net.output)


def strongest(net: Graph, x: Array, layer: str) -> tuple[int, ...]:
    """Numbers of the layer's maps that speak most for the answer: the sum of each map times its gradient is largest."""
    trace, at = net.trace(x), attribution.score_node(net)
    wanted = np.zeros_like(trace[at])
    wanted.ravel()[trace[at].argmax()] = 1
    gradient = net.backward(trace, wanted, at)[layer] if layer != INPUT else wanted
    speaks = (gradient * trace[layer]).sum(axis=(1, 2))
    return tuple(sorted(int(number) for number in np.argsort(-speaks, kind="stable")[:STRONGEST]))


def moved(x: Array, shift: float, turn: float, shrink: float, ground: float) -> Array:
    """The picture shrunk, turned and shifted to the right, bilinear; what it leaves is filled.

    Args:
        x: (C, H, W).
        shift: share of the width.
        turn: degrees, anticlockwise.
        shrink: share of the side that it loses, below 1.
        ground: the value that fills.

    >>> moved(np.array([[[1.0, 2.0, 3.0, 4.0]]]), 0.25, 0, 0, 0).tolist()
    [[[0.0, 1.0, 2.0, 3.0]]]
    """
    _, height, width = x.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    y, across = rows - (height - 1) / 2, columns - (width - 1) / 2 - shift * width
    angle = math.radians(turn)
    cosine, sine = (part / (1 - shrink) for part in (math.cos(angle), math.sin(angle)))
    source_y = cosine * y + sine * across + (height - 1) / 2
    source_x = -sine * y + cosine * across + (width - 1) / 2
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=ground)
    source_y, source_x = (np.clip(at + 1, 0, end + 1) for at, end in ((source_y, height), (source_x, width)))
    top, left = (np.minimum(at.astype(int), end) for at, end in ((source_y, height), (source_x, width)))
    down, right = source_y - top, source_x - left
    above = padded[:, top, left] * (1 - right) + padded[:, top, left + 1] * right
    below = padded[:, top + 1, left] * (1 - right) + padded[:, top + 1, left + 1] * right
    return np.asarray(above * (1 - down) + below * down, x.dtype)


def moved_as_set(v: Values, x: Array) -> Array:
    """The picture as the three sliders have it."""
    return moved(x, v[SHIFT], v[TURN], v[SHRINK], model(v).cover)


def places(move: str) -> Array:
    """Where the curve has its points."""
    return np.linspace(*RANGES[move], PLACES)


def curve(v: Values, x: Array, target: int) -> Growing:
    """The class's probability while one of the moves goes over its range and the others stay, a place more each time."""
    return Growing(_curve(model(v), v[MOVE], {move: v[field] for move, field in MOVES.items()}, x, target), PLACES)


def _curve(tried: Model, move: str, at: dict[str, float], x: Array, target: int) -> Iterator[Array]:
    found = np.zeros(0, np.float32)
    for place in places(move):
        here = at | {move: float(place)}
        picture = moved(x, here["shift"], here["turn"], here["shrink"], tried.cover)
        found = np.append(found, answer(tried, picture).probabilities[target])
        yield found


def looked_for(v: Values) -> Growing:
    """What a map looks for, a step more each time, (C, H, W).

    A ReLU that is 0 everywhere says nothing about which way to go, so what it reads is asked.
    """
    net, layer = model(v).graph, v[LAYER]
    while isinstance(net.layer(layer), ReLU):
        layer = net.node(layer).inputs[0]
    return Growing(attribution.maximise(net, layer, v[CHANNEL], asked_shape(v), v[STEPS], v[SEED]), v[STEPS])


def asked_shape(v: Values) -> tuple[int, int, int]:
    """(C, H, W) of the picture that a map asks for: small where the network takes any size."""
    channels_, height, width = model(v).shape
    side = ASK_SIDES.get(model(v).code)
    return (channels_, side, side) if side else (channels_, height, width)


def is_even(picture: Array) -> bool:
    """Whether a picture that was asked for shows no form: one brightness, or the noise of the start, smoothed.

    >>> is_even(np.full((1, 5, 5), 0.5)), is_even(np.eye(5)[np.newaxis])
    (True, False)
    """
    return float(picture.std()) < QUIET
