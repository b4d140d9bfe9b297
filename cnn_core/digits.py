"""Any picture of a digit as the digits network wants it: the way MNIST was made."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_core.arguments import Array, float_array
from cnn_core.images import resize

SIDE, BOX = 28, 20
WORKED = 128  # pixels on the long side of the picture that strokes are looked for in
WIDTHS = (3, 5, 7, 9, 13, 17, 23, 31, 43, 57)  # pixels that strokes may have
DARKEST = 0.2  # ground that is darker counts as if it were this bright
STEP = 0.12  # difference between a frame and what it is around
GRAIN = 0.01  # difference between neighbours from where on paper is smoothed
COARSE = 70  # blocks on the long side of the picture whose connections are followed
FAINTEST = 0.06  # difference between strokes and ground, of 1 between black and white


def prepare(image: ArrayLike) -> Array:
    """Find the digit, scale it into a 20 x 20 box, and put its centre of mass in the middle of 28 x 28.

    Strokes are what is narrow and stands out from the ground around it, dark or bright: so the paper may be grey, a shadow may lie
    across it, and what lies outside the paper is no stroke.

    Args:
        image: (H, W) in [0, 1].

    Returns:
        (1, 28, 28) in [0, 1], bright on dark; all zeros if nothing is drawn.

    Raises:
        ValueError: the image has another rank, or holds no finite numbers.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; for the ground: Serra, "Image Analysis and
    Mathematical Morphology" (1982), closing and opening.

    >>> square = np.zeros((50, 90)); square[5:15, 60:70] = 1
    >>> prepared = prepare(square); prepared.shape, bool(prepared[0, 4:24, 4:24].min() == 1)
    ((1, 28, 28), True)
    """
    picture = np.asarray(float_array("image", image, 2), np.float32)
    if not np.isfinite(picture).all():
        raise ValueError("image must hold finite numbers only, got NaN or inf")
    if max(picture.shape) > WORKED:
        scale = WORKED / max(picture.shape)
        height, width = (max(1, round(side * scale)) for side in picture.shape)
        picture = resize(picture[np.newaxis], height, width, area=True)[0]
    ink = _strokes(picture)
    if not ink.any():
        return np.zeros((1, SIDE, SIDE), np.float32)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(digit.shape)
    height, width = (max(1, round(side * scale)) for side in digit.shape)
    small = resize(digit[np.newaxis], height, width)[0]
    small = (small / np.quantile(small[small > 0.1 * small.max()], 0.7)).clip(
        0, 1
    )  # a thin pen is as bright as a thick one
    mass = float(small.sum())
    centre = [float((small.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum()) / mass for axis in (0, 1)]
    top = min(max(round((SIDE - 1) / 2 - centre[0]), 0), SIDE - height)
    left = min(max(round((SIDE - 1) / 2 - centre[1]), 0), SIDE - width)
    result = np.zeros((1, SIDE, SIDE), np.float32)
    result[0, top : top + height, left : left + width] = small
    return result


def _strokes(picture: Array) -> Array:
    """(H, W) in [0, 1]: how much of a stroke each pixel shows, 0 where there is none."""
    picture = _smooth(_inside(picture))
    widths = [width for width in WIDTHS if width <= max(3, 0.45 * min(picture.shape))]
    found = {sign: [_area(_narrow(sign * picture, width)) for width in widths] for sign in (1, -1)}
    # Between strokes there are bright places as well, but none as long for their width as strokes are.
    sign = max(found, key=lambda sign: max(area / width**2 for area, width in zip(found[sign], widths, strict=True)))
    width = max(zip(found[sign], widths, strict=True), key=lambda pair: pair[0] / pair[1])[1]
    ink = _narrow(sign * picture, min(2 * width, widths[-1]))
    ground = picture + sign * ink
    return _cleaned(ink / np.maximum(ground, DARKEST))  # a shadow makes strokes and ground darker by the same factor


def _inside(picture: Array) -> Array:
    """The picture without a frame: strips along its sides that end in a step, after which the level stays."""
    for _ in range(8):  # each side twice: the strips above and below hide a part of those beside them
        picture = np.rot90(picture[_end_of_frame(picture) :])
    return picture


def _end_of_frame(picture: Array) -> int:
    """How many rows the frame at the picture's top has; 0 if there is none."""
    reach, tilt, end = len(picture) // 3, max(1, len(picture) // 12), 0
    level = np.median(picture, axis=1)
    for row in np.flatnonzero(np.abs(level[tilt : tilt + reach] - level[:reach]) > STEP):
        after = level[row + tilt]
        step = after - level[row]
        stays = np.median(np.abs(level[row + tilt : row + tilt + reach] - after)) < abs(step) / 3
        other = np.abs(level[: row + 1] - after).min() > 0.6 * abs(step)
        changed = ((picture[row : row + tilt + 1] - picture[row]) / step > 0.5).mean(axis=1)  # share of each row
        if stays and other and changed[-1] > 0.75:
            end = int(row + np.argmax(changed > changed[-1] - 0.05)) + 1
    return end


