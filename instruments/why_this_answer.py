"""The page that asks a network why it answered so: its settings, the picture it is given, and what each method finds."""

import copy
import math
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from cnn_core import attribution, networks
from cnn_core.arguments import Array
from cnn_core.digits import SIDE, prepare
from cnn_core.graph import Graph
from cnn_core.images import resize, to_grey
from cnn_core.layers import he
from cnn_core.resampling import interpolate
from instruments.code import library
from instruments.cost import Cost
from instruments.fields import Choice, Field, Real, SettingError, Values, Whole, choice

TOP = 5  # answers that are shown and can be asked about
SIDES = {"squeezenet": 227, "resnet8": 32, "digits": SIDE}  # pixels a side that each network is given
COVERS = {"squeezenet": 0.5, "resnet8": 0.5, "digits": 0.0}  # what covers: grey, and on digits the ground
MAX_MACS = 120_000_000_000  # multiply-adds of what is computed bit by bit: some 15 to 60 s
ORANGE, BLUE = (1.0, 0.5, 0.0), (0.1, 0.4, 1.0)
QUICK = ("cam", "gradcam", "saliency")  # shown at once; the others grow


class LayerName(Field[str]):
    """A layer of the chosen network that has maps.

    Args:
        key, name: as of every field.
        network: the field that chooses the network.
        defaults: the layer at first by network; the last where it has none.
    """

    def __init__(self, key: str, name: str, network: Choice, defaults: Mapping[str, str] | None = None) -> None:
        self._network = network
        super().__init__(key, name, lambda before: (defaults or {}).get(before[network], self.known(before)[-1]))

    def known(self, before: Values) -> tuple[str, ...]:
        """Names of all that can be chosen."""
        return layers(before[self._network])

    def read(self, given: object, before: Values) -> str:
        return choice(self.name, given, self.known(before))

    def fit(self, value: str, before: Values) -> str:
        return value if value in self.known(before) else self.default(before)


def _side(v: Values) -> int:
    return SIDES[v[NETWORK]]


