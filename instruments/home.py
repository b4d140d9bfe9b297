"""Home's instrument: the shipped digits network on a drawing or a photo, and the sum behind one value of its maps."""

from cnn_core import networks
from cnn_core.arguments import Array
from instruments.fields import Choice, Values, resolve
from instruments.network import CHANNEL, COLUMN, KERNEL_SIDE, KERNELS, POOL, ROW

SOURCE = Choice("home_source", "What it looks at", "draw", {"draw": "Draw", "image": "Photo"})
FIELDS = (SOURCE,)
SIZES = resolve((KERNELS, KERNEL_SIDE, POOL), {})  # of the shipped network, whatever another page is set to


def trace(digit: Array) -> dict[str, Array]:
    """Every intermediate of the shipped network for a digit (1, 28, 28)."""
    return networks.load("digits").trace(digit)


def unit(place: object) -> Values | None:
    """The unit of the convolution behind a place that a browser sent: on its maps, on their ReLU, or the first of a pooling
    window's; None for all else.

    >>> v = unit({"stage": "pool", "channel": 7, "y": 3, "x": 11})
    >>> v[CHANNEL], v[ROW], v[COLUMN]
    (7, 6, 22)
    >>> unit({"stage": "conv", "channel": 7, "y": 24, "x": 0}) is None
    True
    """
    if not isinstance(place, dict) or place.get("stage") not in ("conv", "relu", "pool"):
        return None
    step = SIZES[POOL] if place["stage"] == "pool" else 1
    given = {CHANNEL.key: place.get("channel")}
    for field, side in ((ROW, "y"), (COLUMN, "x")):
        at = place.get(side)
        given[field.key] = at * step if isinstance(at, int) and not isinstance(at, bool) else None
    v = resolve((KERNELS, KERNEL_SIDE, POOL, CHANNEL, ROW, COLUMN), given)
    return None if v.problems else v
