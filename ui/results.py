"""What was computed and may be asked for again: by content, bounded in bytes, forgotten in time. Imports no Streamlit."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np

from cnn_core.layers import Layer
from live.store import SessionLock

MAX_BYTES = 48_000_000  # of all results in the process
OWN_BYTES = 12_000_000  # of what one session keeps for itself
SECONDS = 3600.0
NUMBER = 32  # bytes that Python takes for one, and its place in a list


def weight(value: Any) -> int:
    """Bytes of a result, about: of arrays, texts and numbers, and of the weights of layers that it holds on to.

    >>> weight(("abc", np.zeros(2, np.float32))), weight({"a": [1, 2.5]})
    (11, 65)
    """
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, dict):
        return sum(weight(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return sum(weight(part) for part in value)
    if isinstance(value, Layer):
        return weight([*value.parameters.values(), *value.buffers.values()])
    return weight(list(vars(value).values())) if is_dataclass(value) else 0


class Owner:
    """A session that keeps results for itself alone: when it ends and this object goes, so do they."""

    def __init__(self, results: "Results | None" = None) -> None:
        self._results, self.name = results or RESULTS, secrets.token_hex(8)

    def __del__(self) -> None:
        self._results.lock.leave(self.name)


@dataclass
class _Held:
    value: Any
    bytes: int
    since: float  # on the monotonic clock


class Results:
    """Results by key, least recently used out.

    >>> results = Results(max_bytes=100)
    >>> results.get(("square", 2), lambda: "four"), results.get(("square", 2), lambda: "not asked again")
    ('four', 'four')
    """

    def __init__(self, max_bytes: int = MAX_BYTES, own_bytes: int = OWN_BYTES, seconds: float = SECONDS) -> None:
        self._max_bytes, self._own_bytes, self._seconds = max_bytes, own_bytes, seconds
        self._held: OrderedDict[tuple[str, Hashable], _Held] = OrderedDict()  # (owner's name or "", key)
        self.lock = SessionLock(self._forget)

    def get(self, key: Hashable, compute: Callable[[], Any], owner: Owner | None = None) -> Any:
        """The result under this key, computed unless it is held; an owner's is given to nobody else."""
        name = (owner.name if owner else "", key)
        with self.lock.taken():
            held = self._held.get(name)
            if held is not None and time.monotonic() - held.since < self._seconds:
                self._held.move_to_end(name)
                return held.value
        value = compute()
        size = weight(value)
        if size > (self._own_bytes if owner else self._max_bytes):
            return value  # would push out everything else
        with self.lock.taken():
            self._held[name] = _Held(value, size, time.monotonic())
            self._held.move_to_end(name)
            self._shrink(name[0])
        return value

    def bytes(self, owner: str | None = None) -> int:
        """Bytes held by the owner of this name, or by all."""
        return sum(held.bytes for (whose, _), held in self._held.items() if owner in (None, whose))

    def _forget(self, owner: str) -> None:
        for name in [name for name in self._held if name[0] == owner]:
            del self._held[name]

    def _shrink(self, owner: str) -> None:
        """Drop what is too old, then the least recently used until the bounds hold again."""
        now = time.monotonic()
        for name in [name for name, held in self._held.items() if now - held.since >= self._seconds]:
            del self._held[name]
        own = [name for name in self._held if name[0] == owner] if owner else []
        while own and self.bytes(owner) > self._own_bytes:
            del self._held[own.pop(0)]
        while self.bytes() > self._max_bytes:
            self._held.popitem(last=False)


RESULTS = Results()
