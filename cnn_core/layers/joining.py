"""Layers with several inputs: concatenation, addition, multiplication."""

import numpy as np

from cnn_core import joining
from cnn_core.arguments import Array, type_names
from cnn_core.layers.base import Cells, Layer, Reach, Shape


class Concat(Layer):
    """Inputs one after the other along an axis, which counts the batch axis: 1 are the channels.

    Raises:
        ValueError: axis is no whole number, or 0.

    Source: Szegedy et al., "Going Deeper with Convolutions" (2015), section 4.

    >>> Concat().output_shape((64, 9, 7), (32, 9, 7))
    (96, 9, 7)
    """

    kind = "concat"
    arity = None

    def __init__(self, axis: int = 1) -> None:
        if isinstance(axis, bool) or not isinstance(axis, type_names) or axis == 0:
            raise ValueError(f"axis must be a whole number other than 0, the batch, got {axis!r}")
        self.axis = int(axis)
        self.moves_alike = self.axis in (1, -3)

    def apply(self, *inputs: Array) -> Array:
        return joining.concatenate(inputs, self.axis)

    def gradients(self, grad_output: Array, *inputs: Array) -> tuple[Array, ...]:
        return joining.concatenate_backward(grad_output, inputs, self.axis)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        place = self._place(len(input_shapes[0]) + 1) - 1
        first = input_shapes[0]
        for shape in input_shapes[1:]:
            if len(shape) != len(first) or shape[:place] + shape[place + 1 :] != first[:place] + first[place + 1 :]:
                raise ValueError(f"concat cannot lay {first} and {shape} side by side along axis {self.axis}")
        return *first[:place], sum(shape[place] for shape in input_shapes), *first[place + 1 :]

    def _place(self, rank: int) -> int:
        if not -rank < self.axis < rank:
            raise ValueError(f"axis {self.axis} is out of range for inputs with {rank - 1} axes beside the batch")
        return self.axis % rank

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        if self.axis not in (2 + axis, axis - 2):
            return (cells,) * len(sizes)
        ends = np.cumsum(sizes)  # of each input among the output cells
        return tuple(
            cells[(cells >= end - size) & (cells < end)] - (end - size) for end, size in zip(ends, sizes, strict=True)
        )


class _Elementwise(Layer):
    """What addition and multiplication share: inputs are broadcast as NumPy does, the batch apart."""

    arity = None

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shapes = " and ".join(str(shape) for shape in input_shapes)
        if len({len(shape) for shape in input_shapes}) > 1:
            raise ValueError(f"{self.kind} needs inputs with equally many axes, got {shapes}")
        try:
            return np.broadcast_shapes(*input_shapes)
        except ValueError:
            raise ValueError(f"{self.kind} cannot bring {shapes} together") from None

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        widest = max(sizes, default=1)
        return tuple(None if size == 1 < widest else cells for size in sizes)


class Add(_Elementwise):
    """Sum of the inputs: how a skip joins its block.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2016), eq. 1.

    >>> Add().output_shape((64, 9, 7), (64, 1, 1))
    (64, 9, 7)
    """

    kind = "add"

    def apply(self, *inputs: Array) -> Array:
        return joining.add(*inputs)

    def apply_over(self, *inputs: Array) -> Array:
        first, *rest = inputs
        if any(array.shape != first.shape or array.dtype != first.dtype for array in rest):
            return self.apply(*inputs)
        for array in rest:
            first += array
        return first

    def gradients(self, grad_output: Array, *inputs: Array) -> tuple[Array, ...]:
        return joining.add_backward(grad_output, *inputs)


class Multiply(_Elementwise):
    """Product of the inputs, number by number: how a gate weighs maps.

    Source: Hu, Shen and Sun, "Squeeze-and-Excitation Networks" (2018), eq. 4.

    >>> Multiply().output_shape((64, 9, 7), (64, 1, 1))
    (64, 9, 7)
    """

    kind = "multiply"

    def apply(self, *inputs: Array) -> Array:
        return joining.multiply(*inputs)

    def gradients(self, grad_output: Array, *inputs: Array) -> tuple[Array, ...]:
        return joining.multiply_backward(grad_output, *inputs)
