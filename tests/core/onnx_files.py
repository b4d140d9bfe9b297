"""Small ONNX files built by hand, as bytes: what `make test` reads without the onnx package."""

from typing import Any

import numpy as np

from cnn_core.onnx.messages import message_class

CODES = {"f4": 1, "u1": 2, "i1": 3, "i4": 6, "i8": 7, "b1": 9, "f2": 10, "f8": 11}


def tensor(name: str, values: Any, **more: Any) -> Any:
    """A weight, its numbers inside."""
    array = np.asarray(values)
    data = more or {"raw_data": np.ascontiguousarray(array).tobytes()}
    return message_class("Tensor")(name=name.encode(), dims=array.shape, data_type=CODES[array.dtype.str[1:]], **data)


def attribute(name: str, value: Any) -> Any:
    """An attribute of the type of its value."""
    made = message_class("Attribute")(name=name.encode())
    if isinstance(value, bool | int | np.integer):
        made.i, made.type = int(value), 2
    elif isinstance(value, float):
        made.f, made.type = value, 1
    elif isinstance(value, str | bytes):
        made.s, made.type = value.encode() if isinstance(value, str) else value, 3
    elif isinstance(value, np.ndarray):
        made.t.CopyFrom(tensor("", value))
        made.type = 4
    elif all(isinstance(number, int) for number in value):
        made.ints.extend(value)
        made.type = 7
    else:
        made.floats.extend(value)
        made.type = 6
    return made


def node(kind: str, inputs: str, outputs: str, name: str = "", **attributes: Any) -> Any:
    """A step; names are separated by blanks, and - is an input that is left out."""
    names = [[b"" if word == "-" else word.encode() for word in text.split()] for text in (inputs, outputs)]
    listed = [attribute(key, value) for key, value in attributes.items()]
    return message_class("Node")(
        op_type=kind.encode(), name=name.encode(), input=names[0], output=names[1], attribute=listed
    )


def value_info(name: str, shape: Any, code: int = 1) -> Any:
    """An input or output; a word stands for an open side."""
    info = message_class("ValueInfo")(name=name.encode())
    info.type.tensor_type.elem_type = code
    info.type.tensor_type.shape.SetInParent()
    for side in shape:
        info.type.tensor_type.shape.dim.add(
            **({"dim_param": side.encode()} if isinstance(side, str) else {"dim_value": side})
        )
    return info


def model(nodes: list[Any], weights: dict[str, Any] | None = None, shape: Any = ("n", 3, 6, 8), opset: int = 18) -> Any:
    """A model from "x" to the last step's first output."""
    made = message_class("Model")(ir_version=8)
    made.opset_import.add(version=opset)
    made.graph.node.extend(nodes)
    for name, values in (weights or {}).items():
        made.graph.initializer.append(values if hasattr(values, "dims") else tensor(name, values))
    made.graph.input.append(value_info("x", shape))
    made.graph.output.append(value_info(nodes[-1].output[0].decode(), ()))
    return made


def file(*arguments: Any, **more: Any) -> bytes:
    """The bytes of `model`."""
    return model(*arguments, **more).SerializeToString()
