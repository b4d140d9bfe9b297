"""Shape arithmetic: sizes into sizes, and whether a setting is possible at all.

Letters: i input, p padding, d dilation, k kernel, s stride, o output, each in pixels along one axis.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol, cast

from cnn_core.arguments import IntOrPair, Pair, flag, int_pair, whole_number

Padding = IntOrPair | Literal["valid", "same"] | Sequence[Sequence[int]]


class Axis(NamedTuple):
    """A window walking along one axis: all sizes in pixels."""

    size: int
    kernel_size: int
    stride: int
    before: int  # padding at the start
    after: int  # padding at the end
    dilation: int
    output_size: int

    @property
    def span(self) -> int:
        """Pixels from a window's first tap to its last, both counted."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def leftover(self) -> int:
        """Padded pixels at the end that no window reaches (negative: the last window hangs over)."""
        return self.size + self.before + self.after - (self.output_size - 1) * self.stride - self.span

    def window(self, position: int) -> list[int]:
        """Input indices of the taps of one output position; outside 0 … size - 1 they are padding."""
        start = position * self.stride - self.before
        return [start + self.dilation * tap for tap in range(self.kernel_size)]


def make_axis(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: Pair = (0, 0),
    dilation: int = 1,
    ceil_mode: bool = False,
) -> Axis:
    """Work out one axis: the only place where the size formula stands.

    Args:
        size: input length in pixels.
        kernel_size: window length in pixels.
        stride: step between windows in pixels.
        padding: pixels added (before, after).
        dilation: distance between kernel taps in pixels.
        ceil_mode: count a last window that hangs over the edge, so that one may be longer than the padded input.

    Returns:
        The Axis, with its output_size.

    Raises:
        ValueError: no window fits.

    Source: `pooling_output_shape_pad_lr` of PyTorch, for ceil_mode; Dumoulin and Visin (2016), relationship 6.

    >>> make_axis(2, 3, 2, ceil_mode=True).output_size
    1
    """
    before, after = padding
    padded, span = size + before + after, dilation * (kernel_size - 1) + 1
    steps = (padded - span + (stride - 1 if ceil_mode else 0)) // stride
    if ceil_mode and steps * stride >= size + before:
        steps -= 1  # a last window may hang over the end, but must start inside input or left padding
    if steps < 0:
        shown = before if before == after else padding
        spread = f" and spans {span} with dilation {dilation}" if dilation > 1 else ""
        raise ValueError(
            f"kernel_size {kernel_size}{spread} does not fit: padded input is {padded} (input {size}, padding {shown})"
        )
    return Axis(size, kernel_size, stride, before, after, dilation, steps + 1)


def conv_output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """Number of windows that fit along one axis: o = floor((i + 2p - d(k - 1) - 1) / s) + 1.

    Args:
        size: input length in pixels, >= 1.
        kernel_size: window length in pixels, >= 1.
        stride: step between windows in pixels, >= 1.
        padding: pixels added on each side, >= 0.
        dilation: distance between kernel taps in pixels, >= 1.
        ceil_mode: count a last window that hangs over the edge: the floor becomes a ceiling, as far as that window
            starts inside the input or the padding before it.

    Returns:
        Output length in pixels, >= 1.

    Raises:
        ValueError: a value is out of range, or no window fits.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), relationship 6.

    >>> conv_output_size(224, kernel_size=7, stride=2, padding=3)
    112
    >>> conv_output_size(6, kernel_size=3, stride=2), conv_output_size(6, kernel_size=3, stride=2, ceil_mode=True)
    (2, 3)
    """
    before = whole_number("padding", padding, 0)
    return make_axis(
        whole_number("size", size, 1),
        whole_number("kernel_size", kernel_size, 1),
        whole_number("stride", stride, 1),
        (before, before),
        whole_number("dilation", dilation, 1),
        flag("ceil_mode", ceil_mode),
    ).output_size


