"""A photo that is dropped or pasted anywhere on a page goes to the sidebar's uploader, as if it had been chosen there."""

from ui.components.files import component

_mount = component("photo_drop")


def photo_drop() -> None:
    """Listen on the whole page; the shell calls it beside the picker, once a run."""
    _mount(key="_photo_drop")
