"""Layers as objects: each remembers its last input, so that `backward` can follow `forward`; and their chain.

The arithmetic is that of the functions; here stand only the settings, the weights and their gradients.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnn_core import activations, dense
from cnn_core.arguments import Array, IntOrPair, Pair, float_array, int_pair, whole_number
from cnn_core.convolution import conv2d, conv2d_backward, conv2d_backward_parameters
from cnn_core.padding import conv_axes
from cnn_core.pooling import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward, pool_axes
from cnn_core.shapes import Padding

Shape = tuple[int, ...]


@dataclass
class Parameter:
    """An array that training changes, and its gradient from the last backward pass."""

    value: Array
    grad: Array = field(init=False)

    def __post_init__(self) -> None:
        self.grad = np.zeros_like(self.value)

    @property
    def shape(self) -> Shape:
        return self.value.shape

    @property
    def size(self) -> int:
        return self.value.size


def he(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal numbers with variance 2 / fan-in: keeps the signal's size through ReLU layers.

    Source: He et al., "Delving Deep into Rectifiers" (2015), eq. 10.

    >>> he((4, 3, 5, 5), np.random.default_rng(0)).shape
    (4, 3, 5, 5)
    """
    return rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)


def xavier(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform numbers with variance 2 / (fan-in + fan-out): for tanh, sigmoid and linear outputs.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), eq. 16.

    >>> bool(abs(xavier((10, 20), np.random.default_rng(0))).max() <= (6 / 30) ** 0.5)
    True
    """
    window = math.prod(shape[2:])
    bound = math.sqrt(6 / (shape[0] * window + shape[1] * window))
    return rng.uniform(-bound, bound, shape).astype(np.float32)


class Layer:
    """What layers share: no parameters, no window, the shape kept, unless a layer says otherwise."""

    kind = "layer"

    def __init__(self) -> None:
        self.input: Array | None = None

    def forward(self, x: ArrayLike) -> Array:
        """Compute the output and remember the input for `backward`."""
        self.input = float_array("x", x)
        return self.apply(self.input)

    def apply(self, x: Array) -> Array:
        """Compute the output and remember nothing."""
        raise NotImplementedError

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return the gradient of the last input; the parameters' gradients are stored in them."""
        if self.input is None:
            raise ValueError(f"backward of {self.kind} needs a forward first")
        return self._backward(np.asarray(grad_output), self.input)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        raise NotImplementedError

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Store the parameters' gradients only: all that a network's first layer owes to training."""
        if self.parameters():
            self.backward(grad_output)

    def parameters(self) -> list[Parameter]:
        """The arrays that training changes, weight before bias."""
        return []

    def parameter_count(self) -> int:
        return sum(parameter.size for parameter in self.parameters())

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one output for one input of this shape (no batch axis)."""
        return input_shape

    def macs(self, input_shape: Shape) -> int:
        """Multiply-adds for one input of this shape."""
        return 0

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        """(kernel_size, stride, dilation), each (h, w), or None if each pixel is treated alone."""
        return None


def _image_shape(layer: Layer, input_shape: Shape) -> tuple[int, int, int]:
    if len(input_shape) != 3:
        raise ValueError(f"{layer.kind} needs an input of C x H x W, got shape {tuple(input_shape)}")
    c, height, width = input_shape
    return c, height, width


