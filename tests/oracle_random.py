"""Random calls of every operation beside PyTorch: the same numbers, and the same refusals.

`python -m tests.oracle_random [calls] [seed]`; `make oracle` runs it. It prints the seed, and the first disagreement in
full, and exits with 1. What is known to differ, on purpose:

- a max pool whose window sees only padding is refused here; PyTorch answers minus infinity with an index outside;
- a transposed convolution whose padding leaves nothing is refused here; PyTorch answers an empty array;
- `prelu` of (C, H, W) and (C,) takes axis 0 for channels, as all of cnn_core does; PyTorch takes axis 1, or one slope;
- where a sum of finite numbers overflows on the way, PyTorch's float32 answer or the true one are both right;
- `cross_entropy` refuses -100, which PyTorch leaves out of the mean;
- `elu_backward` at NaN passes the gradient; so does PyTorch for the last few numbers of an array, but not for the others;
- an (h, w) pair has two numbers here; PyTorch also takes a list of one.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

import cnn_core as core
from cnn_core.padding import MODES, conv_axes
from cnn_core.pooling import pool_axes

REFUSALS = (RuntimeError, ValueError, TypeError, IndexError)
FLOATS = {np.dtype(np.float32): (4e-5, 1e-30), np.dtype(np.float64): (1e-10, 1e-290)}  # relative, absolute
Numbers = np.ndarray


class Call(NamedTuple):
    """One call: arrays by name, the other arguments, and how each side answers it with a tuple of arrays."""

    name: str
    arrays: dict[str, Numbers]
    arguments: dict[str, Any]
    ours: Callable[..., tuple[Numbers, ...]]
    theirs: Callable[..., tuple[torch.Tensor, ...]]


class Draw:
    """Random settings and numbers, some of them wrong or not finite on purpose."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def of(self, *options: Any) -> Any:
        return options[self.whole(0, len(options) - 1)]

    def pair(self, low: int, high: int) -> Any:
        return self.whole(low, high) if self.chance(0.4) else (self.whole(low, high), self.whole(low, high))

    def dtype(self) -> np.dtype:
        return np.dtype(self.of(np.float32, np.float32, np.float64))

    def numbers(self, shape: tuple[int, ...], dtype: np.dtype, wild: bool = True, largest: float = 1e38) -> Numbers:
        """Normal numbers, or few values with many ties; one time in three with some that are special."""
        values = self.rng.normal(size=shape) if self.chance(0.6) else self.rng.integers(-2, 3, shape).astype(float)
        if self.chance(0.1):
            values *= self.of(0.0, 1e-3, 1e3, 1e7)
        if wild and self.chance(0.35):
            special = self.of(
                [np.nan], [np.inf], [-np.inf], [np.nan, np.inf, -np.inf], [largest, -largest], [1e7], [1e-38]
            )
            spots = self.rng.random(shape) < self.of(0.01, 0.1, 0.6, 1.0)
            flat = values.reshape(-1)
            if self.chance(0.5):
                flat[self.whole(0, flat.size - 1)] = self.of(*special)
            else:
                values = np.where(spots, self.rng.choice(special, shape), values)
        return np.asarray(values, dtype).reshape(shape)


def tensors_of(call: Call, dtype: torch.dtype | None, absolute: bool = False) -> dict[str, torch.Tensor]:
    made = {}
    for name, array in call.arrays.items():
        tensor = torch.tensor(array)
        if tensor.is_floating_point():
            tensor = tensor.to(dtype or tensor.dtype)
            if absolute:
                tensor = tensor.nan_to_num(0, 0, 0).abs()
            tensor.requires_grad_(name != "grad_output")
        made[name] = tensor
    return made


def their_answer(call: Call, dtype: torch.dtype | None = None, absolute: bool = False) -> tuple[Numbers, ...]:
    return tuple(t.detach().numpy() for t in call.theirs(**tensors_of(call, dtype, absolute), **call.arguments))


def with_gradients(function: Callable[..., Any], *wanted: str) -> Callable[..., tuple[torch.Tensor, ...]]:
    """Answer of a PyTorch function, then the gradients of what is wanted."""

    def run(grad_output: torch.Tensor, **rest: Any) -> tuple[torch.Tensor, ...]:
        result = function(**rest)
        results = result if isinstance(result, tuple) else (result,)
        if grad_output.shape != results[0].shape:
            raise ValueError("grad_output has another shape")
        results[0].backward(grad_output.to(results[0].dtype))
        return (*results, *(rest[name].grad for name in wanted))

    return run


