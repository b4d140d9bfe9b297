"""Each kind of layer as a call of `torch.nn.functional`."""

from collections.abc import Callable

from cnn_core import layers
from ui.programs.graph_lines import Step, Write, call, number_a_channel, plain, quoted, unlike


def _stored(step: Step, *wanted: str) -> list[str]:
    """The layer's arrays of these names, None for one that it does not have."""
    held = {**step.layer.parameters, **step.layer.buffers}
    return [f"weights[{quoted(f'{step.name}.{one}')}]" if one in held else "None" for one in wanted]


def _conv(step: Step) -> str:
    layer, x = step.layer, step.x
    (top, bottom), (left, right) = layer.sides
    padding = top, left
    if top != bottom or left != right or layer.padding_mode != "zeros":
        mode = {} if layer.padding_mode == "zeros" else {"mode": f'"{layer.padding_mode}"'}
        x, padding = call("F.pad", x, (left, right, top, bottom), **mode), (0, 0)
    options = unlike(
        stride=(layer.stride, (1, 1)),
        padding=(padding, (0, 0)),
        dilation=(layer.dilation, (1, 1)),
        groups=(layer.groups, 1),
    )
    return call("F.conv2d", x, *_stored(step, "weight", "bias"), **options)


def _transposed(step: Step) -> str:
    layer = step.layer
    options = unlike(
        stride=(layer.stride, (1, 1)),
        padding=(layer.padding, (0, 0)),
        output_padding=(layer.output_padding, (0, 0)),
        groups=(layer.groups, 1),
        dilation=(layer.dilation, (1, 1)),
    )
    return call("F.conv_transpose2d", step.x, *_stored(step, "weight", "bias"), **options)


def _max_pool(step: Step) -> str:
    return call(
        "F.max_pool2d",
        step.x,
        step.layer.kernel_size,
        **_windows(step),
        **unlike(dilation=(step.layer.dilation, (1, 1))),
    )


def _average_pool(step: Step) -> str:
    counted = unlike(count_include_pad=(step.layer.count_include_pad, True))
    return call("F.avg_pool2d", step.x, step.layer.kernel_size, **_windows(step), **counted)


def _windows(step: Step) -> dict[str, object]:
    layer = step.layer
    return unlike(
        stride=(layer.stride, layer.kernel_size), padding=(layer.padding, (0, 0)), ceil_mode=(layer.ceil_mode, False)
    )


def _norm(step: Step) -> str:
    return call(
        "F.batch_norm", step.x, *_stored(step, "running_mean", "running_var", "weight", "bias"), eps=step.layer.eps
    )


def _scale(step: Step) -> str:
    scale, shift = (_numbers(number_a_channel(step, part), step.axes) for part in (step.layer.scale, step.layer.shift))
    return f"{step.x} * {scale} + {shift}"


def _numbers(values: list[float], axes: int) -> str:
    if len(values) == 1:
        return f"{values[0]!r}"
    return f"torch.tensor({values}).reshape({(-1, *[1] * (axes - 1))})"


def _whole_maps(function: str) -> Write:
    return lambda step: f"{step.x}.{function}((2, 3){', keepdim=True' if step.layer.keepdims else ''})"


def _along_axis(function: str) -> Write:
    return lambda step: call(function, step.x, step.layer.axis)


def _between(sign: str) -> Callable[[Step], str]:
    return lambda step: f" {sign} ".join(step.reads)


PYTORCH: dict[type, Write] = {
    layers.Conv2d: _conv,
    layers.ConvTranspose2d: _transposed,
    layers.MaxPool2d: _max_pool,
    layers.AvgPool2d: _average_pool,
    layers.GlobalAvgPool2d: _whole_maps("mean"),
    layers.GlobalMaxPool2d: _whole_maps("amax"),
    layers.AdaptiveAvgPool2d: lambda step: call("F.adaptive_avg_pool2d", step.x, step.layer.output_size),
    layers.BatchNorm2d: _norm,
    layers.Scale: _scale,
    layers.Linear: lambda step: call("F.linear", step.x, *_stored(step, "weight", "bias")),
    layers.Flatten: lambda step: call("torch.flatten", step.x, 1),
    layers.Concat: lambda step: f"torch.cat([{step.x}], {step.layer.axis})",
    layers.Add: _between("+"),
    layers.Multiply: _between("*"),
    layers.Softmax: _along_axis("F.softmax"),
    layers.LogSoftmax: _along_axis("F.log_softmax"),
    layers.Dropout: lambda step: step.x,
    layers.ReLU: plain("F.relu({x})"),
    layers.LeakyReLU: lambda step: call("F.leaky_relu", step.x, step.layer.negative_slope),
    layers.PReLU: lambda step: call("F.prelu", step.x, *_stored(step, "weight")),
    layers.ELU: lambda step: call("F.elu", step.x, step.layer.alpha),
    layers.GELU: plain("F.gelu({x})"),
    layers.SiLU: plain("F.silu({x})"),
    layers.HardSwish: plain("F.hardswish({x})"),
    layers.Sigmoid: plain("torch.sigmoid({x})"),
    layers.Tanh: plain("torch.tanh({x})"),
    layers.Softplus: plain("F.softplus({x})"),
    layers.Clip: lambda step: call("torch.clamp", step.x, step.layer.min, step.layer.max),
    layers.HardSigmoid: lambda step: f"torch.clamp({step.layer.alpha!r} * {step.x} + {step.layer.beta!r}, 0, 1)",
}
