"""Every program that is shown, copied or downloaded: a file each, which runs as it stands, with a person's settings put in.

A line that ends with `# if relu` is needed only where the setting `relu` is neither 0 nor False nor None.
"""

import json
import re
from functools import cache
from pathlib import Path

from cnn_core.arguments import Array, Pair
from instruments.fields import format_number

FOLDER = Path(__file__).parent


class Code(str):
    """A value that is code already, such as the name of a function."""

    __slots__ = ()


def program(name: str, **settings: object) -> str:
    """The program in the file of this name, with what is set: in the first line that assigns a setting, which begins with its
    name, and in lines that are there only if it is set.

    Args:
        name: of the file, without ".py".
        settings: values by the names that the file gives them; written as Python writes them.

    Raises:
        ValueError: the program has no such setting.

    >>> print(program("pooling_numpy", stride=3).splitlines()[6])
    stride = 3
    """
    text = _read(name)
    found = set()
    for setting, value in settings.items():
        line = f"{setting} = {_written(value)}".replace("\\", r"\\")
        text, assigned = re.subn(rf"^{setting} = [^#\n]*?(?=  #|$)", line, text, count=1, flags=re.M)
        found |= {setting} if assigned else set()
    for setting, value in settings.items():
        text, needed = re.subn(rf"^(.*)  # if {setting}\n", r"\1\n" if value else "", text, flags=re.M)
        if setting not in found and not needed:
            raise ValueError(f"{name}.py must assign {setting} or need it, but does neither")
    return text


def _written(value: object) -> str:
    if isinstance(value, str):
        return value if isinstance(value, Code) else json.dumps(value)  # in double quotes, as everywhere
    return repr(value)


@cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text("utf-8")


def number(value: float) -> Code:
    """A number of 32 bits, as short as can be.

    >>> number(1 / 3), number(2.0)
    ('0.33333334', '2')
    """
    return Code(format_number(value))


def pair(value: Pair) -> int | Pair:
    """One number where both are the same.

    >>> pair((2, 2)), pair((1, 2))
    (2, (1, 2))
    """
    return value[0] if value[0] == value[1] else value


def numbers(array: Array) -> Code:
    """An array of two axes or more as lists, a line each along the first.

    >>> import numpy as np
    >>> print(numbers(np.array([[1, 0.5], [-2, 0]])))
    [
        [1, 0.5],
        [-2, 0],
    ]
    """
    return Code("[\n" + "".join(f"    {_flat(one)},\n" for one in array) + "]")


def _flat(array: Array) -> str:
    return f"[{', '.join(map(_flat, array))}]" if array.ndim else format_number(float(array))
