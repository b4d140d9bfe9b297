"""How much one person may ask for at once, estimated before anything is computed; and how much all may at the same time."""

import math
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from live.settings import SettingError
from live.telemetry import memory

MAX_MACS = 2_000_000_000  # multiply-adds of one page run or live request: about 2 s on one core at the worst
MAX_BYTES = 96_000_000  # of arrays that one computation takes beside its input
UNDER_WAY = 128_000_000  # bytes of all computations at the same time
RUNNING = 300_000_000  # bytes of all page runs at the same time
MEMORY = "CNN_VISUALISER_MEMORY_MB"  # what the server may use; unset: what its container says
SHORT = 0.6  # of that, from where on large images are shown smaller


def check(macs: int, size: int, lower: str) -> None:
    """Refuse what would take too long or too much memory.

    Args:
        macs: multiply-adds.
        size: bytes of arrays at the same time.
        lower: what to change, as the end of "choose ...".

    Raises:
        SettingError: the sentence holds the estimate and what to change.

    >>> check(3_000_000_000, 0, "a smaller image or a smaller kernel")
    Traceback (most recent call last):
    live.settings.SettingError: This would take 3.0 billion multiply-adds, more than 2 billion: choose a smaller image or a smaller kernel.
    """
    if macs > MAX_MACS:
        amount, limit = f"{macs / 1e9:.1f} billion multiply-adds", f"{MAX_MACS / 1e9:.0f} billion"
    elif size > MAX_BYTES:
        amount, limit = f"{size / 1e6:.0f} MB of memory", f"{MAX_BYTES / 1e6:.0f} MB"
    else:
        return
    raise SettingError(f"This would take {amount}, more than {limit}: choose {lower}.")


class Turns:
    """Memory that all computations under way share: one that does not fit waits, and those that come later wait behind it.

    >>> turns = Turns(100)
    >>> with turns.take(60):
    ...     turns.free
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


TURNS = Turns()
RUNS = Turns(RUNNING)


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
