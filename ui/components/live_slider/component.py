"""A slider that moves the picture while it moves; its value is the page's to keep."""

from collections.abc import Callable, Sequence
from typing import Any

from instruments.fields import Real
from ui.components.files import component, mount

_mount = component("live_slider")


def live_slider(
    key: str,
    instrument: str,
    field: Real,
    label: str,
    value: float,
    on_edit: Callable[[Any], None],
    marks: Sequence[float] | None = None,
) -> None:
    """Draw a slider for a field; on_edit gets what the browser sent when the hand lets go.

    Args:
        key: key of the component in the session.
        instrument: name of the viewer that follows the moving hand, "" if none does.
        field: the setting, by whose key live messages call it.
        label: its words.
        value: the number it stands at.
        on_edit: called before the page runs, with whatever the browser sent.
        marks: where alone it can stand, at equal distances, rising and with the value among them; None for a scale of equal steps.
    """
    data = {"instrument": instrument, "name": field.key, "label": label, "value": value}
    data |= {"low": field.low, "high": field.high, "step": field.step, "marks": None if marks is None else list(marks)}
    mount(_mount, key, data, "edit", on_edit)
