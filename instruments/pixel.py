"""A pixel that a person chose on a picture, as text: stage, channel, row, column."""

from collections.abc import Mapping, Sequence

from instruments.fields import SettingError, choice, whole

Place = tuple[str, int, int, int]


def parse_place(text: str, stages: Sequence[str]) -> Place | None:
    """Read "convolution 0 12 30"; empty text means no pixel.

    >>> parse_place("relu 0 12 30", ["relu"]), parse_place(" ", [])
    (('relu', 0, 12, 30), None)
    """
    words = text.replace(",", " ").split()
    if not words:
        return None
    if len(words) != 4:
        raise SettingError("A pixel is written as stage, channel, row, column, such as convolution 0 12 30.")
    stage = choice("stage", words[0], ("input", *stages))
    channel, y, x = (whole(n, w, (0, 1 << 20)) for n, w in zip(("channel", "row", "column"), words[1:], strict=True))
    return stage, channel, y, x


def write_place(place: Place | None) -> str:
    """Text that `parse_place` reads back.

    >>> write_place(("relu", 0, 12, 30)), write_place(None)
    ('relu 0 12 30', '')
    """
    return " ".join(map(str, place)) if place else ""


def place_text(sent: object) -> str | None:
    """What a viewer sent as such a text, unchecked; None where it is no place at all."""
    if not isinstance(sent, Mapping):
        return None
    return " ".join(str(sent.get(name, ""))[:20] for name in ("stage", "channel", "y", "x"))
