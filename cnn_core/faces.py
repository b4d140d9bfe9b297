"""Find faces with the three networks of MTCNN: an image pyramid, then P-Net, R-Net and O-Net, each on what the last left.

Source: Zhang et al., "Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks" (2016).
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core import networks
from cnn_core.arguments import Array, flag, float_array, real_number, whole_number
from cnn_core.images import resize
from cnn_core.layers import Shape

WINDOW = 12  # pixels a side that P-Net sees
STEP = 2  # pixels between its windows
FACTOR = 0.709  # between pyramid levels: the area halves
CROP = {"rnet": 24, "onet": 48}
PER_LEVEL = 2000  # windows of one pyramid level that are compared with each other, best first
BUDGET = 2_000_000_000  # multiply-adds of all three networks: R-Net and O-Net share what P-Net leaves, half and half,
SHARE = 0.5  # and at least this share of P-Net's
SLACK = 1e-3  # that pixels may lie outside 0 to 1
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
    """What the cascade takes at most on an image of H x W, however many faces are in it.

    Args:
        height, width: of the image, in pixels.
        min_face: smallest face looked for, in pixels, at least 12.

    Returns:
        (multiply-adds of all three networks, bytes of the largest pyramid level's maps).

    Raises:
        ValueError: an argument is out of range.

    Source: Zhang et al. (2016), and the limits at the head of this file.

    >>> work(512, 512)
    (1993051368, 11163000)
    """
    height, width = whole_number("height", height, 1), whole_number("width", width, 1)
    macs, largest = _proposal_work(height, width, whole_number("min_face", min_face, WINDOW))
    most = _limits(macs)
    return macs + sum(most[name] * _work_each(name) for name in CROP), largest


def _proposal_work(height: int, width: int, min_face: int) -> tuple[int, int]:
    """P-Net's multiply-adds over the pyramid, and the bytes of its largest maps."""
    macs = largest = 0
    graph = networks.load("pnet").graph
    for _, rows, columns in _pyramid(height, width, min_face):
        shape = (3, rows, columns)
        macs += _trunk_macs("pnet", shape)
        first = graph.output_shapes(shape)["conv1"]
        largest = max(largest, 3 * 4 * math.prod(first))  # the first layer's maps, PReLU's, and one between
    return macs, largest


def _trunk_macs(name: str, shape: Shape) -> int:
    """Multiply-adds of one of the networks, its heads left out."""
    network = networks.load(name)
    assert isinstance(network, networks.Cascade)
    taken = network.graph.node_macs(shape)
    return sum(macs for node, macs in taken.items() if node not in (*network.heads, "logits"))


@cache
def _work_each(name: str) -> int:
    """Multiply-adds of one candidate in R-Net or O-Net."""
    return _trunk_macs(name, (3, CROP[name], CROP[name]))


def _limits(proposal_macs: int) -> dict[str, int]:
    """How many candidates, best first, R-Net and O-Net look at after so many multiply-adds of P-Net."""
    left = max(BUDGET - proposal_macs, int(SHARE * proposal_macs)) if proposal_macs else 0
    return {name: left // len(CROP) // _work_each(name) for name in CROP}


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
        ValueError: an argument is out of range; pixels from 0 to 255 are.

    Source: Zhang et al. (2016).

    >>> detect(np.zeros((3, 40, 40)))
    []
    """
    return cascade(image, min_face, thresholds).faces


def cascade(image: ArrayLike, min_face: int = 20, thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)) -> Stages:
    """As `detect`, with everything on the way: the heat maps and what each stage left.

    Args:
        image, min_face, thresholds: as `detect` takes them.

    Returns:
        Stages.

    Raises:
        ValueError: an argument is out of range.

    Source: Zhang et al. (2016).

    >>> cascade(np.zeros((3, 40, 40))).proposed.shape
    (0, 5)
    """
    pixels = _pixels(image)
    smallest, limits = whole_number("min_face", min_face, WINDOW), _thresholds(thresholds)
    most = _limits(_proposal_work(pixels.shape[1], pixels.shape[2], smallest)[0])
    levels = _propose(pixels, smallest, limits[0])
    proposed = np.concatenate([level.boxes for level in levels]) if levels else np.zeros((0, 5), np.float32)
    proposed = proposed[suppress(proposed, 0.7, most=most["rnet"])]
    refined = _refine(pixels, square(proposed), limits[1], most["onet"])
    return Stages(levels, proposed, refined, _describe(pixels, square(refined), limits[2]))


def _pixels(image: ArrayLike) -> Array:
    pixels = float_array("image", image, 3).astype(np.float32, copy=False)
    if len(pixels) != 3:
        raise ValueError(f"image must be (3, H, W), got shape {pixels.shape}")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= -SLACK and high <= 1 + SLACK):
        hint = ": divide by 255" if 2 < high <= 255 and low >= 0 else ""
        raise ValueError(f"image must hold values from 0 to 1, got {low:g} to {high:g}{hint}")
    return pixels


def _thresholds(thresholds: object) -> list[float]:
    if isinstance(thresholds, np.ndarray):
        thresholds = thresholds.tolist()
    if not isinstance(thresholds, tuple | list) or len(thresholds) != 3:
        raise ValueError(f"thresholds must be three numbers from 0 to 1, got {thresholds!r:.60}")
    return [real_number("thresholds", threshold, 0, 1) for threshold in thresholds]


def _propose(image: Array, min_face: int, threshold: float) -> list[Level]:
    """P-Net on every level of the pyramid."""
    height, width = image.shape[1:]
    levels = []
    for scale, rows, columns in _pyramid(height, width, min_face):
        small = resize(image, rows, columns)
        answer = networks.load("pnet").forward(normalise(small))
        heat = answer["face"][1]  # (h, w)
        y, x = np.nonzero(heat >= threshold)
        best = np.argsort(-heat[y, x], kind="stable")[:PER_LEVEL]
        y, x = y[best], x[best]
        corner = np.stack([x, y, x, y], axis=1) * STEP + np.array([0, 0, WINDOW, WINDOW])  # (n, 4)
        boxes = (corner + answer["box"][:, y, x].T * WINDOW) / scale
        found = np.column_stack([boxes, heat[y, x]]).astype(np.float32)
        levels.append(Level(scale, heat, found[suppress(found, 0.5)]))
    return levels


def _refine(image: Array, boxes: Array, threshold: float, most: int) -> Array:
    """R-Net on each candidate: most are no faces after all."""
    if not len(boxes):
        return boxes
    answer = _judge("rnet", image, boxes)
    kept = answer["face"][:, 1] >= threshold
    found = _shift(boxes[kept], answer["box"][kept], answer["face"][kept, 1])
    return found[suppress(found, 0.7, most=most)]


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


def suppress(boxes: Array, overlap: float, of_smaller: bool = False, most: int | None = None) -> NDArray[np.intp]:
    """Non-maximum suppression: indices of boxes to keep, best first, dropping those that overlap a better one too much.

    Args:
        boxes: (n, 5) x1, y1, x2, y2, score.
        overlap: largest shared area allowed, as a fraction of the union.
        of_smaller: measure the shared area against the smaller box instead.
        most: stop at so many, so that the work grows with them and not with n squared; None keeps all.

    Returns:
        (m,) indices into boxes.

    Raises:
        ValueError: boxes is not (n, 5), or overlap is not from 0 to 1.

    Source: Zhang et al. (2016), section II.A.

    >>> suppress(np.array([[0, 0, 10, 10, 0.8], [1, 1, 10, 10, 0.9], [20, 20, 30, 30, 0.7]]), 0.5).tolist()
    [1, 2]
    """
    try:
        found = np.asarray(boxes)
    except ValueError as error:
        raise ValueError(f"boxes must be (n, 5): {error}") from None
    if found.ndim != 2 or found.shape[1] != 5 or found.dtype.kind not in "fiu":
        raise ValueError(f"boxes must be (n, 5), got {found.dtype} of shape {found.shape}")
    overlap, of_smaller = real_number("overlap", overlap, 0, 1), flag("of_smaller", of_smaller)
    most = len(found) if most is None else whole_number("most", most, 0)
    order = np.argsort(-found[:, 4], kind="stable")
    x1, y1, x2, y2 = found[:, :4].T[:, order]  # sorted once, so that each round reads slices
    area = (x2 - x1) * (y2 - y1)
    left = np.arange(len(order))
    kept: list[int] = []
    while len(left) and len(kept) < most:
        best, left = left[0], left[1:]
        kept.append(best)
        across = np.minimum(x2[best], x2[left]) - np.maximum(x1[best], x1[left])
        down = np.minimum(y2[best], y2[left]) - np.maximum(y1[best], y1[left])
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        whole = np.minimum(area[best], area[left]) if of_smaller else area[best] + area[left] - shared
        left = left[shared <= overlap * whole]
    return order[np.array(kept, np.intp)]
