"""What a layer does, in a few words."""

from cnn_core.arguments import Pair
from cnn_core.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Concat,
    Conv2d,
    ConvTranspose2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    Layer,
    Linear,
    MaxPool2d,
)

SHORT = {
    "batch norm": "norm",
    "global pool": "pool",
    "relu": "ReLU",
    "leaky relu": "leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
}
PLAIN = {
    "add": "sum of what it reads, number by number",
    "multiply": "product of what it reads, number by number",
    "flatten": "maps laid out as one row of numbers",
    "dropout": "dropout, which does nothing while answering",
    "softmax": "softmax: scores become probabilities",
    "scale": "numbers scaled and shifted",
}


def words(layer: Layer) -> str:
    """A layer in words, with its settings where they are not the usual ones.

    >>> words(Conv2d(64, 64, 3, stride=2, padding=1))
    'convolution, 64 kernels of 64 × 3 × 3, stride 2, padding 1'
    >>> words(Conv2d(8, 8, (1, 3), groups=8)), words(MaxPool2d(3, 2, ceil_mode=True))
    ('depthwise convolution, 8 kernels of 1 × 1 × 3', 'max pooling over 3 × 3, stride 2, last window may hang over')
    """
    if isinstance(layer, Conv2d | ConvTranspose2d):
        return _kernels(layer)
    if isinstance(layer, Linear):
        return f"dense layer, {layer.out_features} units of {layer.in_features} weights"
    if isinstance(layer, MaxPool2d | AvgPool2d):
        name = "max" if isinstance(layer, MaxPool2d) else "average"
        over = " × ".join(map(str, layer.kernel_size))
        stride = "" if layer.stride == (1, 1) else f", stride {_pair(layer.stride)}"
        padding = "" if layer.padding == (0, 0) else f", padding {_pair(layer.padding)}"
        hangs = ", last window may hang over" if layer.ceil_mode else ""
        return f"{name} pooling over {over}{stride}{padding}{hangs}"
    if isinstance(layer, GlobalAvgPool2d | GlobalMaxPool2d):
        return "mean of each map" if isinstance(layer, GlobalAvgPool2d) else "largest of each map"
    if isinstance(layer, AdaptiveAvgPool2d):
        return f"means of {' × '.join(map(str, layer.output_size))} parts of each map"
    if isinstance(layer, BatchNorm2d):
        return "batch norm: each map shifted and scaled"
    if isinstance(layer, Concat):
        return "maps laid one behind the other" if layer.axis in (1, -3) else f"parts joined along axis {layer.axis}"
    return PLAIN.get(layer.kind, short(layer))


def short(layer: Layer) -> str:
    """A layer in as few words as a card has room for.

    >>> short(Conv2d(3, 64, 7, stride=2)), short(Conv2d(8, 8, (1, 3), groups=8)), short(Linear(9, 2))
    ('conv 7×7 /2', 'depthwise 1×3', 'dense')
    """
    if isinstance(layer, Conv2d | ConvTranspose2d):
        name = "depthwise" if _depthwise(layer) else layer.kind
        size, steps = "×".join(map(str, layer.kernel_size)), _pair(layer.stride)
        return f"{name} {size}" + ("" if layer.stride == (1, 1) else f" /{steps}")
    if isinstance(layer, MaxPool2d | AvgPool2d):
        name = "max" if isinstance(layer, MaxPool2d) else "mean"
        return f"{name} {'×'.join(map(str, layer.kernel_size))} /{_pair(layer.stride)}"
    if isinstance(layer, GlobalAvgPool2d | GlobalMaxPool2d):
        return "mean of maps" if isinstance(layer, GlobalAvgPool2d) else "max of maps"
    return {"linear": "dense", **SHORT}.get(layer.kind, layer.kind)


def _kernels(layer: Conv2d | ConvTranspose2d) -> str:
    count, inputs = layer.out_channels, layer.in_channels // layer.groups
    name = {"conv": "convolution", "transposed conv": "transposed convolution"}[layer.kind]
    parts = [f"{'depthwise ' if _depthwise(layer) else ''}{name}, {count} kernels of"]
    parts[0] += f" {inputs} × {' × '.join(map(str, layer.kernel_size))}"
    if layer.stride != (1, 1):
        parts.append(f"stride {_pair(layer.stride)}")
    if layer.padding not in (0, (0, 0), "valid"):
        parts.append(f"padding {_padding(layer.padding)}")
    if layer.dilation != (1, 1):
        parts.append(f"dilation {_pair(layer.dilation)}")
    if layer.groups > 1 and not _depthwise(layer):
        parts.append(f"{layer.groups} groups")
    return ", ".join(parts)


def _depthwise(layer: Conv2d | ConvTranspose2d) -> bool:
    return layer.groups == layer.in_channels > 1


def _pair(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} × {pair[1]}"


def _padding(padding: object) -> str:
    if isinstance(padding, tuple | list) and any(isinstance(side, tuple | list) for side in padding):
        (top, bottom), (left, right) = padding
        return f"{top} above, {bottom} below, {left} left, {right} right"
    return _pair(padding) if isinstance(padding, tuple) else str(padding)
