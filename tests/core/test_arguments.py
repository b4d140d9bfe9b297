"""Wrong arguments to every public function: only ValueError comes out, it names what is wrong, and nothing warns."""

import inspect
import types

import numpy as np
import pytest

import cnn_core as core
from cnn_core import faces, kernels, matching, padding, pooling, shapes
from cnn_core.arguments import float_array
from cnn_core.convolution import conv2d_backward_parameters

IMAGE, WEIGHT, GRAD = np.ones((1, 2, 5, 6)), np.ones((4, 2, 3, 2)), np.ones((1, 4, 3, 5))
ROW = np.arange(6.0).reshape(2, 3)
CONV = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}
BIAS = np.ones(4)
POOL = {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}
POOLED = {"grad_output": np.ones((1, 2, 3, 4)), "input": IMAGE}
NORM = {
    "input": IMAGE, "running_mean": np.ones(2), "running_var": np.ones(2), "weight": np.ones(2), "bias": np.ones(2), "eps": 1e-3,
}  # fmt: skip
RESPONSE = {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 1.5}
RESIZED = {"size": None, "scale_factor": (2, 3), "mode": "bilinear", "coordinates": "half_pixel", "rounding": "floor"}
LAYERS = [core.Conv2d(2, 3, 3), core.ReLU()]
CALLS = {
    core.conv2d: {"input": IMAGE, "weight": WEIGHT, "bias": BIAS, **CONV},
    core.conv2d_backward: {"grad_output": GRAD, "input": IMAGE, "weight": WEIGHT, "bias": BIAS, **CONV},
    conv2d_backward_parameters: {"grad_output": GRAD, "input": IMAGE, "weight": WEIGHT, **CONV},
    core.conv_transpose2d: {
        "input": IMAGE, "weight": WEIGHT[:2], "bias": np.ones(2), "stride": 2, "padding": 1, "output_padding": 1, "groups": 1,
        "dilation": 1,
    },
    core.max_pool2d: {"input": IMAGE, **POOL, "dilation": 1, "return_indices": True},
    core.max_pool2d_backward: {**POOLED, **POOL, "dilation": 1},
    core.avg_pool2d: {"input": IMAGE, **POOL, "count_include_pad": True},
    core.avg_pool2d_backward: {**POOLED, **POOL, "count_include_pad": True},
    core.linear: {"input": ROW, "weight": np.ones((4, 3)), "bias": BIAS},
    core.linear_backward: {"grad_output": np.ones((2, 4)), "input": ROW, "weight": np.ones((4, 3)), "bias": BIAS},
    core.cross_entropy: {"logits": ROW, "target": [0, 2]},
    core.cross_entropy_backward: {"logits": ROW, "target": [0, 2]},
    core.prelu: {"x": ROW, "weight": np.ones(3)},
    core.prelu_backward: {"grad_output": ROW, "x": ROW, "weight": np.ones(3)},
    core.leaky_relu: {"x": ROW, "negative_slope": 0.1},
    core.leaky_relu_backward: {"grad_output": ROW, "x": ROW, "negative_slope": 0.1},
    core.elu: {"x": ROW, "alpha": 1.0},
    core.elu_backward: {"grad_output": ROW, "x": ROW, "alpha": 1.0},
    **{getattr(core, name): {"x": ROW} for name in ("relu", "sigmoid", "tanh", "gelu")},
    **{getattr(core, f"{name}_backward"): {"grad_output": ROW, "x": ROW} for name in ("relu", "sigmoid", "tanh", "gelu")},
    **{getattr(core, name): {"x": ROW, "axis": 1} for name in ("softmax", "log_softmax")},
    **{getattr(core, f"{name}_backward"): {"grad_output": ROW, "x": ROW, "axis": 1} for name in ("softmax", "log_softmax")},
    core.conv_transpose2d_backward: {
        "grad_output": np.ones((1, 2, 10, 11)), "input": IMAGE, "weight": WEIGHT[:2], "bias": np.ones(2), "stride": 2,
        "padding": 1, "output_padding": 1, "groups": 1, "dilation": 1,
    },
    **{getattr(core, name): {"x": ROW} for name in ("silu", "hardswish")},
    **{getattr(core, f"{name}_backward"): {"grad_output": ROW, "x": ROW} for name in ("silu", "hardswish")},
    core.clip: {"x": ROW, "min": 0.0, "max": 2.0},
    core.clip_backward: {"grad_output": ROW, "x": ROW, "min": 0.0, "max": 2.0},
    core.hardsigmoid: {"x": ROW, "alpha": 0.2, "beta": 0.5},
    core.hardsigmoid_backward: {"grad_output": ROW, "x": ROW, "alpha": 0.2, "beta": 0.5},
    core.batch_norm: NORM,
    core.batch_norm_backward: {"grad_output": IMAGE, **NORM},
    core.local_response_norm: {"input": IMAGE, **RESPONSE},
    core.local_response_norm_backward: {"grad_output": IMAGE, "input": IMAGE, **RESPONSE},
    core.global_avg_pool2d: {"input": IMAGE, "keepdims": False},
    core.global_avg_pool2d_backward: {"grad_output": np.ones((1, 2)), "input": IMAGE, "keepdims": False},
    core.global_max_pool2d: {"input": IMAGE, "keepdims": False},
    core.global_max_pool2d_backward: {"grad_output": np.ones((1, 2)), "input": IMAGE, "keepdims": False},
    core.adaptive_avg_pool2d: {"input": IMAGE, "output_size": (2, 3)},
    core.adaptive_avg_pool2d_backward: {"grad_output": np.ones((1, 2, 2, 3)), "input": IMAGE, "output_size": (2, 3)},
    core.interpolate: {"input": IMAGE, **RESIZED},
    core.interpolate_backward: {"grad_output": np.ones((1, 2, 10, 18)), "input": IMAGE, **RESIZED},
    core.concatenate: {"inputs": [ROW, ROW], "axis": 1},
    core.concatenate_backward: {"grad_output": np.ones((2, 6)), "inputs": [ROW, ROW], "axis": 1},
    core.conv_output_size: {"size": 9, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": False},
    core.same_padding: {"kernel_size": 3, "dilation": 2},
    core.receptive_field: {"layers": LAYERS},
    core.count_parameters: {"layers": LAYERS},
    core.count_macs: {"layers": LAYERS, "input_shape": (2, 8, 9)},
    shapes.shape_of: {"input_shape": (2, 8, 9)},
    padding.conv_axes: {
        "size": (8, 9), "kernel_size": (3, 2), "stride": 1, "padding": 1, "dilation": 1, "padding_mode": "reflect",
    },
    pooling.pool_axes: {"size": (8, 9), **POOL, "dilation": 1},
    matching.cross_correlation: {"image": np.eye(5), "template": np.eye(3)},
    matching.normalised_cross_correlation: {"image": np.eye(5), "template": np.eye(3)},
    kernels.gaussian: {"size": 3, "sigma": 1.0},
    kernels.laplacian_of_gaussian: {"size": 3, "sigma": 1.0},
    faces.detect: {"image": np.zeros((3, 20, 21)), "min_face": 20, "thresholds": (0.6, 0.7, 0.7)},
    faces.cascade: {"image": np.zeros((3, 20, 21)), "min_face": 20, "thresholds": (0.6, 0.7, 0.7)},
    faces.work: {"height": 40, "width": 50, "min_face": 20},
    faces.suppress: {"boxes": np.ones((3, 5)), "overlap": 0.5, "of_smaller": False, "most": 2},
}  # fmt: skip
NONE_IS_RIGHT = ("bias", "stride", "most", "weight", "min", "max", "scale_factor", "size", "coordinates")
CIRCLE: list = []
CIRCLE.append(CIRCLE)
WRONG = [
    None, "text", "false", b"x", [], (), {}, {1}, object(), len, int, 1j, CIRCLE, [[1.0, 2.0], [3.0]], [None], ["a"], [[]], (1,), (1, 2, 3),
    ((1, 2), 3), (1.5, 2), ("a", "b"), float("nan"), float("inf"), -1, 0, 0.5, 1.5, -0.5, True, 3, 10**12, 10**400, -(10**12), 1e300,
    np.array(["a"]), np.array([object()]), np.zeros(()), np.zeros(0), np.zeros(4), np.zeros((2, 2)), np.zeros((1,) * 7),
    np.zeros((3, 0, 2)), np.array(["2020-01-01"], "datetime64[D]"), np.full((1, 2, 5, 6), np.nan), np.zeros((3, 4), complex),
    np.float32("nan"), np.int64(-3), [2, 3], [-1, -1], [10**12, 1], LAYERS[0], LAYERS, (3, -3, 28), (3, 28, 28), 28,
]  # fmt: skip


def test_every_public_function_of_the_core_is_called() -> None:
    public = {value for name in core.__all__ if isinstance(value := getattr(core, name), types.FunctionType)}
    of_many = {
        core.add,
        core.add_backward,
        core.multiply,
        core.multiply_backward,
        core.chain,
    }  # see test_layers, test_graph
    assert public - of_many <= CALLS.keys()


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__name__)
def test_only_value_errors_come_out_and_they_name_an_argument(function) -> None:
    right = CALLS[function]
    assert set(right) == set(inspect.signature(function).parameters)
    function(**right)
    refused = 0
    for name in right:
        for wrong in WRONG:
            if wrong is None and name in NONE_IS_RIGHT:
                continue  # None is right
            try:
                function(**(right | {name: wrong}))
            except ValueError as error:
                refused += 1
                words = str(error)
                arrays_only = isinstance(wrong, str | bytes | dict | set) or callable(wrong) or wrong is None
                assert len(words) < 400, words
                if arrays_only and function not in (core.receptive_field, core.count_parameters, core.count_macs):
                    assert name in words, (name, wrong, words)
                names = [*right, "conv "] if function is core.count_macs else right  # a layer speaks for itself
                assert any(other in words for other in names), (name, wrong, words)
    assert refused > 5 * len(right)


