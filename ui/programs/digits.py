"""The digits network as programs: NumPy with cnn_core, PyTorch, Keras, and a notebook.

Each reads `digits.npz`, or the weights of a person's own network, and makes `probabilities` from `digit`, so that numbers can be compared.
"""

import zlib

from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from cnn_core.shapes import conv_output_size
from instruments.own_digits import OwnDigits
from ui.programs import Code, program
from ui.programs.notebooks import notebook_text

OWN = "training-weights.npz"  # as the training page and this one call the file
_LINE = 96  # characters of hexadecimal in a line


def digit_code(digit: Array) -> Code:
    """A digit (1, 28, 28) in [0, 1] as Python writes it: 8 bits a pixel, packed, in hexadecimal: a few lines.

    >>> import numpy as np
    >>> digit_code(np.ones((1, 28, 28)))[:25]
    'np.frombuffer(zlib.decomp'
    """
    data = zlib.compress((digit * 255).round().astype("uint8").tobytes(), 9).hex()
    lines = "\n".join(f'    "{data[n : n + _LINE]}"' for n in range(0, len(data), _LINE))
    return Code(
        f"np.frombuffer(zlib.decompress(bytes.fromhex(\n{lines}\n)), np.uint8).reshape(1, 1, 28, 28) / np.float32(255)"
    )


def programs(digit: Array, own: OwnDigits | None = None) -> dict[str, str]:
    """The network on this digit, by library; the own one, if it is given."""
    files = {"NumPy": "digits_numpy", "PyTorch": "digits_pytorch", "Keras": "digits_keras"}
    given = {"digit": digit_code(digit)}
    if own is None:
        return {library: program(file, **given) for library, file in files.items()}
    given |= {"weights": Code(f'np.load("{OWN}")'), "pool": Code(str(own.pool))}
    written = {library: program(file, **given) for library, file in files.items()}
    maps = conv_output_size(SIDE, own.side)
    for shipped, side in (("16 x 24 x 24", maps), ("16 x 12 x 12", maps // own.pool)):
        written["NumPy"] = written["NumPy"].replace(f"# N x {shipped}", f"# N x {own.kernels} x {side} x {side}")
    return written


def notebook(digit: Array, own: OwnDigits | None = None) -> str:
    """A Jupyter notebook with the NumPy program, a cell a step."""
    file = OWN if own else "digits.npz"
    introduction = f"# A convolutional network in NumPy\n\nPut `{file}` and the folder `cnn_core` beside this notebook, then run all cells."
    blocks = programs(digit, own)["NumPy"].split("\n\n")
    return notebook_text(introduction, [block for block in blocks if block.strip()])
