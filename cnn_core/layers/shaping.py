"""Layers that move numbers and change none: flatten, reshape, transpose, padding, upsampling."""

import math
from collections.abc import Sequence

import numpy as np

from cnn_core import resampling
from cnn_core.arguments import Array, IntOrPair, Pair, int_pair, type_names, whole_number
from cnn_core.layers.base import Cells, Layer, Reach, Shape, map_shape, windows_read
from cnn_core.padding import pad, pad_backward, source_indices
from cnn_core.shapes import resolve_padding


class Flatten(Layer):
    """(N, C, H, W) to (N, C H W), in C, H, W order.

    Source: `torch.nn.Flatten`.

    >>> Flatten().output_shape((16, 5, 5))
    (400,)
    """

    kind = "flatten"

    def _forward(self, x: Array) -> Array:
        return x.reshape(len(x), -1)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output.reshape(x.shape)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        return (math.prod(input_shapes[0]),)

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,)


class Reshape(Layer):
    """The same numbers in row order under another shape; the batch axis stays.

    Args:
        shape: of one example; one side may be -1, which is then worked out.

    Raises:
        ValueError: shape holds anything but whole numbers of at least 1 and at most one -1.

    Source: `torch.reshape`.

    >>> Reshape((4, -1)).output_shape((2, 6, 3))
    (4, 9)
    """

    kind = "reshape"

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        if self.shape.count(-1) > 1:
            raise ValueError(f"shape must hold at most one -1, got {shape!r}")
        for side in self.shape:
            whole_number("each side of shape", 1 if side == -1 else side, 1)

    def _forward(self, x: Array) -> Array:
        return x.reshape(len(x), *self.output_shape(x.shape[1:]))

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output.reshape(x.shape)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        count, known = math.prod(input_shapes[0]), math.prod(side for side in self.shape if side != -1)
        if count % known or (-1 not in self.shape and count != known):
            raise ValueError(f"reshape cannot give {count} numbers of shape {input_shapes[0]} the shape {self.shape}")
        return tuple(count // known if side == -1 else side for side in self.shape)

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,)