_RANKS = ("likeliest", "second", "third", "fourth", "fifth")
_PLACES = {str(number): f"the {word}" for number, word in enumerate(_RANKS, 1)}
NETWORK = Choice(
    "answer_network",
    "Network",
    "squeezenet",
    {"squeezenet": "Photos (SqueezeNet)", "resnet8": "ResNet-8", "digits": "Digits"},
)
METHOD = Choice(
    "answer_method",
    "Method",
    "cam",
    {
        "cam": "Class activation map",
        "gradcam": "Grad-CAM",
        "saliency": "Saliency",
        "integrated": "Integrated gradients",
        "occlusion": "Occlusion",
    },
)
FIRST = Choice("answer_first", "Why", "1", _PLACES)
SECOND = Choice("answer_second", "And not", "2", _PLACES)
LAYER = LayerName("answer_layer", "layer", NETWORK)
STEPS = Whole("answer_steps", "steps", 16, 1, 64)
SIZE = Whole("answer_size", "side of the square", lambda v: _side(v) // 4, 2, lambda v: _side(v) // 2)
STRIDE = Whole("answer_stride", "stride", lambda v: max(1, _side(v) // 8), 1, lambda v: _side(v) // 2)
ROW = Whole("answer_y", "row of the square", lambda v: (_side(v) - v[SIZE]) // 2, 0, lambda v: _side(v) - v[SIZE])
COLUMN = Whole("answer_x", "column of the square", lambda v: (_side(v) - v[SIZE]) // 2, 0, lambda v: _side(v) - v[SIZE])
STRENGTH = Real("answer_strength", "strength", 0.7, 0, 1)
WEIGHTS = Choice(
    "answer_weights", "Weights", "none", {"none": "Not now", "last": "Last layer random", "all": "All layers random"}
)
CODE = library("answer", "NumPy", "PyTorch")
FIELDS = (NETWORK, METHOD, FIRST, SECOND, LAYER, STEPS, SIZE, STRIDE, ROW, COLUMN, STRENGTH, WEIGHTS, CODE)


def shape(name: str) -> tuple[int, int, int]:
    """(C, H, W) of what a network is given."""
    return 1 if name == "digits" else 3, SIDES[name], SIDES[name]


@cache
def layers(name: str) -> tuple[str, ...]:
    """Nodes of a network whose values are maps, in order, up to the scores.

    >>> layers("digits")
    ('conv1', 'relu1', 'pool1')
    """
    net = networks.load(name)
    assert isinstance(net, Graph)
    shapes = net.output_shapes(shape(name))
    return tuple(node.name for node in net.nodes if len(shapes[node.name]) == 3)


def method(v: Values) -> str:
    """The method that is chosen; Grad-CAM where the network has no class activation map."""
    asked = v[METHOD]
    return "gradcam" if asked == "cam" and not attribution.ends_in_means(network(v[NETWORK])) else asked


@cache
def network(name: str, weights: str = "none") -> Graph:
    """A network by its code, as it was trained, or with random weights.

    Args:
        name: a code of `NETWORK`.
        weights: a code of `WEIGHTS`: "none" of them are random, the "last" layer's, or "all".
    """
    trained = networks.load(name)
    assert isinstance(trained, Graph)
    if weights == "none":
        return trained
    net = copy.deepcopy(trained)
    arrays, rng = net.stored(), np.random.default_rng(0)
    drawn = [key for key in arrays if key.endswith(".weight") and arrays[key].ndim > 1]
    for key in drawn[-1:] if weights == "last" else drawn:
        arrays[key] = he(arrays[key].shape, rng)
    net.store(arrays)
    return net


def square(photo: Array, name: str) -> Array:
    """What a network is given: the middle square of a photo (C, H, W) at its size, or a digit found in it and centred.

    >>> square(np.zeros((3, 40, 60), np.float32), "resnet8").shape
    (3, 32, 32)
    """
    if name == "digits":
        return prepare(to_grey(photo)[0])
    _, height, width = photo.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(photo[:, top : top + side, left : left + side], SIDES[name], SIDES[name])


class Answer(NamedTuple):
    """What a network says of a picture."""

    scores: Array  # (classes,): before the softmax
    probabilities: Array  # (classes,)
    top: list[int]  # numbers of the likeliest classes, likeliest first
    names: list[str]  # theirs


def answer(name: str, x: Array, changed: Graph | None = None) -> Answer:
    """Scores and probabilities of all classes, and which are the likeliest, of the network or of a changed copy."""
    scores = attribution.scores(changed or network(name), x)
    powers = np.exp(scores - scores.max())
    top = [int(number) for number in np.argsort(-scores, kind="stable")[:TOP]]
    known = networks.classes(name)
    return Answer(scores, powers / powers.sum(), top, [known[number] for number in top])


def percent(share: float) -> str:
    """A share in words that never claims to be all or nothing when it is not.

    >>> percent(0.9997), percent(0.35), percent(0.0002), percent(1.0)
    ('> 99.9 %', '35.0 %', '< 0.1 %', '100 %')
    """
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if share >= 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if share < 0.0005 else f"{share * 100:.1f} %"


# What each method finds: (targets, h, w)


def places(v: Values) -> int:
    """Squares along a side that the walk covers."""
    return (_side(v) - v[SIZE]) // v[STRIDE] + 1


def memory(name: str) -> int:
    """Bytes of all values of a network, forward and back."""
    return 2 * 4 * sum(math.prod(one) for one in network(name).output_shapes(shape(name)).values())


def cost(v: Values, targets: int = 2) -> Cost:
    """What the chosen method takes; raises SettingError where it is too much.

    A way back takes about twice what a way forward does.
    """
    forward, chosen = network(v[NETWORK]).macs(shape(v[NETWORK])), method(v)
    macs = {
        "cam": targets * forward,
        "gradcam": targets * 3 * forward,
        "saliency": targets * 3 * forward,
        "integrated": targets * v[STEPS] * 5 * forward,
        "occlusion": (places(v) ** 2 + 1) * forward,
    }[chosen]
    found = Cost(macs, memory(v[NETWORK]))
    if chosen in QUICK:
        return found
    if macs > MAX_MACS:
        amount, limit = f"{macs / 1e9:,.0f} billion multiply-adds", f"{MAX_MACS / 1e9:.0f} billion"
        lower = "fewer steps" if chosen == "integrated" else "a larger stride or a larger square"
        raise SettingError(f"This would take {amount}, more than {limit}: choose {lower}.")
    return found


def quick(net: Graph, x: Array, target: int, chosen: str, layer: str) -> Array:
    """The map of a method that answers at once, (h, w); saliency is the largest of the channels' sizes."""
    if chosen == "cam":
        return attribution.class_activation(net, x, target)
    if chosen == "gradcam":
        return attribution.grad_cam(net, x, target, layer)
    return np.abs(attribution.saliency(net, x, target)).max(axis=0)


def integrated(net: Graph, x: Array, targets: tuple[int, ...], steps: int) -> Iterator[Array]:
    """Integrated gradients from black, one more part of one target's way each time; summed over the channels, (targets, H, W)."""
    total = np.zeros((len(targets), *x.shape[1:]), np.float32)
    for step in range(steps):
        start, end = (x * np.float32((step + part) / steps) for part in (0, 1))
        for number, target in enumerate(targets):
            total[number] += attribution.integrated_gradients(net, end, target, start, steps=1).sum(axis=0)
            yield total


def covered(x: Array, row: int, column: int, size: int, value: float) -> Array:
    """The picture with a square on it."""
    picture = x.copy()
    picture[:, row : row + size, column : column + size] = value
    return picture


def occlusion(net: Graph, x: Array, targets: tuple[int, ...], size: int, stride: int, value: float) -> Iterator[Array]:
    """How much each score falls while a square is covered, one more place each time, (targets, rows, columns)."""
    rows, columns = attribution.occlusion_grid(x.shape, size, stride)
    fallen, whole = np.zeros((len(targets), rows, columns), np.float32), attribution.scores(net, x)
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        left = attribution.scores(net, covered(x, row * stride, column * stride, size, value))
        fallen[:, row, column] = (whole - left)[list(targets)]
        yield fallen


class Growing:
    """Maps that are computed bit by bit.

    Args:
        pieces: the maps, a little more of them each time, (targets, h, w).
        count: of the pieces.
    """

    def __init__(self, pieces: Iterator[Array], count: int) -> None:
        self._pieces, self.count, self.made = pieces, count, 0
        self.maps: Array | None = None
        self._stopped = False

    @property
    def done(self) -> bool:
        return self._stopped or self.made >= self.count

    def stop(self) -> None:
        """Leave it as it is now."""
        self._stopped = True

    def advance(self, seconds: float) -> None:
        """Compute for about this long, at least one piece, then return."""
        started = time.perf_counter()
        while not self.done:
            self.maps = next(self._pieces).copy()
            self.made += 1
            if time.perf_counter() - started >= seconds:
                break


def growing(v: Values, net: Graph, x: Array, targets: tuple[int, ...]) -> Growing:
    """The start of a method that takes its time."""
    if method(v) == "integrated":
        return Growing(integrated(net, x, targets, v[STEPS]), len(targets) * v[STEPS])
    walk = occlusion(net, x, targets, v[SIZE], v[STRIDE], COVERS[v[NETWORK]])
    return Growing(walk, places(v) ** 2)


# How a map lies over the photo


def spread(found: Array, side: int, size: int, stride: int) -> Array:
    """An occlusion map (rows, columns) on the photo's pixels: each the mean of the squares that cover it, else 0.

    >>> spread(np.array([[2.0, 4.0]]), 3, 2, 1)[0].tolist()
    [2.0, 3.0, 4.0]
    """
    total, count = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for (row, column), value in np.ndenumerate(found):
        here = (slice(row * stride, row * stride + size), slice(column * stride, column * stride + size))
        total[here] += value
        count[here] += 1
    return total / np.maximum(count, 1)


def on_pixels(v: Values, maps: Array) -> Array:
    """Maps (targets, h, w) of the chosen method at the size of the picture, (targets, side, side)."""
    side = _side(v)
    if method(v) == "occlusion":
        return np.stack([spread(one, side, v[SIZE], v[STRIDE]) for one in maps])
    return maps if maps.shape[1:] == (side, side) else interpolate(maps, size=(side, side), mode="bilinear")


def largest(maps: Array) -> float:
    """The end of the scale: the largest size, or for a map of single pixels what one in fifty exceeds."""
    sizes = np.abs(maps)
    return float(np.quantile(sizes, 0.98) if sizes.size > 20_000 else sizes.max()) or float(sizes.max()) or 1.0


def overlay(x: Array, found: Array, end: float, strength: float) -> Array:
    """The picture in grey under a map: orange where it speaks for the class, blue where against, (3, H, W) in [0, 1].

    Args:
        x: the picture (C, H, W).
        found: the map (H, W).
        end: the value that is coloured fully.
        strength: of the colour, from 0 to 1.
    """
    grey = to_grey(x) if len(x) == 3 else x
    part = np.clip(found / np.float32(end), -1, 1)[np.newaxis]
    shade = np.where(part > 0, np.reshape(ORANGE, (3, 1, 1)), np.reshape(BLUE, (3, 1, 1)))
    alpha = np.float32(strength) * np.abs(part)
    return np.asarray(grey * (1 - alpha) + alpha * shade, np.float32)


def likeness(one: Array, other: Array) -> float:
    """Correlation of two maps of one shape, from -1 to 1; 0 where one says the same everywhere."""
    a, b = (np.asarray(part, np.float64).ravel() - part.mean(dtype=np.float64) for part in (one, other))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
