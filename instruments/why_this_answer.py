"""The page that asks a network why it answered so: its settings, the picture it is given, and what each method finds."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from cnn_core import attribution
from cnn_core.arguments import Array
from cnn_core.dense import softmax
from cnn_core.graph import Graph
from instruments import own_model
from instruments.code import library
from instruments.cost import Cost
from instruments.fields import Choice, Field, Real, SettingError, Values, Whole, choice
from instruments.growing import Growing
from instruments.models import WORDS, Model

TOP = 5  # answers that are shown and can be asked about
MOST_NAMED = 40  # layers that a sentence names
MAX_MACS = 120_000_000_000  # multiply-adds of what is computed bit by bit: some 15 to 60 s
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
        return own_model.chosen(before, self._network).layers

    def read(self, given: object, before: Values) -> str:
        if own_model.is_missing(before, self._network):
            return self.default(before)  # a link to one's own network names its layers
        known = self.known(before)
        if given not in known and len(known) > MOST_NAMED:
            raise SettingError(f"{self.name} must be one of the network's: {', '.join(known[:MOST_NAMED])} …")
        return choice(self.name, given, known)

    def fit(self, value: str, before: Values) -> str:
        return value if value in self.known(before) else self.default(before)


def model(v: Values) -> Model:
    """The network that is asked."""
    return own_model.chosen(v, NETWORK)


def _side(v: Values) -> int:
    """The shorter side of the picture."""
    return min(model(v).shape[1:])


def _room(v: Values, axis: int) -> int:
    """Where the square's last place is, on the axis of rows or of columns."""
    return model(v).shape[axis] - v[SIZE]


class Rank(Choice):
    """One of the likeliest classes, as many as the network has."""

    def read(self, given: object, before: Values) -> str:
        rank = super().read(given, before)
        if int(rank) > (count := len(model(before).classes)):
            raise SettingError(f"{self.name} must be one of the network's {count} classes.")
        return rank

    def fit(self, value: str, before: Values) -> str:
        return str(min(int(value), len(model(before).classes)))


_RANKS = ("likeliest", "second", "third", "fourth", "fifth")
_PLACES = {str(number): f"the {word}" for number, word in enumerate(_RANKS, 1)}
NETWORK = Choice("answer_network", "Network", "squeezenet", WORDS)
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
FIRST = Rank("answer_first", "Why", "1", _PLACES)
SECOND = Rank("answer_second", "And not", "2", _PLACES)
LAYER = LayerName("answer_layer", "layer", NETWORK)
STEPS = Whole("answer_steps", "steps", 16, 1, 64)
SIZE = Whole("answer_size", "side of the square", lambda v: _side(v) // 4, 2, lambda v: _side(v) // 2)
STRIDE = Whole("answer_stride", "stride", lambda v: max(1, _side(v) // 8), 1, lambda v: _side(v) // 2)
ROW = Whole("answer_y", "row of the square", lambda v: _room(v, 1) // 2, 0, lambda v: _room(v, 1))
COLUMN = Whole("answer_x", "column of the square", lambda v: _room(v, 2) // 2, 0, lambda v: _room(v, 2))
STRENGTH = Real("answer_strength", "strength", 0.7, 0, 1)
WEIGHTS = Choice(
    "answer_weights", "Weights", "none", {"none": "Not now", "last": "Last layer random", "all": "All layers random"}
)
CODE = library("answer", "NumPy", "PyTorch")
FIELDS = (
    NETWORK,
    *own_model.FIELDS,
    METHOD,
    FIRST,
    SECOND,
    LAYER,
    STEPS,
    SIZE,
    STRIDE,
    ROW,
    COLUMN,
    STRENGTH,
    WEIGHTS,
    CODE,
)


def method(v: Values) -> str:
    """The method that is chosen; Grad-CAM where the network has no class activation map."""
    asked = v[METHOD]
    return "gradcam" if asked == "cam" and not model(v).has_activation_map else asked


class Answer(NamedTuple):
    """What a network says of a picture."""

    scores: Array  # (classes,): before the softmax
    probabilities: Array  # (classes,)
    top: list[int]  # numbers of the likeliest classes, likeliest first
    names: list[str]  # theirs


def answer(asked: Model, x: Array, changed: Graph | None = None) -> Answer:
    """Scores and probabilities of all classes, and which are the likeliest, of the network or of a changed copy."""
    scores = attribution.scores(changed or asked.graph, x)
    top = [int(number) for number in np.argsort(-scores, kind="stable")[:TOP]]
    return Answer(scores, softmax(scores), top, [asked.classes[number] for number in top])


# What each method finds: (targets, h, w)


def places(v: Values) -> int:
    """Squares that the walk covers."""
    rows, columns = attribution.occlusion_grid(model(v).shape, v[SIZE], v[STRIDE])
    return rows * columns


def cost(v: Values, targets: int = 2) -> Cost:
    """What the chosen method takes; raises SettingError where it is too much.

    A way back takes about twice what a way forward does.
    """
    forward, chosen = model(v).macs, method(v)
    macs = {
        "cam": targets * forward,
        "gradcam": targets * 3 * forward,
        "saliency": targets * 3 * forward,
        "integrated": targets * v[STEPS] * 5 * forward,
        "occlusion": (places(v) + 1) * forward,
    }[chosen]
    found = Cost(macs, model(v).memory)
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


def growing(v: Values, net: Graph, x: Array, targets: tuple[int, ...]) -> Growing:
    """The start of a method that takes its time."""
    if method(v) == "integrated":
        return Growing(integrated(net, x, targets, v[STEPS]), len(targets) * v[STEPS])
    walk = occlusion(net, x, targets, v[SIZE], v[STRIDE], model(v).cover)
    return Growing(walk, places(v))