def same_padding(kernel_size: int, dilation: int = 1) -> Pair:
    """Padding (before, after) in pixels that keeps the size for stride 1; an odd pixel goes after.

    Args:
        kernel_size: window length in pixels, >= 1.
        dilation: distance between kernel taps in pixels, >= 1.

    Returns:
        (before, after), which add up to dilation * (kernel_size - 1).

    Raises:
        ValueError: a value is below 1.

    Source: PyTorch, `torch.nn.Conv2d` with padding="same" (total d(k - 1), the smaller half first).

    >>> same_padding(3), same_padding(4), same_padding(3, dilation=2)
    ((1, 1), (1, 2), (2, 2))
    """
    total = whole_number("dilation", dilation, 1) * (whole_number("kernel_size", kernel_size, 1) - 1)
    return total // 2, total - total // 2


def resolve_padding(padding: Padding, kernel_size: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Return any accepted padding as ((top, bottom), (left, right)).

    Args:
        padding: an int, (h, w), "valid", "same" or ((top, bottom), (left, right)), in pixels.
        kernel_size, stride, dilation: of the window, each (h, w), in pixels.

    Returns:
        Pixels added on each side.

    Raises:
        ValueError: padding is none of these, or "same" with a stride above 1.

    Source: `torch.nn.functional.conv2d`, widened by unequal sides.

    >>> resolve_padding("same", (3, 4), (1, 1), (1, 1))
    ((1, 1), (1, 2))
    """
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding != "same":
            raise ValueError(f'padding must be an int, a pair, "valid" or "same", got {padding!r}')
        if stride != (1, 1):
            raise ValueError(f'padding "same" needs stride 1, got stride {stride}')
        return same_padding(kernel_size[0], dilation[0]), same_padding(kernel_size[1], dilation[1])
    if isinstance(padding, tuple | list) and any(isinstance(side, tuple | list) for side in padding):
        if len(padding) != 2 or not all(isinstance(side, tuple | list) and len(side) == 2 for side in padding):
            raise ValueError(f"padding must be ((top, bottom), (left, right)), got {padding!r}")
        rows, columns = cast(Sequence[Sequence[int]], padding)
        return int_pair("padding", rows, 0), int_pair("padding", columns, 0)
    vertical, horizontal = int_pair("padding", padding, 0)
    return (vertical, vertical), (horizontal, horizontal)


def window_axes(
    size: Pair,
    kernel_size: Pair,
    stride: IntOrPair,
    padding: Padding,
    dilation: IntOrPair,
    ceil_mode: bool = False,
) -> tuple[Axis, Axis]:
    """Both axes, (vertical, horizontal), of a window walking over an H x W input.

    Args:
        size: (H, W) of the input in pixels.
        kernel_size: (h, w) of the window in pixels.
        stride, dilation: an int or (h, w), in pixels.
        padding: as `resolve_padding` takes it.
        ceil_mode: count a last window that hangs over the edge.

    Returns:
        Two Axis, rows before columns.

    Raises:
        ValueError: an argument is out of range, or no window fits.

    >>> [axis.output_size for axis in window_axes((5, 7), (3, 3), 2, 1, 1)]
    [3, 4]
    """
    size, kernel_size = int_pair("size", size, 1), int_pair("kernel_size", kernel_size, 1)
    stride, dilation = int_pair("stride", stride, 1), int_pair("dilation", dilation, 1)
    ceil_mode = flag("ceil_mode", ceil_mode)
    pads = resolve_padding(padding, kernel_size, stride, dilation)
    try:
        vertical = make_axis(size[0], kernel_size[0], stride[0], pads[0], dilation[0], ceil_mode)
        return vertical, make_axis(size[1], kernel_size[1], stride[1], pads[1], dilation[1], ceil_mode)
    except ValueError:
        padded = [length + sum(pad) for length, pad in zip(size, pads, strict=True)]
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
        k = kernel_size[0] if kernel_size[0] == kernel_size[1] else kernel_size
        spread = f" and spans {spans[0]} x {spans[1]} with dilation {dilation}" if dilation != (1, 1) else ""
        p = pads[0][0] if len({*pads[0], *pads[1]}) == 1 else pads
        raise ValueError(
            f"kernel_size {k}{spread} does not fit: padded input is {padded[0]} x {padded[1]} "
            f"(input {size[0]} x {size[1]}, padding {p})"
        ) from None


class Layer(Protocol):
    """What the counting functions ask of a layer; every class in cnn_core.layers answers."""

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]: ...

    def parameter_count(self) -> int: ...

    def macs(self, input_shape: tuple[int, ...]) -> int: ...

    def window(self) -> tuple[Pair, Pair, Pair] | None: ...


def _layer_list(layers: Any) -> list[Layer]:
    """The layers one by one: a list of them, or a chain that has one."""
    found = getattr(layers, "layers", layers)
    try:
        checked = list(found)
    except TypeError:
        raise ValueError(f"layers must be a list of layers, got {type(layers).__name__}") from None
    for layer in checked:
        if isinstance(layer, type) or not all(hasattr(layer, name) for name in ("output_shape", "macs", "window")):
            raise ValueError(
                f"layers must be a list of layers, but one of them is {type(layer).__name__}: {layer!r:.60}"
            )
    return checked


def shape_of(input_shape: object) -> tuple[int, ...]:
    """Return the shape of one input as a tuple of whole numbers, each at least 1.

    >>> shape_of([3, 28, 28])
    (3, 28, 28)
    """
    if not isinstance(input_shape, tuple | list) or not input_shape:
        raise ValueError(f"input_shape must be (C, H, W) or (features,), got {input_shape!r:.60}")
    return tuple(whole_number("input_shape", side, 1) for side in input_shape)


def receptive_field(layers: Iterable[Layer]) -> int | Pair:
    """Side of the input square that one output pixel of the last layer sees, in pixels.

    Args:
        layers: layers in order; those without a window (activations) change nothing.

    Returns:
        Pixels, as an int when both axes agree, else as (h, w). Padding is counted as seen.

    Raises:
        ValueError: layers is no list of layers, or a dense layer is among them, since it sees everything.

    Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill (2019), eq. 2:
    r grows by d(k - 1) times the product of the strides before.

    >>> from cnn_core.layers import Conv2d, MaxPool2d
    >>> receptive_field([Conv2d(1, 8, 3), MaxPool2d(2), Conv2d(8, 8, 3)])
    8
    """
    field, jump = [1, 1], [1, 1]
    for layer in _layer_list(layers):
        window = layer.window()
        if window is None:
            continue
        for axis, (kernel_size, stride, dilation) in enumerate(zip(*window, strict=True)):
            field[axis] += dilation * (kernel_size - 1) * jump[axis]
            jump[axis] *= stride
    return field[0] if field[0] == field[1] else (field[0], field[1])


def count_parameters(layers: Iterable[Layer]) -> int:
    """Numbers that training can change, over all layers: weights and biases.

    Args:
        layers: layers in order.

    Returns:
        The sum of the layers' counts.

    Raises:
        ValueError: layers is no list of layers.

    Source: as `sum(p.numel() for p in model.parameters())` counts in PyTorch.

    >>> from cnn_core.layers import Conv2d, Linear, ReLU
    >>> count_parameters([Conv2d(3, 8, 5), ReLU(), Linear(10, 2)])
    630
    """
    return sum(layer.parameter_count() for layer in _layer_list(layers))


def count_macs(layers: Iterable[Layer], input_shape: Sequence[int]) -> int:
    """Multiply-adds of one forward pass of one input, over convolutions and dense layers.

    Args:
        layers: layers in order.
        input_shape: (C, H, W) of one input, or (features,).

    Returns:
        Multiply-adds; a bias and an activation count nothing.

    Raises:
        ValueError: layers is no list of layers, input_shape no shape, or a layer does not fit the shape that reaches it.

    Source: Sze et al., "Efficient Processing of Deep Neural Networks" (2017), section III.

    >>> from cnn_core.layers import Conv2d
    >>> count_macs([Conv2d(3, 8, 5)], (3, 28, 28))  # 24 x 24 outputs, 8 kernels of 3 x 5 x 5
    345600
    """
    shape, total = shape_of(input_shape), 0
    for layer in _layer_list(layers):
        total += layer.macs(shape)
        shape = layer.output_shape(shape)
    return total
