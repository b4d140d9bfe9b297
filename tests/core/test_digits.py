"""Digits from photos: what lies around the strokes may be grey, shadowed, framed, grainy, bright or dark."""

from collections.abc import Callable

import numpy as np
import pytest

from cnn_core import networks
from cnn_core.digits import prepare
from cnn_core.graph import Graph
from cnn_core.images import resize
from cnn_core.mnist import TRAINED, digits

IMAGES, LABELS = digits()
HEIGHT, WIDTH = 330, 410
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def ink(number: int, pen: int = 0) -> np.ndarray:
    """(HEIGHT, WIDTH) in [0, 1]: a digit, 224 pixels large, off centre; pen: pixels by which strokes are wider or thinner."""
    rng = np.random.default_rng(number)
    large = resize(IMAGES[number], 224, 224)[0]
    if pen:
        padded = np.pad(large if pen > 0 else -large, abs(pen) // 2, "edge")
        tall = np.lib.stride_tricks.sliding_window_view(padded, abs(pen), axis=0).max(axis=2)
        large = np.abs(np.lib.stride_tricks.sliding_window_view(tall, abs(pen), axis=1).max(axis=2))
    top, left = int(rng.integers(10, HEIGHT - 234)), int(rng.integers(10, WIDTH - 234))
    sheet = np.zeros((HEIGHT, WIDTH), np.float32)
    sheet[top : top + large.shape[0], left : left + large.shape[1]] = large
    return sheet


def grain(number: int, strength: float) -> np.ndarray:
    return np.random.default_rng(number).normal(0, strength, (HEIGHT, WIDTH)).astype(np.float32)


def framed(sheet: np.ndarray, level: float = 0.08) -> np.ndarray:
    return np.pad(sheet[8:-8, 8:-8], ((30, 42), (36, 25)), constant_values=level)


SHADOW = 1 - 0.65 / (1 + np.exp(-(X + 0.6 * Y - 330) / 12))  # a hand's, with a fairly sharp edge
SLOPE = 0.3 + 0.7 * X / WIDTH
CASES: dict[str, Callable[[int], np.ndarray]] = {
    "white paper": lambda i: 1 - 0.9 * ink(i),
    "grey paper": lambda i: 0.45 - 0.35 * ink(i),
    "faint pencil": lambda i: 0.8 - 0.15 * ink(i),
    "chalk on a light board": lambda i: 0.6 + 0.35 * ink(i),
    "chalk on a dark board": lambda i: 0.15 + 0.7 * ink(i),
    "a shadow's edge": lambda i: (0.95 - 0.8 * ink(i)) * SHADOW,
    "light from a side": lambda i: (0.95 - 0.8 * ink(i)) * SLOPE,
    "chalk, light from a side": lambda i: (0.4 + 0.5 * ink(i)) * SLOPE,
    "dark frame": lambda i: framed(0.9 - 0.8 * ink(i)),
    "bright frame around a board": lambda i: framed(0.3 + 0.6 * ink(i), 0.98),
    "dark table at the left": lambda i: np.where(X + 0.1 * Y < 60, 0.1, np.roll(0.9 - 0.8 * ink(i), 60, axis=1)),
    "grain": lambda i: 0.8 - 0.6 * ink(i) + grain(i, 0.08),
    "thin pen": lambda i: 1 - 0.9 * ink(i, -9),
    "thick pen": lambda i: 1 - 0.9 * ink(i, 11),
    "all at once": lambda i: framed((0.7 - 0.55 * ink(i)) * SLOPE + grain(i, 0.02)),
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Graph:
    return networks.load("digits")


def read(case: str, network: Graph, count: int) -> int:
    """How many of so many unseen digits are read."""
    prepared = np.stack([prepare(CASES[case](number).clip(0, 1)) for number in range(TRAINED, TRAINED + count)])
    return int((network.forward(prepared).argmax(axis=1) == LABELS[TRAINED : TRAINED + count]).sum())


@pytest.mark.parametrize("case", CASES)
def test_digits_are_read_whatever_they_are_drawn_on(case: str, network: Graph) -> None:
    assert read(case, network, 14) >= 13


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_a_hundred_digits_are_read_whatever_they_are_drawn_on(case: str, network: Graph) -> None:
    assert read(case, network, 100) >= 97


@pytest.mark.parametrize("edge", [0, 10])
def test_small_pictures_with_a_frame(edge: int, network: Graph) -> None:
    papers = [0.9 - 0.8 * np.pad(IMAGES[number, 0], edge) for number in range(TRAINED, TRAINED + 100)]
    prepared = np.stack([prepare(np.pad(paper, 4)) for paper in papers])
    assert int((network.forward(prepared).argmax(axis=1) == LABELS[TRAINED : TRAINED + 100]).sum()) >= 97


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 3), (3, 200), (30, 1)])
def test_pictures_without_strokes_give_nothing_or_a_finite_digit(shape: tuple[int, int]) -> None:
    assert not prepare(np.full(shape, 0.7)).any()
    assert np.isfinite(prepare(np.random.default_rng(1).random(shape))).all()


def test_numbers_that_are_none_are_named() -> None:
    with pytest.raises(ValueError, match="image"):
        prepare(np.array([[0.5, np.nan], [0.1, 0.2]]))
