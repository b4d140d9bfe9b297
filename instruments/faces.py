"""The faces page's instrument: which faces are looked for, how sure each network must be, and the photo with what was found."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from cnn_core import faces, networks
from cnn_core.arguments import Array
from cnn_core.shapes import Axis
from instruments.code import library
from instruments.cost import Cost
from instruments.fields import Choice, Real, Values, Whole

NETWORKS = {"pnet": "P-Net", "rnet": "R-Net", "onet": "O-Net"}
ORANGE, BLACK = ((1.0, 0.69, 0.0), (0.0, 0.0, 0.0))
_LOWER = "a smaller image or a larger smallest face"

SMALLEST = Whole("faces_min", "smallest face", 20, faces.WINDOW, 400)
THRESHOLDS = (
    Real("faces_p", "P-Net threshold", 0.6, 0.3, 1.0),
    Real("faces_r", "R-Net threshold", 0.7, 0.3, 1.0),
    Real("faces_o", "O-Net threshold", 0.7, 0.3, 1.0),
)
NETWORK = Choice("faces_network", "Network", "onet", NETWORKS)
CANDIDATE = Whole("faces_candidate", "candidate", 0, 0, faces.PER_LEVEL - 1)
CODE = library("faces", "NumPy", "PyTorch")
FIELDS = (SMALLEST, *THRESHOLDS, NETWORK, CANDIDATE, CODE)


def thresholds(v: Values) -> tuple[float, float, float]:
    """Probabilities that P-Net, R-Net and O-Net must reach."""
    first, second, third = (v[field] for field in THRESHOLDS)
    return first, second, third


def cost(shape: tuple[int, int, int], smallest: int) -> Cost:
    """What the pyramid takes on an image (C, H, W); raises SettingError where it is too much."""
    macs, largest = faces.work(shape[1], shape[2], smallest)
    return Cost(macs, largest).check(_LOWER)


def pyramid_sizes(side: int, smallest: int) -> list[float]:
    """Pixels a side that a square photo has on each level, largest first.

    >>> [round(size) for size in pyramid_sizes(60, 20)]
    [36, 26, 18, 13]
    """
    sizes, size = [], side * faces.WINDOW / smallest
    while size >= faces.WINDOW:
        sizes.append(size)
        size *= faces.FACTOR
    return sizes


def marked(photo: Array, boxes: Array, points: Iterable[tuple[float, float]] = ()) -> Array:
    """The photo with frames and dots drawn into it, orange on black so that they show on every ground.

    Args:
        photo: (3, H, W).
        boxes: (n, 4 or more): x1, y1, x2, y2 in pixels.
        points: (x, y) in pixels.
    """
    picture = photo.copy()
    for grown, shade in ((1, BLACK), (0, ORANGE)):
        for x1, y1, x2, y2 in boxes[:, :4].tolist():
            _frame(picture, (x1 - grown, y1 - grown, x2 + grown, y2 + grown), shade)
    for x, y in points:
        for reach, shade in ((3, BLACK), (2, ORANGE)):
            _fill(picture, round(y) - reach, round(x) - reach, round(y) + reach + 1, round(x) + reach + 1, shade)
    return picture


def _frame(picture: Array, box: tuple[float, float, float, float], shade: tuple[float, ...]) -> None:
    """A frame of two pixels, moved to the photo's edge where the box leaves it."""
    _, height, width = picture.shape
    left, right = max(round(box[0]), 0), min(round(box[2]), width - 1)
    top, bottom = max(round(box[1]), 0), min(round(box[3]), height - 1)
    if top >= bottom or left >= right:
        return
    _fill(picture, top, left, top + 2, right, shade)
    _fill(picture, bottom - 1, left, bottom + 1, right, shade)
    _fill(picture, top, left, bottom, left + 2, shade)
    _fill(picture, top, right - 1, bottom, right + 1, shade)


def _fill(picture: Array, top: int, left: int, bottom: int, right: int, shade: tuple[float, ...]) -> None:
    picture[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = np.reshape(shade, (3, 1, 1))


def face_boxes(found: list[faces.Face]) -> Array:
    """(n, 5): x1, y1, x2, y2 and score of each face."""
    return np.array([[*face.box, face.score] for face in found], np.float32).reshape(-1, 5)


def network(name: str) -> networks.Cascade:
    """P-Net, R-Net or O-Net by its code, shared and read-only."""
    if name == "pnet":
        return networks.load("pnet")
    return networks.load("rnet" if name == "rnet" else "onet")


class Inside(NamedTuple):
    """One network's look at one candidate."""

    crop: Array  # (3, side, side) in [0, 1]: what it is given
    maps: dict[str, Array]  # (C, h, w) by layer, after each activation
    probability: float  # of a face


def candidates(stages: faces.Stages, name: str) -> Array:
    """(n, 5): boxes that this network is shown; P-Net sees everything, so it is shown its own answers."""
    return stages.refined if name == "onet" else stages.proposed


def look_inside(photo: Array, name: str, box: Array) -> Inside:
    """What the network of this name makes of a candidate.

    Args:
        photo: (3, H, W) in [0, 1].
        name: "pnet", "rnet" or "onet".
        box: (5,), from `candidates`.
    """
    crop = faces.crops(photo, faces.square(box[np.newaxis]), faces.CROP.get(name, faces.WINDOW))[0]
    trace = network(name).trace(crop)
    maps = {layer: trace[layer] for layer in ("prelu1", "prelu2", "prelu3") if trace[layer].ndim == 3}
    black, white = faces.normalise(np.array([0, 1], np.float32))
    return Inside((crop - black) / (white - black), maps, float(trace["face"].ravel()[1]))


def windows(name: str, layer: str, maps: Array) -> tuple[Axis, Axis]:
    """How the cells of a layer's maps (C, h, w) read what the network of this name is given: nothing is padded there."""
    spans, steps = [1, 1], [1, 1]
    for node in network(name).graph.nodes:
        if (window := node.layer.window()) is not None:
            kernel, stride, _ = window
            for axis in (0, 1):
                spans[axis] += (kernel[axis] - 1) * steps[axis]
                steps[axis] *= stride[axis]
        if node.name == layer:
            break
    side = faces.CROP.get(name, faces.WINDOW)
    rows, columns = (Axis(side, spans[axis], steps[axis], 0, 0, 1, maps.shape[1 + axis]) for axis in (0, 1))
    return rows, columns


def first_kernels(name: str) -> Array:
    """(K, 3, 3, 3): the weights of the network's first layer."""
    return network(name).graph.parameters()["conv1.weight"]
