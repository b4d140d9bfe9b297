"""Weights to and from .npz files: plain arrays, never pickle, shapes checked on the way in."""

import zipfile
from pathlib import Path

import numpy as np

from cnn_core.arguments import Array
from cnn_core.layers import Sequential


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why."""


def save(path: Path | str, network: Sequential) -> None:
    """Write every parameter as "00", "01", … in the order of `network.parameters()`."""
    arrays = {f"{number:02d}": parameter.value for number, parameter in enumerate(network.parameters())}
    with Path(path).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(path: Path | str) -> dict[str, Array]:
    """All arrays of an .npz file by name.

    Raises:
        WeightsError: the file is missing, no .npz, or holds anything but numbers.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{Path(path).name} cannot be read as weights: {type(error).__name__}") from None
    if any(array.dtype.kind != "f" for array in arrays.values()):
        raise WeightsError(f"{Path(path).name} must hold arrays of real numbers only")
    return arrays


def load(path: Path | str, network: Sequential) -> Sequential:
    """Put stored weights into a network of the same shape, and return it.

    Raises:
        WeightsError: the file cannot be read, or an array's shape is not the network's.
    """
    arrays, parameters = read(path), network.parameters()
    if sorted(arrays) != [f"{number:02d}" for number in range(len(parameters))]:
        raise WeightsError(f"{Path(path).name} holds {len(arrays)} arrays, but the network has {len(parameters)}")
    for (name, array), parameter in zip(sorted(arrays.items()), parameters, strict=True):
        if array.shape != parameter.shape:
            raise WeightsError(f"{Path(path).name}: array {name} has shape {array.shape}, not {parameter.shape}")
        parameter.value = array.astype(np.float32)
    return network
