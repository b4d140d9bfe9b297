"""Convolution layers as deep-learning libraries compute them: cross-correlation, its backward, its transpose.

Shape letters: N batch, C input channels, K kernels (output channels), H W input size, kH kW kernel size,
Ho Wo output size, G groups.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import (
    MOST_NUMBERS,
    Array,
    IntOrPair,
    Pair,
    all_finite,
    expect_shape,
    float_array,
    image_batch,
    int_pair,
    quiet,
    same_type,
    whole_number,
)
from cnn_core.correlation import BLOCK_BYTES, correlate, spectra_pay, windows
from cnn_core.padding import conv_axes, pad, pad_backward
from cnn_core.shapes import Axis, Padding


class _Setting(NamedTuple):
    """Checked arguments of one convolution."""

    image: Array  # (N, C, H, W)
    batched: bool
    weight: Array  # (K, C / G, kH, kW)
    rows: Axis
    columns: Axis
    groups: int
    mode: str

    @property
    def stride(self) -> Pair:
        return self.rows.stride, self.columns.stride

    @property
    def dilation(self) -> Pair:
        return self.rows.dilation, self.columns.dilation

    @property
    def output_size(self) -> Pair:
        return self.rows.output_size, self.columns.output_size

    def padded(self) -> Array:
        rows, columns = self.rows, self.columns
        return pad(self.image, (rows.before, rows.after), (columns.before, columns.after), self.mode)

    def slices(self) -> list[tuple[slice, slice]]:
        """(input channels, kernels) of each group."""
        c, k = self.weight.shape[1], len(self.weight) // self.groups
        return [(slice(g * c, (g + 1) * c), slice(g * k, (g + 1) * k)) for g in range(self.groups)]

    def doubled(self) -> "_Setting":
        """The same in float64."""
        return self._replace(image=self.image.astype(np.float64), weight=self.weight.astype(np.float64))


def _check_groups(channels: int, weight: Array, groups: int, per_kernel: int, split: int, split_name: str) -> None:
    groups = whole_number("groups", groups, 1)
    if channels % groups or split % groups:
        raise ValueError(f"groups must divide {channels} input channels and {split} {split_name}, got {groups}")
    if per_kernel * groups != channels:
        raise ValueError(
            f"weight of shape {weight.shape} takes {per_kernel * groups} input channels with groups {groups}, "
            f"but input has {channels}"
        )


def _setting(
    input: ArrayLike,
    weight: ArrayLike,
    stride: IntOrPair,
    padding: Padding,
    dilation: IntOrPair,
    groups: int,
    padding_mode: str,
) -> _Setting:
    image, batched = image_batch("input", input)
    kernels = float_array("weight", weight, 4)
    dtype = np.result_type(image, kernels)
    _check_groups(image.shape[1], kernels, groups, kernels.shape[1], len(kernels), "kernels")
    height, width, kernel_height, kernel_width = (*image.shape[2:], *kernels.shape[2:])
    rows, columns = conv_axes((height, width), (kernel_height, kernel_width), stride, padding, dilation, padding_mode)
    image, kernels = image.astype(dtype, copy=False), kernels.astype(dtype, copy=False)
    return _Setting(image, batched, kernels, rows, columns, groups, padding_mode)


def _check_bias(bias: ArrayLike, kernels: int, dtype: np.dtype[np.floating]) -> Array:
    values = float_array("bias", bias)
    expect_shape("bias", values, (kernels,), "one number a kernel")
    with quiet():
        return values.astype(dtype, copy=False)


def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Array:
    """Slide K kernels over an image and sum the products in each window: cross-correlation, as every layer does.

    Args:
        input: (C, H, W) or (N, C, H, W).
        weight: (K, C / groups, kH, kW).
        bias: (K,), added to each output channel, or None.
        stride: step between windows in pixels, an int or (h, w).
        padding: pixels added around the input: an int, (h, w), "valid" (none), "same" (output as large as the input,
            stride 1 only), or ((top, bottom), (left, right)).
        dilation: distance between kernel taps in pixels, an int or (h, w).
        groups: the input channels and kernels are split into this many independent convolutions.
        padding_mode: "zeros", "reflect", "replicate" or "circular".

    Returns:
        (K, Ho, Wo) or (N, K, Ho, Wo), sizes as `conv_output_size` says.

    Raises:
        ValueError: an argument is out of range or the shapes do not fit; the message names it.

    Source: `torch.nn.functional.conv2d`; arithmetic as in Dumoulin and Visin (2016).

    >>> image = np.arange(12.0).reshape(1, 3, 4)
    >>> conv2d(image, [[[[1, 0], [0, -1]]]]).tolist()
    [[[-5.0, -5.0, -5.0], [-5.0, -5.0, -5.0]]]
    """
    s = _setting(input, weight, stride, padding, dilation, groups, padding_mode)
    offset = None if bias is None else _check_bias(bias, len(s.weight), s.weight.dtype)
    image = s.padded()  # (N, C, Hp, Wp)
    if not image.flags.c_contiguous:
        image = np.ascontiguousarray(image)
    output = np.empty((len(image), len(s.weight), *s.output_size), image.dtype)  # (N, K, Ho, Wo)
    with quiet():
        correlate(image, s.weight, s.stride, s.dilation, output)
        if offset is not None:
            output += offset[:, np.newaxis, np.newaxis]
    return output if s.batched else output[0]


def conv2d_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> tuple[Array, Array, Array]:
    """Gradients of `conv2d` with respect to its input, weight and bias.

    Args:
        grad_output: gradient of the loss with respect to conv2d's output, in the output's shape.
        input, weight, bias, stride, padding, dilation, groups, padding_mode: as conv2d was called.

    Returns:
        (grad_input, grad_weight, grad_bias), in the shapes of input, weight and (K,).

    Raises:
        ValueError: as conv2d, or grad_output does not have the output's shape.

    Source: Dumoulin and Visin (2016), chapter 4: each window sends its gradient back to the taps it read.

    >>> grad_input, grad_weight, grad_bias = conv2d_backward(np.ones((1, 1, 2)), [[[1.0, 2, 3]]], [[[[5.0, 7]]]])
    >>> grad_input.tolist(), grad_weight.tolist(), grad_bias.tolist()
    ([[[5.0, 12.0, 7.0]]], [[[[3.0, 5.0]]]], [2.0])
    """
    s = _setting(input, weight, stride, padding, dilation, groups, padding_mode)
    if bias is not None:
        _check_bias(bias, len(s.weight), s.weight.dtype)
    grad = _output_gradient(grad_output, s)
    with quiet():
        grad_input = _settled(_input_gradient, grad, s)
        grad_weight, grad_bias = _settled(_weight_gradients, grad, s), _settled(_bias_gradient, grad, s)
    return (grad_input if s.batched else grad_input[0]), grad_weight, grad_bias


def conv2d_backward_input(
    grad_output: ArrayLike,
    input: ArrayLike,
    weight: ArrayLike,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Array:
    """Return grad_input as `conv2d_backward` does, without the gradients of weight and bias.

    Args:
        grad_output: gradient of the loss with respect to conv2d's output, in the output's shape.
        input, weight, stride, padding, dilation, groups, padding_mode: as conv2d was called.

    Returns:
        grad_input, in the shape of input.

    Raises:
        ValueError: as conv2d, or grad_output does not have the output's shape.

    Source: Dumoulin and Visin (2016), chapter 4.

    >>> conv2d_backward_input(np.ones((1, 1, 2)), [[[1.0, 2, 3]]], [[[[5.0, 7]]]]).tolist()
    [[[5.0, 12.0, 7.0]]]
    """
    s = _setting(input, weight, stride, padding, dilation, groups, padding_mode)
    with quiet():
        grad_input = _settled(_input_gradient, _output_gradient(grad_output, s), s)
    return grad_input if s.batched else grad_input[0]


def conv2d_backward_parameters(
    grad_output: ArrayLike,
    input: ArrayLike,
    weight: ArrayLike,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> tuple[Array, Array]:
    """Return (grad_weight, grad_bias) as `conv2d_backward` does, without the gradient of the input.

    Args:
        grad_output: gradient of the loss with respect to conv2d's output, in the output's shape.
        input, weight, stride, padding, dilation, groups, padding_mode: as conv2d was called.

    Returns:
        (grad_weight, grad_bias), in the shapes of weight and (K,).

    Raises:
        ValueError: as conv2d, or grad_output does not have the output's shape.

    Source: Dumoulin and Visin (2016), chapter 4.

    >>> [grad.tolist() for grad in conv2d_backward_parameters(np.ones((1, 1, 2)), [[[1.0, 2, 3]]], [[[[5.0, 7]]]])]
    [[[[[3.0, 5.0]]]], [2.0]]
    """
    s = _setting(input, weight, stride, padding, dilation, groups, padding_mode)
    grad = _output_gradient(grad_output, s)
    with quiet():
        return _settled(_weight_gradients, grad, s), _settled(_bias_gradient, grad, s)


def _output_gradient(grad_output: ArrayLike, s: _Setting) -> Array:
    grad = same_type(float_array("grad_output", grad_output, 4 if s.batched else 3), s.image)
    grad = grad if s.batched else grad[np.newaxis]
    expect_shape("grad_output", grad, (len(s.image), len(s.weight), *s.output_size), "the shape of conv2d's output")
    return grad


def _settled(gradient: Callable[[Array, _Setting], Array], grad: Array, s: _Setting) -> Array:
    """A gradient, worked out again in float64 where float32 gave a number that is not finite: a sum may have overflowed."""
    answer = gradient(grad, s)
    if grad.dtype == np.float64 or all_finite(answer):
        return answer
    return same_type(gradient(grad.astype(np.float64), s.doubled()), answer)


def _input_gradient(grad: Array, s: _Setting) -> Array:
    """Gradient of the input (N, C, H, W), group by group."""
    rows, columns = s.rows, s.columns
    if _turning_pays(s) and all_finite(s.weight):
        return _turned(grad, s)
    shape = (*s.image.shape[:2], rows.size + rows.before + rows.after, columns.size + columns.before + columns.after)
    grad_padded = np.zeros(shape, grad.dtype)
    if shape[1] == s.groups == len(s.weight) > 1 and all_finite(s.weight):
        _collect(grad, s, grad_padded)
    else:
        for channels, kernels in s.slices():
            part = np.ascontiguousarray(grad[:, kernels])
            _scatter(part, s.weight[kernels], s.stride, s.dilation, grad_padded[:, channels])
    return pad_backward(grad_padded, (rows.before, rows.after), (columns.before, columns.after), s.mode)


def _turning_pays(s: _Setting) -> bool:
    """Whether `_turned` is faster than `_scatter`: with stride 1, if neither kernels nor weights are many beside the pixels.

    A spectrum's rounding is too large at the edges, which few taps reach.
    """
    fits = all(axis.before < axis.span and axis.after < axis.span for axis in (s.rows, s.columns))
    k, c, *side = s.weight.shape
    few = k <= 3 * c and s.weight.size <= 2 * s.image[0].size and not spectra_pay(k, *side)
    return s.stride == (1, 1) != s.weight.shape[2:] and s.groups == 1 and s.mode == "zeros" and fits and few


def _turned(grad: Array, s: _Setting) -> Array:
    """Each pixel collects from its windows: one more correlation, with kernels turned around, channels and kernels swapped."""
    rows, columns = ((axis.span - 1 - axis.before, axis.span - 1 - axis.after) for axis in (s.rows, s.columns))
    kernels = np.ascontiguousarray(s.weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))  # (C, K, kH, kW)
    grad_input = np.empty(s.image.shape, grad.dtype)
    padded = np.ascontiguousarray(pad(grad, rows, columns))  # (N, K, H + span - 1, W + span - 1)
    correlate(padded, kernels, (1, 1), s.dilation, grad_input)
    return grad_input


def _collect(grad: Array, s: _Setting, out: Array) -> None:
    """Depthwise, for all channels at once: each pixel collects from its windows, with the kernel turned around.

    Windows are `stride` apart, with zeros between them; so a weight must not be infinite.
    """
    top, left = s.rows.span - 1, s.columns.span - 1
    apart = np.zeros((*out.shape[:2], out.shape[2] + top, out.shape[3] + left), grad.dtype)
    bottom, right = (1 + (axis.output_size - 1) * axis.stride for axis in (s.rows, s.columns))
    apart[:, :, top : top + bottom : s.rows.stride, left : left + right : s.columns.stride] = grad
    correlate(apart, np.ascontiguousarray(s.weight[:, :, ::-1, ::-1]), (1, 1), s.dilation, out)


def _bias_gradient(grad: Array, _: _Setting) -> Array:
    """Gradient of the bias (K,)."""
    return grad.sum(axis=(0, 2, 3))


def _weight_gradients(grad: Array, s: _Setting) -> Array:
    """Gradient of the weight (K, C / G, kH, kW), group by group."""
    image = s.padded()
    parts = [_weight_gradient(grad[:, kernels], image[:, channels], s) for channels, kernels in s.slices()]
    return np.concatenate(parts)


def _weight_gradient(grad: Array, image: Array, s: _Setting) -> Array:
    """Sum over all windows of grad times the taps: grad (N, K, Ho, Wo), image (N, C, Hp, Wp) -> (K, C, kH, kW)."""
    kernel_size = (s.weight.shape[2], s.weight.shape[3])
    taps = windows(image, kernel_size, s.stride, s.dilation, s.output_size)  # (N, C, kH, kW, Ho, Wo)
    n, k = grad.shape[:2]
    total = np.zeros((k, *taps.shape[1:4]), image.dtype)
    rows = max(1, BLOCK_BYTES // (taps[0, ..., 0, :].size * image.itemsize))  # output rows unrolled at a time
    flat = total.reshape(k, -1)
    for one in range(n):
        for first in range(0, s.output_size[0], rows):
            columns = taps[one, ..., first : first + rows, :].reshape(flat.shape[1], -1)  # (C kH kW, rows Wo)
            flat += grad[one, :, first : first + rows].reshape(k, -1) @ columns.T
    return total


def _scatter(grad: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Add grad (N, K, Ho, Wo) times weight (K, C, kH, kW) to the taps of each window in out (N, C, Hp, Wp), which is 0 before."""
    n, k, height, width = grad.shape
    c, kernel_width = weight.shape[1], weight.shape[3]
    flat = grad.reshape(n, k, -1)  # (N, K, Ho Wo)
    if weight.shape[2:] == stride == (1, 1) and out.shape[2:] == (height, width):  # nothing to add up
        np.matmul(weight[:, :, 0, 0].T, flat, out=out.reshape(n, c, -1))
        return
    taps, most = weight[0, 0].size, 2 * BLOCK_BYTES // (n * flat[0, 0].nbytes)  # most: rows in one product
    if taps <= most:  # small maps: all taps of some channels, as the weight lies, which may be larger than the maps
        steps = [(slice(first, first + most // taps), slice(0, taps)) for first in range(0, c, most // taps)]
    else:  # all channels of some taps
        chunk = max(1, most // c)
        steps = [(slice(0, c), slice(first, first + chunk)) for first in range(0, taps, chunk)]
    for channels, part in steps:
        matrix = weight.reshape(k, c, taps)[:, channels, part].reshape(k, -1).T  # (channels taps, K)
        products = (matrix @ flat).reshape(n, -1, len(range(taps)[part]), height, width)
        for number, tap in enumerate(range(taps)[part]):
            y, x = divmod(tap, kernel_width)
            top, left = y * dilation[0], x * dilation[1]
            bottom, right = top + (height - 1) * stride[0] + 1, left + (width - 1) * stride[1] + 1
            out[:, channels, top : bottom : stride[0], left : right : stride[1]] += products[:, :, number]


def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    groups: int = 1,
    dilation: IntOrPair = 1,
) -> Array:
    """Transposed convolution: each input pixel stamps a scaled kernel on the output, stamps `stride` pixels apart.

    Args:
        input: (C, H, W) or (N, C, H, W).
        weight: (C, K / groups, kH, kW): the first axis is the input's channels.
        bias: (K,) or None.
        stride: distance between stamps in pixels, an int or (h, w).
        padding: pixels cut from each side of the output, an int or (h, w).
        output_padding: pixels added at the bottom and right, below stride or dilation, an int or (h, w).
        groups: as in conv2d.
        dilation: distance between kernel taps in pixels, an int or (h, w).

    Returns:
        (K, Ho, Wo) or (N, K, Ho, Wo) with Ho = (H - 1) s - 2p + d(k - 1) + output_padding + 1.

    Raises:
        ValueError: an argument is out of range or the shapes do not fit.

    Source: `torch.nn.functional.conv_transpose2d`; Dumoulin and Visin (2016), chapter 4.

    >>> conv_transpose2d([[[1.0, 2.0]]], [[[[1.0, 10.0]]]], stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    image, batched = image_batch("input", input)
    kernels = float_array("weight", weight, 4)
    n, channels, height, width = image.shape
    per_group, kernel_height, kernel_width = kernels.shape[1:]
    if len(kernels) != channels:
        raise ValueError(
            f"weight of shape {kernels.shape} takes {len(kernels)} input channels, but input has {channels}"
        )
    groups = whole_number("groups", groups, 1)
    if channels % groups:
        raise ValueError(f"groups must divide {channels} input channels, got {groups}")
    step, spread = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
    cut, extra = int_pair("padding", padding, 0), int_pair("output_padding", output_padding, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, step, spread, strict=True)):
        raise ValueError(f"output_padding must be below stride or dilation, got {extra} with {step} and {spread}")
    dtype = np.result_type(image, kernels)
    offset = None if bias is None else _check_bias(bias, per_group * groups, dtype)
    full = (
        (height - 1) * step[0] + spread[0] * (kernel_height - 1) + extra[0] + 1,
        (width - 1) * step[1] + spread[1] * (kernel_width - 1) + extra[1] + 1,
    )
    if any(size <= 2 * p for size, p in zip(full, cut, strict=True)):
        raise ValueError(f"padding {cut} leaves nothing of the output of {full[0]} x {full[1]}")
    if n * per_group * groups * math.prod(full) > MOST_NUMBERS:
        raise ValueError(f"stride {step} with dilation {spread} makes an output of {full[0]} x {full[1]}: too large")
    with quiet():
        stamped = _stamps(
            image.astype(dtype, copy=False), kernels.astype(dtype, copy=False), step, spread, groups, full
        )
        if dtype == np.float32 and not all_finite(stamped):  # a sum may have overflowed
            double = image.astype(np.float64), kernels.astype(np.float64)
            stamped = same_type(_stamps(*double, step, spread, groups, full), stamped)
        output = stamped[:, :, cut[0] : full[0] - cut[0], cut[1] : full[1] - cut[1]]
        if offset is not None:
            output = output + offset[:, np.newaxis, np.newaxis]
    return np.ascontiguousarray(output if batched else output[0])


def _stamps(image: Array, weight: Array, stride: Pair, dilation: Pair, groups: int, size: Pair) -> Array:
    """Sum of all stamps, before padding cuts any off: (N, K, *size)."""
    per_group, taken = weight.shape[1], len(weight) // groups
    stamped = np.zeros((len(image), per_group * groups, *size), image.dtype)
    for g in range(groups):
        part = slice(g * taken, (g + 1) * taken)
        target = stamped[:, g * per_group : (g + 1) * per_group]
        _scatter(np.ascontiguousarray(image[:, part]), weight[part], stride, dilation, target)
    return stamped


def conv_transpose2d_backward(
    grad_output: ArrayLike,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    groups: int = 1,
    dilation: IntOrPair = 1,
) -> tuple[Array, Array, Array]:
    """Gradients of `conv_transpose2d`: with input and output changing places, those of an ordinary convolution.

    Args:
        grad_output: gradient of the loss with respect to conv_transpose2d's output, in the output's shape.
        input, weight, bias, stride, padding, output_padding, groups, dilation: as conv_transpose2d was called.

    Returns:
        (grad_input, grad_weight, grad_bias), in the shapes of input, weight and (K,).

    Raises:
        ValueError: the shapes do not fit.

    Source: Dumoulin and Visin (2016), chapter 4.

    >>> parts = conv_transpose2d_backward([[[1.0, 2, 3, 4]]], [[[1.0, 2.0]]], [[[[1.0, 10.0]]]], stride=2)
    >>> [part.tolist() for part in parts]
    [[[[21.0, 43.0]]], [[[[7.0, 10.0]]]], [10.0]]
    """
    image, batched = image_batch("input", input)
    kernels = float_array("weight", weight, 4)
    groups = whole_number("groups", groups, 1)
    if len(kernels) != image.shape[1] or len(kernels) % groups:
        raise ValueError(
            f"weight of shape {kernels.shape} with groups {groups} does not take {image.shape[1]} input channels"
        )
    if bias is not None:
        _check_bias(bias, kernels.shape[1] * groups, kernels.dtype)
    step, spread = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
    cut, extra = int_pair("padding", padding, 0), int_pair("output_padding", output_padding, 0)
    grad = float_array("grad_output", grad_output, 4 if batched else 3)
    grad = grad if batched else grad[np.newaxis]  # (N, K, Ho, Wo)
    size = [
        (i - 1) * s - 2 * p + d * (k - 1) + e + 1
        for i, s, p, d, k, e in zip(image.shape[2:], step, cut, spread, kernels.shape[2:], extra, strict=True)
    ]
    shape = (len(image), kernels.shape[1] * groups, size[0], size[1])
    expect_shape("grad_output", grad, shape, "the shape of conv_transpose2d's output")
    with quiet():
        grad_bias = grad.sum(axis=(0, 2, 3))
    bottom, right = (length + 2 * p - e for length, p, e in zip(size, cut, extra, strict=True))
    padded = pad(grad, (cut[0], cut[0]), (cut[1], cut[1]))[:, :, :bottom, :right]  # no stamp reaches output_padding
    grad_input = conv2d(padded, kernels, None, step, 0, spread, groups)  # (N, C, H, W)
    grad_weight, _ = conv2d_backward_parameters(image, padded, kernels, step, 0, spread, groups)
    return (grad_input if batched else grad_input[0]), grad_weight, grad_bias
