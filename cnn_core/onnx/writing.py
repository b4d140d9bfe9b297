"""A graph as an ONNX file: one small function a layer, as reading has one an operator.

Source: https://onnx.ai/onnx/operators, opset 20.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnn_core import layers
from cnn_core.adaptive_pooling import bins
from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import Layer, Shape
from cnn_core.onnx.messages import message_class
from cnn_core.onnx.tensors import DTYPES, Numbers

OPSET = 20
_TRIED = (
    224,
    32,
    28,
    64,
    96,
    128,
    227,
    256,
    512,
)  # where the graph leaves a side open: only to know how many axes there are
_CODES = {np.dtype(kind): code for code, kind in DTYPES.items()}
Write = Callable[["Writer", Node, Any], None]


def write(graph: Graph) -> bytes:
    """The network as an ONNX file, its weights inside, for any number of pictures at once.

    Args:
        graph: any that is made of `cnn_core.layers`.

    Returns:
        The bytes of the file: opset 20, from "input", N x C x H x W, to the output node's name.

    Raises:
        ValueError: a layer has no ONNX form: an even response norm, or an adaptive pool where the graph's size is open.

    Source: https://onnx.ai/onnx/operators.

    >>> from cnn_core.graph import chain
    >>> from cnn_core.onnx import read
    >>> net = chain([layers.Conv2d(1, 2, 3), layers.ReLU(), layers.Flatten(), layers.Linear(50, 3)], (1, 7, 7))
    >>> [node.name for node in read(write(net)).nodes]
    ['conv1', 'relu1', 'flatten', 'fc1']
    """
    writer = Writer(_shapes(graph), None in graph.input_shape)
    for node in graph.nodes:
        if type(node.layer) not in _LAYERS:
            raise ValueError(f"graph must be made of layers of cnn_core, got {type(node.layer).__name__} ({node.name})")
        _LAYERS[type(node.layer)](writer, node, node.layer)
    made = message_class("Model")(ir_version=9, producer_name=b"cnn_core", graph=writer.graph)
    made.opset_import.add(version=OPSET, domain=b"")
    made.graph.name = b"network"
    made.graph.input.append(_declared(INPUT, graph.input_shape))
    made.graph.output.append(_declared(graph.output, tuple(None for _ in writer.shapes[graph.output])))
    return bytes(made.SerializeToString())


def _shapes(graph: Graph) -> dict[str, Shape]:
    for side in _TRIED:
        try:
            return graph.output_shapes([side if given is None else given for given in graph.input_shape])
        except ValueError:
            if None not in graph.input_shape:
                raise
    raise ValueError(f"graph must take pictures of some usual size, got {graph.input_shape}")


def _declared(name: str, shape: tuple[int | None, ...]) -> Any:
    info = message_class("ValueInfo")(name=name.encode())
    info.type.tensor_type.elem_type = 1
    info.type.tensor_type.shape.dim.add(dim_param=b"N")
    for axis, side in enumerate(shape):
        dim = info.type.tensor_type.shape.dim.add()
        if side is None:
            dim.dim_param = f"{name}_{axis}".encode()
        else:
            dim.dim_value = side
    return info


class Writer:
    """Steps and weights written so far.

    Args:
        shapes: of each node's value for one example; where the graph is open, for some example.
        is_open: whether the graph leaves sides open.
    """

    def __init__(self, shapes: dict[str, Shape], is_open: bool) -> None:
        self.shapes, self.is_open = shapes, is_open
        self.graph = message_class("Graph")()

    def step(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a step; returns its output's name."""
        names = [name.encode() for name in inputs]
        made = self.graph.node.add(op_type=kind.encode(), input=names, output=[output.encode()], name=output.encode())
        for key, value in attributes.items():
            entry = made.attribute.add(name=key.encode())
            if isinstance(value, str):
                entry.s, entry.type = value.encode(), 3
            elif isinstance(value, float):
                entry.f, entry.type = value, 1
            elif isinstance(value, int | np.integer):
                entry.i, entry.type = int(value), 2
            else:
                entry.ints.extend(int(number) for number in value)
                entry.type = 7
        return output

    def weight(self, name: str, values: Any) -> str:
        """Add a constant; floats as float32. Returns its name."""
        array = np.asarray(values)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        self.graph.initializer.add(
            name=name.encode(),
            dims=array.shape,
            data_type=_CODES[array.dtype],
            raw_data=array.astype(f"<{array.dtype.str[1:]}").tobytes(),
        )
        return name

    def stored(self, node: Node) -> list[str]:
        """All that a layer stores, under the names that PyTorch would give."""
        arrays = {**node.layer.parameters, **node.layer.buffers}
        return [self.weight(f"{node.name}.{name}", array) for name, array in arrays.items()]


