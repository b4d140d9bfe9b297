"""Graphs: values, gradients through branches, what a cell sees, and what is kept while a network answers."""

import tracemalloc

import numpy as np
import pytest

from cnn_core import networks, shapes
from cnn_core.graph import Box, Graph, Node, Sequential, chain
from cnn_core.layers import (
    Add,
    AvgPool2d,
    BatchNorm2d,
    Clip,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    Multiply,
    Pad2d,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
    Transpose,
    Upsample,
)

RNG = np.random.default_rng(5)


def branched() -> Graph:
    """A skip, a gate, two paths side by side, and a path that leads nowhere."""
    return Graph(
        [
            Node("first", Conv2d(2, 4, 3, stride=(2, 1), padding=1, seed=1), ("input",)),
            Node("norm", BatchNorm2d(4), ("first",)),
            Node("bend", Tanh(), ("norm",)),
            Node("loose", Conv2d(4, 3, 1, seed=2), ("bend",)),
            Node("second", Conv2d(4, 4, 3, padding=1, seed=3), ("bend",)),
            Node("skip", Add(), ("second", "bend")),
            Node("means", GlobalAvgPool2d(), ("skip",)),
            Node("gate", Sigmoid(), ("means",)),
            Node("gated", Multiply(), ("skip", "gate")),
            Node("both", Concat(), ("gated", "bend")),
            Node("twice", Add(), ("both", "both")),
            Node("flat", Flatten(), ("twice",)),
            Node("scores", Linear(8 * 3 * 5, 3, seed=4), ("flat",)),
            Node("softmax", Softmax(), ("scores",)),
        ],
        (2, 5, 5),
    )


def slope(compute, array, index, step=1e-6):
    kept, ends = array[index], []
    for sign in (1, -1):
        array[index] = kept + sign * step
        ends.append(float(compute()))
    array[index] = kept
    return (ends[0] - ends[1]) / (2 * step)


def double(network: Graph) -> Graph:
    network.store({name: array.astype(np.float64) for name, array in network.stored().items()})
    return network


