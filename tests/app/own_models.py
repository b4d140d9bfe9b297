"""Small networks as files, and how a test drops them on a page."""

import numpy as np
from streamlit.testing.v1 import AppTest

from cnn_core.graph import Graph, chain
from cnn_core.layers import Conv2d, Flatten, GlobalAvgPool2d, Linear, MaxPool2d, ReLU, Softmax
from tests.app.visits import visit

NETWORK = {"why_this_answer": "answer_network", "fool_it": "fool_network"}


def tiny(shape: tuple[int, int, int] = (3, 22, 34), classes: int = 4, softmax: bool = True, seed: int = 1) -> Graph:
    """Two convolutions and a dense layer; unequal sides, an odd stride; 5 kB."""
    channels, height, width = shape
    size = (height - 2) // 2, (width - 2) // 2
    maps = [(side - 3) // 2 + 1 for side in size]
    layers = [Conv2d(channels, 8, 3, seed=seed), ReLU(), MaxPool2d(2), Conv2d(8, 6, 3, 2, seed=seed + 1), ReLU(),
              Flatten(), Linear(6 * maps[0] * maps[1], classes, seed=seed + 2)]  # fmt: skip
    return chain([*layers, Softmax()] if softmax else layers, shape)


def open_sized(classes: int = 3) -> Graph:
    """Takes pictures of any size and ends in the mean of its maps."""
    layers = [Conv2d(3, 5, 3, 2, seed=4), ReLU(), Conv2d(5, classes, 1, seed=5), GlobalAvgPool2d(keepdims=False), Softmax()]  # fmt: skip
    return chain(layers, (3, None, None))


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give these files to the page's uploader."""
    uploader = next(one for one in app.file_uploader if ".onnx" in one.label)
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def visit_own(page: str, file: bytes, **query: str) -> AppTest:
    """Open a page, choose one's own network, and drop a file."""
    return drop(visit(page, **{NETWORK[page]: "own"}, **query), ("tiny.onnx", file))


def middle(photo: np.ndarray, ratio: float) -> np.ndarray:
    """The middle of a photo with this ratio of width to height, cut apart from the page's own way."""
    _, height, width = photo.shape
    if width / height > ratio:
        cut = (width - round(height * ratio)) // 2
        return photo[:, :, cut : cut + round(height * ratio)]
    cut = (height - round(width / ratio)) // 2
    return photo[:, cut : cut + round(width / ratio)]
