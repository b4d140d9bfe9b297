"""Every layer there is: forward against plain NumPy or the function, gradients against central differences, what cells read."""

import inspect

import numpy as np
import pytest

import cnn_core as core
from cnn_core import layers, resampling
from cnn_core.layers.base import Layer
from tests.core.test_gradients import away_from_kinks, numerical

RNG = np.random.default_rng(11)


def normal(*shape):
    return RNG.normal(size=shape)


def distinct(*shape):
    """Numbers of which no two are nearly equal: no ties in a pool."""
    return RNG.permutation(int(np.prod(shape))).reshape(shape) / 7.0 - 3


def erf(x):
    """From its series, apart from the core's rational approximations."""
    total, term = np.zeros_like(x), x.copy()
    for n in range(60):
        total += term / (2 * n + 1)
        term = -term * x * x / (n + 1)
    return total * 2 / np.sqrt(np.pi)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def windows(x, kernel, stride):
    """(N, C, Ho, Wo, kH, kW)."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1]]


def by_loops(x, weight, bias, stride, pads, dilation, groups):
    """Cross-correlation from its definition."""
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    k, c, height, width = weight.shape
    rows = (x.shape[2] - dilation[0] * (height - 1) - 1) // stride[0] + 1
    columns = (x.shape[3] - dilation[1] * (width - 1) - 1) // stride[1] + 1
    out = np.zeros((len(x), k, rows, columns))
    for n, kernel, y, column, m, i, j in np.ndindex(len(x), k, rows, columns, c, height, width):
        channel = kernel // (k // groups) * c + m
        value = x[n, channel, y * stride[0] + i * dilation[0], column * stride[1] + j * dilation[1]]
        out[n, kernel, y, column] += weight[kernel, m, i, j] * value
    return out + bias[:, None, None]


def stamped(x, weight, bias, stride, cut, extra, groups, dilation):
    """Transposed convolution: each input pixel stamps its kernels."""
    c, k, height, width = weight.shape
    sides = [
        (s - 1) * step + d * (side - 1) + 1 + e
        for s, step, d, side, e in zip(x.shape[2:], stride, dilation, (height, width), extra, strict=True)
    ]
    out = np.zeros((len(x), k * groups, *sides))
    for n, m, y, column, kernel, i, j in np.ndindex(len(x), c, *x.shape[2:], k, height, width):
        target = m // (c // groups) * k + kernel
        place = y * stride[0] + i * dilation[0], column * stride[1] + j * dilation[1]
        out[(n, target, *place)] += x[n, m, y, column] * weight[m, kernel, i, j]
    return out[:, :, cut[0] : sides[0] - cut[0], cut[1] : sides[1] - cut[1]] + bias[:, None, None]


def bilinear(x, size):
    """Half-pixel centres, from the definition: each output pixel on its own."""
    out = np.zeros((*x.shape[:2], *size))
    for y, column in np.ndindex(*size):
        places = [
            min(max((at + 0.5) * side / new - 0.5, 0), side - 1)
            for at, side, new in zip((y, column), x.shape[2:], size, strict=True)
        ]
        (top, left), (down, right) = np.floor(places).astype(int), np.ceil(places).astype(int)
        share_y, share_x = places[0] - top, places[1] - left
        upper = x[..., top, left] * (1 - share_x) + x[..., top, right] * share_x
        lower = x[..., down, left] * (1 - share_x) + x[..., down, right] * share_x
        out[..., y, column] = upper * (1 - share_y) + lower * share_y
    return out


def response(x, size, alpha, beta, k):
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        total[:, c] = (x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1] ** 2).sum(axis=1)
    return x / (k + alpha / size * total) ** beta


CASES = [  # (layer, inputs, what it must answer by plain NumPy, given the layer's stored arrays w and the inputs)
    (layers.Conv2d(4, 6, (3, 2), (2, 1), ((1, 0), (2, 1)), (1, 2), 2), [normal(2, 4, 7, 6)],
     lambda w, x: by_loops(x, w["weight"], w["bias"], (2, 1), ((1, 0), (2, 1)), (1, 2), 2)),
    (layers.Conv2d(4, 4, (2, 3), groups=4, bias=False), [normal(2, 4, 5, 6)],
     lambda w, x: by_loops(x, w["weight"], np.zeros(4), (1, 1), ((0, 0), (0, 0)), (1, 1), 4)),
    (layers.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, dilation=(1, 2)), [normal(2, 4, 3, 5)],
     lambda w, x: stamped(x, w["weight"], w["bias"], (2, 3), (1, 0), (1, 2), 2, (1, 2))),
    (layers.MaxPool2d((2, 3), (1, 2)), [distinct(2, 2, 5, 7)], lambda _, x: windows(x, (2, 3), (1, 2)).max((-2, -1))),
    (layers.AvgPool2d((2, 3), (1, 2)), [normal(2, 2, 5, 7)], lambda _, x: windows(x, (2, 3), (1, 2)).mean((-2, -1))),
    (layers.AvgPool2d((2, 3), (1, 2), 1), [normal(2, 2, 5, 7)], lambda _, x: windows(np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)]), (2, 3), (1, 2)).mean((-2, -1))),
    (layers.AdaptiveAvgPool2d((2, 3)), [normal(2, 2, 5, 7)],
     lambda _, x: np.stack([np.stack([x[:, :, a:b, c:d].mean((2, 3)) for c, d in ((0, 3), (2, 5), (4, 7))], -1)
                            for a, b in ((0, 3), (2, 5))], -2)),
    (layers.GlobalAvgPool2d(), [normal(2, 3, 4, 5)], lambda _, x: x.sum((2, 3), keepdims=True) / 20),
    (layers.GlobalAvgPool2d(keepdims=False), [normal(2, 3, 4, 5)], lambda _, x: x.sum((2, 3)) / 20),
    (layers.GlobalMaxPool2d(), [distinct(2, 3, 4, 5)], lambda _, x: np.sort(x.reshape(2, 3, -1))[..., -1:, None]),
    (layers.Linear(5, 3), [normal(2, 5)], lambda w, x: np.einsum("ni,oi->no", x, w["weight"]) + w["bias"]),
    (layers.Softmax(axis=1), [normal(2, 3, 2, 2)], lambda _, x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
    (layers.BatchNorm2d(3, 0.01), [normal(2, 3, 4, 2)],
     lambda w, x: (x - w["running_mean"][:, None, None]) / np.sqrt(w["running_var"] + 0.01)[:, None, None]
     * w["weight"][:, None, None] + w["bias"][:, None, None]),
    (layers.LocalResponseNorm(4, 0.5, 0.6, 1.5), [normal(2, 6, 2, 3)], lambda _, x: response(x, 4, 0.5, 0.6, 1.5)),
    (layers.Scale([[[2.0]], [[-3.0]]], 0.5), [normal(2, 2, 3, 4)],
     lambda _, x: np.stack([x[:, 0] * 2 + 0.5, x[:, 1] * -3 + 0.5], 1)),
    (layers.Concat(), [normal(2, 2, 3, 4), normal(2, 1, 3, 4), normal(2, 3, 3, 4)], lambda _, *x: np.concatenate(x, 1)),
    (layers.Concat(-1), [normal(2, 2, 3, 4), normal(2, 2, 3, 1)], lambda _, a, b: np.concatenate([a, b], 3)),
    (layers.Add(), [normal(2, 3, 4, 2), normal(2, 3, 1, 1), normal(2, 1, 4, 2)], lambda _, a, b, c: a + b + c),
    (layers.Add(), [normal(2, 3, 4, 2), normal(2, 3, 4, 2)], lambda _, a, b: a + b),
    (layers.Multiply(), [normal(2, 3, 4, 2), normal(2, 3, 1, 1), normal(2, 1, 4, 2)], lambda _, a, b, c: a * b * c),
    (layers.Flatten(), [normal(2, 3, 2, 4)], lambda _, x: x.reshape(2, 24)),
    (layers.Reshape((4, -1)), [normal(2, 3, 2, 4)], lambda _, x: x.reshape(2, 4, 6)),
    (layers.Transpose((0, 3, 1, 2)), [normal(2, 3, 2, 4)], lambda _, x: np.einsum("nabc->ncab", x)),
    (layers.Pad2d(((1, 0), (2, 1)), value=3.0), [normal(2, 2, 3, 4)],
     lambda _, x: np.pad(x, [(0, 0), (0, 0), (1, 0), (2, 1)], constant_values=3.0)),
    (layers.Pad2d(((1, 0), (2, 1)), "reflect"), [normal(2, 2, 3, 4)],
     lambda _, x: np.pad(x, [(0, 0), (0, 0), (1, 0), (2, 1)], "reflect")),
    (layers.Pad2d((1, 2), "replicate"), [normal(2, 2, 3, 4)], lambda _, x: np.pad(x, [(0, 0), (0, 0), (1, 1), (2, 2)], "edge")),
    (layers.Upsample(scale_factor=(2, 3)), [normal(2, 2, 3, 4)], lambda _, x: x.repeat(2, 2).repeat(3, 3)),
    (layers.Upsample((5, 3), mode="bilinear"), [normal(2, 2, 3, 4)], lambda _, x: bilinear(x, (5, 3))),
    (layers.ReLU(), [away_from_kinks(2, 3, 4)], lambda _, x: x * (x > 0)),
    (layers.LeakyReLU(0.2), [away_from_kinks(2, 3, 4)], lambda _, x: np.where(x > 0, x, 0.2 * x)),
    (layers.PReLU(3), [away_from_kinks(2, 3, 4, 2)], lambda w, x: np.where(x > 0, x, w["weight"][:, None, None] * x)),
    (layers.ELU(1.5), [away_from_kinks(2, 3, 4)], lambda _, x: np.where(x > 0, x, 1.5 * (np.exp(x) - 1))),
    (layers.Sigmoid(), [normal(2, 3, 4)], lambda _, x: sigmoid(x)),
    (layers.Tanh(), [normal(2, 3, 4)], lambda _, x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
    (layers.GELU(), [normal(2, 3, 4)], lambda _, x: x * (1 + erf(x / np.sqrt(2))) / 2),
    (layers.SiLU(), [normal(2, 3, 4)], lambda _, x: x * sigmoid(x)),
    (layers.Clip(-0.5, 0.7), [away_from_kinks(2, 3, 4)], lambda _, x: np.clip(x, -0.5, 0.7)),
    (layers.HardSigmoid(0.2), [normal(2, 3, 4) * 2], lambda _, x: np.clip(0.2 * x + 0.5, 0, 1)),
    (layers.HardSwish(), [normal(2, 3, 4) * 2], lambda _, x: x * np.clip(x / 6 + 0.5, 0, 1)),
    (layers.Softplus(), [normal(2, 3, 4)], lambda _, x: np.log(1 + np.exp(x))),
    (layers.Erf(), [normal(2, 3, 4)], lambda _, x: erf(x)),
    (layers.Power(-1.5), [np.abs(normal(2, 3, 4)) + 0.5], lambda _, x: 1 / (x * np.sqrt(x))),
    (layers.LogSoftmax(1), [normal(2, 3, 2, 4)], lambda _, x: np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))),
    (layers.Slice(2, 1, -1, 2), [normal(2, 3, 7, 4)], lambda _, x: x[:, :, [1, 3, 5]]),
    (layers.Slice(1, None, None, -2), [normal(2, 4, 3, 4)], lambda _, x: x[:, [3, 1]]),
    (layers.Take(3, [4, 0, 0, 2]), [normal(2, 3, 2, 5)], lambda _, x: np.stack([x[..., i] for i in (4, 0, 0, 2)], -1)),
    (layers.Mean((1,)), [normal(2, 3, 2, 4)], lambda _, x: np.einsum("nchw->nhw", x)[:, None] / 3),
    (layers.Mean((2, 4), keepdims=False), [normal(2, 3, 2, 4, 3)], lambda _, x: np.einsum("ncahb->nch", x) / 6),
    (layers.Dropout(0.3), [normal(2, 3, 4)], lambda _, x: x),
]  # fmt: skip
for _layer, _inputs, _ in CASES:  # numbers that are not 0 or 1, in float64 so that differences are exact
    shapes = _layer.stored_shapes
    _layer.store({name: np.abs(normal(*shape)) + 0.1 for name, shape in shapes.items()})
MAPS = [case for case in CASES if case[0].apply(*case[1]).ndim == 4]
ONLY_SOME = {layers.MaxPool2d, layers.GlobalMaxPool2d, layers.Reshape, layers.Transpose}  # not all that they could read
IDS = [f"{number}-{type(layer).__name__}" for number, (layer, _, _) in enumerate(CASES)]


def test_every_layer_class_has_a_case() -> None:
    classes = {value for value in vars(layers).values() if inspect.isclass(value) and issubclass(value, Layer)}
    assert classes - {type(layer) for layer, _, _ in CASES} == {Layer}
    subclasses, queue = set(), [Layer]
    while queue:
        found = queue.pop().__subclasses__()
        queue += found
        subclasses |= {
            value for value in found if value.__module__.startswith("cnn_core.") and value.__name__[0] != "_"
        }
    assert subclasses == classes - {Layer}  # none is left out of cnn_core.layers
    assert all(value is getattr(core, value.__name__) for value in subclasses)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_forward_is_what_plain_numpy_says(case) -> None:
    layer, inputs, expected = case
    before = [array.copy() for array in inputs]
    output = layer.apply(*inputs)
    np.testing.assert_allclose(output, expected({**layer.parameters, **layer.buffers}, *inputs), rtol=1e-9, atol=1e-9)
    assert all(np.array_equal(one, other) for one, other in zip(inputs, before, strict=True))
    assert layer.output_shape(*(array.shape[1:] for array in inputs)) == output.shape[1:]
    copies = [array.copy() for array in inputs]
    np.testing.assert_array_equal(layer.apply_over(*copies), output)
    assert all(np.array_equal(one, other) for one, other in zip(inputs[1:], copies[1:], strict=True))
    assert layer.parameter_count() == sum(array.size for array in layer.parameters.values())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_gradients_against_central_differences(case) -> None:
    layer, inputs, _ = case
    grad_output = normal(*layer.apply(*inputs).shape)
    gradients = layer.gradients(grad_output, *inputs)
    assert len(gradients) == len(inputs)
    for which, gradient in enumerate(gradients):
        np.testing.assert_allclose(gradient, numerical(layer.apply, inputs, which, grad_output), atol=1e-7)
    of_parameters = layer.parameter_gradients(grad_output, *inputs)
    assert set(of_parameters) == set(layer.parameters)
    for name, gradient in of_parameters.items():
        kept = layer.parameters[name]

        def moved(array, name=name):
            layer.parameters[name] = array
            return layer.apply(*inputs)

        expected = numerical(moved, [kept], 0, grad_output)
        layer.parameters[name] = kept
        np.testing.assert_allclose(gradient, expected, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_float32_stays_float32(case) -> None:
    layer, inputs, _ = case
    kept = {**layer.parameters, **layer.buffers}
    layer.store({name: array.astype(np.float32) for name, array in kept.items()})
    single = [array.astype(np.float32) for array in inputs]
    output = layer.apply(*single)
    found = [output, *layer.gradients(np.ones_like(output), *single)]
    found += layer.parameter_gradients(np.ones_like(output), *single).values()
    layer.store(kept)
    assert {array.dtype for array in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("case", MAPS, ids=[type(layer).__name__ for layer, _, _ in MAPS])
@pytest.mark.parametrize("axis", [0, 1])
def test_cells_read_what_their_gradients_reach(case, axis) -> None:
    layer, inputs, _ = case
    output = layer.apply(*inputs)
    sizes = [array.shape[axis + 2] for array in inputs]
    for cell in range(output.shape[axis + 2]):
        grad = np.zeros_like(output)
        grad[:, :, *((cell, slice(None)) if axis == 0 else (slice(None), cell))] = normal(
            *np.take(output, cell, axis + 2).shape
        )
        reaches = layer.reads(axis, np.array([cell]), *sizes)
        assert len(reaches) == len(inputs)
        for gradient, reach, size in zip(layer.gradients(grad, *inputs), reaches, sizes, strict=True):
            touched = np.flatnonzero(np.abs(gradient).sum(axis=tuple(a for a in range(4) if a != axis + 2)))
            read = set(range(size)) if reach is None else set(reach.tolist())
            assert set(touched.tolist()) <= read
            if type(layer) not in ONLY_SOME:
                assert read == set(touched.tolist())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.Conv2d(3, 4, 3, groups=2), "groups must divide in_channels 3"),
        (lambda: layers.Conv2d(4, 3, 3, groups=2), "groups must divide"),
        (lambda: layers.ConvTranspose2d(3, 4, 3, groups=2), "groups must divide"),
        (lambda: layers.ConvTranspose2d(4, 3, 3, groups=2), "groups must divide"),
        (lambda: layers.Conv2d(3, 4, 0), "kernel_size must be"),
        (lambda: layers.Conv2d(3, 4, 3, padding_mode="mirror"), "padding_mode must be one of"),
        (lambda: layers.Conv2d(3, 4, 3).output_shape((2, 9, 9)), "conv takes 3 channels, but 2 reach it"),
        (lambda: layers.ConvTranspose2d(3, 4, 3, output_padding=1), "output_padding must be below stride"),
        (lambda: layers.ConvTranspose2d(3, 4, 1, padding=2).output_shape((3, 4, 9)), "leaves nothing"),
        (lambda: layers.AdaptiveAvgPool2d(0), "output_size must be"),
        (lambda: layers.GlobalAvgPool2d().output_shape((3,)), "needs an input of C x H x W"),
        (lambda: layers.Concat(0), "axis must be a whole number other than 0"),
        (lambda: layers.Concat().output_shape((1, 3, 4), (1, 4, 4)), "side by side"),
        (lambda: layers.Concat(4).output_shape((1, 3, 4)), "axis 4 is out of range"),
        (lambda: layers.Add().output_shape((1, 3, 4), (1, 2, 4)), "add cannot bring"),
        (lambda: layers.Add().output_shape((1, 3, 4), (4,)), "equally many axes"),
        (lambda: layers.BatchNorm2d(3).output_shape((4, 2, 2)), "takes 3 channels, but 4"),
        (lambda: layers.PReLU(3).output_shape((4, 2, 2)), "takes 3 channels, but 4"),
        (lambda: layers.Scale(np.ones((3, 1, 1))).output_shape((4, 2, 2)), "does not fit an input of"),
        (lambda: layers.Scale(np.ones((3, 1, 1))).output_shape((1, 2, 2)), "does not fit an input of"),
        (lambda: layers.Reshape((2, -1, -1)), "at most one -1"),
        (lambda: layers.Reshape((0, 2)), "each side of shape"),
        (lambda: layers.Reshape((5, -1)).output_shape((3, 4)), "cannot give 12 numbers"),
        (lambda: layers.Reshape((5, 2)).output_shape((3, 4)), "cannot give 12 numbers"),
        (lambda: layers.Transpose((1, 0, 2)), "axes must be 0"),
        (lambda: layers.Transpose((0, 2, 1)).output_shape((3, 4, 5)), "orders 2 axes"),
        (lambda: layers.Pad2d(1, "mirror"), "mode must be"),
        (lambda: layers.Pad2d(3, "reflect").output_shape((1, 3, 9)), "too large"),
        (lambda: layers.Upsample(), "give either size or scale_factor"),
        (lambda: layers.Upsample(2, 2), "give either size or scale_factor"),
        (lambda: layers.Upsample(scale_factor=float("inf")), "scale_factor must be"),
        (lambda: layers.Upsample(scale_factor=(1, 0.99e-9)), "scale_factor must be"),
        (lambda: layers.Upsample(scale_factor=(1e-9, 1)).output_shape((1, 3, 20)), "leaves nothing of 3 pixels"),
        (lambda: layers.Upsample(scale_factor=0.1).output_shape((1, 3, 20)), "leaves nothing of 3 pixels"),
        (lambda: layers.Upsample(2, mode="cubic"), "mode must be one of nearest, bilinear"),
        (lambda: layers.Upsample(2, coordinates="corner"), "coordinates must be one of"),
        (lambda: layers.Upsample(2, rounding="up"), "rounding must be one of"),
        (lambda: layers.Clip(2, 1), "min must be at most max"),
        (lambda: layers.Slice(0), "axis must be a whole number other than 0"),
        (lambda: layers.Slice(1, step=0), "step must be"),
        (lambda: layers.Slice(2, 5).output_shape((3, 4, 5)), "leaves nothing of 4"),
        (lambda: layers.Take(1, []), "indices must be"),
        (lambda: layers.Take(1, [-1]), "places from 0"),
        (lambda: layers.Take(1, [3]).output_shape((3, 4, 5)), "must be below 3"),
        (lambda: layers.Mean(()), "axes must be one axis or more"),
        (lambda: layers.Mean((0, 1)), "each of axes"),
        (lambda: layers.Mean((4,)).output_shape((3, 4, 5)), "axis 4 is out of range"),
        (lambda: layers.Power("2"), "exponent must be"),
        (lambda: layers.Dropout(1.5), "p must be a number from 0 to 1"),
        (lambda: layers.Softmax(0), "axis must be a whole number other than 0"),
        (lambda: layers.Softmax(4).output_shape((3, 4, 5)), "axis 4 is out of range"),
        (lambda: layers.ReLU().store({"weight": np.ones(1)}), "relu stores nothing, got weight"),
        (lambda: layers.Linear(2, 3).store({"weight": np.ones((3, 2)), "bias": np.ones(2)}), r"bias of linear must have shape \(3,\)"),
        (lambda: core.concatenate([]), "inputs must be one array or more"),
        (lambda: core.multiply(np.ones((2, 3)), np.ones((2, 4))), "do not fit together"),
        (lambda: core.add_backward(np.ones((2, 4)), np.ones((2, 3))), "grad_output must have shape"),
        (lambda: core.batch_norm(np.ones((2, 3, 4)), [0.0, 0.0], [1.0, -1.0]), "running_var plus eps must be above 0"),
        (lambda: core.batch_norm(np.ones((2, 3, 4)), [0.0, 0.0], [1.0]), "running_var must have shape"),
        (lambda: core.local_response_norm(np.ones((2, 3, 4)), 0), "size must be"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()


ALONG = {
    "slice": lambda axis: layers.Slice(axis, 1, None, 2), "backward": lambda axis: layers.Slice(axis, None, None, -1),
    "take": lambda axis: layers.Take(axis, [1, 0, 1]), "softmax": layers.Softmax, "log softmax": layers.LogSoftmax, "concat": layers.Concat,
}  # fmt: skip


@pytest.mark.parametrize("kind", ALONG)
@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2, -3])
def test_every_axis_but_the_batch_is_one(kind, axis) -> None:
    layer = ALONG[kind](axis)
    inputs = [normal(2, 3, 4, 5), normal(2, 3, 4, 5)] if kind == "concat" else [normal(2, 3, 4, 5)]
    assert layer.output_shape(*(array.shape[1:] for array in inputs)) == layer.apply(*inputs).shape[1:]
    for side in (0, 1):
        test_cells_read_what_their_gradients_reach((layer, inputs, None), side)
    if "softmax" not in kind:
        assert layer.moves_alike == (axis in (1, -3))  # maps stay as they are


@pytest.mark.parametrize("kind", ALONG)
def test_what_is_no_axis_is_refused(kind) -> None:
    for axis in (4, -4, 9):
        with pytest.raises(
            ValueError, match=f"axis {axis} is out of range for (an input|inputs) with 3 axes beside the batch"
        ):
            ALONG[kind](axis).output_shape((3, 4, 5))
    for axis in (0, True, 1.0, None, "1"):
        with pytest.raises(ValueError, match="axis must be a whole number other than 0"):
            ALONG[kind](axis)


def test_slices_and_places_at_the_ends() -> None:
    for step in (0, True, 1.5):
        with pytest.raises(ValueError, match="step must be a whole number other than 0"):
            layers.Slice(1, step=step)
    assert layers.Slice(1, 2).output_shape((3, 4, 5)) == (1, 4, 5)
    with pytest.raises(ValueError, match="leaves nothing of 3 along axis 1"):
        layers.Slice(1, 3).output_shape((3, 4, 5))
    assert layers.Take(2, [3]).output_shape((3, 4, 5)) == (3, 1, 5)
    for wrong in ([[0]], [], [0.0], [True], 0):
        with pytest.raises(ValueError, match="indices must be a list of places"):
            layers.Take(1, wrong)
    for axes, shape in (((3,), (3, 4, 1)), ((1, 3), (1, 4, 1)), ((1,), (1, 4, 5))):
        assert layers.Mean(axes).output_shape((3, 4, 5)) == shape
        assert layers.Mean(axes, keepdims=False).output_shape((3, 4, 5)) == tuple(
            s for n, s in enumerate((3, 4, 5), 1) if n not in axes
        )
    with pytest.raises(ValueError, match="none twice"):
        layers.Mean((1, 1))
    cells = np.array([1])
    assert layers.Mean((2,)).reads(0, cells, 4) == layers.Mean((1,), keepdims=False).reads(0, cells, 4) == (None,)
    assert layers.Mean((2,)).reads(1, cells, 4)[0] is layers.Mean((1,)).reads(0, cells, 4)[0] is cells
    assert layers.Add().reads(0, cells, 4, 1, 4)[1] is None
    assert all(
        reach is cells
        for reach in (
            *layers.Add().reads(0, cells, 1, 1),
            *layers.ReLU().reads(0, cells),
            *layers.Concat(2).reads(1, cells, 4, 4),
        )
    )
    assert len(layers.ReLU().reads(0, cells, 4)) == len(layers.ReLU().reads(0, cells)) == 1


@pytest.mark.parametrize(
    "layer", [layers.Linear(5, 3, False), layers.Linear(5, 3), layers.Conv2d(4, 6, (3, 2), groups=2, bias=False), layers.Conv2d(4, 6, (3, 2), groups=2),
              layers.ConvTranspose2d(4, 6, (3, 2), groups=2, bias=False), layers.ConvTranspose2d(4, 6, (3, 2), groups=2), layers.BatchNorm2d(7), layers.PReLU(3)],
)  # fmt: skip
def test_numbers_are_counted_without_drawing_them(layer) -> None:
    counted, shapes = layer.parameter_count(), layer.stored_shapes
    assert counted == sum(array.size for array in layer.parameters.values())
    assert shapes == {name: array.shape for name, array in {**layer.parameters, **layer.buffers}.items()}
    if hasattr(layer, "has_bias"):
        assert (layer.bias is None) == (not layer.has_bias) == ("bias" not in shapes)
        if layer.has_bias:
            assert layer.bias is layer.parameters["bias"]


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (layers.Linear(5, 3), (5,), 15), (layers.Conv2d(4, 6, (3, 2), (2, 1), groups=2), (4, 7, 8), 3 * 7 * 6 * 2 * 6),
        (layers.ConvTranspose2d(4, 6, (3, 2), 2, groups=2), (4, 5, 7), 5 * 7 * 4 * 3 * 6), (layers.MaxPool2d(2), (4, 7, 8), 0), (layers.BatchNorm2d(4), (4, 7, 8), 0),
        (layers.Softmax(), (5,), 0),
    ],
)  # fmt: skip
def test_multiply_adds_are_counted_one_by_one(layer, shape, macs) -> None:
    assert layer.macs(shape) == macs


@pytest.mark.parametrize(
    ("layer", "kept"),
    [
        (layers.Transpose((0, 1, 2, 3)), True), (layers.Transpose((0, 2, 1, 3, 4)), True), (layers.Transpose((0, 1, 3, 2)), False),
        (layers.Transpose((0, 2, 1, 3)), False), (layers.Transpose((0, 3, 2, 1, 4)), False), (layers.Reshape((3, 4, -1)), False),
    ],
)  # fmt: skip
def test_cells_read_their_own_place_where_rows_and_columns_stay(layer, kept) -> None:
    cells = np.array([1, 3])
    for axis in (0, 1):
        (reach,) = layer.reads(axis, cells, 5)
        assert (reach is cells) if kept else (reach is None)


def test_sizes_up_to_the_limit_are_made_and_no_more(monkeypatch) -> None:
    monkeypatch.setattr(resampling, "MOST_NUMBERS", 24)
    for shape in ((1, 24, 1, 1), (24, 1, 1, 1), (2, 3, 1, 1)):
        assert core.interpolate(np.ones(shape), (1, 1)).shape == shape
    assert core.interpolate(np.ones((1, 1, 1, 4)), (1, 6)).shape == (1, 1, 1, 6)
    assert core.interpolate(np.ones((1, 1, 4, 1)), (6, 4)).shape == (1, 1, 6, 4)
    for shape, size, words in (((1, 1, 1, 4), (1, 7), "too many"), ((1, 1, 4, 1), (7, 1), "too many"),
                               ((5, 1, 1, 1), (1, 5), "1 x 5: too large"), ((1, 5, 1, 1), (5, 1), "5 x 1: too large"),
                               ((1, 1, 1, 1), (5, 5), "too large")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            core.interpolate(np.ones(shape), size)


def test_infinity_stays_in_the_bins_that_hold_it() -> None:
    x = np.ones((1, 4, 6))
    x[0, 0, 0] = np.inf
    pooled = core.adaptive_avg_pool2d(x, (2, 3))
    assert np.isinf(pooled[0, 0, 0])
    assert np.isfinite(pooled.ravel()[1:]).all()


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("floor", [0, 0, 1, 1, 2]), ("ceil", [0, 1, 2, 2, 2]), ("round_prefer_floor", [0, 1, 1, 2, 2]),
     ("round_prefer_ceil", [0, 1, 1, 2, 2])],
)  # fmt: skip
def test_nearest_takes_the_pixel_that_onnx_takes(rounding, expected) -> None:
    """Places 0, 0.6, 1.2, 1.8, 2.4 of three pixels."""
    answer = core.interpolate([[[0.0, 1.0, 2.0]]], (1, 5), coordinates="asymmetric", rounding=rounding)
    assert answer.ravel().tolist() == expected


def test_halves_are_rounded_as_their_name_says() -> None:
    picture = [[[0.0, 1.0, 2.0, 3.0]]]  # places of half_pixel to 2: 0.5, 2.5
    down = [
        core.interpolate(picture, (1, 2), coordinates="half_pixel", rounding=rounding).ravel().tolist()
        for rounding in ("round_prefer_floor", "round_prefer_ceil")
    ]
    assert down == [[0.0, 2.0], [1.0, 3.0]]
