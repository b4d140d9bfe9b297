"""A training loop that can be shown, paused and stopped: a generator that yields after every step."""

import math
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from cnn_core.arguments import Array
from cnn_core.dense import cross_entropy, cross_entropy_backward
from cnn_core.graph import Graph
from cnn_core.mnist import Labels
from cnn_core.optimisers import Optimiser


class Progress(NamedTuple):
    """Where a training stands after a step."""

    step: int  # from 1
    steps: int
    epoch: int  # from 1
    loss: float  # of this step's batch
    accuracy: float  # of this step's batch, 0 to 1
    seconds_left: float


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate that rises to the peak over the first 30% of the steps, then falls to near zero, as cosines.

    Source: Smith and Topin, "Super-Convergence" (2018), with PyTorch's OneCycleLR defaults.

    >>> [round(one_cycle(step, 100, 1.0), 3) for step in (0, 30, 100)]
    [0.04, 1.0, 0.0]
    """
    rise = 0.3 * steps
    if step <= rise:
        return peak * (1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * step / rise)) / 2)
    return peak * (1 + math.cos(math.pi * (step - rise) / (steps - rise))) / 2


def train(
    network: Graph,
    images: Array,
    labels: Labels,
    optimiser: Optimiser,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    schedule: Callable[[int, int, float], float] | None = None,
    augment: Callable[[Array, np.random.Generator], Array] | None = None,
) -> Iterator[Progress]:
    """Train a network that ends in logits (no softmax) with cross-entropy, one batch at each `next()`.

    Args:
        network: changed in place.
        images: (N, C, H, W) float32.
        labels: (N,) classes from 0.
        optimiser: holds the network's parameters.
        epochs: passes over all images, each in a fresh order.
        batch_size: images a step; the last batch of an epoch may be smaller.
        seed: of the order and of augment; equal seeds give equal weights on one machine.
        schedule: learning rate from (step, steps, peak), or None for a constant one.
        augment: changes each batch, given a generator, or None.

    Yields:
        Progress after each step. Stop asking and the training stops; ask again and it goes on.

    Raises:
        ValueError: the sizes do not fit.
    """
    if len(images) != len(labels) or not len(images):
        raise ValueError(f"labels must be as many as images, got {len(labels)} and {len(images)}")
    rng = np.random.default_rng(seed)
    peak, per_epoch = optimiser.learning_rate, -(-len(images) // batch_size)
    steps, spent = epochs * per_epoch, 0.0
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        for number in range(per_epoch):
            started = time.perf_counter()
            step = epoch * per_epoch + number
            chosen = order[number * batch_size : (number + 1) * batch_size]
            batch = images[chosen] if augment is None else augment(images[chosen], rng)
            if schedule is not None:
                optimiser.learning_rate = schedule(step, steps, peak)
            trace = network.trace(batch)
            logits = trace[network.output]  # (n, classes)
            optimiser.step(network.parameter_gradients(trace, cross_entropy_backward(logits, labels[chosen])))
            del trace  # two at a time would take twice the memory
            loss = float(cross_entropy(logits, labels[chosen]))
            accuracy = float((logits.argmax(axis=1) == labels[chosen]).mean())
            spent += time.perf_counter() - started
            yield Progress(step + 1, steps, epoch + 1, loss, accuracy, spent / (step + 1) * (steps - step - 1))
    optimiser.learning_rate = peak


def jitter(
    images: Array, rng: np.random.Generator, degrees: float = 10.0, zoom: float = 0.1, shift: float = 2.0
) -> Array:
    """Turn, scale and move each image a little, at random, filling with 0 (bilinear).

    Args:
        images: (N, C, H, W).
        rng: where the random numbers come from.
        degrees: largest turn either way.
        zoom: largest change of scale either way, as a fraction.
        shift: largest move either way along each axis, in pixels.

    >>> image = np.zeros((1, 1, 5, 5), np.float32); image[0, 0, 2, 2] = 1
    >>> bool(np.allclose(jitter(image, np.random.default_rng(0), degrees=0, zoom=0, shift=0), image))
    True
    """
    n, c, height, width = images.shape
    angle = np.asarray(np.radians(rng.uniform(-degrees, degrees, n)), np.float32)
    scale = np.asarray(1 + rng.uniform(-zoom, zoom, n), np.float32)
    move = np.asarray(rng.uniform(-shift, shift, (2, n, 1)), np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32).reshape(2, 1, -1)  # (1, H W) each
    y, x = rows - (height - 1) / 2, columns - (width - 1) / 2
    cosine, sine = (np.cos(angle) / scale)[:, np.newaxis], (np.sin(angle) / scale)[:, np.newaxis]
    source_y = cosine * y - sine * x + (height - 1) / 2 + move[0]  # (N, H W)
    source_x = sine * y + cosine * x + (width - 1) / 2 + move[1]
    padded = np.pad(images, [(0, 0), (0, 0), (1, 2), (1, 2)]).reshape(n, c, -1)  # a frame of zeros to fall into
    top = np.clip(np.floor(source_y), -1, height).astype(np.int32)
    left = np.clip(np.floor(source_x), -1, width).astype(np.int32)
    down, right = np.clip(source_y - top, 0, 1)[:, np.newaxis], np.clip(source_x - left, 0, 1)[:, np.newaxis]
    row = width + 3
    corner = ((top + 1) * row + left + 1)[:, np.newaxis]  # (N, 1, H W)

    def at(offset: int) -> Array:
        return np.take_along_axis(padded, corner + offset, axis=2)

    upper = at(0) + (at(1) - at(0)) * right
    lower = at(row) + (at(row + 1) - at(row)) * right
    return (upper + (lower - upper) * down).reshape(images.shape).astype(images.dtype)
