"""Which library's program a page shows."""

from instruments.fields import Choice

NONE = "none"  # no program is shown


def library(page: str, *names: str, default: str = NONE) -> Choice:
    """The choice on this page; a name's code is its small letters."""
    return Choice(f"{page}_code", "In code", default, {NONE: "None"} | {code(name): name for name in names})


def code(name: str) -> str:
    """
    >>> code("One product")
    'one_product'
    """
    return name.lower().replace(" ", "_")
