"""Layers that shift and scale: batch norm, local response normalisation, and fixed numbers."""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from cnn_core import joining, normalisation
from cnn_core.arguments import Array, float_array, whole_number
from cnn_core.layers.base import Layer, Shape


class BatchNorm2d(Layer):
    """Each channel shifted and scaled by its stored mean and variance; as `torch.nn.BatchNorm2d` answers.

    "weight" and "bias" are trained, "running_mean" and "running_var" are buffers, and stay as they are.

    Raises:
        ValueError: num_features is out of range.

    Source: Ioffe and Szegedy, "Batch Normalization" (2015), algorithm 2.

    >>> norm = BatchNorm2d(8)
    >>> norm.output_shape((8, 9, 7)), norm.parameter_count(), list(norm.stored_shapes)
    ((8, 9, 7), 16, ['weight', 'bias', 'running_mean', 'running_var'])
    """

    kind = "batch norm"
    _buffer_names = ("running_mean", "running_var")

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        self.num_features = whole_number("num_features", num_features, 1)
        self.eps = eps

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """ "weight", at first 1, and "bias", at first 0."""
        return {"weight": np.ones(self.num_features, np.float32), "bias": np.zeros(self.num_features, np.float32)}

    @cached_property
    def buffers(self) -> dict[str, Array]:
        """ "running_mean", at first 0, and "running_var", at first 1."""
        zeros, ones = np.zeros(self.num_features, np.float32), np.ones(self.num_features, np.float32)
        return {"running_mean": zeros, "running_var": ones}

    def _arguments(self) -> tuple[Array, Array, Array, Array, float]:
        stored, trained = self.buffers, self.parameters
        return stored["running_mean"], stored["running_var"], trained["weight"], trained["bias"], self.eps

    def _forward(self, x: Array) -> Array:
        return normalisation.batch_norm(x, *self._arguments())

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return normalisation.batch_norm_backward(grad_output, x, *self._arguments())[0]

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        _, grad_weight, grad_bias = normalisation.batch_norm_backward(grad_output, inputs[0], *self._arguments())
        return {"weight": grad_weight, "bias": grad_bias}

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        if shape[0] != self.num_features:
            raise ValueError(f"batch norm takes {self.num_features} channels, but {shape[0]} reach it")
        return shape


class LocalResponseNorm(Layer):
    """Each number divided by a power of the squares around it; arguments as `torch.nn.LocalResponseNorm`.

    Raises:
        ValueError: size is out of range.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification" (2012), section 3.3.

    >>> LocalResponseNorm(5).output_shape((8, 9, 7))
    (8, 9, 7)
    """

    kind = "response norm"

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = whole_number("size", size, 1)
        self.alpha, self.beta, self.k = alpha, beta, k

    def _forward(self, x: Array) -> Array:
        return normalisation.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return normalisation.local_response_norm_backward(grad_output, x, self.size, self.alpha, self.beta, self.k)


class Scale(Layer):
    """x * scale + shift with fixed numbers, such as turn pixels in [0, 1] into what a network was trained on.

    Args:
        scale: a number, or an array that broadcasts over one example: (C, 1, 1) for one number a channel.
        shift: likewise.

    Raises:
        ValueError: they are no real numbers.

    >>> Scale(255.0, [[[-122.0]], [[-116.0]], [[-104.0]]]).apply(np.ones((1, 3, 1, 1))).ravel().tolist()
    [133.0, 139.0, 151.0]
    """

    kind = "scale"

    def __init__(self, scale: ArrayLike = 1.0, shift: ArrayLike = 0.0) -> None:
        self.scale, self.shift = float_array("scale", scale), float_array("shift", shift)

    def _forward(self, x: Array) -> Array:
        output = x * self.scale.astype(x.dtype)
        output += self.shift.astype(x.dtype)
        return output

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return joining.multiply_backward(grad_output, x, self.scale.astype(x.dtype))[0]

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        for array in (self.scale, self.shift):
            sides = zip(reversed(array.shape), reversed(shape), strict=False)
            if array.ndim > len(shape) or any(side not in (1, own) for side, own in sides):
                raise ValueError(f"scale of {array.shape} does not fit an input of {shape}")
        return shape
