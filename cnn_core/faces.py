"""Find faces with the three networks of MTCNN: an image pyramid, then P-Net, R-Net and O-Net, each on what the last left.

Source: Zhang et al., "Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks" (2016).
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core import networks
from cnn_core.arguments import Array, float_array
from cnn_core.images import resize

WINDOW = 12  # pixels a side that P-Net sees
STEP = 2  # pixels between its windows
FACTOR = 0.709  # between pyramid levels: the area halves
CROP = {"rnet": 24, "onet": 48}
MAX_CANDIDATES = 2000  # that go on to R-Net, best first
BATCH = 128  # candidates at a time: their maps stay below 20 MB


class Face(NamedTuple):
    """One face, in pixels of the image given."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2
    score: float  # probability, 0 to 1
    landmarks: tuple[tuple[float, float], ...]  # (x, y): left eye, right eye, nose, left and right corner of the mouth


class Level(NamedTuple):
    """One size of the pyramid and P-Net's answer to it."""

    scale: float  # of the image
    heat: Array  # (h, w), probability of a face in each window
    boxes: Array  # (n, 5): x1, y1, x2, y2, score of windows above the threshold, after suppression


class Stages(NamedTuple):
    """What each network of the cascade left: boxes are (n, 5) x1, y1, x2, y2, score in pixels of the image."""

    levels: list[Level]
    proposed: Array  # by P-Net over all levels
    refined: Array  # by R-Net
    faces: list[Face]  # by O-Net


def _judge(name: Literal["rnet", "onet"], image: Array, boxes: Array) -> dict[str, Array]:
    """R-Net's or O-Net's answers to candidates, a batch at a time."""
    answers = [
        networks.load(name).forward(crops(image, boxes[start : start + BATCH], CROP[name]))
        for start in range(0, len(boxes), BATCH)
    ]
    return {key: np.concatenate([answer[key] for answer in answers]) for key in answers[0]}


def work(height: int, width: int, min_face: int = 20) -> tuple[int, int]:
    """What the convolutions of P-Net's pyramid take on an image of H x W: (multiply-adds, bytes of the largest level's maps).

    >>> work(512, 512)
    (311140728, 11163000)
    """
    macs = largest = 0
    graph = networks.load("pnet").graph
    for _, rows, columns in _pyramid(height, width, min_face):
        shape = (3, rows, columns)
        macs += sum(taken for name, taken in graph.node_macs(shape).items() if name.startswith("conv"))
        first = graph.output_shapes(shape)["conv1"]
        largest = max(largest, 3 * 4 * math.prod(first))  # the first layer's maps, PReLU's, and one between
    return macs, largest


def _pyramid(height: int, width: int, min_face: int) -> Iterator[tuple[float, int, int]]:
    """(scale, height, width) of each level, from the one that brings the smallest face to P-Net's window."""
    scale = WINDOW / min_face
    while min(height, width) * scale >= WINDOW:
        yield scale, round(height * scale), round(width * scale)
        scale *= FACTOR


def normalise(image: Array) -> Array:
    """Pixels in [0, 1] as the networks want them: (value * 255 - 127.5) / 128."""
    return (image * np.float32(255) - np.float32(127.5)) / np.float32(128)


def detect(
    image: ArrayLike, min_face: int = 20, thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
) -> list[Face]:
    """Find the faces in a photo, best first.

    Args:
        image: (3, H, W) in [0, 1].
        min_face: smallest face looked for, in pixels, at least 12.
        thresholds: probability that a window must reach in P-Net, R-Net and O-Net.

    Returns:
        One Face each.

    Raises:
        ValueError: an argument is out of range.

    >>> detect(np.zeros((3, 40, 40)))
    []
    """
    return cascade(image, min_face, thresholds).faces


def cascade(image: ArrayLike, min_face: int = 20, thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)) -> Stages:
    """As `detect`, with everything on the way: the heat maps and what each stage left."""
    pixels = float_array("image", image, 3).astype(np.float32, copy=False)
    if len(pixels) != 3:
        raise ValueError(f"image must be (3, H, W), got shape {pixels.shape}")
    if isinstance(min_face, bool) or not isinstance(min_face, int | np.integer) or min_face < WINDOW:
        raise ValueError(f"min_face must be a whole number of pixels of at least {WINDOW}, got {min_face!r}")
    if len(thresholds) != 3 or not all(0 <= threshold <= 1 for threshold in thresholds):
        raise ValueError(f"thresholds must be three numbers from 0 to 1, got {thresholds!r}")
    levels = _propose(pixels, int(min_face), thresholds[0])
    proposed = np.concatenate([level.boxes for level in levels]) if levels else np.zeros((0, 5), np.float32)
    proposed = proposed[suppress(proposed, 0.7)][:MAX_CANDIDATES]
    refined = _refine(pixels, square(proposed), thresholds[1])
    return Stages(levels, proposed, refined, _describe(pixels, square(refined), thresholds[2]))