class Conv2d(Layer):
    """Convolution with K = out_channels kernels; arguments as `torch.nn.Conv2d`, weights by `he` from the seed."""

    kind = "conv"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: Padding = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number("in_channels", in_channels, 1)
        self.out_channels = whole_number("out_channels", out_channels, 1)
        self.groups = whole_number("groups", groups, 1)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must divide in_channels {in_channels} and out_channels {out_channels}, got {groups}"
            )
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride, self.dilation = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
        self.padding, self.padding_mode = padding, padding_mode
        self.weight_shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.seed = seed
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None

    @cached_property
    def weight(self) -> Parameter:
        """(K, C / groups, kH, kW); drawn when first asked for, so that counting needs no memory."""
        return Parameter(he(self.weight_shape, np.random.default_rng(self.seed)))

    def parameter_count(self) -> int:
        return math.prod(self.weight_shape) + (self.out_channels if self.bias else 0)

    @property
    def _arguments(self) -> dict[str, Any]:
        """What conv2d and its backward take beside the arrays."""
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        return {name: getattr(self, name) for name in names}

    def apply(self, x: Array) -> Array:
        return conv2d(x, self.weight.value, self.bias.value if self.bias else None, **self._arguments)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        grad_input, self.weight.grad, grad_bias = conv2d_backward(grad_output, x, self.weight.value, **self._arguments)
        if self.bias:
            self.bias.grad = grad_bias
        return grad_input

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        if self.input is None:
            raise ValueError("backward of conv needs a forward first")
        self.weight.grad, grad_bias = conv2d_backward_parameters(
            grad_output, self.input, self.weight.value, **self._arguments
        )
        if self.bias:
            self.bias.grad = grad_bias

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias] if self.bias else [self.weight]

    def output_shape(self, input_shape: Shape) -> Shape:
        c, height, width = _image_shape(self, input_shape)
        if c != self.in_channels:
            raise ValueError(f"conv takes {self.in_channels} channels, but {c} reach it")
        axes = conv_axes((height, width), self.kernel_size, self.stride, self.padding, self.dilation, self.padding_mode)
        return self.out_channels, axes[0].output_size, axes[1].output_size

    def macs(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape)) * math.prod(self.weight_shape[1:])

    def window(self) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, self.stride, self.dilation