def agree(ours: Numbers, theirs: Numbers, exact: Numbers, scale: Numbers | None) -> Numbers:
    """Where ours is theirs, or the exact answer in the type of ours, to rounding."""
    relative, absolute = FLOATS.get(ours.dtype, (0, 0))
    with np.errstate(all="ignore"):
        exact = exact.astype(ours.dtype)
        found = np.zeros(ours.shape, bool)
        for other in (theirs, exact):
            size = np.abs(other) if scale is None else np.maximum(np.abs(other), scale)
            close = np.abs(ours.astype(float) - other) <= relative * size + absolute
            found |= close | (ours == other) | (np.isnan(ours) & np.isnan(other))
    return found


# --- operations ------------------------------------------------------------------------------------------------------


def conv2d(draw: Draw) -> Call:
    dtype, groups = draw.dtype(), draw.of(1, 1, 1, 2, 3)
    channels, kernels = groups * draw.whole(1, 3), groups * draw.whole(1, 3)
    style = draw.of("small", "small", "small", "bands", "passes", "spectrum")
    if style != "small":
        groups, channels, kernels = 1, draw.of(1, 1, 2), draw.of(1, 1, 2, 3)
    window = {
        "small": (draw.whole(1, 4), draw.whole(1, 4)),
        "bands": (draw.whole(2, 9), draw.whole(2, 9)),
        "passes": (draw.whole(5, 9), draw.whole(5, 9)),
        "spectrum": (draw.whole(17, 22), draw.whole(17, 22)),
    }[style]
    side = {"small": (1, 12), "bands": (20, 110), "passes": (12, 70), "spectrum": (25, 100)}[style]
    height, width = draw.whole(*side), draw.whole(*side)
    batched = draw.chance(0.5)
    plain = style == "spectrum" or draw.chance(0.3)
    arguments = {
        "stride": 1 if plain else draw.pair(0 if draw.chance(0.03) else 1, 3),
        "padding": draw.of("same", "valid") if draw.chance(0.15) else draw.pair(-1 if draw.chance(0.03) else 0, 3),
        "dilation": 1 if plain else draw.pair(1, 3),
        "groups": 4 if draw.chance(0.03) else groups,
        "padding_mode": draw.of("zeros", *MODES),
    }
    if draw.chance(0.1):
        arguments["padding"] = ((draw.whole(0, 3), draw.whole(0, 3)), (draw.whole(0, 3), draw.whole(0, 3)))
    shape = (draw.whole(1, 2), channels, height, width)
    weight = draw.numbers((kernels, channels // groups, *window), dtype, draw.chance(0.4), 3e35)
    if style == "passes":
        with np.errstate(all="ignore"):
            weight = np.outer(weight[0, 0, :, 0], weight[0, 0, 0]).reshape(1, 1, *window)
        shape, kernels = (shape[0], 1, height, width), 1
    arrays = {"input": draw.numbers(shape if batched else shape[1:], dtype), "weight": weight}
    arrays["bias"] = draw.numbers((kernels + (1 if draw.chance(0.02) else 0),), dtype, draw.chance(0.2))
    try:
        axes = conv_axes(shape[2:], window, arguments["stride"], arguments["padding"], arguments["dilation"])
        size = (axes[0].output_size, axes[1].output_size)
    except ValueError:
        size = (1, 1)
    arrays["grad_output"] = draw.numbers((*arrays["input"].shape[:-3], kernels, *size), dtype, draw.chance(0.3))

    def ours(grad_output, input, weight, bias, **rest):
        return core.conv2d(input, weight, bias, **rest), *core.conv2d_backward(grad_output, input, weight, bias, **rest)

    return Call("conv2d", arrays, arguments, ours, with_gradients(torch_conv2d, "input", "weight", "bias"))


def torch_conv2d(input, weight, bias, stride, padding, dilation, groups, padding_mode):
    """As torch.nn.Conv2d puts it together; unequal sides by F.pad."""
    if isinstance(padding, str) and padding_mode == "zeros":
        return F.conv2d(input, weight, bias, stride, padding, dilation, groups)
    spread = (dilation, dilation) if isinstance(dilation, int) else dilation
    if padding == "same":
        if stride not in (1, (1, 1)):
            raise ValueError("same with a stride")
        totals = [d * (k - 1) for d, k in zip(spread, weight.shape[2:], strict=True)]
        sides = [(t // 2, t - t // 2) for t in totals]
    elif padding == "valid":
        sides = [(0, 0), (0, 0)]
    elif isinstance(padding, tuple) and isinstance(padding[0], tuple):
        sides = list(padding)
    else:
        pair = (padding, padding) if isinstance(padding, int) else padding
        if padding_mode == "zeros" or min(pair) < 0:
            return F.conv2d(input, weight, bias, stride, padding, dilation, groups)
        sides = [(p, p) for p in pair]
    mode = "constant" if padding_mode == "zeros" else padding_mode
    batch = input if input.ndim == 4 else input[None]
    padded = F.pad(batch, (*sides[1], *sides[0]), mode)
    out = F.conv2d(padded, weight, bias, stride, 0, dilation, groups)
    return out if input.ndim == 4 else out[0]


def conv_transpose2d(draw: Draw) -> Call:
    dtype, groups = draw.dtype(), draw.of(1, 1, 2, 3)
    channels, per_group = groups * draw.whole(1, 3), draw.whole(1, 3)
    shape = (*((draw.whole(1, 2),) if draw.chance(0.5) else ()), channels, draw.whole(1, 7), draw.whole(1, 7))
    arguments = {
        "stride": draw.pair(1, 3),
        "padding": draw.pair(0, 3),
        "output_padding": draw.pair(0, 2) if draw.chance(0.4) else 0,
        "groups": 4 if draw.chance(0.03) else groups,
        "dilation": draw.pair(1, 3),
    }
    arrays = {
        "input": draw.numbers(shape, dtype),
        "weight": draw.numbers(
            (channels, per_group, draw.whole(1, 4), draw.whole(1, 4)), dtype, draw.chance(0.3), 3e35
        ),
        "bias": draw.numbers((per_group * groups,), dtype, draw.chance(0.2)),
    }
    return Call(
        "conv_transpose2d",
        arrays,
        arguments,
        lambda **all_: (core.conv_transpose2d(**all_),),
        lambda **all_: (F.conv_transpose2d(**all_),),
    )


def pool(draw: Draw) -> Call:
    largest = draw.chance(0.6)
    window = draw.pair(1, 4)
    arguments: dict[str, Any] = {
        "kernel_size": window,
        "stride": None if draw.chance(0.3) else draw.pair(1, 4),
        "padding": draw.pair(0, 2),
        "ceil_mode": draw.chance(0.5),
    }
    if largest:
        arguments["dilation"] = draw.pair(1, 3)
    else:
        arguments["count_include_pad"] = draw.chance(0.5)
    dtype = draw.dtype()
    shape = (*((draw.whole(1, 2),) if draw.chance(0.5) else ()), draw.whole(1, 3), draw.whole(1, 9), draw.whole(1, 9))
    arrays = {"input": draw.numbers(shape, dtype)}
    if draw.chance(0.05):
        arrays["input"] = np.full(shape, -np.inf, dtype)
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    try:
        axes = pool_axes(shape[-2:], **{name: arguments[name] for name in names if name in arguments})
        size = (axes[0].output_size, axes[1].output_size)
    except ValueError:
        size = (1, 1)
    arrays["grad_output"] = draw.numbers((*shape[:-2], *size), dtype, draw.chance(0.4))

    if largest:

        def ours(grad_output, input, **rest):
            best, indices = core.max_pool2d(input, **rest, return_indices=True)
            assert np.array_equal(best, core.max_pool2d(input, **rest), equal_nan=True)
            return best, indices, core.max_pool2d_backward(grad_output, input, **rest)

        return Call(
            "max_pool2d",
            arrays,
            arguments,
            ours,
            with_gradients(lambda **all_: F.max_pool2d(**all_, return_indices=True), "input"),
        )

    def ours_mean(grad_output, input, **rest):
        return core.avg_pool2d(input, **rest), core.avg_pool2d_backward(grad_output, input, **rest)

    return Call("avg_pool2d", arrays, arguments, ours_mean, with_gradients(F.avg_pool2d, "input"))


def activation(draw: Draw) -> Call:
    name = draw.of("relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "softmax", "log_softmax")
    dtype = draw.dtype()
    shape = tuple(draw.whole(1, 5) for _ in range(draw.whole(1, 4)))
    arguments: dict[str, Any] = {}
    if name == "leaky_relu":
        arguments["negative_slope"] = draw.of(0.01, 0.0, 1.5, -0.3, 2)
    if name == "elu":
        arguments["alpha"] = draw.of(1.0, 0.5, 2.0)
    if name.endswith("softmax"):
        arguments["axis"] = draw.whole(-len(shape) - (1 if draw.chance(0.05) else 0), len(shape) - 1)
    # Where a curve is flat PyTorch's 1 - y rounds to 0 and ours does not; times infinity that is NaN or infinity.
    steep = name in ("relu", "leaky_relu", "elu")
    arrays = {"x": draw.numbers(shape, dtype), "grad_output": draw.numbers(shape, dtype, steep)}

    if name == "elu":
        arrays["x"] = np.nan_to_num(arrays["x"], nan=0.5, posinf=np.inf, neginf=-np.inf)

    def ours(grad_output, x, **rest):
        return getattr(core, name)(x, **rest), getattr(core, f"{name}_backward")(grad_output, x, **rest)

    def torch_function(x, axis=None, **rest):
        return getattr(F, name)(x, **rest) if axis is None else getattr(F, name)(x, dim=axis)

    return Call(name, arrays, arguments, ours, with_gradients(torch_function, "x"))


def prelu(draw: Draw) -> Call:
    dtype = draw.dtype()
    shape = tuple(draw.whole(1, 5) for _ in range(draw.of(0, 1, 2, 3, 4, 4)))
    channels = shape[1] if len(shape) in (2, 4) else 1
    slopes = draw.of(1, channels, channels, channels + 1) if len(shape) in (2, 4) else 1
    arrays = {
        "x": draw.numbers(shape, dtype),
        "weight": draw.numbers((slopes,), dtype, draw.chance(0.2)),
        "grad_output": draw.numbers(shape, dtype, draw.chance(0.3)),
    }

    def ours(grad_output, x, weight):
        return core.prelu(x, weight), *core.prelu_backward(grad_output, x, weight)

    return Call("prelu", arrays, {}, ours, with_gradients(lambda x, weight: F.prelu(x, weight), "x", "weight"))


def linear(draw: Draw) -> Call:
    dtype, before, after = draw.dtype(), draw.whole(1, 6), draw.whole(1, 6)
    rows = tuple(draw.whole(1, 4) for _ in range(draw.whole(0, 2)))
    wrong = 1 if draw.chance(0.05) else 0
    arrays = {
        "input": draw.numbers((*rows, before), dtype),
        "weight": draw.numbers((after, before + wrong), dtype, draw.chance(0.3), 3e35),
        "bias": draw.numbers((after,), dtype, draw.chance(0.2)),
        "grad_output": draw.numbers((*rows, after), dtype, draw.chance(0.3)),
    }

    def ours(grad_output, input, weight, bias):
        return core.linear(input, weight, bias), *core.linear_backward(grad_output, input, weight, bias)

    return Call("linear", arrays, {}, ours, with_gradients(F.linear, "input", "weight", "bias"))


def cross_entropy(draw: Draw) -> Call:
    dtype, classes = draw.dtype(), draw.whole(1, 6)
    rows = (draw.whole(1, 5),) if draw.chance(0.8) else ()
    target = draw.rng.integers(0, classes + (1 if draw.chance(0.05) else 0), rows)
    arrays = {"logits": draw.numbers((*rows, classes), dtype), "target": np.asarray(target)}

    def theirs(logits, target):
        loss = F.cross_entropy(logits, target)
        loss.backward()
        return loss, logits.grad

    return Call(
        "cross_entropy",
        arrays,
        {},
        lambda logits, target: (core.cross_entropy(logits, target), core.cross_entropy_backward(logits, target)),
        theirs,
    )


def output_size(draw: Draw) -> Call:
    arguments = {
        "kernel_size": draw.whole(1, 5),
        "stride": draw.whole(1, 4),
        "padding": draw.whole(0, 2),
        "dilation": draw.whole(1, 3),
        "ceil_mode": draw.chance(0.6),
    }
    arguments["padding"] = min(arguments["padding"], arguments["kernel_size"] // 2)
    arrays = {"input": np.zeros((1, 1, draw.whole(1, 12), 1), np.float32)}

    def theirs(input, kernel_size, stride, padding, dilation, ceil_mode):
        out = F.max_pool2d(input, (kernel_size, 1), (stride, 1), (padding, 0), (dilation, 1), ceil_mode)
        return (torch.tensor(out.shape[2]),)

    return Call(
        "conv_output_size",
        arrays,
        arguments,
        lambda **all_: (np.asarray(core.conv_output_size(all_.pop("input").shape[2], **all_)),),
        theirs,
    )


OPERATIONS = (
    conv2d, conv2d, conv2d, conv_transpose2d, pool, pool, activation, activation, prelu, linear, cross_entropy, output_size,
)  # fmt: skip
KNOWN_REFUSALS = ("sees only padding", "leaves nothing")  # by us alone: see above


def complaint(call: Call) -> str | None:
    """What is wrong with our answer beside theirs, or None."""
    mine: tuple[Numbers, ...] | ValueError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mine = call.ours(**call.arrays, **call.arguments)
    except ValueError as error:
        mine = error
    if isinstance(mine, ValueError) and any(words in str(mine) for words in KNOWN_REFUSALS):
        return None  # PyTorch's gradient would even be written outside the input
    try:
        other = their_answer(call)
    except REFUSALS as error:
        return None if isinstance(mine, ValueError) else f"PyTorch refuses: {error}\nours: {mine}"
    if isinstance(mine, ValueError):
        return f"ours refuses: {mine}\nPyTorch: {other}"
    exact = their_answer(call, torch.float64)
    scales = (
        their_answer(call, torch.float64, True)
        if call.name in ("conv2d", "conv_transpose2d", "linear", "avg_pool2d")
        else None
    )
    for number, (one, two, three) in enumerate(zip(mine, other, exact, strict=True)):
        if one.shape != two.shape or one.dtype != two.dtype:
            return f"answer {number}: {one.dtype} of {one.shape} here, {two.dtype} of {two.shape} in PyTorch"
        if call.name == "max_pool2d" or scales is None:
            largest = np.abs(three[np.isfinite(three)]).max(initial=0) if three.dtype.kind == "f" else 0
            exactly = call.name in ("relu", "leaky_relu", "elu", "max_pool2d", "conv_output_size")
            grad = np.abs(np.nan_to_num(call.arrays.get("grad_output", np.zeros(1)), posinf=0, neginf=0)).max()
            scale = np.asarray(0.0 if exactly else max(largest, grad))  # 1 - y, where y is near 1, has no digits left
        else:
            scale = scales[number]
        good = agree(one, two, three, scale)
        if not good.all():
            place = tuple(int(i) for i in np.argwhere(~good)[0])
            return (
                f"answer {number} at {place} ({(~good).sum()} of {good.size} differ): {one[place]!r} here, "
                f"{two[place]!r} in PyTorch, {three[place]!r} in float64\nours: {one}\nPyTorch: {two}"
            )
    return None


def main(calls: int, seed: int) -> None:
    draw = Draw(seed)
    warnings.filterwarnings("ignore", "Using padding='same'")  # PyTorch's own, on even kernels
    print(f"{calls} random calls beside PyTorch {torch.__version__}, seed {seed}")
    for number in range(calls):
        call = OPERATIONS[draw.whole(0, len(OPERATIONS) - 1)](draw)
        wrong = complaint(call)
        if wrong:
            np.set_printoptions(threshold=400, linewidth=140)
            print(f"Call {number} of seed {seed} disagrees: {call.name}")
            for name, value in (call.arguments | call.arrays).items():
                shape = f" {value.dtype} of {value.shape}" if isinstance(value, np.ndarray) else ""
                print(f"  {name} ={shape} {value!r}")
            print(wrong)
            sys.exit(1)
    print("all agree, in numbers and in refusals")


if __name__ == "__main__":
    torch.set_num_threads(1)
    given = [int(word) for word in sys.argv[1:]]
    main(given[0] if given else 5000, given[1] if len(given) > 1 else 0)
