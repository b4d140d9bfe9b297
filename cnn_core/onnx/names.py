"""Names of nodes as the student wrote them: from the weights, from where the exporter saw the step, or by kind and number."""

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from cnn_core.graph import INPUT, Node, node_names
from cnn_core.layers import BatchNorm2d, Conv2d, ConvTranspose2d, Layer, Linear, PReLU
from cnn_core.onnx import limits
from cnn_core.onnx.operation import Op

_WEIGHTY = (Conv2d, ConvTranspose2d, Linear, BatchNorm2d, PReLU)
_WEIGHT = re.compile(r"[./:](weight|kernel|gamma|scale|alpha|w|W)(_quantized|:0)?\Z")
_LONGEST = 60


def hint(op: Op, layer: Layer, origins: dict[str, str]) -> str:
    """What the file calls a layer, or "" where it says no more than its kind.

    Args:
        op: the step that it is made for.
        layer: which.
        origins: names of the weights from which arrays were made.
    """
    found = _from_weight(op, origins) if isinstance(layer, _WEIGHTY) else ""
    found = found or _from_scope(op.scope) or _from_path(op)
    return found if re.search(r"[A-Za-z]", found) else ""


def named(nodes: Sequence[Node], hints: Mapping[str, str]) -> dict[str, str]:
    """A readable name for each node, none twice: its hint, or else its kind and number.

    Args:
        nodes: in order.
        hints: by the names that the nodes have.
    """
    containers = {text[:place] for text in hints.values() for place, sign in enumerate(text) if sign == "."}
    hints = {
        node.name: f"{text}.{_stem(node.layer)}" if text in containers else text
        for node in nodes
        if (text := hints.get(node.name, ""))
    }
    chosen = {INPUT: INPUT}
    taken, bare = {INPUT}, []
    for node in nodes:
        if not hints.get(node.name):
            bare.append(node)
            continue
        name, number = hints[node.name], 2
        while name in taken:
            name, number = f"{hints[node.name]}_{number}", number + 1
        taken.add(name)
        chosen[node.name] = name
    counts: Counter[str] = Counter()
    for node in bare:
        stem = _stem(node.layer)
        name = stem if stem in ("flatten", "softmax") else ""
        while not name or name in taken:
            counts[stem] += 1
            name = f"{stem}{counts[stem]}"
        taken.add(name)
        chosen[node.name] = name
    return chosen


def _stem(layer: Layer) -> str:
    return next(node_names([layer])).rstrip("0123456789")


def _from_weight(op: Op, origins: dict[str, str]) -> str:
    """ "layer1.0.conv1" of "layer1.0.conv1.weight"; nothing of a name that an exporter made up."""
    for name in op.inputs[1:]:
        origin = origins.get(name, "")[-limits.NAME :]
        if _WEIGHT.search(origin) and "::" not in origin:
            return _clean(_WEIGHT.sub("", origin))
    return ""


def _from_scope(scope: str) -> str:
    """ "layer1.0.relu" of "['', 'layer1', 'layer1.0', 'layer1.0.relu', 'relu_3']", as PyTorch's exporter writes it."""
    try:
        parts = ast.literal_eval(scope) if 0 < len(scope) < 2000 else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    return _clean(parts[-2]) if isinstance(parts, list) and len(parts) > 1 and isinstance(parts[-2], str) else ""


def _from_path(op: Op) -> str:
    """ "layer1.0.conv1" of "/layer1/layer1.0/conv1/Conv" (PyTorch) and "conv2d" of "model/conv2d/Conv2D" (Keras)."""
    parts = [part for part in op.name.split(";")[0].split("/") if part]
    if len(parts) < 2:
        return "" if op.name.startswith("/") or _made_up(op) else _clean(op.name)
    inner = [part for part in parts[:-1] if part not in ("StatefulPartitionedCall", "PartitionedCall")]
    if not op.name.startswith("/"):
        return _clean(inner[-1]) if inner else ""
    found = last = ""
    for part in inner:
        found = (
            f"{found[: len(found) - len(last)]}{part}" if last and part.startswith(f"{last}.") else f"{found}.{part}"
        )
        last = part
    return _clean(found.strip("."))


def _made_up(op: Op) -> bool:
    """Whether a name says no more than the operator and a number."""
    bare = op.name.rstrip("0123456789_").lower()
    return not bare or bare == op.kind.lower() or (bare.startswith(("node_", "n", "op_")) and "." not in bare)


def _clean(name: str) -> str:
    kept = re.sub(r"[^\w.\-]+", "_", name, flags=re.ASCII).strip("._")
    return kept[-_LONGEST:].strip("._")
