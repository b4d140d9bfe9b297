"""Where paths of a network meet: concatenation, addition and multiplication, each forward directly above its backward."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, expect_shape, float_array


def _arrays(inputs: Sequence[ArrayLike]) -> list[Array]:
    if not inputs:
        raise ValueError("inputs must be one array or more, got none")
    return [float_array(f"input {number}", array) for number, array in enumerate(inputs)]


def _gradient(grad_output: ArrayLike, shape: tuple[int, ...], reason: str) -> Array:
    grad = float_array("grad_output", grad_output)
    expect_shape("grad_output", grad, shape, reason)
    return grad


def concatenate(inputs: Sequence[ArrayLike], axis: int = 1) -> Array:
    """Lay arrays one after the other along an axis.

    Args:
        inputs: arrays whose sides agree but for that axis.
        axis: which one; 1 are the channels of a batch.

    Returns:
        One array.

    Raises:
        ValueError: axis is out of range or the shapes do not fit.

    Source: `torch.cat`.

    >>> concatenate([np.ones((1, 2, 3, 3)), np.ones((1, 5, 3, 3))]).shape
    (1, 7, 3, 3)
    """
    arrays = _arrays(inputs)
    _check_joint([array.shape for array in arrays], axis)
    return np.concatenate(arrays, axis)


def _check_joint(shapes: Sequence[tuple[int, ...]], axis: int) -> None:
    first = shapes[0]
    if not -len(first) <= axis < len(first):
        raise ValueError(f"axis {axis} is out of range for an array of shape {first}")
    place = axis % len(first)
    for shape in shapes[1:]:
        rest, wanted = (s[:place] + s[place + 1 :] for s in (shape, first))
        if len(shape) != len(first) or rest != wanted:
            raise ValueError(f"inputs of shapes {first} and {shape} do not fit side by side along axis {axis}")


def concatenate_backward(grad_output: ArrayLike, inputs: Sequence[ArrayLike], axis: int = 1) -> tuple[Array, ...]:
    """Cut the gradient where the arrays met.

    Args:
        grad_output: in the shape of concatenate's output.
        inputs, axis: as concatenate was called.

    Returns:
        One gradient for each input.

    Raises:
        ValueError: as concatenate, or grad_output has another shape.

    >>> [part.tolist() for part in concatenate_backward([[1.0, 2.0, 3.0]], [[[0.0]], [[0.0, 0.0]]])]
    [[[1.0]], [[2.0, 3.0]]]
    """
    arrays = _arrays(inputs)
    shapes = [array.shape for array in arrays]
    _check_joint(shapes, axis)
    whole = list(shapes[0])
    whole[axis] = sum(shape[axis] for shape in shapes)
    grad = _gradient(grad_output, tuple(whole), "the shape of the arrays laid side by side")
    return tuple(np.split(grad, np.cumsum([shape[axis] for shape in shapes])[:-1], axis))


def _broadcast(arrays: list[Array]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ValueError(f"inputs of shapes {shapes} do not fit together") from None


def _summed_back(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which an array of this shape was repeated."""
    added = grad.ndim - len(shape)
    repeated = tuple(
        axis for axis in range(grad.ndim) if axis < added or (shape[axis - added] == 1 and grad.shape[axis] > 1)
    )
    return grad.sum(axis=repeated, keepdims=True).reshape(shape) if repeated else grad


def add(*inputs: ArrayLike) -> Array:
    """Sum of arrays, broadcast as NumPy does.

    Args:
        inputs: arrays whose shapes fit together.

    Returns:
        An array of the common shape.

    Raises:
        ValueError: the shapes do not fit.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2016), eq. 1.

    >>> add([[1.0, 2.0]], [[10.0], [20.0]]).tolist()
    [[11.0, 12.0], [21.0, 22.0]]
    """
    arrays = _arrays(inputs)
    _broadcast(arrays)
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


def add_backward(grad_output: ArrayLike, *inputs: ArrayLike) -> tuple[Array, ...]:
    """Pass the gradient to every input, summed over the axes along which it was repeated.

    Args:
        grad_output: in the shape of add's output.
        inputs: as add was called.

    Returns:
        One gradient for each input; without broadcasting it is grad_output itself.

    Raises:
        ValueError: as add, or grad_output has another shape.

    >>> [grad.tolist() for grad in add_backward([[1.0, 2.0]], [[5.0, 6.0]], [[7.0]])]
    [[[1.0, 2.0]], [[3.0]]]
    """
    arrays = _arrays(inputs)
    grad = _gradient(grad_output, _broadcast(arrays), "the common shape of the inputs")
    return tuple(_summed_back(grad, array.shape) for array in arrays)


def multiply(*inputs: ArrayLike) -> Array:
    """Product of arrays, number by number, broadcast as NumPy does.

    Args:
        inputs: arrays whose shapes fit together.

    Returns:
        An array of the common shape.

    Raises:
        ValueError: the shapes do not fit.

    Source: Hu, Shen and Sun, "Squeeze-and-Excitation Networks" (2018), eq. 4.

    >>> multiply([[1.0, 2.0]], [[10.0], [20.0]]).tolist()
    [[10.0, 20.0], [20.0, 40.0]]
    """
    arrays = _arrays(inputs)
    _broadcast(arrays)
    product = arrays[0]
    for array in arrays[1:]:
        product = product * array
    return product


def multiply_backward(grad_output: ArrayLike, *inputs: ArrayLike) -> tuple[Array, ...]:
    """Gradient of each input: grad_output times the product of the others, summed where the input was repeated.

    Args:
        grad_output: in the shape of multiply's output.
        inputs: as multiply was called.

    Returns:
        One gradient for each input.

    Raises:
        ValueError: as multiply, or grad_output has another shape.

    >>> [grad.tolist() for grad in multiply_backward([[1.0, 2.0]], [[5.0, 6.0]], [[7.0]])]
    [[[7.0, 14.0]], [[17.0]]]
    """
    arrays = _arrays(inputs)
    grad = _gradient(grad_output, _broadcast(arrays), "the common shape of the inputs")
    found = []
    for number, array in enumerate(arrays):
        part = grad
        for other in arrays[:number] + arrays[number + 1 :]:
            part = part * other
        found.append(_summed_back(part, array.shape))
    return tuple(found)
