"""A slider that moves the picture while it moves; its value lives in a bound text field's key, given by the page."""

from collections.abc import Callable
from typing import Any

from ui.components.files import component, mount

_mount = component("live_slider", "channel", "colours")


def live_slider(
    key: str,
    instrument: str,
    name: str,
    label: str,
    value: float,
    bounds: tuple[float, float],
    step: float,
    on_edit: Callable[[Any], None],
    colour: str | None = None,
) -> None:
    """Draw a slider for the live setting called name; on_edit gets what the browser sent when the hand lets go."""

    data = {"instrument": instrument, "name": name, "label": label, "value": value, "low": bounds[0], "high": bounds[1]}
    mount(_mount, key, data | {"step": step, "colour": colour}, "edit", on_edit)
