"""Record golden.npz: what PyTorch answers to random configurations of every function, forward and backward.

Run with PyTorch installed (`make golden`); the file it writes is committed, so the tests need no PyTorch. Each case is
(function, dtype, keyword arguments, arrays), drawn from seed 0; sides, kernel sides and channels differ on purpose.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

PATH = Path(__file__).with_name("golden.npz")
rng = np.random.default_rng(0)
cases: list[dict] = []
arrays: dict[str, np.ndarray] = {}


def integer(low, high):
    return int(rng.integers(low, high + 1))


def pair(low, high):
    """An int half the time, an (h, w) pair otherwise."""
    return integer(low, high) if rng.random() < 0.5 else [integer(low, high), integer(low, high)]


def both(value):
    return tuple(value) if isinstance(value, list) else (value, value)


def normal(*shape):
    return rng.normal(size=shape)


def record(function, kwargs, inputs, compute):
    """Store inputs, output and the gradients of sum(output * grad_output), in float32 and float64 in turn."""
    dtype = ("float32", "float64")[len(cases) % 2]
    tensors = {
        name: torch.tensor(value, dtype=getattr(torch, dtype)) if value.dtype.kind == "f" else torch.tensor(value)
        for name, value in inputs.items()
    }
    wanted = [name for name, tensor in tensors.items() if tensor.is_floating_point()]
    for name in wanted:
        tensors[name].requires_grad_(True)
    result = compute(tensors)
    results = result if isinstance(result, tuple) else (result,)
    grad = torch.tensor(rng.normal(size=results[0].shape), dtype=results[0].dtype)
    (results[0] * grad).sum().backward()
    number = len(cases)
    store = {f"in_{name}": tensor for name, tensor in tensors.items()}
    store |= {f"out_{place}": tensor for place, tensor in enumerate(results)}
    found = {name: tensors[name].grad for name in wanted}
    store |= {"grad_output": grad} | {f"grad_{name}": part for name, part in found.items() if part is not None}
    for name, tensor in store.items():
        arrays[f"{number}/{name}"] = tensor.detach().numpy()
    cases.append({"function": function, "dtype": dtype, "kwargs": kwargs})


def draw_input(channels):
    shape = (channels, integer(5, 11), integer(5, 11))
    return normal(2, *shape) if rng.random() < 0.5 else normal(*shape)


def conv2d():
    groups = int(rng.choice([1, 1, 2, 3]))
    c, k = groups * integer(1, 2), groups * integer(1, 3)
    kernel = (integer(1, 4), integer(1, 4))
    mode = str(rng.choice(["zeros", "zeros", "zeros", "reflect", "replicate", "circular"]))
    style = rng.choice(["number", "number", "valid", "same", "sides"])
    stride, dilation = (1 if style == "same" else pair(1, 3)), pair(1, 2)
    if any((s - 1) * d + 1 > 5 for s, d in zip(kernel, both(dilation), strict=True)):
        dilation = 1
    x, weight = draw_input(c), normal(k, c // groups, *kernel)
    bias = normal(k) if rng.random() < 0.7 else None
    sides = [[integer(0, 3), integer(0, 3)], [integer(0, 3), integer(0, 3)]]
    padding = {"number": pair(0, 3), "valid": "valid", "same": "same", "sides": sides}[str(style)]
    if style == "number":
        top, left = both(padding)
        sides = [[top, top], [left, left]]
    elif style == "same":
        totals = [d * (s - 1) for s, d in zip(kernel, both(dilation), strict=True)]
        sides = [[t // 2, t - t // 2] for t in totals]
    elif style == "valid":
        sides = [[0, 0], [0, 0]]

    def compute(t):
        image = t["input"] if t["input"].ndim == 4 else t["input"][None]
        flat = (*sides[1], *sides[0])
        image = F.pad(image, flat) if mode == "zeros" else F.pad(image, flat, mode=mode)
        out = F.conv2d(image, t["weight"], t.get("bias"), stride if isinstance(stride, int) else tuple(stride),
                       0, dilation if isinstance(dilation, int) else tuple(dilation), groups)  # fmt: skip
        return out if t["input"].ndim == 4 else out[0]

    inputs = {"input": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "padding_mode": mode}
    record("conv2d", kwargs, inputs, compute)


def conv_transpose2d():
    groups = int(rng.choice([1, 1, 2]))
    c, k = groups * integer(1, 2), integer(1, 2)
    stride = (integer(1, 3), integer(1, 3))
    kwargs = {
        "stride": list(stride), "padding": [integer(0, 1), integer(0, 1)], "dilation": integer(1, 2), "groups": groups,
        "output_padding": [integer(0, stride[0] - 1), integer(0, stride[1] - 1)],
    }  # fmt: skip
    inputs = {"input": draw_input(c), "weight": normal(c, k, integer(2, 4), integer(2, 4)), "bias": normal(k * groups)}
    torch_kwargs = {key: tuple(v) if isinstance(v, list) else v for key, v in kwargs.items()}
    record(
        "conv_transpose2d",
        kwargs,
        inputs,
        lambda t: F.conv_transpose2d(t["input"], t["weight"], t["bias"], **torch_kwargs),
    )


def pool(function):
    window = [integer(1, 4), integer(1, 4)]
    kwargs = {
        "kernel_size": window,
        "padding": [integer(0, window[0] // 2), integer(0, window[1] // 2)],
        "ceil_mode": bool(rng.random() < 0.5),
    }
    if rng.random() < 0.7:
        kwargs["stride"] = pair(1, 3)
    if function == "max_pool2d":
        kwargs["dilation"] = 1 if max(window) > 2 else pair(1, 2)
    else:
        kwargs["count_include_pad"] = bool(rng.random() < 0.5)
    torch_kwargs = {key: tuple(v) if isinstance(v, list) else v for key, v in kwargs.items()}
    if function == "max_pool2d":
        torch_kwargs["return_indices"] = True
    x = draw_input(2).round(1)  # ties do happen
    record(function, kwargs, {"input": x}, lambda t: getattr(F, function)(t["input"], **torch_kwargs))


def activation(name, kwargs, compute, **more):
    record(name, kwargs, {"x": normal(2, 3, 4, 5) * 3} | more, compute)


for _ in range(110):
    conv2d()
for _ in range(24):
    conv_transpose2d()
for _ in range(30):
    pool("max_pool2d")
for _ in range(24):
    pool("avg_pool2d")
for _ in range(2):
    activation("relu", {}, lambda t: F.relu(t["x"]))
    activation("leaky_relu", {"negative_slope": 0.2}, lambda t: F.leaky_relu(t["x"], 0.2))
    activation("elu", {"alpha": 1.5}, lambda t: F.elu(t["x"], 1.5))
    activation("sigmoid", {}, lambda t: torch.sigmoid(t["x"]))
    activation("tanh", {}, lambda t: torch.tanh(t["x"]))
    activation("gelu", {}, lambda t: F.gelu(t["x"]))
    activation("prelu", {}, lambda t: F.prelu(t["x"], t["weight"]), weight=np.array([0.1, 0.2, -0.3]))
    for axis in (-1, 1):
        activation("softmax", {"axis": axis}, lambda t, axis=axis: F.softmax(t["x"], axis))
        activation("log_softmax", {"axis": axis}, lambda t, axis=axis: F.log_softmax(t["x"], axis))
    for shape in ((5,), (3, 5), (2, 3, 5)):
        inputs = {"input": normal(*shape), "weight": normal(4, 5), "bias": normal(4)}
        record("linear", {}, inputs, lambda t: F.linear(t["input"], t["weight"], t["bias"]))
    inputs = {"logits": normal(6, 4) * 4, "target": rng.integers(0, 4, 6)}
    record("cross_entropy", {}, inputs, lambda t: F.cross_entropy(t["logits"], t["target"]))


def small(channels=3):
    return normal(2, channels, 3, 4)


def batch_norm(weighted):
    inputs = {"input": small(), "running_mean": normal(3), "running_var": rng.random(3) + 0.1}
    if weighted:
        inputs |= {"weight": normal(3), "bias": normal(3)}
    record(
        "batch_norm",
        {"eps": 0.001},
        inputs,
        lambda t: F.batch_norm(
            t["input"], t["running_mean"].detach(), t["running_var"].detach(), t.get("weight"), t.get("bias"), eps=0.001
        ),
    )


def interpolate(kwargs, **torch_kwargs):
    shared = {key: tuple(value) for key, value in kwargs.items() if key in ("size", "scale_factor")}
    shared["mode"] = kwargs["mode"]
    record("interpolate", kwargs, {"input": small(2)}, lambda t: F.interpolate(t["input"], **shared, **torch_kwargs))


for _ in range(2):
    activation("silu", {}, lambda t: F.silu(t["x"]))
    activation("hardswish", {}, lambda t: F.hardswish(t["x"]))
    activation("hardsigmoid", {}, lambda t: torch.clamp(t["x"] / 6 + 0.5, 0, 1))  # F.hardsigmoid takes 1/6 in float32
    activation("clip", {"min": 0.0, "max": 2.0}, lambda t: torch.clamp(t["x"], 0.0, 2.0))
    batch_norm(True)
    batch_norm(False)
    kwargs = {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 1.5}
    record(
        "local_response_norm",
        kwargs,
        {"input": small(5)},
        lambda t: F.local_response_norm(t["input"], 3, 0.5, 0.6, 1.5),
    )
    kwargs = {"size": 4, "alpha": 2.0}  # of an even window, one more channel lies before
    record("local_response_norm", kwargs, {"input": small(5)}, lambda t: F.local_response_norm(t["input"], 4, 2.0))
    record("global_avg_pool2d", {}, {"input": small()}, lambda t: F.adaptive_avg_pool2d(t["input"], 1))
    record("global_max_pool2d", {}, {"input": small()}, lambda t: F.adaptive_max_pool2d(t["input"], 1))
    for size in ([2, 3], [3, 1], [5, 7]):
        inputs = {"input": normal(2, 7, 5)}
        record(
            "adaptive_avg_pool2d",
            {"output_size": size},
            inputs,
            lambda t, size=size: F.adaptive_avg_pool2d(t["input"], tuple(size)),
        )
    interpolate({"size": [7, 3], "mode": "nearest"})
    interpolate({"scale_factor": [2.0, 1.5], "mode": "nearest"})
    interpolate({"size": [7, 3], "mode": "bilinear"})
    interpolate({"scale_factor": [1.6, 2.0], "mode": "bilinear"})
    interpolate({"size": [5, 9], "mode": "bilinear", "coordinates": "align_corners"}, align_corners=True)
    for axis in (1, -1):
        inputs = {"a": normal(2, 2, 3), "b": normal(*((2, 4, 3) if axis == 1 else (2, 2, 5)))}
        record("concatenate", {"axis": axis}, inputs, lambda t, axis=axis: torch.cat([t["a"], t["b"]], axis))
    for other in ((2, 3, 3, 4), (2, 3, 1, 1), (4,)):
        record("add", {}, {"a": small(), "b": normal(*other)}, lambda t: t["a"] + t["b"])
        record("multiply", {}, {"a": small(), "b": normal(*other)}, lambda t: t["a"] * t["b"])
    record("multiply", {}, {"a": normal(2, 3, 1), "b": normal(1, 3, 4)}, lambda t: t["a"] * t["b"])

arrays["cases"] = np.array(json.dumps({"torch": torch.__version__, "cases": cases}))
np.savez_compressed(PATH, **arrays)
print(f"{len(cases)} cases, {PATH.stat().st_size / 1e3:.0f} kB")
