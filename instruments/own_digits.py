"""The digits network that a person trained here, or loaded from a file: its sizes and its weights."""

from dataclasses import dataclass

import numpy as np

from cnn_core import weights
from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from cnn_core.graph import Graph
from cnn_core.networks import digits_network
from cnn_core.shapes import conv_output_size
from cnn_core.weights import WeightsError
from instruments.digits import UNSEEN, all_digits
from instruments.network import MOST_KERNELS, MOST_POOL, MOST_SIDE

MOST_HIDDEN = 512  # units of the first dense layer
CHECKED = 100  # digits that tell two sizes apart
MOST_NUMBERS = 3_000_000  # of a file, 12 MB; the largest training here has 1.7 million


@dataclass(frozen=True, eq=False)
class OwnDigits:
    """A trained digits network of any of the sizes that the network page knows."""

    kernels: int
    side: int
    pool: int
    hidden: int
    graph: Graph  # to probabilities; nobody changes it

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Kernels, their side, and the side of the pooling window."""
        return self.kernels, self.side, self.pool


def of_weights(kernels: int, side: int, pool: int, hidden: int, arrays: dict[str, Array]) -> OwnDigits:
    """The network of these sizes with a copy of these weights, by name."""
    graph = digits_network(kernels, side, pool, hidden)
    graph.store({name: array.astype(np.float32) for name, array in arrays.items()})
    return OwnDigits(kernels, side, pool, hidden, graph)


def from_file(data: bytes) -> OwnDigits:
    """A network from the file that the training page makes; its sizes follow from its arrays' shapes.

    Where the shapes leave a choice, as pooling by 5 and by 6 both make 4 x 4 of 24 x 24, it is the one that reads digits better.

    Args:
        data: bytes of the .npz file.

    Raises:
        WeightsError: it is no weights file, or not of a digits network of sizes that are known here.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> weights.save(buffer, digits_network(3, 4, 2, hidden=20))
    >>> from_file(buffer.getvalue()).sizes
    (3, 4, 2)
    """
    shapes = weights.declared(data)
    first, dense = shapes.get("conv1.weight", ()), shapes.get("fc1.weight", ())
    if len(first) != 4 or len(dense) != 2 or first[1] != 1 or first[2] != first[3]:
        raise WeightsError("the file must hold a network as the training page makes it, conv1, fc1 and fc2")
    (kernels, _, side, _), (hidden, inputs) = first, dense
    if not (1 <= kernels <= MOST_KERNELS and 1 <= side <= MOST_SIDE):
        most = f"{MOST_KERNELS} kernels of {MOST_SIDE} x {MOST_SIDE}"
        raise WeightsError(f"the file has {kernels} kernels of {side} x {side}; at most {most} can be shown")
    if not 1 <= hidden <= MOST_HIDDEN or kernels * side * side + hidden * inputs > MOST_NUMBERS:
        raise WeightsError(f"the file has {hidden} hidden units that read {inputs} numbers: more than can be shown")
    maps = conv_output_size(SIDE, side)
    windows = [one for one in range(1, MOST_POOL + 1) if kernels * (maps // one) ** 2 == inputs]
    if not windows:
        raise WeightsError(f"the file's fc1 reads {inputs} numbers, which no pooling of {maps} x {maps} maps makes")
    arrays = weights.read(data, digits_network(kernels, side, windows[0], hidden).stored_shapes())
    return max((of_weights(kernels, side, pool, hidden, arrays) for pool in windows), key=_accuracy)


def _accuracy(own: OwnDigits) -> float:
    """The share of some unseen digits that it has right."""
    images, labels = all_digits()
    some = slice(UNSEEN, UNSEEN + CHECKED)
    with np.errstate(all="ignore"):  # weights of any size may stand in a file
        return float((own.graph.forward(images[some]).argmax(axis=1) == labels[some]).mean())