class Transpose(Layer):
    """Axes in another order.

    Args:
        axes: the old place of each axis, counted with the batch axis, which stays first: (0, 2, 3, 1) puts channels last.

    Raises:
        ValueError: axes is no such order.

    Source: `torch.permute`.

    >>> Transpose((0, 2, 3, 1)).output_shape((3, 9, 7))
    (9, 7, 3)
    """

    kind = "transpose"

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = tuple(axes)
        if sorted(self.axes) != list(range(len(self.axes))) or self.axes[:1] != (0,):
            raise ValueError(f"axes must be 0, the batch, and then the others in any order, got {axes!r}")

    def _forward(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return grad_output.transpose(np.argsort(self.axes))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        if len(input_shapes[0]) != len(self.axes) - 1:
            raise ValueError(
                f"transpose orders {len(self.axes) - 1} axes, but an input of {input_shapes[0]} reaches it"
            )
        return tuple(input_shapes[0][axis - 1] for axis in self.axes[1:])

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (cells,) if self.axes[-2:] == (len(self.axes) - 2, len(self.axes) - 1) else (None,)


class Pad2d(Layer):
    """Rows and columns added around maps.

    Args:
        padding: an int, (h, w), or ((top, bottom), (left, right)).
        mode: "constant", "reflect", "replicate" or "circular".
        value: of constant padding.

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.functional.pad`.

    >>> Pad2d(((0, 1), (2, 0))).output_shape((3, 9, 7))
    (3, 10, 9)
    """

    kind = "padding"

    def __init__(
        self, padding: IntOrPair | Sequence[Sequence[int]], mode: str = "constant", value: float = 0.0
    ) -> None:
        self.padding = resolve_padding(padding, (1, 1), (1, 1), (1, 1))
        if mode not in ("constant", "reflect", "replicate", "circular"):
            raise ValueError(f"mode must be constant, reflect, replicate or circular, got {mode!r}")
        self.mode, self.value = mode, float(value)

    @property
    def _mode(self) -> str:
        return "zeros" if self.mode == "constant" else self.mode

    def _forward(self, x: Array) -> Array:
        return pad(x, *self.padding, self._mode, self.value)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return pad_backward(grad_output, *self.padding, self._mode)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        c, height, width = map_shape(self, input_shapes[0])
        for size, sides in zip((height, width), self.padding, strict=True):
            source_indices(size, *sides, self._mode)  # refuses what the input cannot supply
        return c, height + sum(self.padding[0]), width + sum(self.padding[1])

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (windows_read(cells, sizes[0], 1, 1, 1, self.padding[axis], self._mode),)


class Upsample(Layer):
    """Maps at another size, by nearest pixel or bilinear; see `resampling.interpolate`.

    Args:
        size: rows and columns of the output, or None where scale_factor says it.
        scale_factor: output over input along each axis, one number or (h, w).
        mode: "nearest" or "bilinear".
        coordinates: "half_pixel", "align_corners" or "asymmetric"; None as PyTorch: asymmetric for nearest, else half_pixel.
        rounding: of nearest: "floor", "ceil", "round_prefer_floor" or "round_prefer_ceil".

    Raises:
        ValueError: an argument is out of range.

    Source: `torch.nn.Upsample`; ONNX, operator Resize.

    >>> Upsample(scale_factor=2).output_shape((8, 5, 7))
    (8, 10, 14)
    """

    kind = "upsample"
    moves_alike = False

    def __init__(
        self,
        size: IntOrPair | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        coordinates: str | None = None,
        rounding: str = "floor",
    ) -> None:
        self.setting = resampling.setting(size, scale_factor, mode, coordinates, rounding)
        self.size = None if size is None else int_pair("size", size, 1)
        self.scale_factor = scale_factor
        self.mode, self.coordinates, self.rounding = mode, self.setting.coordinates, rounding

    def _forward(self, x: Array) -> Array:
        return resampling.interpolate(x, *self._arguments)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        return resampling.interpolate_backward(grad_output, x, *self._arguments)

    @property
    def _arguments(self) -> tuple[Pair | None, float | Sequence[float] | None, str, str, str]:
        return self.size, self.scale_factor, self.mode, self.coordinates, self.rounding

    def output_shape(self, *input_shapes: Shape) -> Shape:
        c, height, width = map_shape(self, input_shapes[0])
        return c, self.setting.axis(0, height).output_size, self.setting.axis(1, width).output_size

    def window(self) -> tuple[Pair, Pair, Pair] | None:
        raise ValueError("upsample changes the size of maps: its receptive field is asked of the graph")

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        taps = self.setting.axis(axis, sizes[0])
        mixed = cells[taps.share[cells] > 0]
        return (np.union1d(taps.low[cells], taps.high[mixed]),)


class Slice(Layer):
    """Some of the rows along one axis: from start, before stop, every step-th, as Python slices.

    Args:
        axis: counts the batch axis: 1 are the channels.
        start, stop: negative ones count from the end; None is open.
        step: negative ones go backward.

    Raises:
        ValueError: axis is no whole number other than 0, or step is 0.

    Source: Python, built-in `slice`.

    >>> Slice(1, 2).output_shape((6, 5, 7)), Slice(3, None, None, -2).output_shape((6, 5, 7))
    ((4, 5, 7), (6, 5, 4))
    """

    kind = "slice"
    moves_alike = False

    def __init__(self, axis: int, start: int | None = None, stop: int | None = None, step: int = 1) -> None:
        if isinstance(axis, bool) or not isinstance(axis, type_names) or axis == 0:
            raise ValueError(f"axis must be a whole number other than 0, the batch, got {axis!r}")
        if isinstance(step, bool) or not isinstance(step, type_names) or step == 0:
            raise ValueError(f"step must be a whole number other than 0, got {step!r}")
        self.axis, self.start, self.stop, self.step = int(axis), start, stop, int(step)
        self.moves_alike = self.axis in (1, -3)

    def _cut(self, rank: int) -> tuple[int, tuple[slice, ...]]:
        if not -rank < self.axis < rank:
            raise ValueError(f"axis {self.axis} is out of range for an input with {rank - 1} axes beside the batch")
        axis = self.axis % rank
        return axis, (slice(None),) * axis + (slice(self.start, self.stop, self.step),)

    def _forward(self, x: Array) -> Array:
        return x[self._cut(x.ndim)[1]]

    def _backward(self, grad_output: Array, x: Array) -> Array:
        grad = np.zeros_like(x)
        grad[self._cut(x.ndim)[1]] = grad_output
        return grad

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        axis, cut = self._cut(len(shape) + 1)
        left = len(range(*cut[-1].indices(shape[axis - 1])))
        if not left:
            raise ValueError(f"slice leaves nothing of {shape[axis - 1]} along axis {self.axis}")
        return *shape[: axis - 1], left, *shape[axis:]

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        if self.axis not in (2 + axis, axis - 2):
            return (cells,)
        kept = np.arange(sizes[0])[slice(self.start, self.stop, self.step)]
        return (np.unique(kept[cells]),)


class Take(Layer):
    """Rows at given places along one axis, in any order, any of them several times.

    Args:
        axis: counts the batch axis: 1 are the channels.
        indices: places from 0.

    Raises:
        ValueError: axis is no whole number other than 0, or indices are no list of places.

    Source: `torch.index_select`.

    >>> Take(3, [0, 2, 2, 1]).output_shape((6, 5, 7))
    (6, 5, 4)
    """

    kind = "take"

    def __init__(self, axis: int, indices: Sequence[int] | Cells) -> None:
        if isinstance(axis, bool) or not isinstance(axis, type_names) or axis == 0:
            raise ValueError(f"axis must be a whole number other than 0, the batch, got {axis!r}")
        self.axis, self.indices = int(axis), np.asarray(indices)
        if self.indices.ndim != 1 or not self.indices.size or self.indices.dtype.kind not in "iu":
            raise ValueError(f"indices must be a list of places, got {indices!r:.60}")
        if self.indices.min() < 0:
            raise ValueError(f"indices must be places from 0, got {int(self.indices.min())}")
        self.moves_alike = self.axis in (1, -3)

    def _forward(self, x: Array) -> Array:
        return np.take(x, self.indices, self.axis)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        grad = np.zeros_like(x)
        np.add.at(np.moveaxis(grad, self.axis, 0), self.indices, np.moveaxis(grad_output, self.axis, 0))
        return grad

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        rank = len(shape) + 1
        if not -rank < self.axis < rank:
            raise ValueError(f"axis {self.axis} is out of range for an input with {rank - 1} axes beside the batch")
        place = self.axis % rank - 1
        if self.indices.max() >= shape[place]:
            raise ValueError(f"indices must be below {shape[place]}, got {int(self.indices.max())}")
        return *shape[:place], self.indices.size, *shape[place + 1 :]

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (np.unique(self.indices[cells]),) if self.axis in (2 + axis, axis - 2) else (cells,)


class Mean(Layer):
    """Mean over some axes.

    Args:
        axes: count the batch axis, which is none of them: 1 are the channels.
        keepdims: leave a side of 1 for each.

    Raises:
        ValueError: axes is empty, or holds 0.

    Source: `torch.mean`.

    >>> Mean((1,)).output_shape((6, 5, 7)), Mean((2, 3), keepdims=False).output_shape((6, 5, 7))
    ((1, 5, 7), (6,))
    """

    kind = "mean"

    def __init__(self, axes: Sequence[int], keepdims: bool = True) -> None:
        self.axes, self.keepdims = tuple(axes), bool(keepdims)
        if not self.axes or len(set(self.axes)) < len(self.axes):
            raise ValueError(f"axes must be one axis or more, none twice, got {axes!r}")
        for axis in self.axes:
            whole_number("each of axes", axis, 1)

    def _forward(self, x: Array) -> Array:
        return x.mean(axis=self.axes, keepdims=self.keepdims, dtype=x.dtype)

    def _backward(self, grad_output: Array, x: Array) -> Array:
        shape = tuple(1 if axis in self.axes else side for axis, side in enumerate(x.shape))
        count = math.prod(x.shape[axis] for axis in self.axes)
        return np.broadcast_to(grad_output.reshape(shape) / x.dtype.type(count), x.shape)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = input_shapes[0]
        if max(self.axes) > len(shape):
            raise ValueError(f"axis {max(self.axes)} is out of range for an input with {len(shape)} axes")
        kept = [1 if axis in self.axes else side for axis, side in enumerate(shape, 1)]
        return tuple(kept) if self.keepdims else tuple(s for axis, s in enumerate(shape, 1) if axis not in self.axes)

    def reads(self, axis: int, cells: Cells, *sizes: int) -> tuple[Reach, ...]:
        return (None,) if 2 + axis in self.axes or not self.keepdims else (cells,)
