"""Every program that is shown, copied or downloaded: a file each, which runs as it stands, with a person's settings put in."""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


class Code(str):
    """A value that is code already, such as the name of a function."""

    __slots__ = ()


def program(name: str, **settings: object) -> str:
    """The program in the file of this name, each `setting = value` line holding what is set.

    Args:
        name: of the file, without ".py".
        settings: values by the names that the file assigns them to, at the start of a line; written as Python writes them.

    Raises:
        ValueError: the program has no such setting.

    >>> print(program("pooling_numpy", stride=3).splitlines()[5])
    stride = 3
    """
    text = _read(name)
    for setting, value in settings.items():
        line = f"{setting} = {value if isinstance(value, Code) else repr(value)}"
        text, found = re.subn(rf"^{setting} = [^#\n]*?(?=  #|$)", lambda _, line=line: line, text, flags=re.M)
        if found != 1:
            raise ValueError(f"{name}.py must assign {setting} in one line, but {found} do")
    return text


@cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text("utf-8")
