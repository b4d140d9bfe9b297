"""Agreement with PyTorch's recorded answers: 1e-5 relative in float32, 1e-12 in float64; backward 1e-4 in float32."""

import json
from pathlib import Path

import numpy as np
import pytest

import cnn_core

GOLDEN = np.load(Path(__file__).with_name("golden.npz"))
CASES = json.loads(str(GOLDEN["cases"]))["cases"]
ARRAYS: dict[int, dict[str, np.ndarray]] = {}
for _key in GOLDEN.files:
    if _key != "cases":
        _number, _name = _key.split("/")
        ARRAYS.setdefault(int(_number), {})[_name] = GOLDEN[_key]

IDS = [f"{number}-{case['function']}-{case['dtype']}" for number, case in enumerate(CASES)]
ORDER = {  # positional arrays, and the gradients in the order our backward returns them
    "conv2d": ("input", "weight", "bias"),
    "conv_transpose2d": ("input", "weight", "bias"),
    "linear": ("input", "weight", "bias"),
    "max_pool2d": ("input",),
    "avg_pool2d": ("input",),
    "prelu": ("x", "weight"),
    "cross_entropy": ("logits", "target"),
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias"),
    **dict.fromkeys(("concatenate", "add", "multiply"), ("a", "b")),
    **dict.fromkeys(
        ("local_response_norm", "global_avg_pool2d", "global_max_pool2d", "adaptive_avg_pool2d", "interpolate"),
        ("input",),
    ),
}


def relative_error(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30))


def positional(number: int, function: str) -> list[np.ndarray]:
    stored = ARRAYS[number]
    return [stored[f"in_{name}"] for name in ORDER.get(function, ("x",)) if f"in_{name}" in stored]


def together(function: str, arrays: list[np.ndarray]) -> list:
    """A concatenation takes its arrays in one list."""
    return [arrays] if function == "concatenate" else arrays


def test_every_function_is_recorded_in_both_dtypes() -> None:
    assert len(CASES) >= 200
    recorded = {(case["function"], case["dtype"]) for case in CASES}
    functions = {function for function, _ in recorded}
    assert functions >= {*ORDER, "relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "softmax", "log_softmax"}
    assert functions >= {"silu", "hardswish", "hardsigmoid", "clip"}
    assert recorded == {(function, dtype) for function in functions for dtype in ("float32", "float64")}


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_forward(number: int) -> None:
    case = CASES[number]
    kwargs = dict(case["kwargs"])
    if case["function"] == "max_pool2d":
        kwargs["return_indices"] = True
    arrays = positional(number, case["function"])
    result = getattr(cnn_core, case["function"])(*together(case["function"], arrays), **kwargs)
    results = result if isinstance(result, tuple) else (result,)
    tolerance = {"float32": 1e-5, "float64": 1e-12}[case["dtype"]]
    assert relative_error(results[0], ARRAYS[number]["out_0"]) <= tolerance
    if len(results) == 2:
        plain = getattr(cnn_core, case["function"])(*positional(number, case["function"]), **case["kwargs"])
        assert np.array_equal(plain, results[0])
        assert np.array_equal(results[1], ARRAYS[number]["out_1"])


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_backward(number: int) -> None:
    case = CASES[number]
    function, stored = case["function"], ARRAYS[number]
    arrays = positional(number, function)
    if function == "cross_entropy":
        ours = (cnn_core.cross_entropy_backward(*arrays) * stored["grad_output"],)
    else:
        result = getattr(cnn_core, f"{function}_backward")(
            stored["grad_output"], *together(function, arrays), **case["kwargs"]
        )
        ours = result if isinstance(result, tuple) else (result,)
    names = [name for name in ORDER.get(function, ("x",)) if f"grad_{name}" in stored]
    tolerance = {"float32": 1e-4, "float64": 1e-11}[case["dtype"]]
    for name, gradient in zip(names, ours, strict=False):
        assert relative_error(gradient, stored[f"grad_{name}"]) <= tolerance, name
    assert len(names) >= 1
