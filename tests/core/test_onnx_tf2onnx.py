"""What tf2onnx writes of a Keras or TensorFlow model, built by hand: pictures N x H x W x C, transposes around what wants channels
first, padding "same", biases as Add, means that are squeezed, batch sizes that are worked out."""

import numpy as np
import pytest
from scipy import signal, special

from cnn_core import onnx
from tests.core.onnx_files import file, node

RNG = np.random.default_rng(11)
F = np.float32
HWIO = RNG.normal(size=(3, 2, 3, 4)).astype(F)  # kernels as TensorFlow has them
OIHW = np.ascontiguousarray(HWIO.transpose(3, 2, 0, 1))
DEPTH = RNG.normal(size=(3, 3, 3)).astype(F)  # H x W x C, one kernel a channel
BIAS = F([0.5, -1, 2, 0.25])
TO, FRO = [0, 3, 1, 2], [0, 2, 3, 1]


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding "same": what is odd goes behind."""
    whole = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return whole // 2, whole - whole // 2


def padded(x, kernel, stride, value=0.0):
    ends = [same(size, k, s) for size, k, s in zip(x.shape, kernel, stride, strict=False)]
    return np.pad(x, [*ends, (0, 0)], constant_values=value)


def valid(x, hwio):
    """A convolution without padding, H x W x C."""
    maps = [
        sum(signal.correlate2d(x[..., c], hwio[:, :, c, k], "valid") for c in range(x.shape[2]))
        for k in range(hwio.shape[3])
    ]
    return np.stack(maps, -1)


def conv(x, hwio, stride=(1, 1)):
    """A convolution with padding "same"."""
    return valid(padded(x, hwio.shape, stride), hwio)[:: stride[0], :: stride[1]]


def depthwise(x, hwc, stride=(1, 1)):
    grown = padded(x, hwc.shape, stride)
    maps = [signal.correlate2d(grown[..., c], hwc[..., c], "valid") for c in range(x.shape[2])]
    return np.stack(maps, -1)[:: stride[0], :: stride[1]]


def windows(x, kernel, stride, value):
    grown = padded(x, kernel, stride, value)
    return np.lib.stride_tricks.sliding_window_view(grown, kernel, (0, 1))[:: stride[0], :: stride[1]]


CONV = [node("Transpose", "x", "t", "StatefulPartitionedCall/model/stem/Conv2D__6", perm=TO),
        node("Conv", "t w", "c", "StatefulPartitionedCall/model/stem/Conv2D", auto_pad="SAME_UPPER", strides=[2, 3], kernel_shape=[3, 2])]  # fmt: skip
DENSE = RNG.normal(size=(4, 5)).astype(F)
FLAT = RNG.normal(size=(4 * 4 * 4, 5)).astype(F)
FIVE = F([1, 0, 0, -1, 2])


def stem(x):
    return conv(x, HWIO, (2, 3))


def first(maps):
    """H x W x C to C x H x W."""
    return maps.transpose(2, 0, 1)


CASES = {
    "a bias where channels are last": (
        [*CONV, node("Transpose", "c", "u", perm=FRO), node("Add", "u b", "a"), node("Relu", "a", "r"),
         node("ReduceMean", "r", "y", axes=[1, 2], keepdims=0)],
        {"w": OIHW, "b": BIAS}, lambda x: np.maximum(stem(x) + BIAS, 0).mean((0, 1)), "conv, relu, global pool",
    ),
    "a bias where channels are first": (
        [*CONV, node("Add", "c b", "a"), node("Clip", "a low high", "r"), node("ReduceMean", "r", "m", axes=[2, 3], keepdims=1),
         node("Squeeze", "m axes", "y")],
        {"w": OIHW, "b": BIAS.reshape(1, 4, 1, 1), "low": F(0), "high": F(6), "axes": np.array([2, 3])},
        lambda x: np.clip(stem(x) + BIAS, 0, 6).mean((0, 1)), "conv, clip, global pool, flatten",
    ),
    "ReLU6 as ReLU and Min": (
        [*CONV, node("Relu", "c", "r"), node("Min", "r six", "y")],
        {"w": OIHW, "six": F(6)}, lambda x: first(np.clip(stem(x), 0, 6)), "conv, relu, clip",
    ),
    "a dense layer behind a flatten in the file's order": (
        [*CONV, node("Transpose", "c", "u", perm=FRO), node("Reshape", "u shape", "f"), node("MatMul", "f d", "m"),
         node("Add", "m b", "l"), node("Softmax", "l", "y", axis=1)],
        {"w": OIHW, "shape": np.array([-1, 64]), "d": FLAT, "b": FIVE},
        lambda x: special.softmax(stem(x).ravel() @ FLAT + FIVE), "conv, flatten, linear, softmax",
    ),
    "one kernel for each channel": (
        [node("Transpose", "x", "t", perm=TO), node("Conv", "t w", "c", auto_pad="SAME_UPPER", group=3, strides=[2, 1], kernel_shape=[3, 3]),
         node("Transpose", "c", "y", perm=FRO)],
        {"w": np.ascontiguousarray(DEPTH.transpose(2, 0, 1)[:, None])}, lambda x: depthwise(x, DEPTH, (2, 1)), "conv, transpose",
    ),
    "the largest of each window, padded": (
        [node("Transpose", "x", "t", perm=TO), node("MaxPool", "t", "p", auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 2]),
         node("Transpose", "p", "y", perm=FRO)],
        {}, lambda x: windows(x, (3, 2), (2, 2), -np.inf).max((-1, -2)), None,
    ),
    "the mean of each window, of what lies inside": (
        [node("Transpose", "x", "t", perm=TO), node("AveragePool", "t", "p", auto_pad="SAME_UPPER", strides=[2, 3], kernel_shape=[3, 3]),
         node("Transpose", "p", "y", perm=FRO)],
        {}, lambda x: np.nanmean(windows(x, (3, 3), (2, 3), np.nan), (-1, -2)), None,
    ),
    "zeros around a picture, channels last": (
        [node("Pad", "x pads", "p"), node("Transpose", "p", "t", perm=TO), node("Conv", "t w", "y", auto_pad="VALID", strides=[2, 2])],
        {"pads": np.array([0, 0, 1, 0, 0, 2, 1, 0]), "w": OIHW},
        lambda x: first(valid(np.pad(x, ((0, 2), (1, 1), (0, 0))), HWIO)[::2, ::2]), "padding, conv",
    ),
    "pixels to numbers around 0": (
        [node("Mul", "x scale", "m"), node("Add", "m shift", "s"), node("Transpose", "s", "t", perm=TO),
         node("Conv", "t w", "y", auto_pad="SAME_UPPER")],
        {"scale": F(2), "shift": F([-1, -0.5, 0.25]), "w": OIHW}, lambda x: first(conv(x * 2 + F([-1, -0.5, 0.25]), HWIO)), "scale, conv",
    ),
    "a norm as a factor and a shift": (
        [*CONV, node("Mul", "c factor", "m"), node("Add", "m shift", "y")],
        {"w": OIHW, "factor": F([1, 2, -1, 0.5]).reshape(1, 4, 1, 1), "shift": BIAS.reshape(1, 4, 1, 1)},
        lambda x: first(stem(x) * F([1, 2, -1, 0.5]) + BIAS), "conv, scale",
    ),
    "squeeze and excite, its shape worked out from the batch": (
        [*CONV, node("ReduceMean", "c", "g", axes=[2, 3], keepdims=0),
         node("Shape", "g", "s"), node("Cast", "s", "si", to=6), node("Slice", "si from to axis", "n"), node("Concat", "n one one four", "where", axis=0),
         node("Cast", "where", "place", to=7), node("Reshape", "g place", "r"), node("Transpose", "r", "rt", perm=TO),
         node("Conv", "rt v", "e"), node("Sigmoid", "e", "gate"), node("Mul", "c gate", "y")],
        {"w": OIHW, "from": np.array([0]), "to": np.array([1]), "axis": np.array([0]), "one": np.array([1], "i4"), "four": np.array([4], "i4"),
         "v": DENSE[:, :4].reshape(4, 4, 1, 1)},
        lambda x: first(stem(x) * special.expit(DENSE[:, :4] @ stem(x).mean((0, 1)))), "conv, global pool, reshape, conv, sigmoid, multiply",
    ),
    "swish, then maps side by side where channels are last": (
        [*CONV, node("Sigmoid", "c", "g"), node("Mul", "c g", "h"), node("Transpose", "h", "u", perm=FRO), node("Transpose", "c", "v", perm=FRO),
         node("Concat", "u v", "y", axis=3)],
        {"w": OIHW}, lambda x: np.concatenate([stem(x) * special.expit(stem(x)), stem(x)], 2), "conv, silu, concat, transpose",
    ),
    "a 1 x 1 convolution that names classes, squeezed": (
        [*CONV, node("GlobalAveragePool", "c", "g"), node("Conv", "g v b", "k"), node("Squeeze", "k axes", "q"), node("Softmax", "q", "y", axis=-1)],
        {"w": OIHW, "v": np.ascontiguousarray(DENSE.T).reshape(5, 4, 1, 1), "b": FIVE, "axes": np.array([2, 3])},
        lambda x: special.softmax(stem(x).mean((0, 1)) @ DENSE + FIVE), "conv, global pool, conv, flatten, softmax",
    ),
    "PReLU as Keras takes it apart": (
        [*CONV, node("Relu", "c", "p"), node("Neg", "c", "n"), node("Relu", "n", "r"), node("Mul", "r slope", "m"), node("Add", "p m", "y")],
        {"w": OIHW, "slope": F([-0.1, -0.2, -0.3, -0.4]).reshape(1, 4, 1, 1)},
        lambda x: first(np.where(stem(x) > 0, stem(x), stem(x) * F([0.1, 0.2, 0.3, 0.4]))), None,
    ),
    "twice as large, nearest": (
        [node("Transpose", "x", "t", perm=TO), node("Resize", "t - scales", "r", mode="nearest", coordinate_transformation_mode="asymmetric",
              nearest_mode="floor"), node("Transpose", "r", "y", perm=FRO)],
        {"scales": F([1, 1, 2, 2])}, lambda x: x.repeat(2, 0).repeat(2, 1), "upsample, transpose",
    ),
    "a sum around a skip behind transposes": (
        [*CONV, node("Transpose", "c", "u", perm=FRO), node("Relu", "u", "r"), node("Add", "u r", "s"), node("ReduceMean", "s", "m", axes=[1, 2], keepdims=1),
         node("Squeeze", "m axes", "y")],
        {"w": OIHW, "axes": np.array([1, 2])}, lambda x: (stem(x) + np.maximum(stem(x), 0)).mean((0, 1)), "conv, relu, add, global pool, flatten",
    ),
}  # fmt: skip


def expect(graph, answer, x) -> None:
    """The graph gives the answer to the picture H x W x C."""
    found, expected = graph.forward(np.ascontiguousarray(first(x))), answer(x)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_a_pattern_gives_tensorflows_numbers(name) -> None:
    nodes, weights, answer, kinds = CASES[name]
    graph = onnx.read(file(nodes, weights, ("unk__6", 7, 10, 3), 13))
    assert graph.input_shape == (3, 7, 10)
    expect(graph, answer, RNG.normal(size=(7, 10, 3)).astype(F))
    if kinds is not None:
        assert [node.layer.kind for node in graph.nodes] == kinds.split(", ")


@pytest.mark.parametrize("name", [name for name in CASES if "dense" not in name])
def test_a_height_that_is_left_open_stays_open_unless_what_is_added_depends_on_it(name) -> None:
    """With a stride, "same" adds other rows to 225 than to 224: two walks with even sizes found the same layers."""
    nodes, weights, answer, _ = CASES[name]
    graph = onnx.read(file(nodes, weights, ("unk__6", "unk__7", 10, 3), 13))
    if any(name.startswith(start) for start in ("zeros", "pixels", "twice")):
        assert graph.input_shape == (3, None, 10)
        heights = [7, 10]
    else:
        assert graph.input_shape == (3, 224, 10)
        heights = [224]
    for height in heights:
        expect(graph, answer, RNG.normal(size=(height, 10, 3)).astype(F))


def test_names_are_those_of_the_layers_in_keras() -> None:
    nodes, weights, *_ = CASES["a bias where channels are last"]
    graph = onnx.read(file(nodes, weights, ("unk__6", 7, 10, 3), 13))
    assert graph.nodes[0].name == "stem"
