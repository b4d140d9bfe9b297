"""Why a network answered so: which pixels and maps its score for a class stands on, and pictures that change its mind.

A score is the value before the softmax. `x` is one image (C, H, W); `target` is the number of a class. Each function takes any
graph; nothing is remembered, and no network is changed.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, float_array, whole_number
from cnn_core.dense import softmax
from cnn_core.graph import INPUT, Graph
from cnn_core.layers import AdaptiveAvgPool2d, Dropout, Flatten, GlobalAvgPool2d, Layer, Linear, Reshape, Softmax
from cnn_core.shapes import make_axis

BATCH_VALUES = 4_000_000  # numbers of all nodes that are held at once where many images are asked about
_SHAPES_ONLY = (Flatten, Reshape, Dropout)


def score_node(network: Graph) -> str:
    """Name of the node whose value are the scores: the output, or what the softmax at the end reads; a flatten may follow it.

    >>> from cnn_core.networks import load
    >>> score_node(load("digits"))
    'fc2'
    """
    name = network.output
    while (last := _skip_shapes(network, name)) != INPUT and isinstance(network.layer(last), Softmax):
        name = network.node(last).inputs[0]
    return name


def scores(network: Graph, x: ArrayLike) -> Array:
    """Scores of all classes.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W).

    Returns:
        (classes,), before the softmax.

    Raises:
        ValueError: x does not fit, or the network does not end in one number a class.

    >>> from cnn_core.networks import load
    >>> scores(load("digits"), np.zeros((1, 28, 28))).shape
    (10,)
    """
    return _scores(network, _image(network, x)[np.newaxis])[0]


def saliency(network: Graph, x: ArrayLike, target: int) -> Array:
    """Gradient of the target's score: how much it would rise for each unit that a pixel rises.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W).
        target: number of the class.

    Returns:
        In the shape of x.

    Raises:
        ValueError: x does not fit, or target is no class.

    Source: Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2013), section 3.

    >>> from cnn_core.networks import load
    >>> saliency(load("digits"), np.zeros((1, 28, 28)), 3).shape
    (1, 28, 28)
    """
    image = _image(network, x)
    return _saliencies(network, image[np.newaxis], _target(network, image, target))[0]


def integrated_gradients(
    network: Graph, x: ArrayLike, target: int, baseline: ArrayLike | None = None, steps: int = 32
) -> Array:
    """What each pixel adds to the score on the straight way from a baseline to the image; all together sum to the difference.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W).
        target: number of the class.
        baseline: an image that says nothing, in the shape of x; None for all zeros.
        steps: places on the way at which the gradient is taken, at least 1.

    Returns:
        In the shape of x; the sum is score(x) - score(baseline).

    Raises:
        ValueError: an argument does not fit.

    Source: Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017), with Gauss-Legendre quadrature.

    >>> from cnn_core.networks import load
    >>> net, x = load("digits"), np.ones((1, 28, 28))
    >>> difference = scores(net, x)[2] - scores(net, np.zeros_like(x))[2]
    >>> bool(abs(integrated_gradients(net, x, 2).sum() - difference) < 1e-3 * abs(difference))
    True
    """
    image, steps = _image(network, x), whole_number("steps", steps, 1)
    target = _target(network, image, target)
    start = np.zeros_like(image) if baseline is None else float_array("baseline", baseline)
    if start.shape != image.shape:
        raise ValueError(f"baseline must have the shape of x, {image.shape}, got {start.shape}")
    start = start.astype(image.dtype, copy=False)
    places, weights = np.polynomial.legendre.leggauss(steps)
    places, weights = (places + 1) / 2, weights / 2  # from -1 … 1 to 0 … 1
    total = np.zeros(image.shape, np.float64)
    for part in _parts(network, image, steps):
        share = places[part].reshape(-1, 1, 1, 1).astype(image.dtype)
        gradients = _saliencies(network, start + share * (image - start), target)  # (n, C, H, W)
        total += np.tensordot(weights[part], gradients, axes=1)
    found = (image - start) * total
    ends = _scores(network, np.stack([start, image]))[:, target].astype(np.float64)
    missed, spread = ends[1] - ends[0] - found.sum(), np.abs(found)
    if spread.any():  # what the quadrature missed, shared out by size: the sum is then exact
        found += missed * (spread / spread.sum())
    return found.astype(image.dtype)


def grad_cam(network: Graph, x: ArrayLike, target: int, layer: str) -> Array:
    """Where a layer's maps speak for the target: each map times the mean of its gradient, summed, what is negative left out.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W).
        target: number of the class.
        layer: name of a node whose value are maps.

    Returns:
        (h, w) of that layer's maps, at least 0.

    Raises:
        ValueError: x does not fit, target is no class, or layer has no maps before the scores.

    Source: Selvaraju et al., "Grad-CAM" (2017), eq. 1 and 2.

    >>> from cnn_core.networks import load
    >>> grad_cam(load("digits"), np.zeros((1, 28, 28)), 3, "relu1").shape
    (24, 24)
    """
    image = _image(network, x)
    target, at = _target(network, image, target), score_node(network)
    network.node(layer)
    trace = network.trace(image)
    if trace[layer].ndim != 3 or layer == at:
        raise ValueError(
            f"layer must name maps (C, H, W) before the scores, got {layer!r} of shape {trace[layer].shape}"
        )
    gradients = network.backward(trace, _one_hot(trace[at], target), at, (layer,))
    if layer not in gradients:
        raise ValueError(f"layer must stand before the scores, got {layer!r} behind {at!r}")
    weights = gradients[layer].mean(axis=(1, 2))  # (C,)
    return np.maximum(np.tensordot(weights, trace[layer], axes=1), 0)  # (h, w)


def class_activation(network: Graph, x: ArrayLike, target: int) -> Array:
    """What each place of the last maps adds to the target's score: its mean is the score, but for the dense layer's bias.

    Args:
        network: a graph that ends in the mean of maps, and perhaps one dense layer.
        x: one image (C, H, W).
        target: number of the class.

    Returns:
        (h, w) of the last maps.

    Raises:
        ValueError: x does not fit, target is no class, or the network does not end so.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization" (2016), eq. 2.

    >>> from cnn_core.networks import load
    >>> class_activation(load("resnet8"), np.zeros((3, 32, 32)), 3).shape
    (8, 8)
    """
    image = _image(network, x)
    target = _target(network, image, target)
    dense, maps_name = _means_of_maps(network)
    maps = network.values(image, (maps_name,))[maps_name]  # (C, h, w)
    if dense is None:
        return maps[target]
    return np.tensordot(dense.parameters["weight"][target], maps, axes=1).astype(maps.dtype, copy=False)


def ends_in_means(network: Graph) -> bool:
    """Whether `class_activation` is possible: the network ends in the mean of maps, and perhaps one dense layer."""
    try:
        _means_of_maps(network)
    except ValueError:
        return False
    return True


def occlusion(network: Graph, x: ArrayLike, target: int, size: int, stride: int, fill: float = 0) -> Array:
    """How much the score falls while a square is covered, for each place of the square.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W).
        target: number of the class.
        size: side of the square in pixels.
        stride: pixels between two places.
        fill: the value that covers.

    Returns:
        (rows, columns), as many as squares fit; negative where the score rises.

    Raises:
        ValueError: an argument does not fit.

    Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2.

    >>> from cnn_core.networks import load
    >>> occlusion(load("digits"), np.zeros((1, 28, 28)), 3, size=7, stride=7).shape
    (4, 4)
    """
    image = _image(network, x)
    target = _target(network, image, target)
    rows, columns = occlusion_grid(image.shape, size, stride)
    answer = np.empty(rows * columns, image.dtype)
    places = [divmod(number, columns) for number in range(rows * columns)]
    whole = _scores(network, image[np.newaxis])[0, target]
    for part in _parts(network, image, len(places)):
        covered = np.repeat(image[np.newaxis], len(places[part]), axis=0)  # (n, C, H, W)
        for one, (row, column) in zip(covered, places[part], strict=True):
            one[:, row * stride : row * stride + size, column * stride : column * stride + size] = fill
        answer[part] = whole - _scores(network, covered)[:, target]
    return answer.reshape(rows, columns)


def occlusion_grid(shape: Sequence[int], size: int, stride: int) -> tuple[int, int]:
    """Rows and columns of places at which a square of this size fits an image (C, H, W).

    >>> occlusion_grid((3, 30, 20), 10, 5)
    (5, 3)
    """
    size, stride = whole_number("size", size, 1), whole_number("stride", stride, 1)
    if size > min(shape[1:]):
        raise ValueError(f"size must be at most {min(shape[1:])}, the image's shorter side, got {size}")
    return make_axis(shape[1], size, stride).output_size, make_axis(shape[2], size, stride).output_size


def fgsm(network: Graph, x: ArrayLike, target: int, epsilon: float) -> Array:
    """The image with each value moved by epsilon, the way that makes the target less probable.

    Args:
        network: a graph that ends in one number a class.
        x: one image (C, H, W) in [0, 1].
        target: number of the class that is right.
        epsilon: largest change of a value, at least 0.

    Returns:
        In the shape of x, inside [0, 1], each value at most epsilon from x.

    Raises:
        ValueError: an argument does not fit.

    Source: Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples" (2015), section 4.

    >>> from cnn_core.networks import load
    >>> x = np.full((1, 28, 28), 0.5)
    >>> moved = fgsm(load("digits"), x, 3, 0.1)
    >>> bool(abs(moved - x).max() <= 0.1 + 1e-6)
    True
    """
    image = _image(network, x)
    target = _target(network, image, target)
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float | np.number) or not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon must be a number of at least 0, got {epsilon!r}")
    if float(image.min()) < 0 or float(image.max()) > 1:
        raise ValueError(f"x must lie in [0, 1], got values from {image.min():g} to {image.max():g}")
    at = score_node(network)
    trace = network.trace(image)
    probabilities = softmax(trace[at].reshape(-1)).reshape(trace[at].shape)
    loss = network.backward(trace, probabilities - _one_hot(trace[at], target), at)[INPUT]  # of cross-entropy
    low, high = np.maximum(image - image.dtype.type(epsilon), 0), np.minimum(image + image.dtype.type(epsilon), 1)
    return np.where(loss > 0, high, np.where(loss < 0, low, image))


def maximise(
    network: Graph, layer: str, channel: int, shape: Sequence[int], steps: int = 100, seed: int = 0
) -> Iterator[Array]:
    """An image that a map answers to more and more: what it looks for, from grey noise, one picture a step.

    Args:
        network: a graph.
        layer: name of the node that the map belongs to.
        channel: number of the map, or of the unit of a dense layer.
        shape: of the image (C, H, W).
        steps: pictures that are made.
        seed: of the noise and of the small shifts that keep the picture smooth.

    Yields:
        Images (C, H, W) in [0, 1].

    Raises:
        ValueError: an argument does not fit; at the first image.

    Source: Erhan et al., "Visualizing Higher-Layer Features" (2009); shifts as in Mordvintsev et al., "Inceptionism" (2015).

    >>> from cnn_core.networks import load
    >>> *_, last = maximise(load("digits"), "relu1", 2, (1, 28, 28), steps=3)
    >>> last.shape
    (1, 28, 28)
    """
    network.node(layer)
    steps, channel = whole_number("steps", steps, 1), whole_number("channel", channel, 0)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    image = (0.5 + rng.normal(0, 0.05, tuple(shape))).clip(0, 1).astype(np.float32)
    _image(network, image)
    for _ in range(steps):
        shift = tuple(int(number) for number in rng.integers(-4, 5, 2))
        moved = np.roll(image, shift, axis=(1, 2))
        trace = network.trace(moved)
        if channel >= len(trace[layer]):
            raise ValueError(f"channel must be at most {len(trace[layer]) - 1}, got {channel}")
        wanted = np.zeros_like(trace[layer])
        wanted[channel] = 1 / trace[layer][channel].size
        gradient = network.backward(trace, wanted, layer, (INPUT,))[INPUT]
        size = float(np.sqrt((gradient.astype(np.float64) ** 2).mean()))
        if size > 0:
            moved = moved + np.float32(0.03) * (gradient / np.float32(size))
        image = _smoothed(np.roll(moved, (-shift[0], -shift[1]), axis=(1, 2))).clip(0, 1)
        yield image


def _smoothed(image: Array) -> Array:
    """A tenth of each pixel comes from its neighbours: fine noise, which answers strongly and says nothing, dies away."""
    neighbours = sum(np.roll(image, step, axis) for step in (-1, 1) for axis in (1, 2)) / np.float32(4)
    return np.float32(0.9) * image + np.float32(0.1) * neighbours


def _image(network: Graph, x: ArrayLike) -> Array:
    """x as one image that the network takes."""
    image = float_array("x", x, 3)
    wanted = network.input_shape
    if len(wanted) != 3 or any(side is not None and side != got for side, got in zip(wanted, image.shape, strict=True)):
        raise ValueError(
            f"x must be one image of {' x '.join('any' if s is None else str(s) for s in wanted)}, got shape {image.shape}"
        )
    return image


def _target(network: Graph, image: Array, target: int) -> int:
    classes = math.prod(network.output_shapes(image.shape)[score_node(network)])
    if isinstance(target, bool) or not isinstance(target, int | np.integer) or not 0 <= target < classes:
        raise ValueError(f"target must be a whole number from 0 to {classes - 1}, got {target!r}")
    return int(target)


def _scores(network: Graph, batch: Array) -> Array:
    """(N, classes) of a batch (N, C, H, W)."""
    at = score_node(network)
    value = network.values(batch, (at,))[at]
    if math.prod(value.shape[2:]) != 1:
        raise ValueError(f"network must end in one number a class, but {at!r} has shape {value.shape[1:]}")
    return value.reshape(len(value), -1)


def _one_hot(value: Array, target: int) -> Array:
    """1 for the target's score, in the shape of all scores of one image."""
    if math.prod(value.shape[1:]) != 1:
        raise ValueError(f"network must end in one number a class, but its scores have shape {value.shape}")
    wanted = np.zeros(value.size, value.dtype)
    wanted[target] = 1
    return wanted.reshape(value.shape)


