"""A tensor of the file as an array; its numbers lie in the file or in the second one, and are looked at where they lie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn_core.onnx import limits
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.messages import text

Numbers = NDArray[Any]
DTYPES = {
    1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8",
}  # fmt: skip
BFLOAT16 = 16
MISSING = "The weights lie in a second file: choose both files, or export with `external_data=False`."
_DAMAGED = "A weight has not as many numbers as its shape says: the file is damaged, export it again."


def dtype(code: int) -> np.dtype[Any]:
    """The NumPy type of an ONNX type.

    Raises:
        OnnxError: it has none.

    >>> dtype(10)
    dtype('float16')
    """
    if code not in DTYPES:
        raise OnnxError(f"The model has numbers of type {code}: only floats, whole numbers and bool can be read here.")
    return np.dtype(DTYPES[code])


def array(tensor: Any, weights: bytes | None) -> Numbers:
    """The numbers of a tensor.

    Args:
        tensor: the message.
        weights: the second file, if there is one. A path that the tensor names is never looked at.

    Returns:
        An array, read-only where it is the file's own memory; bfloat16 as float32.

    Raises:
        OnnxError: they are missing, too many, too few, or of another kind.
    """
    shape = tuple(int(side) for side in tensor.dims)
    total = limits.count(shape, "a weight")
    half_range = tensor.data_type == BFLOAT16
    kind = np.dtype("u2") if half_range else dtype(tensor.data_type)
    if tensor.data_location == 1 or tensor.external_data:
        flat = _flat(_external(tensor, weights, total * kind.itemsize), kind, total)
    elif tensor.HasField("raw_data"):
        flat = _flat(tensor.raw_data, kind, total)
    else:
        flat = _listed(tensor, kind, total)
    if half_range:
        flat = (flat.astype("u4") << 16).view("f4")
    return flat.reshape(shape)


def _flat(data: bytes | memoryview, kind: np.dtype[Any], total: int) -> Numbers:
    if len(data) != total * kind.itemsize:
        raise OnnxError(_DAMAGED)
    return np.frombuffer(data, kind.newbyteorder("<"), total).astype(kind, copy=False)


def _listed(tensor: Any, kind: np.dtype[Any], total: int) -> Numbers:
    """Numbers that the message lists one by one; small types are listed as 32-bit numbers, float16 by its bits."""
    field = {"f4": tensor.float_data, "f8": tensor.double_data, "i8": tensor.int64_data}.get(
        kind.str[1:], tensor.int32_data
    )
    if kind.str[1:] in ("u4", "u8"):
        raise OnnxError("The model lists unsigned numbers one by one: export it again with a current exporter.")
    if len(field) != total:
        raise OnnxError(_DAMAGED)
    if kind == np.float16:
        return np.array(field, "i8").astype("u2").view("f2")
    return np.array(field, kind if kind.kind == "f" else "i8").astype(kind, copy=False)


def _external(tensor: Any, weights: bytes | None, size: int) -> memoryview:
    if weights is None:
        raise OnnxError(MISSING)
    entries = {text(entry.key): text(entry.value) for entry in tensor.external_data}
    start, length = _whole(entries.get("offset", "0")), _whole(entries.get("length", str(size)))
    if length != size or start + length > len(weights):
        raise OnnxError(
            "The second file does not hold this model's weights: choose the two that were exported together."
        )
    return memoryview(weights)[start : start + length]


def _whole(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise OnnxError(_DAMAGED)
    return int(digits)


def floats(values: Numbers) -> NDArray[np.floating[Any]]:
    """Weights for a layer: float16 and float32 stay as they are, all else becomes float32.

    >>> floats(np.array([1, 2])).dtype
    dtype('float32')
    """
    with np.errstate(all="ignore"):
        return values if values.dtype in (np.float16, np.float32) else values.astype(np.float32)
