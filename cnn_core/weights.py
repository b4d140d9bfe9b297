"""Weights to and from .npz files: plain arrays by name, never pickle; names, shapes and sizes are checked before any is read.

An .npz is a zip of .npy files. Each header is read first: what it declares is compared with what the network needs and with
what lies in the zip, so that a small file cannot ask for more memory than the network has.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import numpy as np

from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.layers import Shape

MAX_BYTES = 256 << 20  # of all arrays of one file, as they lie in memory
MAX_ARRAYS = 4096
HEADER_BYTES = 10_000  # of one array's header: NumPy's own limit

Source = Path | str | bytes
T = TypeVar("T")

_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    SyntaxError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # an encrypted member, or a header nested too deeply
    MemoryError,  # likewise
    zipfile.BadZipFile,
    zlib.error,
)


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why."""


class _Header(NamedTuple):
    """What one array of a file declares."""

    shape: Shape
    dtype: np.dtype[np.generic]
    fortran: bool

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def save(target: Path | str | IO[bytes], network: Graph) -> None:
    """Write every parameter and buffer of a network by its name, such as "conv1.weight".

    Args:
        target: path of the .npz file, which is replaced, or an open file.
        network: whose arrays are written, in the precision they have.

    Raises:
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from cnn_core.graph import chain
    >>> from cnn_core.layers import Linear
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/net.npz", chain([Linear(3, 2)], (3,)))
    ...     {name: array.shape for name, array in read(f"{folder}/net.npz").items()}
    {'fc1.weight': (2, 3), 'fc1.bias': (2,)}
    """
    with Path(target).open("wb") if isinstance(target, Path | str) else nullcontext(target) as file:
        np.savez(file, **network.stored())  # type: ignore[arg-type]


def encode(network: Graph) -> bytes:
    """The bytes of such a file, which `read` and `load` take as they take a path.

    Args:
        network: whose arrays are written.

    >>> from cnn_core.graph import chain
    >>> from cnn_core.layers import Linear
    >>> read(encode(chain([Linear(3, 2)], (3,))))["fc1.bias"].shape
    (2,)
    """
    buffer = io.BytesIO()
    save(buffer, network)
    return buffer.getvalue()


def read(source: Source, shapes: Mapping[str, Shape] | None = None) -> dict[str, Array]:
    """All arrays of an .npz file by name.

    Args:
        source: path of the file, or its bytes.
        shapes: exactly the arrays that are wanted; None takes any of together at most MAX_BYTES.

    Returns:
        Arrays of the float types they are stored in.

    Raises:
        WeightsError: the file is missing, no .npz, too large, or holds other arrays than wanted.
    """

    def arrays(archive: zipfile.ZipFile, name: str) -> dict[str, Array]:
        members = _members(archive, name)
        headers = {key: _header(archive, info) for key, info in members.items()}
        _check(headers, shapes, name)
        return {key: _array(archive, info, headers[key]) for key, info in members.items()}

    return _from(source, arrays)


def declared(source: Source) -> dict[str, Shape]:
    """Shapes of an .npz file's arrays by name, as their headers declare them: nothing of the data is read.

    Args:
        source: path of the file, or its bytes.

    Raises:
        WeightsError: as of `read`.

    >>> buffer = io.BytesIO()
    >>> np.savez(buffer, a=np.zeros((2, 3), np.float32))
    >>> declared(buffer.getvalue())
    {'a': (2, 3)}
    """

    def shapes(archive: zipfile.ZipFile, name: str) -> dict[str, Shape]:
        return {key: _header(archive, info).shape for key, info in _members(archive, name).items()}

    return _from(source, shapes)


def load(source: Source, network: Graph) -> Graph:
    """Put stored weights into a network, in float32, and return it.

    Args:
        source: path of the .npz file, or its bytes.
        network: takes the arrays; it stays as it is if the file does not fit.

    Raises:
        WeightsError: the file cannot be read, or its names or shapes are not exactly the network's.
    """
    arrays = read(source, network.stored_shapes())
    network.store({name: array.astype(np.float32) for name, array in arrays.items()})
    return network


def _from(source: Source, take: Callable[[zipfile.ZipFile, str], T]) -> T:
    """What is taken of an archive and its name; all that cannot be read, however it is damaged, is one kind of error."""
    name = "the file" if isinstance(source, bytes) else Path(source).name
    try:
        with _opened(source) as file, zipfile.ZipFile(file) as archive:
            return take(archive, name)
    except WeightsError:
        raise
    except _UNREADABLE as error:
        raise WeightsError(f"{name} cannot be read as weights: {type(error).__name__}") from None


def _opened(source: Source) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_ARRAYS:
        raise WeightsError(f"{name} holds {len(infos)} arrays; at most {MAX_ARRAYS} are read")
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise WeightsError(f"{name} holds two arrays of one name")
    return members


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Header:
    """What the .npy file declares, with nothing of its data read."""
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):  # later ones may declare headers of gigabytes, which NumPy reads before it measures them
            raise ValueError(f"version {version} of .npy is not read")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=HEADER_BYTES)
        header = _Header(tuple(shape), dtype, fortran)
        if any(side < 0 for side in header.shape) or file.tell() + header.bytes != info.file_size:
            raise ValueError("the array is not as large as its header says")
    return header


def _check(headers: Mapping[str, _Header], shapes: Mapping[str, Shape] | None, name: str) -> None:
    """Refuse what is not wanted, before any array is made."""
    for key, header in headers.items():
        if header.dtype.kind != "f" or header.dtype.itemsize > 8:
            raise WeightsError(f"{name} must hold arrays of real numbers only, but {key} is {header.dtype}")
    if shapes is None:
        size = sum(header.bytes for header in headers.values())
        if size > MAX_BYTES:
            raise WeightsError(f"{name} holds {size:,} bytes of arrays; at most {MAX_BYTES:,} are read")
        return
    missing, surplus = sorted(set(shapes) - set(headers)), sorted(set(headers) - set(shapes))
    if missing:
        raise WeightsError(f"{name} has no array {missing[0]}, which the network needs")
    if surplus:
        raise WeightsError(f"{name} holds an array {surplus[0]}, which the network does not have")
    for key, shape in shapes.items():
        if headers[key].shape != shape:
            raise WeightsError(f"{name}: {key} has shape {headers[key].shape}, but the network needs {shape}")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, header: _Header) -> Array:
    with archive.open(info) as file:
        array = np.lib.format.read_array(file, allow_pickle=False, max_header_size=HEADER_BYTES)
    if array.shape != header.shape:
        raise ValueError("the array is not as its header says")
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