def _propose(image: Array, min_face: int, threshold: float) -> list[Level]:
    """P-Net on every level of the pyramid."""
    height, width = image.shape[1:]
    levels = []
    for scale, rows, columns in _pyramid(height, width, min_face):
        small = resize(image, rows, columns)
        answer = networks.load("pnet").forward(normalise(small))
        heat = answer["face"][1]  # (h, w)
        y, x = np.nonzero(heat >= threshold)
        corner = np.stack([x, y, x, y], axis=1) * STEP + np.array([0, 0, WINDOW, WINDOW])  # (n, 4)
        boxes = (corner + answer["box"][:, y, x].T * WINDOW) / scale
        found = np.column_stack([boxes, heat[y, x]]).astype(np.float32)
        levels.append(Level(scale, heat, found[suppress(found, 0.5)]))
    return levels


def _refine(image: Array, boxes: Array, threshold: float) -> Array:
    """R-Net on each candidate: most are no faces after all."""
    if not len(boxes):
        return boxes
    answer = _judge("rnet", image, boxes)
    kept = answer["face"][:, 1] >= threshold
    found = _shift(boxes[kept], answer["box"][kept], answer["face"][kept, 1])
    return found[suppress(found, 0.7)]


def _describe(image: Array, boxes: Array, threshold: float) -> list[Face]:
    """O-Net on each candidate: the last word, and the landmarks."""
    if not len(boxes):
        return []
    answer = _judge("onet", image, boxes)
    kept = answer["face"][:, 1] >= threshold
    windows, points = boxes[kept], answer["landmarks"][kept]  # (n, 5), (n, 10)
    found = _shift(windows, answer["box"][kept], answer["face"][kept, 1])
    faces = []
    for number in suppress(found, 0.7, of_smaller=True):
        x1, y1, x2, y2, _ = (float(value) for value in windows[number])
        x, y = points[number, :5] * (x2 - x1) + x1, points[number, 5:] * (y2 - y1) + y1
        landmarks = tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
        left, top, right, bottom, score = (float(value) for value in found[number])
        faces.append(Face((left, top, right, bottom), score, landmarks))
    return faces


def _shift(boxes: Array, offsets: Array, scores: Array) -> Array:
    """Move each box's corners by fractions of its own sides."""
    sides = np.column_stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]])  # (n, 2)
    return np.column_stack([boxes[:, :4] + offsets * np.tile(sides, 2), scores])


def square(boxes: Array) -> Array:
    """Grow each box's shorter side around its centre.

    >>> square(np.array([[0.0, 0.0, 2.0, 6.0, 0.9]])).tolist()
    [[-2.0, 0.0, 4.0, 6.0, 0.9]]
    """
    centre = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0) / 2
    return np.column_stack([centre - half, centre + half, boxes[:, 4]])


def crops(image: Array, boxes: Array, side: int) -> Array:
    """Cut each box out, black where it leaves the image, at side x side pixels, normalised: (n, 3, side, side)."""
    height, width = image.shape[1:]
    cut = np.zeros((len(boxes), 3, side, side), np.float32)
    for number, box in enumerate(boxes):
        x1, y1 = (int(np.floor(value)) for value in box[:2])
        x2, y2 = max(int(np.ceil(box[2])), x1 + 1), max(int(np.ceil(box[3])), y1 + 1)
        window = np.zeros((3, y2 - y1, x2 - x1), np.float32)
        top, left, bottom, right = max(y1, 0), max(x1, 0), min(y2, height), min(x2, width)
        if top < bottom and left < right:
            window[:, top - y1 : bottom - y1, left - x1 : right - x1] = image[:, top:bottom, left:right]
        cut[number] = resize(window, side, side, area=True)  # bilinear found a face on a coin
    return normalise(cut)


def suppress(boxes: Array, overlap: float, of_smaller: bool = False) -> NDArray[np.intp]:
    """Non-maximum suppression: indices of boxes to keep, best first, dropping those that overlap a better one too much.

    Args:
        boxes: (n, 5) x1, y1, x2, y2, score.
        overlap: largest shared area allowed, as a fraction of the union.
        of_smaller: measure the shared area against the smaller box instead.

    >>> suppress(np.array([[0, 0, 10, 10, 0.8], [1, 1, 10, 10, 0.9], [20, 20, 30, 30, 0.7]]), 0.5).tolist()
    [1, 2]
    """
    order = np.argsort(-boxes[:, 4], kind="stable")
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:4], boxes[rest, 2:4])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        whole = np.minimum(area[best], area[rest]) if of_smaller else area[best] + area[rest] - shared
        order = rest[shared <= overlap * whole]
    return np.array(kept, np.intp)
