"""The kernel as a grid of numbers; reports whole-kernel text or the name of an operation, never trusted as it comes."""

from collections.abc import Callable

from instruments.kernel_text import MAX_VALUE, parse_kernel
from ui.components.files import component, mount
from ui.palette import diverging_tables

_mount = component("kernel_editor")


def kernel_editor(
    key: str,
    instrument: str,
    name: str,
    text: str,
    note: str,
    on_edit: Callable[[object], None],
    end: float = 0.0,
) -> None:
    """Draw the editor; on_edit gets {"kernel": text} or {"operation": name}.

    Args:
        key: key of the component in the session.
        instrument: name of the viewer that follows the moving hand.
        name: of the live setting that the kernel is.
        text: the kernel as written, before scale and flip.
        note: a sentence about what was wrong with the last edit, or "".
        on_edit: called before the page runs, with whatever the browser sent.
        end: of the colour scale, at least: that of other kernels beside it.
    """
    data = {
        "instrument": instrument,
        "name": name,
        "text": text,
        "values": parse_kernel(text).tolist(),
        "note": note,
        "limit": MAX_VALUE,
        "end": end,
        "tables": diverging_tables(),
    }
    mount(_mount, key, data, "edit", on_edit)
