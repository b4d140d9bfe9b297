"""A field with this page's link and a button that copies it."""

from ui.components.files import component

_mount = component("copy_link")


def copy_link(key: str) -> None:
    """Draw the link; it follows the address bar."""
    _mount(key=key)
