"""Any picture of a digit as the digits network wants it: the way MNIST was made."""

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, float_array
from cnn_core.images import resize

SIDE, BOX = 28, 20


def prepare(image: ArrayLike) -> Array:
    """Find the digit, scale it into a 20 x 20 box, and put its centre of mass in the middle of 28 x 28.

    Dark strokes on a light ground are turned round: the ground is what the border shows.

    Args:
        image: (H, W) in [0, 1].

    Returns:
        (1, 28, 28) in [0, 1], bright on dark; all zeros if nothing is drawn.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".

    >>> square = np.zeros((50, 90)); square[5:15, 60:70] = 1
    >>> prepared = prepare(square); prepared.shape, bool(prepared[0, 4:24, 4:24].min() == 1)
    ((1, 28, 28), True)
    """
    picture = np.asarray(float_array("image", image, 2), np.float32)
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    ground = float(np.median(border))
    ink = ground - picture if ground > 0.5 else picture - ground
    ink = ink.clip(0, 1)
    strongest = float(ink.max())
    if strongest < 0.1:
        return np.zeros((1, SIDE, SIDE), np.float32)
    ink = np.where(ink < 0.2 * strongest, 0, ink / strongest).astype(np.float32)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(digit.shape)
    height, width = (max(1, round(side * scale)) for side in digit.shape)
    small = resize(digit[np.newaxis], height, width)[0]
    mass = max(float(small.sum()), 1e-9)
    centre = [float((small.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum()) / mass for axis in (0, 1)]
    top = min(max(round((SIDE - 1) / 2 - centre[0]), 0), SIDE - height)
    left = min(max(round((SIDE - 1) / 2 - centre[1]), 0), SIDE - width)
    result = np.zeros((1, SIDE, SIDE), np.float32)
    result[0, top : top + height, left : left + width] = small
    return result
