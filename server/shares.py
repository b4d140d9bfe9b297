"""What requests may cost together: amounts of memory and numbers of places, reserved before, given back after, in fair turns.

Whoever works declares what it takes and for whom: an owner is a session, a client's socket or an address, by any name. What
does not fit waits. Turns go by time: a request is as urgent as it has waited long, less what its owner used of late, so that
ten heavy owners delay themselves and not the light ones, and nobody waits for ever. The amounts stand below, in one table.
"""

import asyncio
import math
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

from server.telemetry import memory

MEMORY = "CNN_VISUALISER_MEMORY_MB"  # what the server may use; unset: what its container says
SHORT = 0.6  # of that, from where on large images are shown smaller
CORES = max(2, os.cpu_count() or 1)
FORGOTTEN = 10.0  # seconds in which what an owner used counts for half
ASKED_AGAIN = 10.0  # seconds after which a place that nobody asked for again is free


@dataclass(eq=False)
class Claim:
    """One request: waiting until `granted` is called, then holding until it is given back."""

    size: int
    owner: Hashable
    granted: Callable[[], None]
    came: float = field(default_factory=time.monotonic)
    since: float | None = None  # when it was granted


class Shares:
    """An amount, of bytes or of places, that all requests under way share.

    Args:
        total: all of it.
        each: the part of it that one owner may hold at once.

    >>> shares = Shares(100)
    >>> with shares.take(60):
    ...     shares.free
    40
    """

    def __init__(self, total: int, each: float = 1.0) -> None:
        self.total = self.free = total
        self._each = max(1, int(total * each))
        self._lock = threading.RLock()  # a claim may be given back by the collector, in any thread that holds it
        self._waiting: list[Claim] = []
        self._held: dict[Hashable, int] = {}  # by owner
        self._used: dict[Hashable, tuple[float, float]] = {}  # by owner: seconds of the whole amount, and when

    @contextmanager
    def take(self, size: int = 1, owner: Hashable = None) -> Iterator[None]:
        """Wait in this thread for so much, at most all of it, and give it back afterwards. A thread must not take twice."""
        ready = threading.Event()
        claim = self.claim(size, owner, ready.set)
        try:
            ready.wait()
            yield
        finally:
            self.give_back(claim)

    @asynccontextmanager
    async def turn(self, size: int = 1, owner: Hashable = None, patience: float | None = None) -> AsyncIterator[None]:
        """As `take`, for a coroutine; TimeoutError if the turn has not come after so many seconds."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()

        def granted() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(ready.set)

        claim = self.claim(size, owner, granted)
        try:
            if claim.since is None:
                await asyncio.wait_for(ready.wait(), patience)
            yield
        finally:
            self.give_back(claim)

    @contextmanager
    def at_once(self, size: int = 1, owner: Hashable = None) -> Iterator[bool]:
        """Take so much if it is free now, without waiting; says whether it was."""
        claim = self.claim(size, owner, lambda: None)
        if claim.since is None:
            self.give_back(claim)
            yield False
            return
        try:
            yield True
        finally:
            self.give_back(claim)

    def claim(self, size: int, owner: Hashable, granted: Callable[[], None]) -> Claim:
        """Ask for so much; `granted` is called when it is there, in some thread, perhaps at once."""
        with self._lock:
            claim = Claim(min(size, self.total), owner, granted)
            self._waiting.append(claim)
            self._grant()
            return claim

    def give_back(self, claim: Claim) -> None:
        """End a claim that waits or holds; a second time does nothing."""
        with self._lock:
            if claim in self._waiting:
                self._waiting.remove(claim)
            elif claim.since is not None:
                self.free += claim.size
                self._count(claim)
                claim.since = None
            self._grant()

    def ahead(self, claim: Claim) -> int:
        """How many claims have their turn before this one; 0 if it holds."""
        with self._lock:
            order = sorted(self._waiting, key=self._urgency)
            return order.index(claim) + 1 if claim in order else 0

    def _count(self, claim: Claim) -> None:
        assert claim.since is not None
        if claim.owner is None:
            return
        now = time.monotonic()
        left = self._held[claim.owner] - claim.size
        if left > 0:
            self._held[claim.owner] = left
        else:
            del self._held[claim.owner]
        self._used[claim.owner] = self.used(claim.owner) + (now - claim.since) * claim.size / self.total, now
        if len(self._used) > 10_000:
            self._used = {owner: used for owner, used in self._used.items() if now - used[1] < 10 * FORGOTTEN}

    def used(self, owner: Hashable) -> float:
        """Seconds for which this owner held the whole amount, of late."""
        used, when = self._used.get(owner, (0.0, 0.0))
        return used * math.pow(0.5, max(0.0, time.monotonic() - when) / FORGOTTEN)

    def _urgency(self, claim: Claim) -> float:
        return claim.came + (0.0 if claim.owner is None else CORES * self.used(claim.owner))

    def _grant(self) -> None:
        """Let those in whose turn it is, up to the first that does not fit; who holds its part already is passed over."""
        for claim in sorted(self._waiting, key=self._urgency):
            held = self._held.get(claim.owner, 0) if claim.owner is not None else 0
            if held and held + claim.size > self._each:
                continue
            if claim.size > self.free:
                break
            self._waiting.remove(claim)
            self.free -= claim.size
            if claim.owner is not None:
                self._held[claim.owner] = held + claim.size
            claim.since = time.monotonic()
            claim.granted()


class Place:
    """A place that is asked for again and again, as by a page that draws itself anew; who stops asking loses it.

    >>> places = Shares(1)
    >>> mine, other = Place(places), Place(places)
    >>> mine.ask(), other.ask(), mine.give_back(), other.ask()
    (0, 1, None, 0)
    """

    _asking: ClassVar["list[Place]"] = []  # all that wait or hold

    def __init__(self, shares: Shares, size: int = 1) -> None:
        self._shares, self._size = shares, size
        self._claim: Claim | None = None
        self._asked = 0.0

    def ask(self) -> int:
        """0 if the place is held now, else its number in the queue."""
        self._asked = time.monotonic()
        for other in tuple(Place._asking):
            if self._asked - other._asked > ASKED_AGAIN:
                other.give_back()
        if self._claim is None:
            self._claim = self._shares.claim(self._size, None, lambda: None)
            Place._asking.append(self)
        return self._shares.ahead(self._claim)

    def give_back(self) -> None:
        """Leave the place or the queue."""
        if self._claim is not None:
            self._shares.give_back(self._claim)
            self._claim = None
            with suppress(ValueError):
                Place._asking.remove(self)


class Lease:
    """An amount that is held, if it was free at once, until it is given back or this object goes.

    >>> shares = Shares(10)
    >>> one, other = Lease(shares, 8), Lease(shares, 8)
    >>> one.granted, other.granted, shares.free
    (True, False, 2)
    """

    def __init__(self, shares: Shares, size: int) -> None:
        self._shares = shares
        self._claim = shares.claim(size, None, lambda: None)
        self.granted = self._claim.since is not None and size <= shares.total
        if not self.granted:
            self.give_back()

    def give_back(self) -> None:
        """End it; a second time does nothing."""
        self._shares.give_back(self._claim)

    def __del__(self) -> None:
        self.give_back()


class Pace:
    """A part of the processor's time for each owner: who has used theirs in advance waits before the next piece of work.

    Args:
        part: of one core.
        ahead: seconds that may be used in advance.
    """

    def __init__(self, part: float, ahead: float) -> None:
        self._part, self._ahead = part, ahead
        self._owed: dict[Hashable, tuple[float, float]] = {}  # by owner: seconds, and when

    def wait(self, owner: Hashable) -> float:
        """Seconds that this owner has to wait now."""
        return max(0.0, (self._owes(owner) - self._ahead) / self._part)

    @contextmanager
    def count(self, owner: Hashable) -> Iterator[None]:
        """Count what this thread computes meanwhile, but for what is `counted_elsewhere`."""
        began, _elsewhere.seconds = time.thread_time(), 0.0
        try:
            yield
        finally:
            now = time.monotonic()
            self._owed[owner] = self._owes(owner) + time.thread_time() - began - _elsewhere.seconds, now
            if len(self._owed) > 10_000:
                self._owed = {name: owed for name, owed in self._owed.items() if now - owed[1] < 60}

    def _owes(self, owner: Hashable) -> float:
        owed, when = self._owed.get(owner, (0.0, 0.0))
        return max(0.0, owed - self._part * (time.monotonic() - when))


_elsewhere = threading.local()


@contextmanager
def counted_elsewhere() -> Iterator[None]:
    """Around work inside a paced piece that has places of its own."""
    began = time.thread_time()
    try:
        yield
    finally:
        _elsewhere.seconds = getattr(_elsewhere, "seconds", 0.0) + time.thread_time() - began


@cache
def memory_limit() -> float:
    """Bytes that this process may use: as set, or as the container allows; infinite where neither is known."""
    if given := os.environ.get(MEMORY):
        return float(given) * 1e6
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            return float(Path(name).read_text("ascii"))  # "max" is no number: no limit
    return math.inf


MOST = 0.75  # the part of all connections that one address may hold: a class shares an address, a flood comes from one
MODELS_PART, UNKNOWN = 0.25, 2e9  # of what the server may use; bytes that this is taken to be where nobody says
LONG_MACS, LONG_BYTES = 100_000_000, 20_000_000  # from where on a computation is a long one

COMPUTING = Shares(128_000_000)  # bytes of all computations at the same time
NETWORKS = Shares(200_000_000)  # the same of networks' values: drags do not wait for them
LONG = Shares(CORES - 1)  # places for long computations, so that a core stays for the others
ANSWERS = Shares(CORES, each=0.5)  # places for live requests
FRAMES = Shares(CORES - 1)  # places for camera pictures, whose decoding may take long
DECODING = Shares(400_000_000)  # bytes of pictures that are being decoded, uploads and frames
PAGE_RUNS = Shares(300_000_000)  # bytes of all page runs at the same time
RUN_PLACES = Shares(8 * CORES)  # places for runs of pages and fragments
RUN_PACE = Pace(
    0.2, 2.0
)  # of a core for the runs of each session, while there are others; sending them takes as much again
UPLOADS = Shares(80_000_000, each=0.3)  # bytes of uploads under way or not yet taken by a page
LARGE_UPLOADS = Shares(102_000_000, each=0.5)  # the same of files that are larger than a photo may be: models
UPLOADING = Shares(16, each=1 / 16)  # places for uploads, one a session
DOWNLOADS = Shares(150_000_000, each=0.5)  # bytes of files that are being made and fetched
MODELS = Shares(  # bytes of the networks that people have given
    int(MODELS_PART * (memory_limit() if memory_limit() < 1e15 else UNKNOWN))
)
TRAININGS = Shares(2)  # places for trainings, about 100 MB each
LIVE_SOCKETS = Shares(1000, MOST)  # places on the live channel
CONNECTIONS = Shares(4000, MOST)  # places for connections of every kind


def is_long(macs: int, size: int) -> bool:
    """Whether a computation of so many multiply-adds and bytes needs a place among the long ones."""
    return macs > LONG_MACS or size > LONG_BYTES


@contextmanager
def computing(macs: int, size: int, owner: Hashable = None, of: Shares | None = None) -> Iterator[None]:
    """Around a computation in this thread: wait for a place if it is a long one, then for its memory, a part of `of` or of COMPUTING."""
    with LONG.take(1, owner) if is_long(macs, size) else nullcontext(), (of or COMPUTING).take(size, owner):
        yield


def short_of_memory() -> bool:
    """Whether the server holds so much that new work should be small."""
    return memory() > SHORT * memory_limit()
