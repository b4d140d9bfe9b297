"""Where the functions of operators are found by name."""

from collections.abc import Callable
from typing import Any

OPERATORS: dict[str, Callable[..., Any]] = {}


def operator(*kinds: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function for these operators.

    Args:
        kinds: their names in the specification.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        OPERATORS.update(dict.fromkeys(kinds, function))
        return function

    return register
