"""The features page's instrument: crops of an image as templates, where they are found, and their votes for a face."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cnn_core import max_pool2d
from cnn_core.arguments import Array, Pair
from cnn_core.images import resize, to_grey
from instruments.code import library
from instruments.fields import Choice, Field, Real, SettingError, Values, whole
from instruments.image import SHAPE
from instruments.samples import SAMPLES, load

Box = tuple[int, int, int, int]  # top, left, height, width
SMALLEST, LARGEST = 3, 65  # pixels a side of a template
PARTS = {"left_eye": "Left eye", "right_eye": "Right eye", "nose": "Nose", "mouth": "Mouth"}
ASTRONAUT = {  # where they are in the picture of 512 pixels
    "left_eye": (94, 192, 17, 25),  # so large that plain correlation answers more elsewhere
    "right_eye": (93, 232, 21, 29),
    "nose": (112, 213, 25, 25),
    "mouth": (131, 199, 21, 49),
}
CHANGED = {"same": "The same image", "scaled": "Scaled to 130%", "turned": "Turned by 90°", "mirrored": "Mirrored"}
OTHERS = ("photographer", "cat", "astronaut")
REACH = 4  # pixels around its place that a vote still counts for
NEEDED = 3  # parts of the four that must agree on a face


class Crop(Field[Box]):
    """A box within the image."""

    def read(self, given: object, before: Values) -> Box:
        words = given.split() if isinstance(given, str) else []
        if len(words) != 4:
            raise SettingError("A box is four whole numbers: top, left, height, width.")
        _, rows, columns = before[SHAPE]
        height = whole("height", words[2], (SMALLEST, min(LARGEST, rows)))
        width = whole("width", words[3], (SMALLEST, min(LARGEST, columns)))
        top, left = whole("top", words[0], (0, rows - height)), whole("left", words[1], (0, columns - width))
        return top, left, height, width

    def fit(self, value: Box, before: Values) -> Box:
        _, rows, columns = before[SHAPE]
        height, width = min(value[2], rows, LARGEST), min(value[3], columns, LARGEST)
        return min(value[0], rows - height), min(value[1], columns - width), height, width

    def write(self, value: Box) -> str:
        return " ".join(map(str, value))


def _crop(part: str) -> Crop:
    def scaled(v: Values) -> Box:
        top, left, height, width = (round(side * max(v[SHAPE][1:]) / 512) for side in ASTRONAUT[part])
        return max(SMALLEST, top), max(SMALLEST, left), max(SMALLEST, height), max(SMALLEST, width)

    return Crop(f"features_{part}", PARTS[part], scaled)


PART = Choice("features_part", "Template", "left_eye", PARTS)
CROPS = {part: _crop(part) for part in PARTS}
TARGET = Choice("features_where", "target", "photographer", CHANGED | {name: SAMPLES[name][0] for name in OTHERS})
THRESHOLD = Real("features_threshold", "threshold", 0.6, 0, 1)
CODE = library("features", "NumPy", "PyTorch")
FIELDS: tuple[Field[Any], ...] = (PART, *CROPS.values(), TARGET, THRESHOLD, CODE)


def drawn_box(sent: object) -> str | None:
    """What a viewer sent, [top, left, height, width], as a box that is not too large; None if it is none."""
    if not isinstance(sent, list) or len(sent) != 4 or not all(isinstance(side, int) for side in sent):
        return None
    top, left, height, width = sent
    return f"{top} {left} {min(height, LARGEST)} {min(width, LARGEST)}"


def boxes(v: Values) -> dict[str, Box]:
    """The box of each part."""
    return {part: v[field] for part, field in CROPS.items()}


def cut(image: Array, box: Box) -> Array:
    """The crop of an image (H, W)."""
    top, left, height, width = box
    return image[top : top + height, left : left + width]


def target(image: Array, v: Values) -> Array:
    """The picture on which the templates are tried: the image (H, W) itself, the image changed, or another one."""
    height, width = image.shape
    if v[TARGET] == "scaled":
        return resize(image[np.newaxis], round(height * 1.3), round(width * 1.3))[0]
    if v[TARGET] == "turned":
        return np.rot90(image).copy()
    if v[TARGET] == "mirrored":
        return image[:, ::-1].copy()
    return image if v[TARGET] == "same" else to_grey(load(v[TARGET], max(height, width)))[0]


def cut_off(sent: object) -> str | None:
    """What is said of a box that was drawn larger than a template may be; None if it is not."""
    if drawn_box(sent) is None or not isinstance(sent, list) or max(sent[2:]) <= LARGEST:
        return None
    return f"The box was {sent[2]} × {sent[3]} pixels; a template has at most {LARGEST} × {LARGEST}: its upper left part was taken."


def is_other(image: Array, target: Array) -> bool:
    """Whether a target is another picture than the one from which the templates are cut."""
    return image.shape != target.shape or not np.array_equal(image, target)


def peak(response: Array) -> Pair:
    """Row and column of the largest value."""
    y, x = np.unravel_index(response.argmax(), response.shape)
    return int(y), int(x)


class Votes(NamedTuple):
    """What the parts say about where a face is."""

    map: Array  # (H, W) of the target: how many parts agree on each place as the face's centre
    answers: dict[str, float]  # the best answer of each part that fits the target
    best: Pair  # the place with the most votes

    @property
    def most(self) -> int:
        return int(self.map.max())

    @property
    def found(self) -> bool:
        return self.most >= NEEDED


def votes(image: Array, target: Array, v: Values, match: Callable[[Array, Array], Array]) -> Votes:
    """Let each part vote for the centre of the face, where it is found and seen from there.

    Args:
        image: (H, W), from which the parts are cut.
        target: (H', W'), in which they are sought.
        v: boxes and threshold.
        match: normalised cross-correlation of an image and a template.
    """
    placed = boxes(v)
    centre = [float(np.mean([box[axis] + box[axis + 2] / 2 for box in placed.values()])) for axis in (0, 1)]
    total, answers = np.zeros(target.shape, np.float32), {}
    for part, box in placed.items():
        if box[2] > target.shape[0] or box[3] > target.shape[1]:
            continue
        response = match(target, cut(image, box))
        answers[part] = float(response.max())
        voted = (response >= v[THRESHOLD]).astype(np.float32)[np.newaxis]
        near = np.asarray(max_pool2d(voted, 2 * REACH + 1, 1, REACH))[0]
        move = [round(centre[axis] - box[axis]) for axis in (0, 1)]  # from the part's corner to the face's centre
        total += _moved(near, move[0], move[1], total.shape)
    return Votes(total, answers, peak(total))


def _moved(values: Array, down: int, across: int, shape: tuple[int, ...]) -> Array:
    """A map (h, w) moved within zeros of this shape; what leaves it is gone."""
    moved = np.zeros(shape, values.dtype)
    rows, columns = np.arange(values.shape[0]) + down, np.arange(values.shape[1]) + across
    inside = (rows >= 0) & (rows < shape[0]), (columns >= 0) & (columns < shape[1])
    moved[np.ix_(rows[inside[0]], columns[inside[1]])] = values[np.ix_(*inside)]
    return moved