class MaxPool2d(Layer):
    """Largest value of each window; arguments as `torch.nn.MaxPool2d`."""

    kind = "pool"

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        dilation: IntOrPair = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else int_pair("stride", stride, 1)
        self.padding, self.dilation = int_pair("padding", padding, 0), int_pair("dilation", dilation, 1)
        self.ceil_mode = ceil_mode

    def apply(self, x: Array) -> Array:
        output = max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        assert not isinstance(output, tuple)
        return output

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return max_pool2d_backward(
            grad_output, x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        c, height, width = _image_shape(self, input_shape)
        axes = pool_axes((height, width), self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return c, axes[0].output_size, axes[1].output_size

    def window(self) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, self.stride, self.dilation


class AvgPool2d(Layer):
    """Mean of each window; arguments as `torch.nn.AvgPool2d`."""

    kind = "pool"

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = int_pair("kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else int_pair("stride", stride, 1)
        self.padding = int_pair("padding", padding, 0)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def apply(self, x: Array) -> Array:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return avg_pool2d_backward(
            grad_output, x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        c, height, width = _image_shape(self, input_shape)
        axes = pool_axes((height, width), self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)
        return c, axes[0].output_size, axes[1].output_size

    def window(self) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, self.stride, (1, 1)


class ReLU(Layer):
    """max(x, 0)."""

    kind = "relu"

    def apply(self, x: Array) -> Array:
        return activations.relu(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.relu_backward(grad_output, x)


class LeakyReLU(Layer):
    """x where positive, negative_slope * x elsewhere."""

    kind = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def apply(self, x: Array) -> Array:
        return activations.leaky_relu(x, self.negative_slope)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.leaky_relu_backward(grad_output, x, self.negative_slope)


class PReLU(Layer):
    """Leaky ReLU with learned slopes: one, or one a channel; they start at init, as in `torch.nn.PReLU`."""

    kind = "prelu"

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.weight = Parameter(np.full(num_parameters, init, np.float32))

    def apply(self, x: Array) -> Array:
        return activations.prelu(x, self.weight.value)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        grad_input, self.weight.grad = activations.prelu_backward(grad_output, x, self.weight.value)
        return grad_input

    def parameters(self) -> list[Parameter]:
        return [self.weight]


class ELU(Layer):
    """x where positive, alpha (e^x - 1) elsewhere."""

    kind = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def apply(self, x: Array) -> Array:
        return activations.elu(x, self.alpha)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.elu_backward(grad_output, x, self.alpha)


class Sigmoid(Layer):
    """1 / (1 + e^-x)."""

    kind = "sigmoid"

    def apply(self, x: Array) -> Array:
        return activations.sigmoid(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.sigmoid_backward(grad_output, x)


class Tanh(Layer):
    """Hyperbolic tangent."""

    kind = "tanh"

    def apply(self, x: Array) -> Array:
        return activations.tanh(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.tanh_backward(grad_output, x)


class GELU(Layer):
    """x times the normal distribution function of x."""

    kind = "gelu"

    def apply(self, x: Array) -> Array:
        return activations.gelu(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.gelu_backward(grad_output, x)


class Flatten(Layer):
    """(N, C, H, W) to (N, C H W), or (C, H, W) to (C H W,), in C, H, W order."""

    kind = "flatten"

    def apply(self, x: Array) -> Array:
        return x.reshape(-1) if x.ndim == 3 else x.reshape(len(x), -1)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output.reshape(x.shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)


class Linear(Layer):
    """Fully connected layer; arguments as `torch.nn.Linear`, weights by `he` from the seed."""

    kind = "linear"

    def __init__(self, in_features: int, out_features: int, bias: bool = True, seed: int = 0) -> None:
        super().__init__()
        self.in_features = whole_number("in_features", in_features, 1)
        self.out_features = whole_number("out_features", out_features, 1)
        self.seed = seed
        self.bias = Parameter(np.zeros(out_features, np.float32)) if bias else None

    @cached_property
    def weight(self) -> Parameter:
        """(out_features, in_features); drawn when first asked for."""
        return Parameter(he((self.out_features, self.in_features), np.random.default_rng(self.seed)))

    def parameter_count(self) -> int:
        return self.out_features * (self.in_features + (1 if self.bias else 0))

    def apply(self, x: Array) -> Array:
        return dense.linear(x, self.weight.value, self.bias.value if self.bias else None)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        grad_input, self.weight.grad, grad_bias = dense.linear_backward(grad_output, x, self.weight.value)
        if self.bias:
            self.bias.grad = grad_bias
        return grad_input

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias] if self.bias else [self.weight]

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ValueError(f"linear needs a flat input, got shape {tuple(input_shape)}: put a flatten before it")
        if input_shape[0] != self.in_features:
            raise ValueError(f"linear takes {self.in_features} features, but {input_shape[0]} reach it")
        return (self.out_features,)

    def macs(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape)) * self.in_features

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("linear sees the whole input: it has no receptive field; end the list before it")


class Softmax(Layer):
    """Logits to probabilities along the last axis."""

    kind = "softmax"

    def apply(self, x: Array) -> Array:
        return dense.softmax(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return dense.softmax_backward(grad_output, x)


class Sequential:
    """Layers in a row.

    >>> net = Sequential([Conv2d(1, 4, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(676, 10), Softmax()])
    >>> [f"{name} {array.shape}" for name, array in net.trace(np.zeros((1, 1, 28, 28))).items()][:3]
    ['input (1, 1, 28, 28)', 'conv1 (1, 4, 26, 26)', 'relu1 (1, 4, 26, 26)']
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = list(layers)

    @property
    def names(self) -> list[str]:
        """One name a layer: its kind, numbered from 1."""
        kinds = [layer.kind for layer in self.layers]
        return [f"{kind}{kinds[: place + 1].count(kind)}" for place, kind in enumerate(kinds)]

    def forward(self, x: ArrayLike) -> Array:
        """Output of the last layer."""
        for layer in self.layers:
            x = layer.forward(x)
        return np.asarray(x)

    def backward(self, grad: ArrayLike) -> Array:
        """Gradient of the input of the last `forward`, given that of its output."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return np.asarray(grad)

    def backward_parameters(self, grad: ArrayLike) -> None:
        """As `backward`, but the input's own gradient is not worked out: what training needs."""
        for layer in reversed(self.layers[1:]):
            grad = layer.backward(grad)
        self.layers[0].backward_parameters(grad)

    def parameters(self) -> list[Parameter]:
        """Parameters of all layers, in order."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def trace(self, x: ArrayLike) -> dict[str, Array]:
        """Every intermediate by name, in order, from "input" to the last layer's output; remembers nothing."""
        array = float_array("x", x)
        arrays = {"input": array}
        for name, layer in zip(self.names, self.layers, strict=True):
            array = arrays[name] = layer.apply(array)
        return arrays

    def output_shapes(self, input_shape: Sequence[int]) -> list[Shape]:
        """Shape after each layer for one input; raises ValueError at the first layer that does not fit."""
        shapes, shape = [], tuple(input_shape)
        for layer in self.layers:
            shape = layer.output_shape(shape)
            shapes.append(shape)
        return shapes
