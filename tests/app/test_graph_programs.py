"""Any network as a program: what is written reads well, what cannot be written is refused in a sentence (numbers: make oracle)."""

import ast

import pytest

from cnn_core import layers, networks
from cnn_core.graph import Graph, Node, chain
from tests.app.visits import sentences, visit
from ui.programs import graph_lines, graphs
from ui.programs.graph_lines import CannotWriteError
from ui.programs.keras_layers import KERAS
from ui.programs.torch_layers import PYTORCH

WRITERS = {"PyTorch": graphs.pytorch, "Keras": graphs.keras}


@pytest.mark.parametrize("library", WRITERS)
@pytest.mark.parametrize(
    ("name", "shape"), [("squeezenet", (3, 97, 129)), ("resnet8", (3, 32, 32)), ("digits", (1, 28, 28))]
)
def test_each_node_is_a_line_and_the_answer_comes_last(library, name, shape) -> None:
    net = networks.load(name)
    text = WRITERS[library](net, shape)
    assigned = [
        node.targets[0].id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    variables = graph_lines.variables([node.name for node in net.nodes])
    written = [one for one in assigned if one in variables.values() and one != "x"]
    assert written == [variables[node.name] for node in net.nodes]
    end = "    return softmax\n" if library == "PyTorch" else "keras.Model(x, softmax)\n"
    assert end in text
    sides = (1, *shape) if library == "PyTorch" else (1, *shape[1:], shape[0])
    assert str(sides) in text


def refused(layer, library, shape=(4, 9, 8)) -> str:
    with pytest.raises(CannotWriteError) as told:
        WRITERS[library](chain([layer], shape), shape)
    return str(told.value)


@pytest.mark.parametrize(
    ("layer", "libraries", "words"),
    [
        (layers.LocalResponseNorm(5), ("PyTorch", "Keras"), "response norm"),
        (layers.Scale([[list(range(8))]] * 4), ("PyTorch", "Keras"), "holds 32 fixed numbers"),
        (layers.Conv2d(4, 2, 3, 2, dilation=2), ("Keras",), "has a stride and a dilation, which Keras does not"),
        (layers.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"), ("Keras",), 'pads by "reflect"'),
        (layers.MaxPool2d(2, dilation=2), ("Keras",), "pools with a dilation"),
        (layers.MaxPool2d(2, 2, 1, ceil_mode=True), ("Keras",), "leaves out a last window"),
        (layers.AvgPool2d(3, 2, 1, count_include_pad=False), ("Keras",), "out of its means"),
        (layers.AvgPool2d(3, 2, ceil_mode=True), ("Keras",), "out of its means"),
        (layers.Softmax(-1), ("Keras",), "goes along a side of its maps"),
    ],
)  # fmt: skip
def test_what_a_library_cannot_say_is_refused_in_a_sentence(layer, libraries, words) -> None:
    for library in WRITERS:
        if library in libraries:
            assert words in refused(layer, library)
            assert refused(layer, library).endswith("take the ONNX file.")
        else:
            WRITERS[library](chain([layer], (4, 9, 8)), (4, 9, 8))


def test_names_of_nodes_cannot_become_code() -> None:
    name = 'a"); print("x'
    net = Graph([Node(name, layers.Conv2d(1, 2, 3), ("input",))], (1, 5, 5))
    text = graphs.pytorch(net, (1, 5, 5))
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls == {"net", "print"}
    assert text.count("print(") == 3  # its own, and the name in two strings
    for name in ("a/b", "a-b"):
        with pytest.raises(CannotWriteError, match="a stroke in its name"):
            graphs.keras(Graph([Node(name, layers.Conv2d(1, 2, 3), ("input",))], (1, 5, 5)), (1, 5, 5))


def test_both_libraries_know_the_layers_that_networks_are_made_of() -> None:
    usual = {
        layers.Conv2d, layers.ReLU, layers.MaxPool2d, layers.AvgPool2d, layers.GlobalAvgPool2d, layers.BatchNorm2d, layers.Linear,
        layers.Flatten, layers.Concat, layers.Add, layers.Multiply, layers.Softmax, layers.Dropout, layers.Scale, layers.SiLU,
    }  # fmt: skip
    assert usual <= KERAS.keys() <= PYTORCH.keys()


def test_the_page_offers_programs_and_files_of_the_network_that_it_shows() -> None:
    app = visit("network", network_model="resnet8", network_code="keras")
    assert "x = keras.Input((32, 32, 3))" in app.code[0].value
    assert "block3_add = layers.Add()([block3_norm2, block3_shortcut])" in app.code[0].value
    words = [button.label for button in app.get("download_button")]
    assert "The network (ONNX)" in words
    assert "network.npz" in app.code[0].value
    assert sentences(app)
