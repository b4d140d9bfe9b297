"""Memory that all work under way shares: what does not fit waits for its turn."""

import math
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from server.telemetry import memory

UNDER_WAY = 128_000_000  # bytes of all computations at the same time
RUNNING = 300_000_000  # bytes of all page runs at the same time
MEMORY = "CNN_VISUALISER_MEMORY_MB"  # what the server may use; unset: what its container says
SHORT = 0.6  # of that, from where on large images are shown smaller


class Shares:
    """Memory that all computations under way share: one that does not fit waits, and those that come later wait behind it.

    >>> shares = Shares(100)
    >>> with shares.take(60):
    ...     shares.free
    40
    """

    def __init__(self, total: int = UNDER_WAY) -> None:
        self.total = self.free = total
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Wait for so many bytes, at most all of them, and give them back afterwards. A thread must not take twice."""
        size, turn = min(size, self.total), object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self.free >= size)
            self._waiting.popleft()
            self.free -= size
            self._changed.notify_all()  # the next may fit too
        try:
            yield
        finally:
            with self._changed:
                self.free += size
                self._changed.notify_all()


COMPUTING = Shares()
PAGE_RUNS = Shares(RUNNING)


@cache
def memory_limit() -> float:
    """Bytes that this process may use: as set, or as the container allows; infinite where neither is known."""
    if given := os.environ.get(MEMORY):
        return float(given) * 1e6
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            return float(Path(name).read_text("ascii"))  # "max" is no number: no limit
    return math.inf


def short_of_memory() -> bool:
    """Whether the server holds so much that new work should be small."""
    return memory() > SHORT * memory_limit()