@pytest.mark.parametrize("at", ["softmax", "scores", "gated", "bend"])
@pytest.mark.parametrize("batched", [True, False])
def test_gradients_of_every_node_against_central_differences(at, batched) -> None:
    net = double(branched())
    x = RNG.normal(size=(2, 2, 5, 5) if batched else (2, 5, 5))
    trace = net.trace(x)
    grad = RNG.normal(size=trace[at].shape)
    found = net.gradients(x, grad, at)
    names = ["input", *(node.name for node in net.nodes)]
    assert list(found) == names[: names.index(at)]
    assert [array.shape for array in found.values()] == [trace[name].shape for name in found]

    def from_node(name):
        """The loss when the value of one node is what it is in `trace`, whatever led to it."""
        values = {key: array if batched else array[np.newaxis] for key, array in trace.items()}
        for node in net.nodes[names.index(name) :]:
            values[node.name] = node.layer.apply(*(values[source] for source in node.inputs))
        return (values[at].reshape(grad.shape) * grad).sum()

    for name, gradient in found.items():
        for index in list(np.ndindex(gradient.shape))[:: max(1, gradient.size // 12)]:
            assert gradient[index] == pytest.approx(
                slope(lambda name=name: from_node(name), trace[name], index), abs=1e-7
            )


def test_gradients_of_some_nodes_are_those_of_all_and_stop_there(monkeypatch) -> None:
    net = double(branched())
    trace = net.trace(RNG.normal(size=(2, 5, 5)))
    grad = RNG.normal(size=trace["scores"].shape)
    whole = net.backward(trace, grad, "scores")
    for names in (("input",), ("bend",), ("bend", "input"), tuple(whole), (), ("scores", "softmax")):
        some = net.backward(trace, grad, "scores", names)
        assert list(some) == [name for name in whole if name in names]
        for name, array in some.items():
            np.testing.assert_array_equal(array, whole[name])
    first = net.nodes[0]
    monkeypatch.setattr(first.layer, "gradients", lambda *_: pytest.fail("nobody asked for what is before"))
    net.backward(trace, grad, "scores", (first.name,))


def test_parameter_gradients_against_central_differences() -> None:
    net = double(branched())
    x = RNG.normal(size=(3, 2, 5, 5))
    grad = RNG.normal(size=(3, 3))
    found = net.parameter_gradients(net.trace(x), grad)
    assert list(found) == list(net.parameters())
    assert not found["loose.weight"].any()  # on which nothing depends
    for name, array in net.parameters().items():
        for index in list(np.ndindex(array.shape))[:: max(1, array.size // 12)]:
            expected = slope(lambda: (net.forward(x) * grad).sum(), array, index)
            assert found[name][index] == pytest.approx(expected, abs=1e-7), name


def test_a_trace_holds_every_node_in_order_and_keeps_the_rank() -> None:
    net = branched()
    x = RNG.random((2, 5, 5), dtype=np.float32)
    trace = net.trace(x)
    assert list(trace) == ["input", *(node.name for node in net.nodes)]
    assert {name: array.shape for name, array in trace.items()} == net.output_shapes()
    np.testing.assert_array_equal(trace["input"], x)
    np.testing.assert_allclose(net.trace(x[np.newaxis])["both"][0], trace["both"], rtol=1e-6)
    np.testing.assert_allclose(net.forward(x), trace["softmax"], rtol=1e-6)
    assert net.forward(x[np.newaxis]).shape == (1, 3)


def aliases() -> Graph:
    """Nodes that share memory with their inputs, beside nodes that could write over theirs."""
    return Graph(
        [
            Node("conv", Conv2d(2, 4, 3, seed=1), ("input",)),
            Node("drop", Dropout(), ("conv",)),
            Node("relu", ReLU(), ("drop",)),
            Node("turned", Transpose((0, 1, 3, 2)), ("conv",)),
            Node("clipped", Clip(-0.1, 0.1), ("turned",)),
            Node("back", Transpose((0, 1, 3, 2)), ("clipped",)),
            Node("reshaped", Reshape((4, 2, 3)), ("relu",)),
            Node("relu2", ReLU(), ("reshaped",)),
            Node("pad", Pad2d(0), ("input",)),
            Node("relu3", ReLU(), ("pad",)),
            Node("cut", Conv2d(2, 4, 3, seed=2), ("relu3",)),
            Node("sum", Add(), ("relu2", "back")),
            Node("sum2", Add(), ("sum", "cut")),
            Node("relu4", ReLU(), ("sum2",)),
        ],
        (2, 4, 5),
    )


@pytest.mark.parametrize("make", [branched, aliases])
def test_what_is_let_go_or_written_over_changes_no_answer(make) -> None:
    net, shape = make(), (3, *make().input_shape)
    x = RNG.normal(size=shape).astype(np.float32)
    x.flags.writeable = False
    kept = {name: array.copy() for name, array in net.stored().items()}
    trace = net.trace(x)
    np.testing.assert_array_equal(net.forward(x), trace[net.output])
    for count in (1, 2, 3):
        for _ in range(20):
            names = [str(name) for name in RNG.choice(list(trace), count, replace=False)]
            for name, array in net.values(x, names).items():
                np.testing.assert_array_equal(array, trace[name])
    assert all(np.array_equal(array, kept[name]) for name, array in net.stored().items())


def test_a_forward_keeps_little() -> None:
    net = networks.load("squeezenet")
    x = RNG.random((3, 227, 227), dtype=np.float32)
    net.forward(x)  # the working memory that a thread keeps
    tracemalloc.start()
    net.forward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6  # the first layer's maps are 3.3 MB, and there are two of them while a pool reads


def moving() -> Graph:
    """Only linear layers of positive weights, so that every pixel read has a gradient; unequal sides, strides and paddings."""
    nodes = [
        Node("pad", Pad2d(((2, 0), (1, 1)), "reflect"), ("input",)),
        Node("a", Conv2d(1, 2, (3, 2), stride=(2, 1), padding=((0, 1), (1, 0)), dilation=(1, 2)), ("pad",)),
        Node("pool", AvgPool2d((2, 3), (1, 2), (1, 0), ceil_mode=True, count_include_pad=False), ("a",)),
        Node("wide", Conv2d(2, 2, (1, 5), padding=(0, 2)), ("pool",)),
        Node("tall", Conv2d(2, 2, (3, 1), padding=(1, 0), padding_mode="circular"), ("pool",)),
        Node("both", Concat(), ("wide", "tall")),
        Node("up", Upsample(scale_factor=(2, 1.5), mode="bilinear"), ("both",)),
        Node("stamp", ConvTranspose2d(4, 1, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 1)), ("up",)),
        Node("half", AvgPool2d((2, 3), (2, 3)), ("stamp",)),
        Node("sum", Add(), ("half", "up")),
        Node("lone", Conv2d(4, 1, 1), ("sum",)),
        Node("side", Concat(2), ("lone", "lone")),
    ]
    net = double(Graph(nodes, (1, None, None)))
    net.store({name: np.abs(array) + 0.1 for name, array in net.stored().items()})
    return net


@pytest.mark.parametrize("on", ["input", "a", "pool", "both"])
def test_windows_are_exactly_what_a_cell_depends_on(on) -> None:
    net, size = moving(), (1, 13, 12)
    x = RNG.normal(size=size)
    trace = net.trace(x)
    order = list(trace)
    for name in order[order.index(on) + 1 :]:
        height, width = trace[name].shape[1:]
        for y, column in {(0, 0), (height - 1, width - 1), (height // 2, width // 3), (1, width - 1)}:
            grad = np.zeros_like(trace[name])
            grad[:, y, column] = 1
            touched = net.gradients(x, grad, name)[on].any(axis=0)
            rows, columns = np.flatnonzero(touched.any(1)), np.flatnonzero(touched.any(0))
            box = net.window(name, y, column, on, size)
            if not len(rows):
                assert box.top == box.bottom or box.left == box.right
            else:
                assert box == (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1), (name, y, column)


def test_receptive_fields_agree_with_the_formula_and_count_every_branch() -> None:
    row = [Conv2d(1, 2, (3, 5), stride=2, padding=1), MaxPool2d(3, (2, 1)), Conv2d(2, 2, 3, dilation=(1, 2))]
    net = chain(row, (1, None, None))
    for count, name in enumerate(["conv1", "pool1", "conv2"], 1):
        field = shapes.receptive_field(row[:count])
        assert net.receptive_field(name) == (field if isinstance(field, tuple) else (field, field))
    assert net.receptive_field("input") == (1, 1)
    assert branched().receptive_field("skip") == (7, 5)  # through the block: 3 + 2 * 2 rows, 3 + 2 columns
    assert branched().receptive_field("gated") is None
    assert branched().receptive_field("scores") is None
    assert moving().receptive_field("up", (1, 23, 22)) is not None
    with pytest.raises(ValueError, match="input_shape must be 1 x any x any"):
        moving().receptive_field("up")


def test_a_residual_network_sees_as_its_authors_drew_it() -> None:
    net = networks.load("resnet8")
    assert net.receptive_field("block1.relu2") == (7, 7)
    assert net.receptive_field("block2.shortcut") == (7, 7)
    assert net.receptive_field("block3.relu2") == (25, 25)
    assert net.window("block3.relu2", 0, 7) == Box(0, 19, 16, 32)  # 25 cut at both edges
    assert net.window("mean", 0, 0) == Box(0, 0, 32, 32)
    assert net.window("fc", 0, 0, on="block1.relu1") == Box(0, 0, 32, 32)


def test_costs_are_counted_by_node() -> None:
    net = networks.load("squeezenet")
    costs = net.node_macs((3, 227, 227))
    assert costs["conv1"] == 64 * 113 * 113 * 27
    assert costs["fire9.expand3"] == 256 * 14 * 14 * 64 * 9
    assert sum(costs.values()) == net.macs((3, 227, 227))
    assert net.parameter_count() == 1_235_496
    with pytest.raises(ValueError, match="input_shape must be 3 x any x any, got None"):
        net.macs()


def test_names_of_a_chain() -> None:
    row = [Conv2d(1, 2, 3), ReLU(), Conv2d(2, 2, 3), BatchNorm2d(2), ReLU(), Flatten(), Linear(8, 3), Softmax()]
    net = chain(row, (1, 6, 6))
    assert [node.name for node in net.nodes] == [
        "conv1",
        "relu1",
        "conv2",
        "norm1",
        "relu2",
        "flatten",
        "fc1",
        "softmax",
    ]
    assert list(net.stored())[-4:] == ["norm1.running_mean", "norm1.running_var", "fc1.weight", "fc1.bias"]
    assert chain([ReLU()], (3,), ["bend"]).output == "bend"
    assert Sequential([Linear(4, 2), ReLU()]).forward(np.zeros(4)).shape == (2,)
    assert Sequential([MaxPool2d(2)]).forward(np.zeros((1, 4, 6))).shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Graph([], (1, 2, 2)), "nodes must be one node or more"),
        (lambda: Graph([Node("a", ReLU(), ("b",))], (1, 2, 2)), "a reads 'b', which is no node before it"),
        (lambda: Graph([Node("a", ReLU(), ("input",))] * 2, (1, 2, 2)), "a name of its own, got 'a' again"),
        (lambda: Graph([Node("input", ReLU(), ("input",))], (1, 2, 2)), "a name of its own, got 'input'"),
        (lambda: Graph([Node("a", ReLU(), ("input", "input"))], (1, 2, 2)), "takes 1 input, got 2"),
        (lambda: Graph([Node("a", Add(), ())], (1, 2, 2)), "takes one input or more, got 0"),
        (lambda: Graph([Node("a", ReLU(), ("input",))], (1, 2, 2), "b"), "there is no node 'b': the nodes are a"),
        (lambda: chain([Conv2d(1, 2, 3), Conv2d(3, 2, 3)], (1, 9, 9)), "conv2: conv takes 3 channels, but 2 reach it"),
        (lambda: chain([ReLU()], (1,), ["a", "b"]), "names must be as many as layers, got 2 for 1"),
        (
            lambda: branched().forward(np.zeros((3, 5, 5))),
            r"x must be one example of 2 x 5 x 5 .* got shape \(3, 5, 5\)",
        ),
        (lambda: branched().forward(np.zeros((5, 5))), "x must be one example of 2 x 5 x 5"),
        (lambda: branched().forward(np.zeros((0, 2, 5, 5))), "x must not be empty"),
        (lambda: branched().values(np.zeros((2, 5, 5)), ["fc"]), "there is no node 'fc'"),
        (lambda: branched().gradients(np.zeros((2, 5, 5)), np.zeros(4)), r"grad must have shape \(3,\)"),
        (lambda: branched().gradients(np.zeros((2, 5, 5)), np.zeros(4), "input"), "there is no node 'input'"),
        (lambda: branched().output_shapes((2, 6, 5)), r"input_shape must be 2 x 5 x 5, got \(2, 6, 5\)"),
        (lambda: branched().window("skip", 0, 0, "fc"), "there is no node 'fc'"),
        (lambda: branched().window("input", 0, 0), "there is no node 'input'"),
        (lambda: branched().window("fc", 0, 0), "there is no node 'fc'"),
        (lambda: moving().output_shapes((1, 0, 22)), r"input_shape must be 1 x any x any, got \(1, 0, 22\)"),
        (lambda: moving().output_shapes((1, None, 22)), r"input_shape must be 1 x any x any, got \(1, None, 22\)"),
        (lambda: moving().output_shapes((1, 22)), "input_shape must be 1 x any x any"),
        (lambda: branched().gradients(np.zeros((2, 2, 5, 5)), np.zeros(3)), r"grad must have shape \(2, 3\)"),
        (lambda: branched().gradients(np.zeros((1, 2, 5, 5)), np.zeros(3)), r"grad must have shape \(1, 3\)"),
        (
            lambda: branched().parameter_gradients(branched().trace(np.zeros((2, 5, 5))), np.zeros((1, 3))),
            r"grad must have shape \(3,\)",
        ),
        (lambda: Graph([Node("", ReLU(), ("input",))], (1, 2, 2)), "a name of its own, got ''"),
        (lambda: branched().store({}), "first.bias is missing"),
        (lambda: branched().store({**branched().stored(), "x.y": np.zeros(1)}), "x.y is not one of the network's"),
    ],
)
def test_a_wrong_argument_is_named(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()
