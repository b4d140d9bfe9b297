"""Networks with trained weights: the lesson's digits network, and the three networks of MTCNN."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from cnn_core import weights
from cnn_core.arguments import Array, image_batch
from cnn_core.convolution import conv2d
from cnn_core.dense import linear, softmax
from cnn_core.layers import Conv2d, Flatten, Layer, Linear, MaxPool2d, PReLU, ReLU, Sequential, Softmax

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def digits_layers(
    kernels: int = 16, kernel_size: int = 5, pool_size: int = 2, hidden: int = 128, seed: int = 0
) -> list[Layer]:
    """Input 1 x 28 x 28 -> Conv -> ReLU -> MaxPool -> FC -> ReLU -> FC, ending in 10 logits.

    Raises:
        ValueError: the kernel or the pooling window does not fit.

    >>> Sequential(digits_layers()).output_shapes((1, 28, 28))[2:4]
    [(16, 12, 12), (2304,)]
    """
    conv, pool = Conv2d(1, kernels, kernel_size, seed=seed), MaxPool2d(pool_size)
    c, height, width = pool.output_shape(conv.output_shape((1, 28, 28)))
    return [
        conv,
        ReLU(),
        pool,
        Flatten(),
        Linear(c * height * width, hidden, seed=seed + 1),
        ReLU(),
        Linear(hidden, 10, seed=seed + 2),
    ]


class DigitsNetwork(Sequential):
    """The digits network: (N, 1, 28, 28) in [0, 1], bright on dark, to probabilities (N, 10)."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__([*layers, Softmax()])


class Cascade:
    """One network of MTCNN: a trunk of layers, then several heads on its output. It remembers nothing between calls.

    Input: RGB pixels as (value * 255 - 127.5) / 128, (3, H, W) or (N, 3, H, W). P-Net has convolutions as heads and takes
    any size from 12 x 12; R-Net takes 24 x 24, O-Net 48 x 48.
    """

    def __init__(self, trunk: list[Layer], heads: list[str], stored: dict[str, Array]) -> None:
        self.trunk = Sequential(trunk)
        rest = [array for name, array in stored.items() if name.split(".")[0] not in heads]
        for parameter, array in zip(self.trunk.parameters(), rest, strict=True):
            if parameter.shape != array.shape:
                raise weights.WeightsError(f"a stored array has shape {array.shape}, not {parameter.shape}")
            parameter.value = array.astype(np.float32)
        self.heads = {name: (stored[f"{name}.weight"], stored[f"{name}.bias"]) for name in heads}

    def forward(self, x: ArrayLike) -> dict[str, Array]:
        """Answers by head: "face" (probabilities, channel 1 is the face), "box", and for O-Net "landmarks"."""
        features, batched = image_batch("x", x)
        for layer in self.trunk.layers:
            features = layer.apply(features)  # the one before is let go: P-Net's maps of a large photo are large
        answers = {name: self._head(features, name) for name in self.heads}
        return answers if batched else {name: array[0] for name, array in answers.items()}

    def trace(self, x: ArrayLike) -> dict[str, Array]:
        """Every intermediate by name, in order, then the heads."""
        batch, batched = image_batch("x", x)
        arrays = self.trunk.trace(batch)
        features = next(reversed(arrays.values()))
        arrays |= {name: self._head(features, name) for name in self.heads}
        return arrays if batched else {name: array[0] for name, array in arrays.items()}

    def _head(self, features: Array, name: str) -> Array:
        weight, bias = self.heads[name]
        answer = conv2d(features, weight, bias) if weight.ndim == 4 else linear(features, weight, bias)
        return softmax(answer, axis=1) if name == "face" else answer


class Network(Protocol):
    """What `load` returns."""

    def forward(self, x: ArrayLike) -> Any: ...

    def trace(self, x: ArrayLike) -> dict[str, Array]: ...


def _pnet(stored: dict[str, Array]) -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 10, 3), PReLU(10), MaxPool2d(2, 2, ceil_mode=True), Conv2d(10, 16, 3), PReLU(16)]
    return Cascade([*trunk, Conv2d(16, 32, 3), PReLU(32)], ["box", "face"], stored)


def _rnet(stored: dict[str, Array]) -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 28, 3), PReLU(28), MaxPool2d(3, 2, ceil_mode=True)]
    trunk += [Conv2d(28, 48, 3), PReLU(48), MaxPool2d(3, 2), Conv2d(48, 64, 2), PReLU(64)]
    return Cascade([*trunk, Flatten(), Linear(576, 128), PReLU(128)], ["box", "face"], stored)


def _onet(stored: dict[str, Array]) -> Cascade:
    trunk: list[Layer] = [Conv2d(3, 32, 3), PReLU(32), MaxPool2d(3, 2, ceil_mode=True)]
    trunk += [Conv2d(32, 64, 3), PReLU(64), MaxPool2d(3, 2), Conv2d(64, 64, 3), PReLU(64)]
    trunk += [MaxPool2d(2, 2, ceil_mode=True), Conv2d(64, 128, 2), PReLU(128)]
    return Cascade([*trunk, Flatten(), Linear(1152, 256), PReLU(256)], ["box", "landmarks", "face"], stored)


_CASCADES = {"pnet": _pnet, "rnet": _rnet, "onet": _onet}


def load(name: str) -> Network:
    """A network with trained weights, a fresh object at each call.

    Args:
        name: "digits", "pnet", "rnet" or "onet".

    Returns:
        A network with `.forward` and `.trace`. "digits" takes (N, 1, 28, 28) in [0, 1], bright strokes on dark, and
        answers probabilities (N, 10). The others take normalised pixels and answer a dict by head, see `Cascade`.

    Raises:
        ValueError: there is no network of this name.

    Source: digits: `cnn_core/train_digits.py`. The others: Zhang et al., "Joint Face Detection and Alignment using
    Multitask Cascaded Convolutional Networks" (2016).

    >>> load("digits").forward(np.zeros((2, 1, 28, 28))).shape
    (2, 10)
    >>> {head: answer.shape for head, answer in load("pnet").forward(np.zeros((3, 12, 12))).items()}
    {'box': (4, 1, 1), 'face': (2, 1, 1)}
    """
    if name == "digits":
        return weights.load(ASSETS / "digits.npz", DigitsNetwork(digits_layers()))
    if name not in _CASCADES:
        raise ValueError(f"name must be digits, pnet, rnet or onet, got {name!r}")
    return _CASCADES[name](weights.read(ASSETS / f"mtcnn_{name}.npz"))
