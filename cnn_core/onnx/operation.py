"""One step of a file: its operator, its attributes and the names of what it reads and makes."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from cnn_core.onnx import limits
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.messages import message_class, text


class Op(NamedTuple):
    """A node of the file. Attributes are asked for by their type, so that a file with another is refused."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    scope: str  # where the exporter says that the step stands in the student's program
    opset: int
    room: int = limits.FOLDED  # how many numbers it may work out while reading

    def count(self, shape: Iterable[int]) -> int:
        """Numbers in an array of this shape, if there is room for them."""
        total = limits.count(shape)
        if total > self.room:
            raise OnnxError(
                f"The model's {self.kind} works out {total} numbers from few: too large here, export it with constants folded."
            )
        return total

    def whole(self, name: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        return int(self._get(name, int, default))

    def real(self, name: str, default: float = 0.0) -> float:
        """An attribute that is a finite number."""
        value = float(self._get(name, float, default))
        if not math.isfinite(value):
            raise OnnxError(f"{name} of {self.kind} is {value}: the file is damaged, export it again.")
        return value

    def word(self, name: str, default: str = "") -> str:
        """An attribute that is a word."""
        return str(self._get(name, str, default))

    def wholes(self, name: str) -> list[int] | None:
        """An attribute that is a list of whole numbers, or None."""
        value = self._get(name, list, None)
        return None if value is None else [int(number) for number in value]

    def reals(self, name: str) -> list[float] | None:
        """An attribute that is a list of numbers, or None."""
        value = self._get(name, list, None)
        return None if value is None else [float(number) for number in value]

    def tensor(self, name: str) -> Any:
        """An attribute that is a tensor, or None."""
        return self._get(name, message_class("Tensor"), None)

    def _get(self, name: str, kind: type, default: Any) -> Any:
        value = self.attributes.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise OnnxError(f"{name} of {self.kind} has the wrong type: the file is damaged, export it again.")
        return value

    def refuse(self, why: str, instead: str = "leave it out, or choose another model") -> OnnxError:
        """An error to raise: what this step does that cannot be read, and what to do."""
        return OnnxError(f"The model's {self.kind} {why}: {instead}.")


def operation(node: Any, opset: int) -> Op:
    """A node message as an Op.

    Raises:
        OnnxError: it holds a graph (control flow), a reference, or its operator is of no standard set.
    """
    kind = text(node.op_type)[:60]
    if node.domain not in (b"", b"ai.onnx"):
        raise OnnxError(
            f"The operator {kind} of {text(node.domain)[:60]} is unknown here: export with standard operators."
        )
    attributes: dict[str, Any] = {}
    for attribute in node.attribute:
        if attribute.HasField("g") or attribute.graphs:
            raise OnnxError(f"The model has control flow ({kind}): export it without branches and loops.")
        if attribute.HasField("ref_attr_name"):
            raise OnnxError(f"The model is made of functions ({kind}): export it with its functions inlined.")
        attributes[text(attribute.name)] = _value(attribute)
    scope = next((text(entry.value) for entry in node.metadata_props if entry.key == b"pkg.torch.onnx.name_scopes"), "")
    names = [tuple(text(name) for name in names) for names in (node.input, node.output)]
    return Op(kind, text(node.name[: limits.NAME]), names[0], names[1], attributes, scope, opset)


def _value(attribute: Any) -> Any:
    """By its type; old files do not say it, then by what is there."""
    field = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}.get(attribute.type)
    if field is None:
        field = next((name for name in ("f", "i", "s", "t") if attribute.HasField(name)), None)
        field = field or next((name for name in ("floats", "ints", "strings") if len(getattr(attribute, name))), None)
    if field is None:
        return None
    value = getattr(attribute, field)
    if field == "s":
        return text(value)
    return np.asarray(value).tolist() if field in ("floats", "ints") else value
