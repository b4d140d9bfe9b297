"""Each kind of layer as a layer or function of Keras, channels last."""

from cnn_core import layers
from ui.programs.graph_lines import (
    INSTEAD,
    CannotWriteError,
    Step,
    Write,
    call,
    number_a_channel,
    plain,
    quoted,
    unlike,
)


def _refuse(step: Step, words: str) -> CannotWriteError:
    return CannotWriteError(f"{step.name} {words}, which Keras does not: {INSTEAD}")


def _named(step: Step) -> str:
    """The layer's name, by which it gets its weights; PyTorch behind Keras allows no dots in it."""
    if set(step.name) & set("/-"):
        raise CannotWriteError(f"{step.name} has a stroke in its name, which the program needs for itself: {INSTEAD}")
    return quoted(step.name.replace(".", "-"))


def _padded(x: str, rows: tuple[int, int], columns: tuple[int, int], value: str = "") -> str:
    if not any((*rows, *columns)):
        return x
    if value:
        return call("ops.pad", x, ((0, 0), rows, columns, (0, 0)), constant_values=value)
    return f"layers.ZeroPadding2D({(rows, columns)})({x})"


def _conv(step: Step) -> str:
    layer = step.layer
    if layer.padding_mode != "zeros":
        raise _refuse(step, f'pads by "{layer.padding_mode}"')
    if layer.stride != (1, 1) and layer.dilation != (1, 1):
        raise _refuse(step, "has a stride and a dilation")
    options = unlike(
        strides=(layer.stride, (1, 1)),
        dilation_rate=(layer.dilation, (1, 1)),
        groups=(layer.groups, 1),
        use_bias=(layer.has_bias, True),
    )
    made = call("layers.Conv2D", layer.out_channels, layer.kernel_size, **options, name=_named(step))
    return f"{made}({_padded(step.x, *layer.sides)})"


def _max_pool(step: Step) -> str:
    layer, ends = step.layer, list[tuple[int, int]]()
    if layer.dilation != (1, 1):
        raise _refuse(step, "pools with a dilation")
    for kernel, stride, padding in zip(layer.kernel_size, layer.stride, layer.padding, strict=True):
        if layer.ceil_mode and padding + stride > kernel:
            raise _refuse(step, "leaves out a last window")
        ends.append((padding, padding + (stride - 1 if layer.ceil_mode else 0)))  # room for one that is not whole
    made = call("layers.MaxPooling2D", layer.kernel_size, layer.stride)
    return f"{made}({_padded(step.x, ends[0], ends[1], '-np.inf')})"


def _average_pool(step: Step) -> str:
    layer = step.layer
    if layer.ceil_mode or (any(layer.padding) and not layer.count_include_pad):
        raise _refuse(step, "leaves what is outside out of its means")
    rows, columns = ((side, side) for side in layer.padding)
    return f"{call('layers.AveragePooling2D', layer.kernel_size, layer.stride)}({_padded(step.x, rows, columns)})"


def _scale(step: Step) -> str:
    parts = (number_a_channel(step, part) for part in (step.layer.scale, step.layer.shift))
    scale, shift = (repr(part[0]) if len(part) == 1 else f"np.array({part}, np.float32)" for part in parts)
    return f"{step.x} * {scale} + {shift}"


def _whole_maps(kind: str) -> Write:
    return lambda step: f"layers.Global{kind}Pooling2D({'keepdims=True' if step.layer.keepdims else ''})({step.x})"


def _norm(step: Step) -> str:
    return f"layers.BatchNormalization(epsilon={step.layer.eps}, name={_named(step)})({step.x})"


def _dense(step: Step) -> str:
    bias = unlike(use_bias=(step.layer.has_bias, True))
    return f"{call('layers.Dense', step.layer.out_features, **bias, name=_named(step))}({step.x})"


def _flatten(step: Step) -> str:
    if step.axes != 3:
        return f"layers.Flatten()({step.x})"
    return f"layers.Flatten()(ops.transpose({step.x}, (0, 3, 1, 2)))  # in C, H, W order, as the weights were trained"


def _along_channels(function: str) -> Write:
    def write(step: Step) -> str:
        if step.layer.axis not in (1 if step.axes == 3 else -1, 1, -step.axes):
            raise _refuse(step, "goes along a side of its maps")
        return f"{function}({f'[{step.x}]' if len(step.reads) > 1 else step.x})"

    return write


KERAS: dict[type, Write] = {
    layers.Conv2d: _conv,
    layers.MaxPool2d: _max_pool,
    layers.AvgPool2d: _average_pool,
    layers.GlobalAvgPool2d: _whole_maps("Average"),
    layers.GlobalMaxPool2d: _whole_maps("Max"),
    layers.BatchNorm2d: _norm,
    layers.Scale: _scale,
    layers.Linear: _dense,
    layers.Flatten: _flatten,
    layers.Concat: _along_channels("layers.Concatenate()"),
    layers.Add: lambda step: f"layers.Add()([{step.x}])",
    layers.Multiply: lambda step: f"layers.Multiply()([{step.x}])",
    layers.Softmax: _along_channels("layers.Softmax()"),
    layers.LogSoftmax: _along_channels("ops.log_softmax"),
    layers.Dropout: lambda step: step.x,
    layers.ReLU: plain("layers.ReLU()({x})"),
    layers.LeakyReLU: lambda step: f"layers.LeakyReLU({step.layer.negative_slope})({step.x})",
    layers.ELU: lambda step: f"layers.ELU({step.layer.alpha})({step.x})",
    layers.GELU: plain("ops.gelu({x}, approximate=False)"),
    layers.SiLU: plain("ops.silu({x})"),
    layers.HardSwish: plain("ops.hard_swish({x})"),
    layers.Sigmoid: plain("ops.sigmoid({x})"),
    layers.Tanh: plain("ops.tanh({x})"),
    layers.Softplus: plain("ops.softplus({x})"),
}
