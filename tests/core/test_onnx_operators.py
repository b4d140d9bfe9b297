"""Operators of ONNX with each of their options against plain NumPy, and what they refuse; further ones are in `test_onnx`."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import signal, special

from cnn_core import onnx
from cnn_core.onnx import limits
from tests.core.onnx_files import file, node

RNG = np.random.default_rng(8)
F = np.float32
X = RNG.normal(size=(3, 6, 8)).astype(F)
W = RNG.normal(size=(4, 3, 2, 3)).astype(F)
T = RNG.normal(size=(3, 2, 2, 3)).astype(F)  # of a transposed convolution
C = F([2.0, -0.5, 3.0]).reshape(3, 1, 1)
PLUS = np.abs(X) + F(0.5)


def one(kind, constants=(), opset=18, inputs=None, shape=("n", 3, 6, 8), outputs="y", **attributes):
    """A file of one step on the picture and constants; None is an input that is left out."""
    names = [f"c{number}" if value is not None else "-" for number, value in enumerate(constants)]
    weights = {f"c{number}": np.asarray(value) for number, value in enumerate(constants) if value is not None}
    return file([node(kind, inputs or " ".join(["x", *names]), outputs, **attributes)], weights, shape, opset)


def agree(data, expected, x=X, kinds=None):
    graph = onnx.read(data)
    answer = graph.forward(x)
    assert answer.shape == np.shape(expected)
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)
    if kinds is not None:
        assert [n.layer.kind for n in graph.nodes] == kinds.split(", ")
    return graph


def dilated(w, d):
    """Kernels with zeros between their taps."""
    out = np.zeros((*w.shape[:2], d[0] * (w.shape[2] - 1) + 1, d[1] * (w.shape[3] - 1) + 1))
    out[:, :, :: d[0], :: d[1]] = w
    return out


def convolved(x, w, groups=1, d=(1, 1)):
    w, c = dilated(w, d), len(x) // groups
    per = len(w) // groups
    return np.stack(
        [sum(signal.correlate2d(x[k // per * c + m], w[k, m], "valid") for m in range(c)) for k in range(len(w))]
    )


def stamped(x, w, s, d=(1, 1), extra=(0, 0)):
    """All of a transposed convolution, each pixel stamping its kernels."""
    w = dilated(w, d)
    out = np.zeros(
        (
            w.shape[1],
            *((n - 1) * step + k + e for n, step, k, e in zip(x.shape[1:], s, w.shape[2:], extra, strict=True)),
        )
    )
    for c, y, i in np.ndindex(x.shape):
        out[:, y * s[0] : y * s[0] + w.shape[2], i * s[1] : i * s[1] + w.shape[3]] += x[c, y, i] * w[c]
    return out


def padded(x, top, bottom, left, right, value=0.0):
    return np.pad(x, [(0, 0), (top, bottom), (left, right)], constant_values=value)


def windows(x, kernel, stride):
    return np.lib.stride_tricks.sliding_window_view(x, kernel, (1, 2))[:, :: stride[0], :: stride[1]]


def pooled(x, kernel, stride, ends, counted):
    """Means over the pixels inside, or over the padding too; ends as ((top, bottom), (left, right)), grown where a window hangs over."""
    grown = padded(x, *ends[0], *ends[1])
    inside = padded(np.ones_like(x), *ends[0], *ends[1], float(counted))
    return windows(grown, kernel, stride).sum((-1, -2)) / windows(inside, kernel, stride).sum((-1, -2))


K, D, FLAT = RNG.normal(size=(3, 1, 5, 4)).astype(F), RNG.normal(size=(144, 2)).astype(F), node("Flatten", "x", "f")
LARGE = 100 * X
SQUARES = LARGE**2
CASES = {
    "leaky by default": (one("LeakyRelu"), np.where(X > 0, X, 0.01 * X)),
    "elu by default": (one("Elu"), np.where(X > 0, X, np.expm1(X))),
    "hard sigmoid": (one("HardSigmoid", alpha=0.3, beta=0.4), np.clip(0.3 * X + 0.4, 0, 1)),
    "selu": (one("Selu", alpha=1.5, gamma=2.0), 2 * np.where(X > 0, X, 1.5 * np.expm1(X))),
    "celu by default": (one("Celu"), np.where(X > 0, X, np.expm1(X))),
    "swish": (one("Swish", opset=24, alpha=2.0), X * special.expit(2 * X)),
    "swish by default": (one("Swish", opset=24), X * special.expit(X), "silu"),
    "softmax by default": (one("Softmax", opset=13), special.softmax(X, 2)),
    "softmax over columns": (one("Softmax", opset=13, axis=3), special.softmax(X, 2)),
    "softmax over rows": (one("Softmax", opset=13, axis=-2), special.softmax(X, 1)),
    "old softmax over columns": (one("Softmax", opset=12, axis=-1), special.softmax(X, 2)),
    "old log softmax": (one("LogSoftmax", opset=12), special.log_softmax(X)),
    "clip from 0": (one("Clip", [F(0)]), np.maximum(X, 0), "relu"),
    "clip at both ends": (one("Clip", [F(-0.5), F(0.5)]), X.clip(-0.5, 0.5), "clip"),
    "clip above": (one("Clip", [None, F(0.5)]), np.minimum(X, 0.5), "clip"),
    "clip from 0 to a bound": (one("Clip", [F(0), F(0.5)]), X.clip(0, 0.5), "clip"),
    "clip the wrong way round": (one("Clip", [F(1), F(0.5)]), np.full_like(X, 0.5)),
    "clip from the lowest float": (one("Clip", [F(-3.4028235e38), F(0.5)]), np.minimum(X, 0.5)),
    "clip from a large float": (one("Clip", [F(-3.3e38), F(0.5)]), np.minimum(X, 0.5)),
    "clip to infinity": (one("Clip", [F(0), F(np.inf)]), np.maximum(X, 0), "relu"),
    "old clip": (one("Clip", opset=10, max=0.5), np.minimum(X, 0.5)),
    "max with 0": (one("Max", [F(0)]), np.maximum(X, 0), "relu"),
    "max with two": (one("Max", [F(-0.5), F([0.25])]), np.maximum(X, 0.25), "clip"),
    "min with two": (one("Min", [F(-0.5), F(0.25)]), np.minimum(X, -0.5), "clip"),
    "min with 0": (one("Min", [F(0)]), np.minimum(X, 0), "clip"),
    "one slope": (one("PRelu", [F([0.3])]), np.where(X > 0, X, 0.3 * X)),
    "add": (one("Add", [C]), X + C), "add a number": (one("Add", [F(2)]), X + 2), "sub": (one("Sub", [C]), X - C),
    "sub from": (one("Sub", [C], inputs="c0 x"), C - X), "mul": (one("Mul", [C]), X * C), "div": (one("Div", [C]), X / C),
    "div by the picture": (one("Div", [F(2)], inputs="c0 x"), 2 / X),
    "pow": (one("Pow", [F(3)]), X**3), "sum of three": (one("Sum", [C], inputs="x c0 x"), 2 * X + C),
    "mean of three": (one("Mean", [C], inputs="x c0 x"), (2 * X + C) / 3), "reciprocal": (one("Reciprocal"), 1 / X),
    "add of columns": (one("Add", [F(range(8))]), X + np.arange(8)), "mul by rows": (one("Mul", [F(range(6))[:, None]]), X * np.arange(6.0)[:, None]),
    "grouped": (one("Conv", [W[:, :1]], group=2, inputs="x c0", shape=("n", 2, 6, 8)), convolved(X[:2], W[:, :1], 2), X[:2]),
    "dilated": (one("Conv", [W], dilations=[3, 2]), convolved(X, W, 1, (3, 2))),
    "same upper with dilation": (one("Conv", [W], auto_pad="SAME_UPPER", dilations=[3, 2], strides=[2, 3]),
                                 convolved(padded(X, 1, 1, 1, 2), W, 1, (3, 2))[:, ::2, ::3]),
    "stamps": (one("ConvTranspose", [T, F([1, -2])], strides=[2, 3]), stamped(X, T, (2, 3)) + F([1, -2])[:, None, None]),
    "stamps with room": (one("ConvTranspose", [T], strides=[2, 3], output_padding=[1, 2]), stamped(X, T, (2, 3), extra=(1, 2))),
    "stamps, dilated": (one("ConvTranspose", [T], dilations=[2, 3]), stamped(X, T, (1, 1), (2, 3))),
    "stamps, pads alike": (one("ConvTranspose", [T], strides=[2, 3], pads=[1, 2, 1, 2]), stamped(X, T, (2, 3))[:, 1:-1, 2:-2], "transposed conv"),
    "stamps, pads of one end": (one("ConvTranspose", [T], strides=[2, 3], pads=[0, 0, 1, 2]), stamped(X, T, (2, 3))[:, :-1, :-2]),
    "stamps, same upper": (one("ConvTranspose", [K], auto_pad="SAME_UPPER", strides=[2, 1]), stamped(X, K, (2, 1))[:, 1:-2, 1:-2]),
    "stamps, same lower": (one("ConvTranspose", [K], auto_pad="SAME_LOWER", strides=[2, 1]), stamped(X, K, (2, 1))[:, 2:-1, 2:-1]),
    "dense without a shift": (file([FLAT, node("Gemm", "f d", "y")], {"d": D}), X.ravel() @ D, "flatten, linear"),
    "dense, shifted by one number": (file([FLAT, node("Gemm", "f d b", "y", transB=1, beta=3.0)], {"d": D.T, "b": F([[2]])}), X.ravel() @ D + 6),
    "dense on each pixel": (file([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("MatMul", "t d", "y")], {"d": D[:3]}),
                            X.transpose(1, 2, 0) @ D[:3]),
    "to a size": (one("ConvTranspose", [T], strides=[2, 2], output_shape=[11, 14]), stamped(X, T, (2, 2))[:, 1:, 2:-1]),
    "to a size, upper": (one("ConvTranspose", [T], strides=[2, 2], output_shape=[1, 2, 11, 14], auto_pad="SAME_UPPER"), stamped(X, T, (2, 2))[:, :-1, 1:-2]),
    "to the whole size": (one("ConvTranspose", [T], strides=[2, 2], output_shape=[12, 17]), stamped(X, T, (2, 2)), "transposed conv"),
    "dilated max": (one("MaxPool", kernel_shape=[2, 3], dilations=[3, 2]),
                    np.stack([X[:, i : i + 3, j : j + 4] for i in (0, 3) for j in (0, 2, 4)]).max(0)),
    "max, pads of rows and columns": (one("MaxPool", kernel_shape=[2, 4], pads=[0, 2, 0, 2]), windows(padded(X, 0, 0, 2, 2, -9), (2, 4), (1, 1)).max((-1, -2)), "pool"),
    "max, pads alike": (one("MaxPool", kernel_shape=[2, 3], pads=[1, 1, 1, 1]), windows(padded(X, 1, 1, 1, 1, -9), (2, 3), (1, 1)).max((-1, -2)), "pool"),
    "mean, pads alike": (one("AveragePool", kernel_shape=[2, 3], pads=[1, 1, 1, 1]), pooled(X, (2, 3), (1, 1), ((1, 1), (1, 1)), False), "pool"),
    "mean, counted": (one("AveragePool", kernel_shape=[2, 3], pads=[1, 1, 1, 1], count_include_pad=1),
                      pooled(X, (2, 3), (1, 1), ((1, 1), (1, 1)), True), "pool"),
    "mean, too much padding": (one("AveragePool", kernel_shape=[3, 3], pads=[2, 1, 2, 1], count_include_pad=1),
                               pooled(X, (3, 3), (1, 1), ((2, 2), (1, 1)), True)),
    "mean, uneven": (one("AveragePool", kernel_shape=[3, 2], pads=[1, 0, 0, 1], strides=[2, 3]), pooled(X, (3, 2), (2, 3), ((1, 0), (0, 1)), False)),
    "mean, uneven, last hangs over": (one("AveragePool", kernel_shape=[3, 3], pads=[1, 0, 0, 1], strides=[3, 3], ceil_mode=1),
                                      pooled(X, (3, 3), (3, 3), ((1, 2), (0, 1)), False)),
    "max, last starts beyond": (one("MaxPool", kernel_shape=[1, 2], pads=[0, 1, 0, 0], strides=[4, 3], ceil_mode=1),
                                windows(padded(X, 0, 0, 1, 0, -9), (1, 2), (4, 3)).max((-1, -2))),
    "mean, last starts beyond": (one("AveragePool", kernel_shape=[1, 2], pads=[0, 1, 0, 0], strides=[4, 3], ceil_mode=1),
                                 pooled(X, (1, 2), (4, 3), ((0, 0), (1, 0)), False)),
    "pad with negatives": (one("Pad", [[0, 0, -1, 2, 0, 0, 1, -3]]), padded(X[:, 1:, :-3], 0, 1, 2, 0)),
    "pad of two axes": (one("Pad", [[1, 2, 3, 0], F(0.5), [2, -1]]), padded(X, 1, 3, 2, 0, 0.5)),
    "old pad": (one("Pad", opset=10, pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5), padded(X, 1, 0, 0, 2, 0.5)),
    "pad of channels": (one("Pad", [[0, 1, 0, 0, 0, 2, 0, 0]]), np.pad(X, [(1, 2), (0, 0), (0, 0)])),
    "pad of channels behind": (one("Pad", [[0, 0, 0, 0, 0, 2, 0, 0]]), np.pad(X, [(0, 2), (0, 0), (0, 0)])),
    "squeeze whatever is 1": (one("Squeeze", shape=("n", 1, 6, 8)), X[0], X[:1]),
    "pad of nothing and a relu": (file([node("Pad", "x c", "p"), node("Relu", "p", "y")], {"c": np.zeros(8, np.int64)}), np.maximum(X, 0), "relu"),
    "flatten from the batch on": (one("Flatten", axis=0), X.ravel(), "flatten"),
    "flatten from channels on": (one("Flatten", axis=-3), X.ravel(), "flatten"),
    "split in two": (one("Split", axis=3, num_outputs=2, outputs="y z"), X[:, :, :4]),
    "split in three": (file([node("Split", "x", "a b y0", axis=-2, num_outputs=3), node("Identity", "y0", "y")]), X[:, 4:]),
    "split unevenly": (file([node("Split", "x", "a b y0", axis=3, num_outputs=3), node("Relu", "y0", "y")]), np.maximum(X[:, :, 6:], 0)),
    "old split": (one("Split", opset=11, axis=2, split=[2, 4], outputs="z y0"), X[:, :2]),
    "gather a row": (one("Gather", [np.array(-2)], axis=2), X[:, 4]), "gather rows backwards": (one("Gather", [[5, 3, 1]], axis=2), X[:, 5::-2]),
    "gather rows to the first": (one("Gather", [[2, 1, 0]], axis=2), X[:, 2::-1]), "gather scattered": (one("Gather", [[0, 5, 2]], axis=-2), X[:, [0, 5, 2]]),
    "gather one twice": (one("Gather", [[4, 4]], axis=2), X[:, [4, 4]]),
    "slice backwards": (one("Slice", [[-1], [-(1 << 40)], [3], [-3]]), X[:, :, ::-3]), "slice of two": (one("Slice", [[1, 2], [4, 1 << 40], [2, 3]]), X[:, 1:4, 2:]),
    "old slice": (one("Slice", opset=9, starts=[0, 1], ends=[9, 2]), X[1:2]),
    "where": (one("Where", [X[:1] > 0, F(7)], inputs="c0 x c1"), np.where(X[:1] > 0, X, 7)),
    "where not": (one("Where", [X[:1] > 0, C], inputs="c0 c1 x"), np.where(X[:1] > 0, C, X)),
    "expand": (one("Expand", [[1, 3, 6, 8]], shape=("n", 1, 6, 8)), X[:1].repeat(3, 0), X[:1]),
    "sum over channels": (one("ReduceSum", [[1]], keepdims=0), X.sum(0)), "mean over all": (one("ReduceMean", [[1, 2, 3]]), X.mean(keepdims=True)),
    "sum over maps": (one("ReduceSum", [[2, 3]]), X.sum((1, 2), keepdims=True)), "sum over maps, flat": (one("ReduceSum", [[-1, -2]], keepdims=0), X.sum((1, 2))),
    "largest, flat": (one("ReduceMax", [[2, 3]], keepdims=0), X.max((1, 2))),
    "mean over columns of a turned picture": (file([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("ReduceMean", "t a", "y", keepdims=0)],
                                                   {"a": np.array([2])}), X.mean(2).T),
    "transpose of three axes": (file([node("Squeeze", "x a", "s"), node("Transpose", "s", "y", perm=[0, 2, 1])], {"a": np.array([1])}, ("n", 1, 6, 8)),
                             X[0].T, X[:1]),
    "layer norm": (one("LayerNormalization", [F(range(1, 9)), F(range(8))]),
                   (X - X.mean(2, keepdims=True)) / np.sqrt(X.var(2, keepdims=True) + 1e-5) * np.arange(1, 9) + np.arange(8)),
    "layer norm of maps": (one("LayerNormalization", [F([2])], axis=-2, epsilon=0.5), 2 * (X - X.mean((1, 2), keepdims=True)) / np.sqrt(X.var((1, 2), keepdims=True) + 0.5)),
    "instance norm": (one("InstanceNormalization", [F([1, 2, 3]), F([4, 5, 6])]),
                      (X - X.mean((1, 2), keepdims=True)) / np.sqrt(X.var((1, 2), keepdims=True) + 1e-5) * F([1, 2, 3])[:, None, None] + F([4, 5, 6])[:, None, None]),
    "batch norm": (one("BatchNormalization", [F([1, 2, 3]), F([4, 5, 6]), F([0, 1, 2]), F([0, 1e-5, 2])]),
                   ((X.T - [0, 1, 2]) / np.sqrt(np.array([0, 1e-5, 2]) + 1e-5) * [1, 2, 3] + [4, 5, 6]).T),
    "response norm": (one("LRN", size=3), LARGE / (1 + 1e-4 / 3 * (SQUARES + np.pad(SQUARES, ((1, 0), (0, 0), (0, 0)))[:-1]
                                                                  + np.pad(SQUARES, ((0, 1), (0, 0), (0, 0)))[1:])) ** 0.75, LARGE),
    "even response norm": (one("LRN", size=4), LARGE / (1 + 1e-4 / 4 * (SQUARES + np.pad(SQUARES, ((1, 0), (0, 0), (0, 0)))[:-1]
                                               + np.pad(SQUARES, ((0, 2), (0, 0), (0, 0)))[1:-1] + np.pad(SQUARES, ((0, 2), (0, 0), (0, 0)))[2:])) ** 0.75, LARGE),
    "upsample": (one("Upsample", [F([1, 1, 2, 3])], opset=9), X.repeat(2, 1).repeat(3, 2)),
    "old upsample": (one("Upsample", opset=7, scales=[1.0, 1.0, 3.0, 2.0]), X.repeat(3, 1).repeat(2, 2)),
    "resize by scales": (one("Resize", [F([]), F([1, 1, 2, 3])], coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
                         X.repeat(2, 1).repeat(3, 2)),
    "resize of two axes": (one("Resize", [None, None, [18, 16]], opset=18, axes=[2, 3]), X.repeat(3, 1).repeat(2, 2)),
    "resize to itself": (file([node("Resize", "x - - s", "r", mode="linear"), node("Relu", "r", "y")], {"s": np.array([1, 3, 6, 8])}), np.maximum(X, 0), "relu"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_option_against_plain_numpy(name) -> None:
    data, expected, *more = CASES[name]
    x = next((given for given in more if isinstance(given, np.ndarray)), X)
    agree(data, expected, x, next((given for given in more if isinstance(given, str)), None))


def test_what_changes_nothing_makes_no_layer() -> None:
    for kind, constant in (
        ("Add", F(0)),
        ("Sub", F([0])),
        ("Mul", F(1)),
        ("Mul", np.ones((3, 1, 1), F)),
        ("Div", F(1)),
        ("Add", np.zeros(8, F)),
    ):
        agree(file([node("Relu", "x", "r"), node(kind, "r c", "y")], {"c": constant}), np.maximum(X, 0), kinds="relu")
    for kind, attributes in (("Cast", {"to": 1}), ("Cast", {"to": 10}), ("Cast", {"to": 11}), ("Cast", {"to": 16}), ("Identity", {}), ("Max", {}),
                             ("Flatten", {"axis": 1})):  # fmt: skip
        nodes = [node("GlobalMaxPool", "x", "r"), node("Flatten", "r", "f"), node(kind, "f", "y", **attributes)]
        assert [n.layer.kind for n in agree(file(nodes), X.max((1, 2))).nodes][2:] == []


def test_dropout_keeps_its_share_within_what_is_possible() -> None:
    for opset, constants, attributes, p in (
        (10, [], {"ratio": 0.3}, 0.3),
        (10, [], {}, 0.5),
        (13, [F(0.7)], {}, 0.7),
        (13, [F(1.5)], {}, 1),
        (13, [F(-1)], {}, 0),
    ):
        graph = agree(one("Dropout", constants, opset, **attributes), X, kinds="dropout")
        assert graph.nodes[0].layer.p == pytest.approx(p)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_gate_on_channels_last_needs_no_transposition(channels) -> None:
    """What Keras writes for squeeze and excitation."""
    x = X[:channels] if channels < 3 else X
    nodes = [
        node("ReduceMean", "x a", "m", keepdims=0),
        node("Reshape", "m s", "g"),
        node("Mul", "x g", "p"),
        node("Transpose", "p", "y", perm=[0, 3, 1, 2]),
    ]
    weights = {"a": np.array([1, 2]), "s": np.array([-1, 1, 1, channels])}
    graph = agree(file(nodes, weights, ("n", 6, 8, channels)), x * x.mean((1, 2), keepdims=True), x)
    assert "transpose" not in [n.layer.kind for n in graph.nodes]


def test_sizes_are_asked_for_before_they_are_made(monkeypatch) -> None:
    monkeypatch.setattr(limits, "FOLDED", 200)
    for data, words in (
        (one("Pad", [[0, 30, 0, 0, 0, 40, 0, 0]]), "a padding of 73 x 3"), (one("LRN", [], size=2, shape=("n", 3, 2, 2)), None),
        (one("Unsqueeze", [[2] * 9]), "axes"), (one("Expand", [[1, 3, 6, 201]], shape=("n", 3, 6, 1)), "201"), (one("Gather", [[0] * 201], axis=2), "201 numbers"),
    ):  # fmt: skip
        if words is None:
            onnx.read(data)
            continue
        with pytest.raises(onnx.OnnxError, match=words):
            onnx.read(data)


def test_an_even_response_norm_of_many_channels_is_refused_before_it_is_made() -> None:
    for channels, refused in ((512, False), (513, True)):
        nodes = [node("Conv", "x w", "c"), node("LRN", "c", "y", size=2)]
        data = file(nodes, {"w": np.ones((channels, 1, 1, 1), F)}, ("n", 1, 3, 3))
        if refused:
            with pytest.raises(onnx.OnnxError, match="an even size and 513 channels"):
                onnx.read(data)
        else:
            onnx.read(data)  # its band has 262,144 numbers


def test_weights_that_are_used_again_and_again_are_counted_each_time() -> None:
    """A file of 4 MB must not become gigabytes."""
    matrix = np.ones((400, 400), np.float32)
    for times, refused in ((8, False), (200, True)):
        names = ["f", *(f"d{n}" for n in range(times))]
        nodes = [node("Conv", "x k", "c"), node("Flatten", "c", "f")]
        nodes += [node("MatMul", f"{before} w", after) for before, after in pairwise(names)]
        data = file(nodes, {"w": matrix, "k": np.ones((100, 1, 2, 2), F)}, ("n", 1, 3, 3))
        if refused:
            with pytest.raises(onnx.OnnxError, match="uses its weights again and again"):
                onnx.read(data)
        else:
            onnx.read(data)


def length(number: int) -> bytes:
    """A number as protobuf writes lengths."""
    return bytes([number & 127 | 128, *length(number >> 7)]) if number > 127 else bytes([number])


def packed(*counts: int) -> bytes:
    """A file with a step that has so many numbers in each of its settings, a byte each: to the wire a setting is one entry."""
    step = node("Relu", "x", "y").SerializeToString()
    for count in counts:
        setting = b"\x0a\x04pads\x42" + length(count) + b"\x01" * count + b"\xa0\x01\x07"
        step += b"\x2a" + length(len(setting)) + setting
    graph = b"\x0a" + length(len(step)) + step
    return file([node("Relu", "x", "z")]) + b"\x3a" + length(len(graph)) + graph


def test_steps_with_too_many_settings_or_inputs_are_refused_before_they_are_read() -> None:
    onnx.read(packed(250_000, 250_000, 250_000, 250_000))
    for data in (packed(*[250_000] * 4, 1), file([node("Concat", " ".join(["x"] * 257), "y", axis=1)])):
        with pytest.raises(onnx.OnnxError, match="too many settings or inputs"):
            onnx.read(data)


def test_what_is_read_while_reading_counts_in_all_walks_together(monkeypatch) -> None:
    monkeypatch.setattr(limits, "FREE", 0)
    weights = {"w": np.ones(40_000, np.uint8)}
    for steps, refused in ((16, False), (2000, True)):
        nodes = [node("ReduceMax", "w", f"m{n}") for n in range(steps)] + [node("Relu", "x", "y")]
        data = file(nodes, weights, ("n", 3, "h", "w"))
        if refused:
            with pytest.raises(onnx.OnnxError, match="works out too much"):
                onnx.read(data)
        else:
            onnx.read(data)


@pytest.mark.parametrize("rows", [[4, 0, -1], [2]])
@pytest.mark.parametrize("columns", [[2, 2], [-3]])
def test_gathered_rows_and_columns_that_are_no_bins_stay_as_they_are(rows, columns) -> None:
    rows, columns = np.array(rows), np.array(columns)
    grid = np.stack(np.broadcast_arrays(rows[:, None], columns[None]), -1)
    nodes = [
        node("Transpose", "x", "t", perm=[2, 3, 0, 1]),
        node("GatherND", "t i", "g"),
        node("Transpose", "g", "y", perm=[2, 3, 0, 1]),
    ]
    agree(file(nodes, {"i": grid}), X[:, rows][:, :, columns])


TWO = [node("Relu", "x", "r"), node("GlobalMaxPool", "x", "m"), node("Flatten", "m", "f")]
REFUSED = {
    "to whole numbers": (one("Cast", to=7), "turns maps into whole numbers"), "to booleans": (one("Cast", to=9), "turns maps into whole numbers"),
    "a mask": (file([node("Dropout", "x", "d m"), node("Mul", "d m", "y")]), "gives away what it dropped"),
    "slopes of pixels": (one("PRelu", [X]), "slope for each pixel"), "max of maps": (one("Max", inputs="x x"), "compares maps with maps"),
    "min with many": (one("Min", [C]), "compares maps with maps"), "axes that differ": (file([*TWO, node("Add", "r f", "y")]), "unequally many axes"),
    "a constant with more axes": (one("Add", [np.ones((2, 1, 1, 1, 1), F)]), "adds axes"),
    "other numbers for each picture": (one("Add", [np.ones((2, 3, 1, 1), F)]), "other numbers for each picture"),
    "exponents": (one("Pow", [C]), "needs one number"), "two pads": (one("Conv", [W], pads=[1, 1]), "2 pads instead of 4"),
    "one stride": (one("Conv", [W], strides=[1]), "1 strides instead of 2"), "a kernel that is not so": (one("Conv", [W], kernel_shape=[3, 2]), "another size than it says"),
    "auto pad": (one("Conv", [W], auto_pad="SOME"), "has auto_pad 'SOME'"), "one-dimensional": (one("Conv", [W[0]]), "kernels with 1 sides"),
    "one side of a size": (one("ConvTranspose", [T], strides=[2, 2], output_shape=[11]), "cannot be read"),
    "too large a size": (one("ConvTranspose", [T], output_shape=[99, 99]), "wants a larger output"),
    "a turned batch": (file([FLAT, node("Gemm", "f d", "y", transA=1)], {"d": D}), "mixes the pictures"), "dense on maps": (one("Gemm", [D[:8]]), "mixes the pictures"),
    "attention": (one("MatMul", [np.ones((2, 8, 8), F)]), "no fixed matrix"), "from the left": (one("MatMul", [np.ones((6, 6), F)], inputs="c0 x"), "weights from the picture"),
    "columns": (one("MatMul", [np.ones((8, 2), F)]), "other than features or channels"), "places": (one("MaxPool", kernel_shape=[2, 2], outputs="y z"), "places beside values"),
    "another order": (one("MaxPool", kernel_shape=[2, 2], storage_order=1), "places beside values"),
    "dilated mean": (one("AveragePool", kernel_shape=[2, 2], dilations=[2, 1]), "is dilated"),
    "too large a window": (one("MaxPool", kernel_shape=[9, 2], pads=[1, 0, 0, 0]), "window of 9 does not fit into 7 pixels"),
    "training": (one("BatchNormalization", [C.ravel()] * 4, training_mode=1), "evaluation mode"),
    "not spatial": (one("BatchNormalization", [C.ravel()] * 4, opset=7, spatial=0), "evaluation mode"),
    "more outputs": (one("LayerNormalization", [F(1)], outputs="y m"), "more than the normalised"), "norm of the batch": (one("LayerNormalization", [F(1)], axis=0), "more than the normalised"),
    "old softmax": (one("Softmax", opset=11, axis=2), "runs over all axes from 2"), "order": (one("Transpose", perm=[0, 1, 2, 2]), "has the order"),
    "transposed batch": (file([node("Transpose", "x", "t", perm=[1, 0, 2, 3]), node("Flatten", "t", "y")]), "mixes the pictures"),
    "flatten at 5": (one("Flatten", axis=5), "has axis 5"), "flatten at -5": (one("Flatten", axis=-5), "has axis -1"), "flatten all": (one("Flatten", axis=0, shape=(2, 3, 6, 8)), "mixes the pictures"),
    "squeeze of rows": (one("Squeeze", [[2]]), "a side that is not 1"), "squeeze of the batch": (one("Squeeze", [[0]]), "mixes the pictures"),
    "an axis twice": (one("Unsqueeze", [[2, 2]]), "names an axis twice"), "expand to more axes": (one("Expand", [[1, 1, 1, 1, 1]]), "adds axes"),
    "repeated 65 times": (one("Expand", [[1, 65, 6, 8]], shape=("n", 1, 6, 8)), "repeats maps many times"), "repeated batch": (one("Expand", [[2, 3, 6, 8]]), "over a batch"),
    "cut into 9": (one("Split", axis=3, num_outputs=9), "cuts 8 into 9"), "cut into 0": (one("Split", axis=3, num_outputs=0), "cuts 8 into 0"), "parts of more": (one("Split", [[4, 5]], axis=3), "not the whole"),
    "an empty part": (one("Split", [[8, 0]], axis=3), "not the whole"), "gather a table": (one("Gather", [[[0, 1]]], axis=2), "more than one axis"),
    "gather the batch": (one("Gather", [[0]]), "more than one axis"), "gather nothing": (one("Gather", [np.zeros(0, np.int64)], axis=2), "more than one axis"),
    "gather by floats": (one("Gather", [F([1])], axis=2), "more than one axis"), "gather beyond": (one("Gather", [[6]], axis=2), "what is not there"),
    "gather before": (one("Gather", [[-7]], axis=2), "what is not there"), "scattered pixels": (
        file([node("Transpose", "x", "t", perm=[2, 3, 0, 1]), node("GatherND", "t i", "y")], {"i": np.array([[[0, 1], [1, 2]], [[2, 0], [0, 0]]])}), "scattered pixels"),
    "places of maps": (one("GatherND", [[[0, 1]]]), "other than rows and columns"), "a mask of the picture": (one("Where", [F(1), F(2)], inputs="x c0 c1"), "what the picture holds"),
    "largest channel": (one("ReduceMax", [[1]]), "other axes than rows and columns"), "mean of the batch": (one("ReduceMean", [[0, 2]]), "mixes the pictures"),
    "mean of everything": (one("ReduceMean"), "mixes the pictures"), "joined batch": (one("Concat", inputs="x x", axis=0), "mixes the pictures"), "cut batch": (one("Slice", [[0], [0], [0]]), "mixes the pictures|leaves"),
    "padding in an odd way": (one("Pad", [[0] * 8], mode="odd"), "unknown way"), "padded batch": (one("Pad", [[1, 0, 0, 0, 0, 0, 0, 0]]), "other than rows and columns"),
    "too few pads": (one("Pad", [[0] * 6]), "two numbers for each axis"), "channels that are not 0": (one("Pad", [[0, 1, 0, 0, 0, 0, 0, 0], F(2)]), "channels that are not 0"),
    "reflected channels": (one("Pad", [[0, 1, 0, 0, 0, 0, 0, 0]], mode="reflect"), "channels that are not 0"), "fewer channels": (one("Pad", [[0, -1, 0, 0, 0, 0, 0, 0]]), "channels that are not 0"),
    "smoothed": (one("Resize", [None, None, [1, 3, 3, 4]], antialias=1), "is smoothed"), "proportions": (one("Resize", [None, None, [1, 3, 3, 4]], keep_aspect_ratio_policy="not_larger"), "keeps proportions"),
    "two sizes": (one("Resize", [None, None, [3, 4]]), "one size for each axis"), "no size": (one("Resize"), "one size for each axis"), "more maps": (one("Resize", [None, None, [1, 6, 3, 4]]), "number of maps"),
    "cubic": (one("Resize", [None, None, [1, 3, 3, 4]], mode="cubic"), "is cubic with half_pixel"), "a crop": (one("Resize", [None, None, [1, 3, 3, 4]], coordinate_transformation_mode="tf_crop_and_resize"), "nearest or linear"),
    "pytorch's of one row": (one("Resize", [None, None, [1, 3, 1, 4]], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"), "with pytorch_half_pixel"),
    "symmetric of no whole size": (one("Resize", [None, F([1, 1, 0.7, 0.5])], mode="linear", coordinate_transformation_mode="half_pixel_symmetric"), "with half_pixel_symmetric"),
    "corners of no whole size": (one("Resize", [None, F([1, 1, 0.7, 0.5])], mode="linear", coordinate_transformation_mode="align_corners"), "aligns corners"),
    "scale 0": (one("Resize", [None, F([1, 1, 0, 0.5])]), "scale 0"), "a list of blocks": (one("SpaceToDepth", blocksize=0), "blocksize 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(name) -> None:
    data, words = REFUSED[name]
    with pytest.raises(onnx.OnnxError, match=words):
        onnx.read(data)