def _plain(kind: str, *attributes: str, **fixed: Any) -> Write:
    """A layer that is one step with some of its settings as attributes of the same name, or as "theirs=ours"."""

    def write_layer(writer: Writer, node: Node, layer: Any) -> None:
        found = dict(fixed)
        for text in attributes:
            theirs, _, ours = text.partition("=")
            value = getattr(layer, ours or theirs)
            found[theirs] = float(value) if theirs in ("alpha", "beta") else value
        writer.step(kind, list(node.inputs), node.name, **found)

    return write_layer


def _ends(sides: Any) -> list[int]:
    (top, bottom), (left, right) = sides
    return [top, left, bottom, right]


def _conv(writer: Writer, node: Node, layer: Any) -> None:
    source, sides = node.inputs[0], layer.sides
    if layer.padding_mode != "zeros" and any(_ends(sides)):
        source = _padded(writer, source, f"{node.name}.padded", sides, layer.padding_mode, 0.0)
        sides = ((0, 0), (0, 0))
    settings = {"strides": layer.stride, "dilations": layer.dilation, "group": layer.groups, "pads": _ends(sides)}
    writer.step("Conv", [source, *writer.stored(node)], node.name, kernel_shape=layer.kernel_size, **settings)


def _conv_transpose(writer: Writer, node: Node, layer: Any) -> None:
    settings = {"strides": layer.stride, "dilations": layer.dilation, "group": layer.groups, "pads": layer.padding * 2}
    settings |= {"output_padding": layer.output_padding, "kernel_shape": layer.kernel_size}
    writer.step("ConvTranspose", [node.inputs[0], *writer.stored(node)], node.name, **settings)


def _linear(writer: Writer, node: Node, layer: Any) -> None:
    writer.step("Gemm", [node.inputs[0], *writer.stored(node)], node.name, transB=1)


def _batch_norm(writer: Writer, node: Node, layer: Any) -> None:
    inputs = [node.inputs[0], *writer.stored(node)]
    writer.step("BatchNormalization", inputs, node.name, epsilon=float(layer.eps))