def _saliencies(network: Graph, batch: Array, target: int) -> Array:
    """Gradient of the target's score for each image of a batch (N, C, H, W)."""
    at = score_node(network)
    trace = network.trace(batch)
    wanted = np.stack([_one_hot(trace[at][0], target)] * len(batch))
    return network.backward(trace, wanted, at, (INPUT,))[INPUT]


def _parts(network: Graph, image: Array, count: int) -> Iterator[slice]:
    """Cuts so many images into batches whose values fit the memory."""
    values = sum(math.prod(shape) for shape in network.output_shapes(image.shape).values())
    size = max(1, min(32, BATCH_VALUES // values))
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def _means_of_maps(network: Graph) -> tuple[Linear | None, str]:
    """The dense layer at the end, if there is one, and the maps whose means it reads."""
    name, dense = _skip_shapes(network, score_node(network)), None
    if name != INPUT and isinstance(layer := network.layer(name), Linear):
        dense, name = layer, _skip_shapes(network, network.node(name).inputs[0])
    if name == INPUT or not _means(network.layer(name)):
        raise ValueError(
            "network must end in the mean of maps, and perhaps one dense layer, for a class activation map"
        )
    return dense, network.node(name).inputs[0]


def _means(layer: Layer) -> bool:
    return isinstance(layer, GlobalAvgPool2d) or (isinstance(layer, AdaptiveAvgPool2d) and layer.output_size == (1, 1))


def _skip_shapes(network: Graph, name: str) -> str:
    """Go back over layers that only give the numbers another shape."""
    while name != INPUT and isinstance(network.layer(name), _SHAPES_ONLY):
        name = network.node(name).inputs[0]
    return name
