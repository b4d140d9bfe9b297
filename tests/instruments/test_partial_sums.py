"""Partial sums: they add up to the layer's own map, with groups, strides, padding and dilation; and windows that hold the sums."""

import tracemalloc

import numpy as np
import pytest

from cnn_core.graph import INPUT, Graph, Node
from cnn_core.layers import (
    Add,
    AvgPool2d,
    BatchNorm2d,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Scale,
    Softmax,
)
from cnn_core.padding import pad
from instruments.opened_map import kernel_walk, needed, pool_walk, steps
from instruments.overview import cards
from instruments.partial_sums import dense_products, grid, kernel_sums, sources

RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 13, 11)).astype(np.float32)
CONVOLUTIONS = [
    Conv2d(24, 6, 3),
    Conv2d(24, 6, (5, 2), stride=(2, 3), padding=(3, 1), dilation=(1, 2)),
    Conv2d(24, 6, (1, 3), groups=3, padding=((0, 1), (2, 0))),
    Conv2d(24, 24, 3, groups=24, stride=2, padding=1, bias=False),
    Conv2d(24, 48, (2, 3), groups=4, padding="same", padding_mode="reflect"),
    ConvTranspose2d(24, 6, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
    ConvTranspose2d(24, 16, 3, groups=8, dilation=(2, 1)),
]


def filled(layer):
    """The layer with other numbers than its first ones, biases too."""
    layer.store({name: RNG.normal(size=shape).astype(np.float32) for name, shape in layer.stored_shapes.items()})
    return layer


@pytest.mark.parametrize("number", range(len(CONVOLUTIONS)))
def test_partial_maps_rest_and_bias_are_the_map(number) -> None:
    layer = filled(CONVOLUTIONS[number])
    made = layer.apply(X[np.newaxis])[0]
    group = layer.in_channels // layer.groups
    for channel in (0, layer.out_channels // 2, layer.out_channels - 1):
        sums = kernel_sums(layer, X, channel, made[channel], most=5)
        total = sum((part.made for part in sums.parts), np.zeros_like(made[channel])) + sums.bias
        total = total + (sums.rest if sums.rest is not None else 0)
        np.testing.assert_allclose(total, made[channel], atol=2e-4)
        assert len(sums.parts) + sums.others == group
        first = channel // (layer.out_channels // layer.groups) * group
        assert {part.number for part in sums.parts} <= set(range(first, first + group))
        for part in sums.parts:  # what one map alone adds: the layer on that map and zeros, without the bias
            alone = np.zeros_like(X)
            alone[part.number] = X[part.number]
            np.testing.assert_allclose(part.made, layer.apply(alone[np.newaxis])[0, channel] - sums.bias, atol=2e-4)
        sizes = [float(np.abs(part.made).mean()) for part in sums.parts]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] * max(1, sums.others) >= (0 if sums.rest is None else float(np.abs(sums.rest).mean())) - 1e-6


@pytest.mark.parametrize("shape", [(24, 3, 2), (144,), (1, 16, 9)])
def test_products_of_a_dense_layer_are_its_unit(shape) -> None:
    layer = filled(Linear(144, 7))
    x = RNG.normal(size=144).astype(np.float32)
    sums = dense_products(layer, x, 4, shape, float(layer.apply(x[np.newaxis])[0, 4]), most=5)
    total = sum(float(part.made.sum()) for part in sums.parts) + sums.bias
    total += 0.0 if sums.rest is None else float(sums.rest[0, 0])
    assert total == pytest.approx(float(layer.weight[4] @ x + layer.bias[4]), abs=1e-4)
    assert sums.total[0, 0] == pytest.approx(total, abs=1e-4)
    assert (len(sums.parts), sums.others) == ((5, 19) if shape[0] == 24 else (1, 0))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("place", [(0, 0), (1, 1), (2, 0), (-1, -1)])
def test_the_walk_around_a_place_makes_the_partial_map(number, place) -> None:
    layer = filled(CONVOLUTIONS[number])
    made = layer.apply(X[np.newaxis])[0, -1]
    part = kernel_sums(layer, X, layer.out_channels - 1, made).parts[0]
    place = place[0] % made.shape[0], place[1] % made.shape[1]
    walk = kernel_walk(layer, part.read, part.weights, part.made, place)
    assert walk.output.ravel()[walk.at] == part.made[place]
    padded = pad(walk.input, (walk.rows.before, walk.rows.after), (walk.columns.before, walk.columns.after))
    for y, x in np.ndindex(walk.output.shape):
        rows = [row + walk.rows.before for row in walk.rows.window(y)]
        columns = [column + walk.columns.before for column in walk.columns.window(x)]
        assert (padded[np.ix_(rows, columns)] * walk.weights).sum() == pytest.approx(walk.output[y, x], abs=2e-4)


@pytest.mark.parametrize(
    "layer", [MaxPool2d((3, 2), (2, 3), (1, 1)), MaxPool2d(3, 2, ceil_mode=True), AvgPool2d((2, 4))]
)
@pytest.mark.parametrize("place", [(0, 0), (2, 1), (-1, -1)])
def test_the_walk_of_a_pooling_holds_whole_windows_only(layer, place) -> None:
    made = layer.apply(X[np.newaxis])[0, 3]
    walk = pool_walk(layer, X[3], made, (place[0] % made.shape[0], place[1] % made.shape[1]))
    assert walk.rows.leftover == walk.columns.leftover == 0
    take = np.max if isinstance(layer, MaxPool2d) else np.mean
    for y, x in np.ndindex(walk.output.shape):
        window = walk.input[np.ix_(walk.rows.window(y), walk.columns.window(x))]
        assert take(window) == pytest.approx(walk.output[y, x], abs=1e-5)


def test_where_a_map_comes_from() -> None:
    assert sources(Add(), 3, [(8, 5, 5), (8, 5, 5)], (8, 5, 5)) == [(0, 3), (1, 3)]
    assert sources(Add(), 3, [(8, 5, 5), (1, 5, 5)], (8, 5, 5)) == [(0, 3), (1, 0)]
    assert sources(Concat(), 9, [(8, 5, 5), (2, 5, 5)], (10, 5, 5)) == [(1, 1)]
    assert sources(Softmax(), 2, [(10,)], (10,)) == [(0, None)]
    assert sources(Flatten(), 2, [(8, 2, 2)], (32,)) == [(0, None)]


def test_the_steps_of_a_card_are_those_of_its_layers() -> None:
    nodes = [
        Node("scale", Scale(2.0, 1.0), (INPUT,)),
        Node("conv", filled(Conv2d(24, 5, 3)), ("scale",)),
        Node("norm", filled_norm(5), ("conv",)),
        Node("relu", ReLU(), ("norm",)),
        Node("pool", MaxPool2d((2, 3)), ("relu",)),
        Node("flatten", Flatten(), ("pool",)),
        Node("fc", filled(Linear(75, 4)), ("flatten",)),
    ]
    graph = Graph(nodes, X.shape)
    shapes, trace = graph.output_shapes(), graph.trace(X)
    first, pool, dense = cards(graph)
    found = steps(graph, shapes, {name: trace[name] for name in needed(graph, first)}, first, 2)
    assert [step.node for step in found] == ["conv", "norm", "relu"]
    for step in found:
        np.testing.assert_array_equal(step.made, trace[step.node][2])
    assert found[0].sums.parts[0].read is not None
    np.testing.assert_array_equal(found[1].reads[0].maps[0], trace["conv"][2])
    [step] = steps(graph, shapes, trace, pool, 4)
    assert (step.reads[0].node, step.reads[0].numbers) == ("relu", [4])
    [step] = steps(graph, shapes, trace, dense, 1)
    assert {part.number for part in step.sums.parts} == {0, 1, 2, 3, 4}
    assert step.sums.parts[0].made.shape == (5, 3)
    assert step.made[0, 0] == trace["fc"][1]


def filled_norm(count: int) -> BatchNorm2d:
    norm = filled(BatchNorm2d(count))
    norm.buffers["running_var"] = np.abs(norm.buffers["running_var"]) + 0.5
    return norm


@pytest.mark.parametrize("count", [1, 2, 7, 10, 64, 128, 997, 1000])
def test_numbers_are_laid_out_wide_and_none_is_lost(count) -> None:
    rows, columns = grid(count)
    assert count <= rows * columns < count + columns
    assert rows <= columns <= 8 * rows or count < 8


def test_what_is_kept_of_a_map_does_not_keep_the_other_maps() -> None:
    graph = Graph([Node("conv", filled(Conv2d(24, 50, 3)), (INPUT,)), Node("relu", ReLU(), ("conv",))], X.shape)
    [card] = cards(graph)
    [conv, relu] = steps(graph, graph.output_shapes(), graph.trace(X), card, 3)
    kept = [
        conv.made,
        relu.made,
        relu.reads[0].maps,
        *(one for part in conv.sums.parts for one in (part.read, part.made)),
    ]
    assert all((one.base if one.base is not None else one).nbytes <= X[0].nbytes for one in kept)


def test_many_maps_are_added_up_a_few_at_a_time() -> None:
    """500 partial maps of a megapixel each would take two gigabytes at once."""
    layer, x = Conv2d(500, 1, 1, padding=60, seed=3), np.random.default_rng(0).random((500, 4, 3), np.float32)
    total = layer.apply(x[np.newaxis])[0, 0]
    tracemalloc.start()
    sums = kernel_sums(layer, x, 0, total)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500 * total.nbytes / 4
    np.testing.assert_allclose(sum(part.made for part in sums.parts) + sums.rest + sums.bias, total, atol=1e-3)
    sizes = np.abs(layer.weight[0, :, 0, 0]) * x.mean(axis=(1, 2))
    assert [part.number for part in sums.parts] == np.argsort(-sizes, kind="stable")[:12].tolist()
    assert sums.others == 488
