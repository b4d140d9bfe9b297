"""Activations as layers: each number alone, or, for PReLU, with its channel's slope."""

import math
from functools import cached_property

import numpy as np

from cnn_core import activations
from cnn_core.arguments import Array, quiet, real_number, whole_number
from cnn_core.layers.base import Layer, Shape


class ReLU(Layer):
    """max(x, 0).

    Source: Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines" (2010).

    >>> ReLU().apply(np.array([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    kind = "relu"

    def apply_over(self, *inputs: Array) -> Array:
        return np.maximum(inputs[0], 0, out=inputs[0])

    def _forward(self, x: Array) -> Array:
        return activations.relu(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.relu_backward(grad_output, x)


class LeakyReLU(Layer):
    """x where positive, negative_slope * x elsewhere.

    Source: Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models" (2013).

    >>> LeakyReLU(0.5).apply(np.array([[-1.0, 2.0]])).tolist()
    [[-0.5, 2.0]]
    """

    kind = "leaky relu"

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def _forward(self, x: Array) -> Array:
        return activations.leaky_relu(x, self.negative_slope)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.leaky_relu_backward(grad_output, x, self.negative_slope)


class PReLU(Layer):
    """Leaky ReLU with learned slopes: one, or one a channel; they start at init, as in `torch.nn.PReLU`.

    Raises:
        ValueError: num_parameters is out of range.

    Source: He et al., "Delving Deep into Rectifiers" (2015).

    >>> PReLU(2).apply(np.array([[-1.0, 2.0]])).tolist(), PReLU(2).parameter_count()
    ([[-0.25, 2.0]], 2)
    """

    kind = "prelu"

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.num_parameters = whole_number("num_parameters", num_parameters, 1)
        self.init = init

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """ "weight": the slopes."""
        return {"weight": np.full(self.num_parameters, self.init, np.float32)}

    @property
    def weight(self) -> Array:
        """The slopes: one, or one a channel."""
        return self.parameters["weight"]

    def _forward(self, x: Array) -> Array:
        return activations.prelu(x, self.weight)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.prelu_backward(grad_output, x, self.weight)[0]

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        return {"weight": activations.prelu_backward(grad_output, inputs[0], self.weight)[1]}

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        if self.num_parameters not in (1, shape[0]):
            raise ValueError(f"prelu takes {self.num_parameters} channels, but {shape[0]} reach it")
        return shape


class ELU(Layer):
    """x where positive, alpha (e^x - 1) elsewhere.

    Source: Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by ELUs" (2016).

    >>> ELU().apply(np.array([[-100.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    kind = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def _forward(self, x: Array) -> Array:
        return activations.elu(x, self.alpha)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.elu_backward(grad_output, x, self.alpha)


class Sigmoid(Layer):
    """1 / (1 + e^-x).

    Source: `torch.nn.Sigmoid`.

    >>> Sigmoid().apply(np.array([[0.0]])).tolist()
    [[0.5]]
    """

    kind = "sigmoid"

    def _forward(self, x: Array) -> Array:
        return activations.sigmoid(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.sigmoid_backward(grad_output, x)


class Tanh(Layer):
    """Hyperbolic tangent.

    Source: `torch.nn.Tanh`.

    >>> Tanh().apply(np.array([[0.0]])).tolist()
    [[0.0]]
    """

    kind = "tanh"

    def _forward(self, x: Array) -> Array:
        return activations.tanh(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.tanh_backward(grad_output, x)


class GELU(Layer):
    """x times the normal distribution function of x.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).

    >>> GELU().apply(np.array([[1.0]])).round(3).tolist()
    [[0.841]]
    """

    kind = "gelu"

    def _forward(self, x: Array) -> Array:
        return activations.gelu(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.gelu_backward(grad_output, x)


class Clip(Layer):
    """Numbers held between min and max; None leaves a side open. ReLU6 is Clip(0, 6).

    Raises:
        ValueError: min is above max.

    Source: Howard et al., "MobileNets" (2017), for ReLU6; `torch.clamp`.

    >>> Clip(0, 6).apply(np.array([[-1.0, 2.0, 9.0]])).tolist()
    [[0.0, 2.0, 6.0]]
    """

    kind = "clip"

    def __init__(self, min: float | None = None, max: float | None = None) -> None:
        activations.clip(0.0, min, max)  # refuses what cannot be
        self.min, self.max = min, max

    def apply_over(self, *inputs: Array) -> Array:
        (x,) = inputs
        low, high = -math.inf if self.min is None else self.min, math.inf if self.max is None else self.max
        with quiet():
            return np.clip(x, x.dtype.type(low), x.dtype.type(high), out=x)

    def _forward(self, x: Array) -> Array:
        return activations.clip(x, self.min, self.max)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.clip_backward(grad_output, x, self.min, self.max)


class HardSigmoid(Layer):
    """alpha x + beta held between 0 and 1; as `torch.nn.Hardsigmoid` by default.

    Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2.

    >>> HardSigmoid().apply(np.array([[-3.0, 0.0, 3.0]])).tolist()
    [[0.0, 0.5, 1.0]]
    """

    kind = "hard sigmoid"

    def __init__(self, alpha: float = 1 / 6, beta: float = 0.5) -> None:
        self.alpha, self.beta = alpha, beta

    def _forward(self, x: Array) -> Array:
        return activations.hardsigmoid(x, self.alpha, self.beta)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.hardsigmoid_backward(grad_output, x, self.alpha, self.beta)


class HardSwish(Layer):
    """x times hard sigmoid of x.

    Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2.

    >>> HardSwish().apply(np.array([[-3.0, 0.0, 3.0]])).tolist()
    [[-0.0, 0.0, 3.0]]
    """

    kind = "hard swish"

    def _forward(self, x: Array) -> Array:
        return activations.hardswish(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.hardswish_backward(grad_output, x)


class SiLU(Layer):
    """x times sigmoid of x, also called swish.

    Source: Ramachandran, Zoph and Le, "Searching for Activation Functions" (2017).

    >>> SiLU().apply(np.array([[0.0, 100.0]])).tolist()
    [[0.0, 100.0]]
    """

    kind = "silu"

    def _forward(self, x: Array) -> Array:
        return activations.silu(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return activations.silu_backward(grad_output, x)


class Dropout(Layer):
    """The identity: while answering, nothing is dropped.

    Source: Srivastava et al., "Dropout" (2014), section 4.

    >>> Dropout().apply(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    kind = "dropout"

    def __init__(self, p: float = 0.5) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            raise ValueError(f"p must be a number from 0 to 1, got {p!r}")
        self.p = float(p)

    def _forward(self, x: Array) -> Array:
        return x

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output


class Softplus(Layer):
    """log(1 + e^x), a smooth ReLU.

    Source: `torch.nn.Softplus`.

    >>> Softplus().apply(np.array([[0.0, 1000.0]])).round(4).tolist()
    [[0.6931, 1000.0]]
    """

    kind = "softplus"

    def _forward(self, x: Array) -> Array:
        return np.logaddexp(x, 0, dtype=x.dtype)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output * activations.sigmoid(x)


class Erf(Layer):
    """The error function: how GELU is written where there is no GELU.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.1.

    >>> Erf().apply(np.array([[0.0, 0.5, -9.0]])).round(4).tolist()
    [[0.0, 0.5205, -1.0]]
    """

    kind = "erf"

    def _forward(self, x: Array) -> Array:
        return activations.erf(x)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output * (2 / math.sqrt(math.pi) * np.exp(-x * x)).astype(x.dtype)


class Power(Layer):
    """x to a fixed power: 2 squares, 0.5 takes the root, -1 divides.

    Source: `torch.pow`.

    >>> Power(-1).apply(np.array([[2.0, 4.0]])).tolist()
    [[0.5, 0.25]]
    """

    kind = "power"

    def __init__(self, exponent: float) -> None:
        self.exponent = real_number("exponent", exponent)

    def _forward(self, x: Array) -> Array:
        with quiet():
            return np.power(x, x.dtype.type(self.exponent))

    def _backward(self, grad_output: Array, x: Array) -> Array:
        with quiet():
            return grad_output * (x.dtype.type(self.exponent) * np.power(x, x.dtype.type(self.exponent - 1)))
