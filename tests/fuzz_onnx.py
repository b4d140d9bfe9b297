"""`make fuzz`: two minutes of damaged and made-up ONNX files; only OnnxError may escape, in bounded time and memory."""

import resource
import sys
import time
from typing import Any

import numpy as np

from cnn_core import onnx
from cnn_core.onnx.messages import TABLE, message_class
from cnn_core.onnx.operators import OPERATORS
from tests.core.onnx_files import model, node

SECONDS = 120
SLOWEST = 5.0  # seconds for one file
MOST = 3 << 20  # kB of memory
WHOLES = (-(2**63), -1, 0, 1, 2, 3, 5, 7, 255, 1 << 20, 1 << 31, 2**63 - 1)
NAMES = [
    "pads",
    "strides",
    "dilations",
    "group",
    "kernel_shape",
    "axis",
    "axes",
    "auto_pad",
    "ceil_mode",
    "count_include_pad",
    "output_padding",
    "output_shape",
    "perm",
    "alpha",
    "beta",
    "size",
    "mode",
    "epsilon",
    "keepdims",
    "to",
    "value",
    "blocksize",
    "transA",
    "transB",
    "min",
    "max",
    "num_outputs",
    "split",
    "starts",
    "ends",
    "allowzero",
]
WORDS = (
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "linear",
    "nearest",
    "reflect",
    "wrap",
    "edge",
    "CRD",
    "",
    "tanh",
)


def weights(rng: np.random.Generator) -> dict[str, Any]:
    """Constants of all sorts, sensible or not."""
    return {
        "w": rng.normal(size=(4, 3, 3, 2)).astype(np.float32), "v": rng.normal(size=(3, 1, 1)).astype(np.float32),
        "m": rng.normal(size=(144, 5)).astype(np.float16), "c": rng.normal(size=3).astype(np.float32),
        "one": np.float32(1), "i": rng.choice(WHOLES, rng.integers(0, 9)), "s": rng.integers(-3, 9, rng.integers(0, 6)),
        "e": np.zeros((0,), np.float32), "q": rng.integers(-128, 128, (4, 3, 3, 2)).astype(np.int8), "b": np.array([True, False]),
    }  # fmt: skip


def value(rng: np.random.Generator) -> Any:
    """Something that an attribute may be."""
    kind = rng.integers(6)
    if kind == 0:
        return int(rng.choice(WHOLES))
    if kind == 1:
        return float(rng.choice([0.0, 1.0, -1.0, 0.5, np.nan, np.inf, 1e38]))
    if kind == 2:
        return str(rng.choice(WORDS))
    if kind == 3:
        return [float(number) for number in rng.normal(size=rng.integers(0, 5))]
    small = kind == 4
    return [
        int(n) for n in (rng.integers(0, 4, rng.integers(0, 6)) if small else rng.choice(WHOLES, rng.integers(0, 6)))
    ]


def made_up(rng: np.random.Generator) -> bytes:
    """A model of random steps that mostly read what is there."""
    kinds = sorted(
        {*OPERATORS, "Shape", "ConstantOfShape", "Range", "Tile", "Constant", "DequantizeLinear", "Equal", "ReduceProd"}
    )
    constants = weights(rng)
    known, steps = ["x", "x", "x"], []
    for number in range(rng.integers(1, 7)):
        inputs = [known[int(rng.integers(max(0, len(known) - 3), len(known)))]]
        inputs += [
            str(rng.choice([*constants, *known, "-"])) for _ in range(rng.integers(0, 4) if rng.random() < 0.6 else 0)
        ]
        attributes = {
            str(rng.choice(NAMES)): value(rng) for _ in range(rng.integers(0, 4) if rng.random() < 0.4 else 0)
        }
        steps.append(node(str(rng.choice(kinds)), " ".join(inputs), f"y{number}", **attributes))
        known.append(f"y{number}")
    shapes = (("n", 3, 6, 8), (1, 3, "h", "w"), ("n", 6, 8, 3), (2, 1, 5, 1), (1, 3, 3, 3))
    shape = shapes[int(rng.integers(len(shapes)))]
    return model(steps, constants, shape, int(rng.integers(7, 26))).SerializeToString()


def noise(rng: np.random.Generator, name: str = "Model", depth: int = 0) -> Any:
    """A message with random fields, of the right types."""
    made = message_class(name)()
    for field in TABLE[name].split(", "):
        _, key, kind = field.split()
        for _ in range(rng.integers(0, 3) if kind.endswith("*") else rng.integers(0, 2)):
            bare = kind.rstrip("*")
            if bare in TABLE:
                part: Any = noise(rng, bare, depth + 1)
            elif bare == "bytes":
                part = bytes(rng.choice([b"", b"x", b"Relu", b"Conv", b"y", b"\xff\x00"]))
            elif bare in ("float", "double"):
                part = float(rng.normal())
            else:
                part = int(rng.choice(WHOLES[1:9])) if bare == "int32" else int(rng.choice(WHOLES))
            if kind.endswith("*"):
                getattr(made, key).append(part)
            elif bare in TABLE:
                getattr(made, key).CopyFrom(part)
            else:
                setattr(made, key, part)
    return made


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """A few bytes changed, cut or doubled."""
    changed = bytearray(data or b"\0")
    for _ in range(rng.integers(1, 8)):
        place = int(rng.integers(len(changed)))
        way = rng.random()
        if way < 0.15:
            del changed[place:]
        elif way < 0.3:
            del changed[place : place + int(rng.integers(1, 30))]
        elif way < 0.4:
            changed[place:place] = changed[place : place + 20]
        else:
            changed[place] = int(rng.integers(256))
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def main(seed: int, seconds: float) -> None:
    """Try files until the time is over; say what came of them."""
    rng = np.random.default_rng(seed)
    ends = time.monotonic() + seconds
    tried = refused = ran = 0
    slowest = 0.0
    while time.monotonic() < ends:
        way = rng.random()
        data = made_up(rng) if way < 0.8 else noise(rng).SerializeToString()
        data = damaged(rng, data) if 0.5 < way < 0.8 or way > 0.9 else data
        tried += 1
        start = time.monotonic()
        try:
            graph = onnx.read(data, None if rng.random() < 0.5 else bytes(64))
        except onnx.OnnxError as error:
            refused += 1
            assert str(error).endswith("."), error
        except BaseException:
            print(f"file {tried} of seed {seed}: {data!r}")
            raise
        else:
            ran += 1
            shape = [side or 8 for side in graph.input_shape]
            if graph.macs(shape) < 10**7:
                answer = graph.forward(np.zeros(shape, np.float32))
                assert answer.shape == graph.output_shapes(shape)[graph.output]
        slowest = max(slowest, time.monotonic() - start)
        assert slowest < SLOWEST, data
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert most < MOST, most
    print(
        f"{tried} files, {refused} refused with a sentence, {ran} read and run; slowest {slowest:.2f} s, "
        f"at most {most >> 10} MB, seed {seed}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0, SECONDS)