def _smooth(picture: Array) -> Array:
    """The picture without the grain of the paper, if it has any."""
    for _ in range(3):
        padded = np.pad(picture, 1, "edge")
        rows = padded[:-2] + padded[1:-1] + padded[2:]
        mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
        if float(np.median(np.abs(picture - mean))) < GRAIN:
            break
        picture = mean
    return picture


def _area(ink: Array) -> float:
    """Pixels of strokes, faint ones counted less and the faintest not at all."""
    ink = ink - np.median(ink)
    return float((ink[ink > 0.3 * ink.max()] ** 2).sum())


def _narrow(picture: Array, width: int) -> Array:
    """How much darker each pixel is than the ground: the picture without all that is dark and narrower than `width` pixels.

    What touches the edge is taken to go on beyond it, so a frame is as wide as can be, and no stroke.
    """
    width |= 1
    padded = np.pad(picture, width - 1, "edge")
    ground = -_highest(-_highest(padded, width), width)
    return np.maximum(ground - picture, 0)


def _highest(picture: Array, width: int) -> Array:
    """The largest value of each square of `width` x `width` pixels that lies in the picture."""
    for axis in (0, 1):
        reach = 1
        while reach < width:  # twice as far with each step
            step = min(reach, width - reach)
            picture = (
                np.maximum(picture[:-step], picture[step:])
                if axis == 0
                else np.maximum(picture[:, :-step], picture[:, step:])
            )
            reach += step
    return picture


def _cleaned(ink: Array) -> Array:
    """Strokes between 0 and 1, without the grain of the paper and without specks."""
    grain = float(np.median(ink))
    spread = 1.4826 * float(np.median(np.abs(ink - grain)))
    ink = ink - grain
    strongest = float(np.sort(ink, axis=None)[-max(1, ink.size // 2000)])
    if strongest < max(FAINTEST, 3 * spread):
        return np.zeros_like(ink)
    ink = np.where(ink < max(0.2 * strongest, min(4 * spread, 0.5 * strongest)), 0, ink / strongest).clip(0, 1)
    return np.where(_large_parts(ink), ink, 0).astype(np.float32)


def _large_parts(ink: Array) -> NDArray[np.bool_]:
    """Where the connected parts are that have at least a thirtieth of the largest part's ink; seen coarsely, which is soon done."""
    block = -(-max(ink.shape) // COARSE)
    padded = np.pad(ink, [(0, -side % block) for side in ink.shape])
    blocks = padded.reshape(padded.shape[0] // block, block, -1, block)
    coarse = blocks.sum(axis=(1, 3))
    labels = np.where(coarse > 0, np.arange(1, coarse.size + 1).reshape(coarse.shape), 0)
    while True:
        spread = np.where(coarse > 0, _highest(np.pad(labels, 1), 3), 0)  # each part takes its largest number
        if np.array_equal(spread, labels):
            break
        labels = spread
    mass = np.bincount(labels.ravel(), coarse.ravel())
    mass[0] = 0
    large = (mass >= mass.max() / 30)[labels] & (labels > 0)
    return large.repeat(block, 0).repeat(block, 1)[: ink.shape[0], : ink.shape[1]]
