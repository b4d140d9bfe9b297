"""`make oracle`: random stacks of the shape calculator's grammar, and every preset, run in PyTorch and Keras: each that is
accepted has there the same output shape and as many parameters."""

import contextlib
import io
import sys

import numpy as np
import torch

from instruments import stacks
from instruments.fields import SettingError
from instruments.stack_text import parse_stack
from ui.programs import stacks as programs


def run(program: str) -> dict:
    """Its names after it has run."""
    names: dict = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(program, "program", "exec"), names)
    return names


def a_layer(rng: np.random.Generator, depth: int) -> str:
    """Any layer or block as people could write it, right or wrong."""
    kinds = [
        "conv",
        "conv",
        "conv",
        "max",
        "avg",
        "relu",
        "norm",
        "depthwise",
        "separable",
        "upconv",
        "relu6",
        "tanh",
        "sigmoid",
        "elu",
        "softmax",
        "dropout",
    ]
    if depth and rng.random() < 0.6:  # what keeps the size, so that branches meet
        c = int(rng.integers(1, 5))
        return str(
            rng.choice(
                ["relu", "norm", "depthwise 3 p1", "max 3 1 p1", "avg 3 s1 p1", "upconv 4 3 p1", f"conv {c} 3 p1"]
            )
        )
    kind = str(
        rng.choice(
            [*kinds, *(("res", "cat") * 3 if depth < 3 else ()), *(("mean", "flatten", "dense") if not depth else ())]
        )
    )
    if kind in ("res", "cat"):
        branches = [
            a_stack(rng, depth + 1, int(rng.integers(0, 3))) for _ in range(int(rng.integers(1, 3 + (kind == "cat"))))
        ]
        return f"{kind} [ {' | '.join(branches)} ]"
    k, side = int(rng.choice([1, 2, 3, 4, 6])), int(rng.integers(1, 5))
    numbers = {
        "conv": f"{k} {side}",
        "separable": f"{k} {side}",
        "upconv": f"{k} {side}",
        "dense": f"{k}",
        "dropout": "0.25",
    }
    text = f"{kind} {numbers.get(kind, side if kind in ('max', 'avg', 'depthwise') else '')}".strip()
    if kind in ("conv", "separable", "upconv", "max", "avg", "depthwise"):
        allowed = "spdg" if rng.random() < 0.2 else {"conv": "spdg", "upconv": "sp", "avg": "sp"}.get(kind, "spd")
        for letter in allowed:
            if rng.random() < 0.35:
                text += f" {letter}{int(rng.integers(0 if letter == 'p' else 1, 4))}"
        text += " nobias" if rng.random() < 0.2 and kind not in ("max", "avg") else ""
    return text


def a_stack(rng: np.random.Generator, depth: int, length: int) -> str:
    return "; ".join(a_layer(rng, depth) for _ in range(length))


def compare(text: str, shape: tuple[int, int, int], keras: bool) -> str:
    """Which of the two ran it; "" if it is refused here."""
    try:
        specs = parse_stack(text)
        ours = stacks.graph(specs, shape)
    except (SettingError, ValueError):
        return ""
    last = list(ours.output_shapes().values())[-1]
    names = run(programs.pytorch(specs, shape))
    with torch.no_grad():
        theirs = tuple(names["net"](torch.rand(1, *shape)).shape[1:])
    assert (theirs, sum(one.numel() for one in names["net"].parameters())) == (last, ours.parameter_count()), text
    program = programs.keras(specs, shape)
    if not keras or program.startswith("# Keras cannot"):
        return "PyTorch"
    net = run(program)["net"]
    found = tuple(net.output_shape[1:])
    found = (found[2], *found[:2]) if len(found) == 3 else found
    trained = sum(int(np.prod(one.shape)) for one in net.trainable_weights)
    assert (found, trained) == (last, ours.parameter_count()), text
    return "Keras"


count, seed = int(sys.argv[1]), int(sys.argv[2])
rng, ran = np.random.default_rng(seed), {"": 0, "PyTorch": 0, "Keras": 0}
for number in range(count):
    text, shape = a_stack(rng, 0, int(rng.integers(1, 6))), (int(rng.integers(1, 5)), *map(int, rng.integers(5, 18, 2)))
    try:
        ran[compare(text, shape, number % 2 == 0)] += 1
    except Exception:
        print(f"random stack {number} of seed {seed} is accepted here: {text} on {shape}")
        raise
assert ran["Keras"] > count // 10
assert ran["PyTorch"] > count // 10
print(f"{count} random stacks: {ran['']} refused, the others as in PyTorch, {ran['Keras']} of them run in Keras too")
for label, (shape, text) in stacks.PRESETS.items():
    small = sum(row.parameters for row in stacks.rows(parse_stack(text), shape)) < 30_000_000
    print(f"{label}: {compare(text, shape, True) if small else 'counted by tests.oracle_lessons'}")
