"""The bundled images: photos, and pictures whose answer to a kernel is known by thought."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from cnn_core.arguments import Array
from cnn_core.images import decode_image

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def _photo(name: str) -> Callable[[int], Array]:
    return lambda side: decode_image((ASSETS / "images" / f"{name}.webp").read_bytes(), side)


def _drawn(shade: Callable[[Array, Array], Array]) -> Callable[[int], Array]:
    """A square picture from a rule (y, x) -> shade, y and x from 0 to 1."""

    def draw(side: int) -> Array:
        line = (np.arange(side, dtype=np.float32) + 0.5) / side
        return np.broadcast_to(shade(line[:, np.newaxis], line), (3, side, side)).astype(np.float32)

    return draw


def _dot(side: int) -> Array:
    image = np.zeros((3, side, side), np.float32)
    image[:, side // 2, side // 2] = 1
    return image


@cache
def _digit_pixels() -> Array:
    with np.load(ASSETS / "mnist9k.npz") as stored:
        return (stored["images"][0] / np.float32(255)).astype(np.float32)


def _digit(side: int) -> Array:
    pixels = _digit_pixels()
    repeat = max(1, side // 28)
    return np.broadcast_to(pixels.repeat(repeat, 0).repeat(repeat, 1), (3, 28 * repeat, 28 * repeat)).copy()


SAMPLES: dict[str, tuple[str, Callable[[int], Array]]] = {
    "astronaut": ("Astronaut", _photo("astronaut")),
    "cat": ("Cat", _photo("chelsea")),
    "coffee": ("Coffee", _photo("coffee")),
    "coins": ("Coins", _photo("coins")),
    "bricks": ("Bricks", _photo("brick")),
    "rocket": ("Rocket", _photo("rocket")),
    "photographer": ("Photographer", _photo("camera")),
    "checkerboard": ("Checkerboard", _drawn(lambda y, x: ((y * 8).astype(int) + (x * 8).astype(int)) % 2)),
    "gradient": ("Gradient", _drawn(lambda y, x: x + 0 * y)),
    "dot": ("Dot", _dot),
    "vertical": ("Vertical bars", _drawn(lambda y, x: (x * 8).astype(int) % 2 + 0 * y)),
    "horizontal": ("Horizontal bars", _drawn(lambda y, x: (y * 8).astype(int) % 2 + 0 * x)),
    "diagonal": ("Diagonal bars", _drawn(lambda y, x: ((x + y) * 8).astype(int) % 2)),
    "digit": ("Digit", _digit),
}


def load(name: str, side: int) -> Array:
    """A sample as (3, H, W) in [0, 1], at most side pixels on the long side.

    >>> load("dot", 32).sum(), load("astronaut", 64).shape
    (np.float32(3.0), (3, 64, 64))
    """
    return SAMPLES[name][1](side)
