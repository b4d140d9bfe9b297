"""A network as programs and as files: its weights by name, and all of it as ONNX."""

from functools import partial

import streamlit as st

from cnn_core import onnx, weights
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.layers import Shape
from instruments import network
from instruments.fields import Values
from instruments.network import KERNEL_SIDE, KERNELS, POOL
from ui import downloads, lesson
from ui.programs import Code, graphs, program
from ui.programs.graph_lines import CannotWriteError

HEIGHT = 56  # pixels of the buttons, about


def digits_program(v: Values, trace: dict[str, Array], own: bool) -> str:
    """The digits network of the network page in NumPy, with weights from a file if they are the session's own."""
    sizes = (v[KERNELS], v[KERNEL_SIDE], v[POOL], len(trace["fc1"]))
    made = f"networks.digits_network({', '.join(map(str, sizes))})"
    if not own and network.is_trained(v):
        made = 'networks.load("digits")'
    return program("network_numpy", net=Code(made), own=own)


def programs(graph: Graph, shape: Shape) -> dict[str, str]:
    """The network in PyTorch and Keras for pictures of this shape, or the sentence why not, as a comment."""
    written = {}
    for library, write in (("PyTorch", graphs.pytorch), ("Keras", graphs.keras)):
        try:
            written[library] = write(graph, shape)
        except CannotWriteError as error:
            written[library] = f"# {' '.join(str(error).split())}\n"
    return written


def offer(graph: Graph) -> None:
    """Download what the programs read, and the whole network."""
    if lesson.waits(HEIGHT):
        return
    size = 4 * sum(array.nbytes for array in graph.stored().values())
    left, right = st.columns(2)
    files = (
        (left, "Weights by name, for the programs (NPZ)", weights.encode, "network.npz"),
        (right, "The network (ONNX)", onnx.write, "network.onnx"),
    )
    for column, words, make, name in files:
        made = downloads.in_turn(partial(make, graph), size)
        column.download_button(words, made, name, on_click="ignore", width="stretch")
