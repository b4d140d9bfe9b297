"""The digit that a pad holds until somebody draws: its strokes, and their picture as the pad would make it."""

import math
from itertools import pairwise

import numpy as np

from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from ui.components.drawing_pad.component import PIXELS, Drawing, Stroke

SAMPLES = 4  # a side of each pixel, of whose points is asked whether ink covers them


def arc(centre: tuple[int, int], radii: tuple[int, int], degrees: range) -> list[list[int]]:
    """Points of an ellipse, [x, y]; 0 degrees lies at the right, 90 at the bottom.

    >>> arc((100, 50), (40, 20), range(0, 91, 90))
    [[140, 50], [100, 70]]
    """
    turns = map(math.radians, degrees)
    return [[round(centre[0] + radii[0] * math.cos(a)), round(centre[1] + radii[1] * math.sin(a))] for a in turns]


def inked(strokes: list[Stroke]) -> Array:
    """What a network is shown of strokes, (28, 28) in [0, 1]: how much of each pixel ink covers.

    >>> picture = inked([{"width": 20, "points": [[100, 100], [200, 100]]}])
    >>> picture[9:11, 11:19].min().item(), picture[9, 9].item() > 0, picture[11].max().item()
    (1.0, True, 0.0)
    """
    at = (np.arange(SIDE * SAMPLES) + 0.5) * PIXELS / (SIDE * SAMPLES)
    points = np.stack(np.meshgrid(at, at), axis=-1)  # (rows, columns, 2) as x, y
    covered = np.zeros(points.shape[:2], bool)
    for stroke in strokes:
        ends = np.array(stroke["points"], float)
        for start, end in pairwise(ends):
            along = end - start
            share = ((points - start) @ along / max(float(along @ along), 1e-9)).clip(0, 1)
            covered |= np.linalg.norm(points - start - share[..., np.newaxis] * along, axis=-1) <= stroke["width"] / 2
    return covered.reshape(SIDE, SAMPLES, SIDE, SAMPLES).mean((1, 3), dtype=np.float32)


_THREE: list[Stroke] = [
    {"width": 22, "points": arc((136, 92), (46, 42), range(-155, 91, 15))},
    {"width": 22, "points": arc((136, 182), (56, 48), range(-90, 156, 15))},
]
READY = Drawing(inked(_THREE), _THREE, ready=True)
