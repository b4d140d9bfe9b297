"""What exporters took apart is put together where it is the same, and left alone where it is not; names as students wrote them."""

import copy

import numpy as np
import pytest

from cnn_core import layers as L
from cnn_core.graph import Graph, Node
from cnn_core.onnx.names import hint, named
from cnn_core.onnx.operation import Op
from cnn_core.onnx.tidy import Plan, tidy

RNG = np.random.default_rng(4)
F = np.float32


def column(*values):
    return F(values).reshape(-1, 1, 1)


def chain(*made):
    """Layers one after the other as nodes n1, n2, …; a tuple says what a layer reads instead of the one before."""
    nodes = []
    for number, one in enumerate(made, 1):
        layer, reads = one if isinstance(one, tuple) else (one, (f"n{number - 1}" if number > 1 else "input",))
        nodes.append(Node(f"n{number}", layer, tuple(reads)))
    return nodes


def dense(features, outputs, bias=False):
    return L.Linear(features, outputs, bias, seed=3)


HALF, ROOT, PLUS = L.Scale(0.5), L.Scale(0.5**0.5), L.Scale(1.0, 1.0)
CASES = {
    "a bias of each kernel": (chain(L.Conv2d(2, 3, 3, bias=False), L.Scale(1.0, column(1, 2, 3))), "conv"),
    "a bias of stamps": (chain(L.ConvTranspose2d(2, 3, 3, bias=False), L.Scale(1.0, column(1, 2, 3))), "transposed conv"),
    "a bias of features": (chain(L.Flatten(), dense(60, 2), L.Scale(1.0, F([1, 2]))), "flatten, linear"),
    "one shift for all kernels": (chain(L.Conv2d(2, 3, 3, bias=False), L.Scale(1.0, 2.0)), "conv, scale"),
    "a shift of pixels": (chain(L.Conv2d(2, 1, 1, bias=False), L.Scale(1.0, RNG.normal(size=(1, 5, 6)))), "conv, scale"),
    "a shift of rows": (chain(L.Conv2d(2, 5, 1, bias=False), L.Scale(1.0, RNG.normal(size=(1, 5, 1)))), "conv, scale"),
    "a factor": (chain(L.Conv2d(2, 3, 3, bias=False), L.Scale(2.0, column(1, 2, 3))), "conv, scale"),
    "factors of kernels": (chain(L.Conv2d(2, 3, 3, bias=False), L.Scale(column(1, 2, 1), column(1, 2, 3))), "conv, scale"),
    "a bias beside a bias": (chain(L.Conv2d(2, 3, 3), L.Scale(1.0, column(1, 2, 3))), "conv, scale"),
    "a shift of what is read twice": (chain(L.Conv2d(2, 3, 3, bias=False), L.Scale(1.0, column(1, 2, 3)), (L.Add(), ("n1", "n2"))), "conv, scale, add"),
    "a shift of pooled maps": (chain(L.MaxPool2d(2), L.Scale(1.0, column(1, 2))), "pool, scale"),
    "a shift of the picture": (chain(L.Scale(1.0, column(1, 2))), "scale"),
    "three scales": (chain(L.Scale(2.0, 1.0), L.Scale(column(1, 2), 3.0), L.Scale(-1.0, column(4, 5))), "scale"),
    "scales apart": (chain(L.Scale(2.0, 1.0), L.ReLU(), L.Scale(3.0)), "scale, relu, scale"),
    "a scale that two read": (chain(L.Scale(2.0), L.Scale(3.0), (L.Add(), ("n1", "n2"))), "scale, scale, add"),
    "reshapes": (chain(L.Reshape((5, 12)), L.Reshape((4, 3, 5)), L.Flatten()), "flatten"),
    "a reshape that changes nothing": (chain(L.ReLU(), L.Reshape((2, 5, 6)), L.Sigmoid()), "relu, sigmoid"),
    "a reshape at the end that changes nothing": (chain(L.ReLU(), L.Reshape((2, 5, 6))), "relu"),
    "a reshape and back": (chain(L.ReLU(), L.Reshape((60,)), L.Reshape((2, 5, 6))), "relu"),
    "a reshape that is read twice": (chain(L.Reshape((60,)), L.Reshape((6, 10)), L.Reshape((60,)), (L.Add(), ("n1", "n3"))), "reshape, add"),
    "a dense layer of channels last": (chain(L.ReLU(), L.Transpose((0, 2, 3, 1)), L.Flatten(), dense(60, 3, True)), "relu, flatten, linear"),
    "one after dropouts": (chain(L.ReLU(), L.Transpose((0, 2, 3, 1)), L.Flatten(), L.Dropout(0.5), L.Dropout(0.1), dense(60, 3)),
                           "relu, flatten, dropout, dropout, linear"),
    "another order": (chain(L.Transpose((0, 3, 1, 2)), L.Flatten(), dense(60, 3)), "transpose, flatten, linear"),
    "an order that is read twice": (chain(L.Transpose((0, 2, 3, 1)), L.Flatten(), dense(60, 60), (L.Add(), ("n2", "n3"))), "transpose, flatten, linear, add"),
    "no flattening": (chain(L.Transpose((0, 2, 3, 1)), L.Reshape((60,)), dense(60, 3)), "transpose, reshape, linear"),
    "silu": (chain(L.ReLU(), L.Sigmoid(), (L.Multiply(), ("n1", "n2"))), "relu, silu"),
    "silu the other way round": (chain(L.ReLU(), L.Sigmoid(), (L.Multiply(), ("n2", "n1"))), "relu, silu"),
    "the gate of another": (chain(L.ReLU(), L.Sigmoid(), (L.Multiply(), ("input", "n2"))), "relu, sigmoid, multiply"),
    "three factors": (chain(L.ReLU(), L.Sigmoid(), (L.Multiply(), ("n1", "n2", "n1"))), "relu, sigmoid, multiply"),
    "a sum": (chain(L.ReLU(), L.Sigmoid(), (L.Add(), ("n1", "n2"))), "relu, sigmoid, add"),
    "hard swish": (chain(L.HardSigmoid(1 / 6), (L.Multiply(), ("n1", "input"))), "hard swish"),
    "another hard gate": (chain(L.HardSigmoid(0.2), (L.Multiply(), ("n1", "input"))), "hard sigmoid, multiply"),
    "a shifted hard gate": (chain(L.HardSigmoid(1 / 6, 0.4), (L.Multiply(), ("n1", "input"))), "hard sigmoid, multiply"),
    "a tanh gate": (chain(L.Tanh(), (L.Multiply(), ("n1", "input"))), "tanh, multiply"),
    "gelu, half on the picture": (chain(ROOT, L.Erf(), PLUS, (HALF, ("input",)), (L.Multiply(), ("n4", "n3"))), "gelu"),
    "gelu, half on the other side": (chain(ROOT, L.Erf(), PLUS, (HALF, ("input",)), (L.Multiply(), ("n3", "n4"))), "gelu"),
    "gelu, half after": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("input", "n3")), HALF), "gelu"),
    "gelu, half after, turned round": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("n3", "input")), HALF), "gelu"),
    "no half": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("n3", "input"))), "scale, erf, scale, multiply"),
    "a third after": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("n3", "input")), L.Scale(1 / 3)), "scale, erf, scale, multiply, scale"),
    "half and a shift after": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("n3", "input")), L.Scale(0.5, 0.1)), "scale, erf, scale, multiply, scale"),
    "half after, and read beside": (chain(ROOT, L.Erf(), PLUS, (L.Multiply(), ("n3", "input")), HALF, (L.Add(), ("n4", "n5"))),
                                    "scale, erf, scale, multiply, scale, add"),
    "another root": (chain(L.Scale(0.7), L.Erf(), PLUS, (L.Multiply(), ("n3", "input")), HALF), "scale, erf, scale, multiply, scale"),
    "no erf": (chain(ROOT, L.Tanh(), PLUS, (L.Multiply(), ("n3", "input")), HALF), "scale, tanh, scale, multiply, scale"),
    "plus two": (chain(ROOT, L.Erf(), L.Scale(1.0, 2.0), (L.Multiply(), ("n3", "input")), HALF), "scale, erf, scale, multiply, scale"),
    "half of another": (chain(ROOT, L.Erf(), PLUS, L.ReLU(), (HALF, ("n4",)), (L.Multiply(), ("n5", "n3"))), "scale, erf, scale, relu, scale, multiply"),
    "what nobody reads": (chain(L.ReLU(), (L.Sigmoid(), ("input",)), (L.Tanh(), ("n1",))), "relu, tanh"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_answers_stay_and_known_patterns_become_one_layer(name) -> None:
    nodes, kinds = CASES[name]
    nodes = copy.deepcopy(nodes)
    x = RNG.normal(size=(3, 2, 5, 6)).astype(F)
    given = Graph(copy.deepcopy(nodes), (2, 5, 6))
    shapes = {"input": (2, 5, 6)} | {node: value.shape[1:] for node, value in given.trace(x).items()}
    plan = tidy(nodes, nodes[-1].name, shapes)
    assert [node.layer.kind for node in plan.nodes] == kinds.split(", ")
    found = Graph(plan.nodes, (2, 5, 6), plan.output)
    np.testing.assert_allclose(found.forward(x), given.forward(x), rtol=1e-4, atol=2e-4)


def test_plans_are_the_same_where_all_settings_are() -> None:
    def plan(*made, output="n2"):
        return Plan(chain(*made), output)

    def conv(seed=1, **more):
        return L.Conv2d(2, 3, 3, seed=seed, **more)

    first = plan(conv(), L.Scale(column(1, np.nan, 3)))
    first.nodes[0].layer.weight  # noqa: B018  (drawn)
    same = copy.deepcopy(first)
    assert first.same(same)
    scale = L.Scale(column(1, np.nan, 3))
    others = [
        plan(conv(), scale, output="n1"), plan(conv()), plan(conv(stride=2), scale), plan(conv(), L.ReLU()), plan(conv(), (scale, ("input",))),
        plan(conv(), L.Scale(column(1, np.nan, 4))), Plan([first.nodes[0], first.nodes[1]._replace(name="m")], "n2"),
    ]  # fmt: skip
    for other in others:
        other.nodes[0].layer.weight  # noqa: B018
        assert not first.same(other)
    changed = copy.deepcopy(first)
    changed.nodes[0].layer.store({"weight": conv(2).weight, "bias": np.zeros(3, F)})
    assert not first.same(changed)


def op(name="", inputs=("x",), scope="", kind="Conv"):
    return Op(kind, name, tuple(inputs), ("y",), {}, scope, 18)


@pytest.mark.parametrize(
    ("step", "layer", "expected"),
    [
        (op("/layer1/layer1.0/conv1/Conv"), L.Conv2d(1, 1, 1), "layer1.0.conv1"), (op("/features/features.0/Conv"), L.Conv2d(1, 1, 1), "features.0"),
        (op("/a/b/Relu"), L.ReLU(), "a.b"), (op("/a/ab/Relu"), L.ReLU(), "a.ab"), (op("model/conv2d/Conv2D"), L.ReLU(), "conv2d"),
        (op("StatefulPartitionedCall/model/dense/MatMul"), L.ReLU(), "dense"), (op("PartitionedCall/MatMul"), L.ReLU(), ""),
        (op("sequential_1/dense_1/MatMul;other"), L.ReLU(), "dense_1"), (op("/Relu"), L.ReLU(), ""), (op("Conv_3"), L.ReLU(), ""), (op("conv"), L.ReLU(), ""),
        (op("node_conv2d"), L.ReLU(), ""), (op("n12"), L.ReLU(), ""), (op("op_add"), L.ReLU(), ""), (op("node_block.conv"), L.ReLU(), "node_block.conv"),
        (op("first"), L.ReLU(), "first"), (op("123"), L.ReLU(), ""), (op(""), L.ReLU(), ""), (op("a/1/Relu"), L.ReLU(), ""), (op("re lu\u00e9"), L.ReLU(), "re_lu"),
        (op("x" * 70 + "." + "y" * 59), L.ReLU(), "y" * 59), (op("", ("x", "layer1.0.conv1.weight")), L.Conv2d(1, 1, 1), "layer1.0.conv1"),
        (op("z", ("x", "a/kernel:0")), L.Linear(1, 1), "a"), (op("", ("x", "b.weight_quantized")), L.Linear(1, 1), "b"), (op("z", ("x", "onnx::Conv_1.weight")), L.Linear(1, 1), "z"),
        (op("z", ("x", "plain")), L.Linear(1, 1), "z"), (op("z", ("a.weight", "plain")), L.Linear(1, 1), "z"), (op("z", ("x", "u", "c.gamma")), L.BatchNorm2d(1), "c"),
        (op("z", ("x", "a.weight")), L.ReLU(), "z"), (op("z", scope="['', 'layer1', 'layer1.relu', 'relu_3']"), L.ReLU(), "layer1.relu"),
        (op("z", scope="['only']"), L.ReLU(), "z"), (op("z", scope="['', 'two']"), L.ReLU(), "z"), (op("z", scope="no list"), L.ReLU(), "z"), (op("z", scope="[1, 2]"), L.ReLU(), "z"),
        (op("z", scope="('a', 'b')"), L.ReLU(), "z"), (op("z", scope=f"['{'a' * 1991}', 'b']"), L.ReLU(), "z"),
        (op("z", scope=f"['{'a' * 1990}', 'b']"), L.ReLU(), "a" * 60),
    ],
)  # fmt: skip
def test_what_a_file_calls_a_layer(step, layer, expected) -> None:
    origins = {name: name for name in step.inputs if name not in ("x", "u")}
    assert hint(step, layer, origins) == expected


def test_names_are_given_once_and_by_kind_where_there_are_none() -> None:
    nodes = chain(
        L.Conv2d(1, 1, 1),
        L.ReLU(),
        L.Conv2d(1, 1, 1),
        L.ReLU(),
        L.Flatten(),
        L.Flatten(),
        L.Softmax(),
        L.ReLU(),
        L.Conv2d(1, 1, 1),
        L.ReLU(),
    )
    hints = {
        "n1": "block.first",
        "n2": "block",
        "n3": "same",
        "n4": "same",
        "n8": "same",
        "n9": "input",
        "n10": "relu1",
    }
    assert list(named(nodes, hints).values()) == [
        "input", "block.first", "block.relu", "same", "same_2", "same_3", "input_2", "relu1", "flatten", "flatten1", "softmax"]  # fmt: skip
    plain = named(nodes, {"n10": "relu1"})
    assert [plain[f"n{n}"] for n in range(1, 11)] == [
        "conv1", "relu2", "conv2", "relu3", "flatten", "flatten1", "softmax", "relu4", "conv3", "relu1"]  # fmt: skip
