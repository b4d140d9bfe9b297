"""The digits network as programs: NumPy with cnn_core, PyTorch, Keras, and a notebook.

Each reads `digits.npz` (the weights) and makes `probabilities` from `digit`, so that numbers can be compared.
"""

from cnn_core.arguments import Array
from ui.programs import Code, program
from ui.programs.notebooks import notebook_text

_LINE = 112  # characters of hexadecimal in a line


def digit_code(digit: Array) -> Code:
    """A digit (1, 28, 28) in [0, 1] as Python writes it, 8 bits a pixel in hexadecimal.

    >>> import numpy as np
    >>> digit_code(np.ones((1, 28, 28)))[:25]
    'np.frombuffer(bytes.fromh'
    """
    data = (digit * 255).round().astype("uint8").tobytes().hex()
    lines = "\n".join(f'    "{data[n : n + _LINE]}"' for n in range(0, len(data), _LINE))
    return Code(f"np.frombuffer(bytes.fromhex(\n{lines}\n), np.uint8).reshape(1, 1, 28, 28) / np.float32(255)")


def programs(digit: Array) -> dict[str, str]:
    """The network on this digit, by library."""
    files = {"NumPy": "digits_numpy", "PyTorch": "digits_pytorch", "Keras": "digits_keras"}
    return {library: program(file, digit=digit_code(digit)) for library, file in files.items()}


def notebook(digit: Array) -> str:
    """A Jupyter notebook with the NumPy program, a cell a step."""
    introduction = "# A convolutional network in NumPy\n\nPut `digits.npz` and the folder `cnn_core` beside this notebook, then run all cells."
    return notebook_text(introduction, [block for block in programs(digit)["NumPy"].split("\n\n") if block.strip()])
