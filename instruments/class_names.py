"""Names of a network's classes, as people write them: one a line, or with commas between them."""

from cnn_core import networks
from instruments.fields import SettingError, Text

Names = tuple[str, ...]
LONGEST_NAME, MOST = 40, 10_000  # characters of a name that are kept; names
MOST_BYTES = 1_000_000  # of a text file
_AROUND = " \t\"'"  # what stands around names in some files


def parse(text: str) -> Names:
    """Names from a text; what cannot be printed is left out.

    >>> parse("cat, dog"), parse("tench, a fish\\ngoldfish\\n")
    (('cat', 'dog'), ('tench, a fish', 'goldfish'))
    """
    lines = _names(text.splitlines())
    names = _names(text.split(",")) if len(lines) < 2 else lines
    if len(names) > MOST:
        raise SettingError(f"The list of class names may have {MOST:,} names, but this one has {len(names):,}.")
    return names


def _names(parts: list[str]) -> Names:
    printable = ("".join(letter for letter in part if letter.isprintable()) for part in parts)
    shortened = (part.strip(_AROUND)[:LONGEST_NAME].strip(_AROUND) for part in printable)
    return tuple(name for name in shortened if name)


def unparse(names: Names) -> str:
    """A text that `parse` reads back.

    >>> unparse(("cat", "dog")), unparse(("tench, a fish", "goldfish"))
    ('cat, dog', 'tench, a fish\\ngoldfish')
    """
    return ("\n" if any("," in name for name in names) else ", ").join(names)


def read_file(data: bytes) -> Names:
    """Names from a text file; raises SettingError."""
    if len(data) > MOST_BYTES:
        raise SettingError(f"The file of class names may have {MOST_BYTES // 1000} kB: choose a shorter one.")
    try:
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SettingError("The file of class names is no text: save it as UTF-8, one name a line.") from None


def guessed(count: int, channels: int, height: int) -> tuple[tuple[str, ...], str]:
    """Names for so many classes, and whose they are; "" if nobody's."""
    if count == 1000 and channels == 3:
        return tuple(networks.classes("squeezenet")), "ImageNet's"
    if count == 10 and channels == 1 and height in (28, 32):
        return tuple(networks.classes("digits")), "the digits"
    if count == 10 and channels == 3 and height == 32:
        return tuple(networks.classes("resnet8")), "CIFAR-10's"
    return tuple(f"class {number}" for number in range(count)), ""


def completed(names: Names, count: int, channels: int, height: int) -> Names:
    """As many names as there are classes: those given, then "class 7"; guessed where none are given.

    >>> completed(("cat", "dog"), 3, 3, 32)
    ('cat', 'dog', 'class 2')
    """
    if not names:
        return guessed(count, channels, height)[0]
    return names[:count] + tuple(f"class {number}" for number in range(len(names), count))


NAMES: Text[Names] = Text("model_names", "the list of class names", "", parse, unparse)
