"""What every layer is: settings and weights, and pure functions of its inputs. A layer remembers nothing of a call.

Arrays have the batch axis first: (N, C, H, W) maps or (N, features). Shapes are those of one example, without that axis.
An axis given to a layer counts the batch axis: 1 are the channels.
"""

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cnn_core.arguments import Array, Pair
from cnn_core.padding import source_indices

Shape = tuple[int, ...]
Cells = NDArray[np.intp]  # places along one axis
Reach = Cells | None  # None: all of them


def he(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal numbers with variance 2 / fan-in: keeps the signal's size through ReLU layers.

    Args:
        shape: (outputs, inputs, …) of the weight.
        rng: where the random numbers come from.

    Returns:
        A float32 array of this shape.

    Source: He et al., "Delving Deep into Rectifiers" (2015), eq. 10.

    >>> he((4, 3, 5, 5), np.random.default_rng(0)).shape
    (4, 3, 5, 5)
    """
    return rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)


def xavier(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform numbers with variance 2 / (fan-in + fan-out): for tanh, sigmoid and linear outputs.

    Args:
        shape: (outputs, inputs, …) of the weight.
        rng: where the random numbers come from.

    Returns:
        A float32 array of this shape.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), eq. 16.

    >>> bool(abs(xavier((10, 20), np.random.default_rng(0))).max() <= (6 / 30) ** 0.5)
    True
    """
    window = math.prod(shape[2:])
    bound = math.sqrt(6 / (shape[0] * window + shape[1] * window))
    return rng.uniform(-bound, bound, shape).astype(np.float32)


class Layer:
    """What layers share: no parameters, no window, the shape kept, unless a layer says otherwise.

    A layer with one input says what it does in `_forward` and, directly below, `_backward`; one with several overrides
    `apply` and `gradients`.
    """

    kind = "layer"
    arity: int | None = 1  # inputs; None: one or more
    moves_alike = True  # all cells see equally much, whatever the size of the input

    def apply(self, *inputs: Array) -> Array:
        """Output for a batch.

        Args:
            inputs: as many arrays as the layer takes, each with the batch axis first.

        Returns:
            The output, batch axis first. It may share memory with an input (a flatten moves nothing).

        Raises:
            ValueError: the inputs do not fit the layer.
        """
        (x,) = inputs
        return self._forward(x)

    def apply_over(self, *inputs: Array) -> Array:
        """As `apply`, but may write its output over the first input, which nobody will read again."""
        return self.apply(*inputs)

    def gradients(self, grad_output: Array, *inputs: Array) -> tuple[Array, ...]:
        """Gradient of sum(grad_output * output) with respect to each input, in their order and shapes.

        Args:
            grad_output: in the shape of the output.
            inputs: as `apply` was called.

        Raises:
            ValueError: a shape does not fit.
        """
        (x,) = inputs
        return (self._backward(grad_output, x),)

    def _forward(self, x: Array) -> Array:
        raise NotImplementedError

    def _backward(self, grad_output: Array, x: Array) -> Array:
        raise NotImplementedError

    def parameter_gradients(self, grad_output: Array, *inputs: Array) -> dict[str, Array]:
        """Gradient of sum(grad_output * output) with respect to each parameter, by its name; {} without parameters."""
        return {}

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """The arrays that training changes, by name, weight before bias; drawn when first asked for."""
        return {}

    @cached_property
    def buffers(self) -> dict[str, Array]:
        """Stored arrays that training leaves alone, by name."""
        return {}

    @property
    def stored_shapes(self) -> dict[str, Shape]:
        """Shapes of parameters and buffers by name, without drawing any."""
        return {name: array.shape for name, array in {**self.parameters, **self.buffers}.items()}

    def parameter_count(self) -> int:
        """Numbers that training can change."""
        return sum(array.size for array in self.parameters.values())

    def store(self, arrays: Mapping[str, Array]) -> None:
        """Take these arrays, as they are, for parameters and buffers.

        Args:
            arrays: one for each name of `stored_shapes`, in its shape, of any float type.

        Raises:
            ValueError: a name or a shape is not the layer's.
        """
        shapes = self.stored_shapes
        if set(arrays) != set(shapes):
            raise ValueError(
                f"{self.kind} stores {', '.join(shapes) or 'nothing'}, got {', '.join(arrays) or 'nothing'}"
            )
        for name, array in arrays.items():
            if array.shape != shapes[name]:
                raise ValueError(f"{name} of {self.kind} must have shape {shapes[name]}, got {array.shape}")
        trained = [name for name in shapes if name not in self._buffer_names]
        self.parameters = {name: arrays[name] for name in trained}
        self.buffers = {name: arrays[name] for name in shapes if name in self._buffer_names}

    _buffer_names: tuple[str, ...] = ()

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Shape of the output for one example.

        Args:
            input_shapes: of each input, without the batch axis.

        Raises:
            ValueError: the layer cannot take these shapes.
        """
        return input_shapes[0]

    def macs(self, *input_shapes: Shape) -> int:
        """Multiply-adds for one example of these input shapes: of convolutions and dense layers, 0 elsewhere."""
        return 0

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        """(kernel_size, stride, dilation), each (h, w), or None if each pixel is treated alone.

        Raises:
            ValueError: the layer sees the whole input.
        """
        return None

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        """Cells of each input on which some output cells depend, along one axis.

        Args:
            axis: 0 for rows, 1 for columns.
            cells: of the output.
            sizes: of each input along this axis; 0 where it is not known, if the layer's `moves_alike`.

        Returns:
            For each input its cells, or None for all of them. Without sizes, padding counts as cells before 0 and beyond.
        """
        return (cells,) * max(1, len(sizes))


def windows_read(
    cells: Cells, size: int, kernel_size: int, stride: int, dilation: int, sides: Pair, mode: str = "zeros"
) -> Cells:
    """Input cells that the windows of some output cells read along one axis.

    Args:
        cells: of the output.
        size: of the input, or 0 where it is not known: then padding counts as cells.
        kernel_size, stride, dilation: of the window.
        sides: padding before and after.
        mode: of padding: what it copies counts as read.

    >>> windows_read(np.array([0, 1]), 4, 3, 2, 1, (1, 1)).tolist()
    [0, 1, 2, 3]
    """
    taps = np.add.outer(cells * stride, dilation * np.arange(kernel_size)).ravel()  # counted from the padding's first
    if not size:
        return np.unique(taps - sides[0])
    sources = source_indices(size, *sides, mode)
    found = np.unique(sources[taps[taps < len(sources)]])  # a last window may hang over the end
    return found[found >= 0]  # -1 is a zero of the padding


def map_shape(layer: Layer, input_shape: Shape) -> tuple[int, int, int]:
    """Return input_shape if it is one of maps, C x H x W.

    Raises:
        ValueError: it is not.
    """
    if len(input_shape) != 3:
        raise ValueError(f"{layer.kind} needs an input of C x H x W, got shape {tuple(input_shape)}")
    c, height, width = input_shape
    return c, height, width
