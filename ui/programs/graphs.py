"""Any network as a program in PyTorch or Keras, which reads its weights by name from `network.npz`."""

from cnn_core.graph import Graph
from cnn_core.layers import Shape
from ui.programs import program
from ui.programs.graph_lines import lines
from ui.programs.keras_layers import KERAS
from ui.programs.torch_layers import PYTORCH


def pytorch(graph: Graph, shape: Shape) -> str:
    """The network in PyTorch for pictures of this shape (C, H, W); raises CannotWriteError where it has no such layer."""
    written, answer = lines(graph, shape, PYTORCH, "PyTorch")
    body = "".join(f"    {name} = {code}\n" for name, code in written)
    text = program("graph_pytorch")
    start, end = text.index("    conv1 ="), text.index("\n\nx = ")
    text = f"{text[:start]}{body}    return {answer}\n{text[end:]}"
    return text.replace("(1, 1, 28, 28)", str((1, *shape)))


def keras(graph: Graph, shape: Shape) -> str:
    """The same in Keras, channels last."""
    written, answer = lines(graph, shape, KERAS, "Keras")
    body = "".join(f"{name} = {code}\n" for name, code in written)
    text, last = program("graph_keras"), (*shape[1:], shape[0])
    start, end = text.index("conv1 ="), text.index("net = ")
    text = text[:start] + body + text[end:].replace("Model(x, fc2)", f"Model(x, {answer})")
    text = text.replace("(1, 28, 28, 1)", str((1, *last))).replace("(28, 28, 1)", str(last))
    return text if "ops." in text else text.replace("layers, ops", "layers")