BACKWARD = [function for function, right in CALLS.items() if "grad_output" in right]


@pytest.mark.parametrize("function", BACKWARD, ids=lambda function: function.__name__)
def test_a_gradient_of_another_shape_is_refused_and_never_broadcast(function) -> None:
    right = CALLS[function]
    shape = np.shape(right["grad_output"])
    others = [(*shape[:axis], side, *shape[axis + 1 :]) for axis, n in enumerate(shape) for side in (1, n + 1, n - 1)]
    for other in (*others, (1, *shape), shape[1:], ()):
        if other != shape:
            with pytest.raises(ValueError, match="grad_output"):
                function(**right | {"grad_output": np.ones(other)})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: core.softmax(ROW, "x"), "axis must be a whole number, got 'x'"),
        (lambda: core.softmax(ROW, None), "axis must be a whole number, got None"),
        (lambda: core.prelu(3.0, [0.1, 0.2]), "weight must hold 1 slope for a single number"),
        (lambda: core.count_macs(LAYERS, 28), r"input_shape must be \(C, H, W\) or \(features,\), got 28"),
        (lambda: core.count_macs(LAYERS, (3, -3, 28)), "input_shape must be a whole number of at least 1, got -3"),
        (lambda: core.receptive_field(core.ReLU()), "layers must be a list of layers, got ReLU"),
        (lambda: core.count_parameters([core.ReLU]), "layers must be a list of layers, but one of them is"),
        (lambda: faces.detect(np.zeros((3, 40, 40)), thresholds=0.7), "thresholds must be three numbers from 0 to 1, got 0.7"),
        (lambda: faces.detect(np.full((3, 40, 40), 255)), "image must hold values from 0 to 1, got 255 to 255: divide by 255"),
        (lambda: faces.detect(np.full((3, 40, 40), np.nan)), "image must hold values from 0 to 1, got nan"),
        (lambda: core.max_pool2d(IMAGE, 2, ceil_mode="false"), "ceil_mode must be True or False, got 'false'"),
        (lambda: core.conv_output_size(5, 3, ceil_mode=1), "ceil_mode must be True or False, got 1"),
        (lambda: core.relu([[1.0, 2.0], [3.0]]), "x must be an array of numbers, rows all of one length"),
        (lambda: matching.cross_correlation(np.eye(3), np.eye(4)), "template of 4 x 4 does not fit: image is 3 x 3"),
        (lambda: core.conv2d(IMAGE, WEIGHT, padding=10**6), "padding .* too large"),
        (lambda: core.conv_transpose2d_backward(IMAGE, IMAGE, WEIGHT), r"weight of shape \(4, 2, 3, 2\) .* does not take 2 input"),
        (lambda: core.conv_transpose2d_backward(IMAGE, IMAGE, WEIGHT[:2], groups=3), "with groups 3 does not take 2 input"),
        (lambda: core.conv_transpose2d_backward(IMAGE, IMAGE, WEIGHT[:2], BIAS), "bias must"),
        (lambda: core.conv2d(IMAGE, WEIGHT, stride=10**10), "stride must be a whole number of at most 2147483647"),
    ],
)  # fmt: skip
def test_what_was_wrong_is_said(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_a_chain_counts_as_its_layers() -> None:
    assert core.receptive_field(core.Sequential(LAYERS)) == core.receptive_field(LAYERS) == 3


@pytest.mark.parametrize("order", ["<", ">"])
def test_float64_stays_in_any_byte_order_and_comes_out_native(order) -> None:
    for kind, expected in (("f8", np.float64), ("f4", np.float32), ("i4", np.float32), ("f2", np.float32)):
        array = float_array("x", np.arange(6).reshape(2, 3).astype(order + kind))
        assert array.dtype == expected
        assert array.dtype.isnative
        assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    image = np.arange(30).reshape(1, 5, 6)
    turned = core.conv2d(image.astype(order + "f8"), np.ones((1, 1, 3, 3), order + "f8"))
    assert turned.dtype == np.float64
    assert np.array_equal(turned, core.conv2d(image.astype(float), np.ones((1, 1, 3, 3))))
