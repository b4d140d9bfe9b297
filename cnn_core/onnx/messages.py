"""The bytes of a file as messages: the table of those that are read, and a count of what is inside before they are made.

What may nest without end (a graph within an attribute, the type of a sequence) stays bytes and is never looked into.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers); Protocol Buffers, "Encoding".
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from cnn_core.onnx import limits
from cnn_core.onnx.limits import OnnxError

# Of each message its fields: number, name, type; "*" where there may be several.
TABLE = {
    "Model": "1 ir_version int64, 2 producer_name bytes, 7 graph Graph, 8 opset_import OperatorSet*, 25 functions bytes*",
    "OperatorSet": "1 domain bytes, 2 version int64",
    "Graph": "1 node Node*, 2 name bytes, 5 initializer Tensor*, 11 input ValueInfo*, 12 output ValueInfo*, "
    "15 sparse_initializer bytes*",
    "Node": "1 input bytes*, 2 output bytes*, 3 name bytes, 4 op_type bytes, 5 attribute Attribute*, 7 domain bytes, "
    "9 metadata_props Entry*",
    "Attribute": "1 name bytes, 2 f float, 3 i int64, 4 s bytes, 5 t Tensor, 6 g bytes, 7 floats float*, 8 ints int64*, "
    "9 strings bytes*, 11 graphs bytes*, 20 type int32, 21 ref_attr_name bytes",
    "Tensor": "1 dims int64*, 2 data_type int32, 4 float_data float*, 5 int32_data int32*, 7 int64_data int64*, "
    "8 name bytes, 9 raw_data bytes, 10 double_data double*, 13 external_data Entry*, 14 data_location int32",
    "Entry": "1 key bytes, 2 value bytes",
    "ValueInfo": "1 name bytes, 2 type Type",
    "Type": "1 tensor_type TensorType, 4 sequence_type bytes, 5 map_type bytes, 8 sparse_tensor_type bytes, "
    "9 optional_type bytes",
    "TensorType": "1 elem_type int32, 2 shape Shape",
    "Shape": "1 dim Dimension*",
    "Dimension": "1 dim_value int64, 2 dim_param bytes",
}
_LONGEST = {  # bytes of numbers packed together, each of which becomes up to eight bytes, or an object
    ("Tensor", "int64"): 4 << 20,
    ("Tensor", "int32"): 16 << 20,
    ("Attribute", "int64"): 1 << 18,
    ("Attribute", "float"): 1 << 20,
}
_CUT = "The file ends too early or is damaged: choose it again, or export the model again."
_NO_MODEL = "This is no ONNX file: choose a file that ends in .onnx."
_PLAIN = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "int64": _PLAIN.TYPE_INT64,
    "int32": _PLAIN.TYPE_INT32,
    "float": _PLAIN.TYPE_FLOAT,
    "double": _PLAIN.TYPE_DOUBLE,
    "bytes": _PLAIN.TYPE_BYTES,
}


def _fields(text: str) -> Iterator[tuple[int, str, str, bool]]:
    for field in text.split(", "):
        number, name, kind = field.split()
        yield int(number), name, kind.rstrip("*"), kind.endswith("*")


@cache
def message_class(name: str) -> Any:
    """The class of a message of the table, made from its descriptor.

    Args:
        name: a key of `TABLE`.

    >>> message_class("OperatorSet")(version=18).SerializeToString()
    b'\\x10\\x12'
    """
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"cnn.{name}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="cnn_onnx.proto", package="cnn", syntax="proto2")
    for name, text in TABLE.items():
        described = file.message_type.add(name=name)
        for number, field_name, kind, several in _fields(text):
            label = _PLAIN.LABEL_REPEATED if several else _PLAIN.LABEL_OPTIONAL
            field = described.field.add(name=field_name, number=number, label=label)
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _PLAIN.TYPE_MESSAGE, f".cnn.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


@cache
def _inside() -> dict[str, dict[int, str]]:
    """Of each message the types of its fields by number."""
    return {name: {number: kind for number, _, kind, _ in _fields(text)} for name, text in TABLE.items()}


def parse(data: bytes) -> Any:
    """The model that a file holds.

    Args:
        data: the whole file.

    Raises:
        OnnxError: it is no ONNX file, damaged, or larger than what is read here.
    """
    if len(data) > limits.FILE_BYTES:
        raise OnnxError(f"The file has {len(data) >> 20} MB: at most {limits.FILE_BYTES >> 20} can be read here.")
    try:
        _count(memoryview(data), "Model", [limits.FIELDS])
    except _CutError:
        raise OnnxError(_CUT if data[:1] == b"\x08" else _NO_MODEL) from None
    model = message_class("Model")()
    try:
        model.ParseFromString(data)
    except message.DecodeError:
        raise OnnxError(_CUT) from None
    if not model.HasField("graph") or not model.graph.node:
        raise OnnxError("This is no ONNX model with layers: choose a file that ends in .onnx.")
    if len(model.graph.node) > limits.NODES:
        raise OnnxError(f"The model has {len(model.graph.node)} steps: at most {limits.NODES} can be read here.")
    return model


class _CutError(Exception):
    """The bytes end within a field, or are none."""


def _count(data: memoryview, name: str, left: list[int]) -> None:
    """Walk through the fields, as deep as the table goes, and refuse too many before any becomes an object."""
    place, end = 0, len(data)
    kinds = _inside()[name]
    while place < end:
        left[0] -= 1
        if left[0] < 0:
            raise OnnxError(f"The model has more than {limits.FIELDS} entries: choose a smaller model.")
        tag, place = _varint(data, place)
        wire, kind = tag & 7, kinds.get(tag >> 3)
        if wire == 0:
            _, place = _varint(data, place)
        elif wire == 2:
            size, place = _varint(data, place)
            if size > end - place:
                raise _CutError
            if kind in TABLE and size:
                _count(data[place : place + size], kind, left)
            elif size > _LONGEST.get((name, kind or ""), size):
                raise OnnxError("The model lists too many numbers one by one: export it again with a current exporter.")
            place += size
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise _CutError
    if place > end:
        raise _CutError


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    if place < len(data) and data[place] < 128:
        return data[place], place + 1
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise _CutError


def text(data: bytes) -> str:
    """A name from the file, whatever its bytes are.

    >>> text(b"conv1"), text(bytes([255]))
    ('conv1', '\\ufffd')
    """
    return data.decode("utf-8", "replace")