def _pool(writer: Writer, node: Node, layer: Any) -> None:
    settings = {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": layer.padding * 2}
    settings["ceil_mode"] = int(layer.ceil_mode)
    if isinstance(layer, layers.MaxPool2d):
        writer.step("MaxPool", list(node.inputs), node.name, dilations=layer.dilation, **settings)
    else:
        counted = int(layer.count_include_pad)
        writer.step("AveragePool", list(node.inputs), node.name, count_include_pad=counted, **settings)


def _global(kind: str, reduce: str) -> Write:
    def write_layer(writer: Writer, node: Node, layer: Any) -> None:
        if layer.keepdims:
            writer.step(kind, list(node.inputs), node.name)
        else:
            _reduced(writer, node, reduce, (2, 3), False)

    return write_layer


def _reduced(writer: Writer, node: Node, kind: str, axes: tuple[int, ...], keepdims: bool) -> None:
    listed = writer.weight(f"{node.name}.axes", list(axes))
    writer.step(kind, [node.inputs[0], listed], node.name, keepdims=int(keepdims))


def _adaptive(writer: Writer, node: Node, layer: Any) -> None:
    """Means of bins along rows and along columns are two products with matrices."""
    if layer.output_size == (1, 1):
        writer.step("GlobalAveragePool", list(node.inputs), node.name)
        return
    if writer.is_open:
        raise ValueError(f"graph must have a fixed input_shape to write the adaptive pool {node.name}")
    rows, columns = (
        _bin_means(size, output)
        for size, output in zip(writer.shapes[node.inputs[0]][1:], layer.output_size, strict=True)
    )
    names = writer.weight(f"{node.name}.rows", rows), writer.weight(f"{node.name}.columns", columns.T)
    half = writer.step("MatMul", [names[0], node.inputs[0]], f"{node.name}.half")
    writer.step("MatMul", [half, names[1]], node.name)


def _bin_means(size: int, output: int) -> Numbers:
    starts, stops = bins(size, output)
    place = np.arange(size)
    inside = (place >= starts[:, None]) & (place < stops[:, None])
    return inside / (stops - starts)[:, None]


def _scale(writer: Writer, node: Node, layer: Any) -> None:
    scaled = writer.step(
        "Mul", [node.inputs[0], writer.weight(f"{node.name}.scale", layer.scale)], f"{node.name}.scaled"
    )
    writer.step("Add", [scaled, writer.weight(f"{node.name}.shift", layer.shift)], node.name)


def _prelu(writer: Writer, node: Node, layer: Any) -> None:
    rank = len(writer.shapes[node.inputs[0]])
    slopes = layer.weight.reshape(-1, *(1,) * (rank - 1))
    writer.step("PRelu", [node.inputs[0], writer.weight(f"{node.name}.weight", slopes)], node.name)


def _response_norm(writer: Writer, node: Node, layer: Any) -> None:
    if layer.size % 2 == 0:
        raise ValueError(f"graph must have response norms of odd size, got {layer.size} ({node.name})")
    settings = {"alpha": float(layer.alpha), "beta": float(layer.beta), "bias": float(layer.k), "size": layer.size}
    writer.step("LRN", list(node.inputs), node.name, **settings)


def _clip(writer: Writer, node: Node, layer: Any) -> None:
    bounds = (("min", layer.min), ("max", layer.max))
    names = ["" if bound is None else writer.weight(f"{node.name}.{name}", float(bound)) for name, bound in bounds]
    writer.step("Clip", [node.inputs[0], *names], node.name)


def _silu(writer: Writer, node: Node, layer: Any) -> None:
    gate = writer.step("Sigmoid", [node.inputs[0]], f"{node.name}.gate")
    writer.step("Mul", [node.inputs[0], gate], node.name)


def _multiply(writer: Writer, node: Node, layer: Any) -> None:
    product = node.inputs[0]
    for number, name in enumerate(node.inputs[1:], 2):
        last = number == len(node.inputs)
        product = writer.step("Mul", [product, name], node.name if last else f"{node.name}.{number}")
    if len(node.inputs) == 1:
        writer.step("Identity", [product], node.name)


def _reshape(writer: Writer, node: Node, layer: Any) -> None:
    writer.step("Reshape", [node.inputs[0], writer.weight(f"{node.name}.shape", [0, *layer.shape])], node.name)


def _padded(writer: Writer, source: str, output: str, sides: Any, mode: str, value: float) -> str:
    top, left, bottom, right = _ends(sides)
    pads = writer.weight(f"{output}.pads", [0, 0, top, left, 0, 0, bottom, right])
    known = {"zeros": "constant", "constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return writer.step("Pad", [source, pads, writer.weight(f"{output}.value", value)], output, mode=known[mode])


def _pad(writer: Writer, node: Node, layer: Any) -> None:
    _padded(writer, node.inputs[0], node.name, layer.padding, layer.mode, layer.value)


def _upsample(writer: Writer, node: Node, layer: Any) -> None:
    settings = {"mode": "nearest" if layer.mode == "nearest" else "linear", "nearest_mode": layer.rounding}
    settings["coordinate_transformation_mode"] = layer.coordinates
    if layer.size is None:
        scales = writer.weight(f"{node.name}.scales", [1.0, 1.0, *layer.setting.scales])
        writer.step("Resize", [node.inputs[0], "", scales], node.name, **settings)
    else:
        sizes = writer.weight(f"{node.name}.sizes", list(layer.size))
        writer.step("Resize", [node.inputs[0], "", "", sizes], node.name, axes=[2, 3], **settings)


def _slice(writer: Writer, node: Node, layer: Any) -> None:
    far = 2**62
    start = (0 if layer.step > 0 else far) if layer.start is None else layer.start
    stop = (far if layer.step > 0 else -far) if layer.stop is None else layer.stop
    values = {"starts": start, "ends": stop, "axes": layer.axis, "steps": layer.step}
    names = [writer.weight(f"{node.name}.{name}", [int(value)]) for name, value in values.items()]
    writer.step("Slice", [node.inputs[0], *names], node.name)


def _with_constant(kind: str, field: str, **attributes: str) -> Write:
    """A layer whose setting is the step's second input."""

    def write_layer(writer: Writer, node: Node, layer: Any) -> None:
        found = {key: getattr(layer, name) for key, name in attributes.items()}
        constant = writer.weight(f"{node.name}.{field}", getattr(layer, field))
        writer.step(kind, [node.inputs[0], constant], node.name, **found)

    return write_layer


_LAYERS: dict[type[Layer], Write] = {
    layers.Conv2d: _conv,
    layers.ConvTranspose2d: _conv_transpose,
    layers.MaxPool2d: _pool,
    layers.AvgPool2d: _pool,
    layers.AdaptiveAvgPool2d: _adaptive,
    layers.GlobalAvgPool2d: _global("GlobalAveragePool", "ReduceMean"),
    layers.GlobalMaxPool2d: _global("GlobalMaxPool", "ReduceMax"),
    layers.Linear: _linear,
    layers.BatchNorm2d: _batch_norm,
    layers.Mean: lambda writer, node, layer: _reduced(writer, node, "ReduceMean", layer.axes, layer.keepdims),
    layers.Softmax: _plain("Softmax", "axis"),
    layers.LogSoftmax: _plain("LogSoftmax", "axis"),
    layers.LocalResponseNorm: _response_norm,
    layers.Scale: _scale,
    layers.Concat: _plain("Concat", "axis"),
    layers.Add: _plain("Sum"),
    layers.Multiply: _multiply,
    layers.Flatten: _plain("Flatten", axis=1),
    layers.Reshape: _reshape,
    layers.Transpose: _plain("Transpose", "perm=axes"),
    layers.Pad2d: _pad,
    layers.Upsample: _upsample,
    layers.Slice: _slice,
    layers.Take: _with_constant("Gather", "indices", axis="axis"),
    layers.ReLU: _plain("Relu"),
    layers.LeakyReLU: _plain("LeakyRelu", "alpha=negative_slope"),
    layers.PReLU: _prelu,
    layers.ELU: _plain("Elu", "alpha"),
    layers.Sigmoid: _plain("Sigmoid"),
    layers.Tanh: _plain("Tanh"),
    layers.GELU: _plain("Gelu"),
    layers.SiLU: _silu,
    layers.Clip: _clip,
    layers.HardSigmoid: _plain("HardSigmoid", "alpha", "beta"),
    layers.HardSwish: _plain("HardSwish"),
    layers.Softplus: _plain("Softplus"),
    layers.Erf: _plain("Erf"),
    layers.Power: _with_constant("Pow", "exponent"),
    layers.Dropout: _plain("Dropout"),
}
