"""Decoding in a process of its own, which may be ended: with a limit of memory and of time that no file can talk its way around.

A process is started when the first large file comes (about 0.2 s), takes further files, and goes when none has come for a while.
It is started afresh and not forked: it holds nothing of the server, and may be started from any thread.
"""

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from cnn_core.image_headers import DAMAGED, ImageError

SECONDS = 2.0  # of one core that decoding a file may take
PATIENCE = 10.0  # seconds that it may take by the clock, on a machine that is busy
MEMORY = 190_000_000  # bytes that decoding may take beside Python itself
TOGETHER = 380_000_000  # bytes of all files that are decoded at the same time, as `images.cost` counts them
IDLE = 20.0  # seconds until a process without work ends
FILES = 100  # that one process takes before a fresh one follows

TOO_SLOW = "Decoding the image takes too long: save it again as a plain JPEG or PNG."
NO_ROOM = "There is no room to decode the image just now: try again in a moment."
TOO_LARGE = "Decoding the image takes too much memory: shrink it first, or save it as JPEG."

# Only these modules are loaded, not the whole of cnn_core.
_PROGRAM = """
import json, sys, types
sys.path[:] = json.loads(sys.argv[1])
package = sys.modules["cnn_core"] = types.ModuleType("cnn_core")
package.__path__ = [sys.argv[2]]
from PIL import AvifImagePlugin, Image
Image.init()  # what is loaded later would count as the file's memory
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
from cnn_core import image_worker, images
image_worker.serve(images.decode_pixels)
"""
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}

_gate = threading.Condition()
_under_way = 0
_idle: "list[_Worker]" = []


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """Wait until so many bytes fit beside the files that are being decoded.

    Args:
        size: bytes; more than there are counts as all of them.

    >>> with room(1_000_000):
    ...     pass
    """
    global _under_way
    size = min(size, TOGETHER)
    with _gate:
        _gate.wait_for(lambda: _under_way + size <= TOGETHER)
        _under_way += size
    try:
        yield
    finally:
        with _gate:
            _under_way -= size
            _gate.notify_all()


def can_start() -> bool:
    """Whether this platform has such processes and limits; elsewhere, as on Windows, files are decoded where they are.

    >>> can_start() == (os.name == "posix")
    True
    """
    return os.name == "posix" and sys.platform != "emscripten" and bool(sys.executable)


def decode_apart(data: bytes, max_side: int) -> tuple[int, int, bytes]:
    """Decode a file in a process of its own.

    Args:
        data: the file's bytes.
        max_side: longer side of the result in pixels.

    Returns:
        Height, width, and the pixels R, G, B, a byte each, row after row.

    Raises:
        ImageError: what the process said; or it took too long, or too much memory, or broke down.
    """
    with _gate:
        worker = _idle.pop() if _idle else None
    answer = worker.ask(data, max_side) if worker else None
    if worker is not None and worker.asleep:
        worker.end()
        worker = None
    if worker is None:
        try:
            worker = _Worker()
        except OSError:
            raise ImageError(NO_ROOM) from None
        answer = worker.ask(data, max_side)
    if answer is None:
        slow = worker.end() == -signal.SIGPROF or worker.late
        raise ImageError(TOO_SLOW if slow else NO_ROOM if worker.asleep else DAMAGED)
    with _gate:
        keep = worker.files < FILES and not _idle
        if keep:
            _idle.append(worker)
    if not keep:
        worker.end()
    height, width, body = answer
    if not height:
        raise ImageError(body.decode())
    return height, width, body


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


class _Worker:
    """One such process, seen from outside."""

    def __init__(self) -> None:
        home = str(Path(__file__).parent)
        self.files, self.late, self.asleep = 0, False, False
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps([part for part in sys.path if part]), home],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | _ONE_THREAD,
        )  # fmt: skip

    def ask(self, data: bytes, max_side: int) -> tuple[int, int, bytes] | None:
        """(height, width, pixels), or (0, 0, sentence), or None if the process broke down."""
        assert self._process.stdin
        assert self._process.stdout
        begun = False

        def stop() -> None:
            self.late = True
            self._process.kill()

        timer = threading.Timer(PATIENCE, stop)
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(struct.pack(">IQ", max_side, len(data)))
            self._process.stdin.write(data)
            self._process.stdin.flush()
            begun = self._process.stdout.read(1) == b"+"
            height, width, length = struct.unpack(">IIQ", self._process.stdout.read(16))
            body = self._process.stdout.read(length)
            if len(body) < length:
                return None
        except (OSError, struct.error):
            self.asleep = not begun and not self.late  # it had ended before the request came, or could not begin
            return None
        finally:
            timer.cancel()
        self.files += 1
        return height, width, body

    def end(self) -> int:
        """Stop the process; returns what it ended with."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # it ends by itself once nothing more can come
        self._process.stdout.close()
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def serve(decode: Callable[[bytes, int], tuple[int, int, bytes]]) -> None:
    """Answer the requests on standard input, one after the other, under the limits: what the process runs.

    Args:
        decode: from a file's bytes and the longer side to height, width and pixels.
    """
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _limit_memory()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server's own affair
    while _wait(source) and len(head := source.read(12)) == 12:
        max_side, length = struct.unpack(">IQ", head)
        target.write(b"+")
        target.flush()
        _answer(source.read(length), max_side, decode, target)


def _answer(
    data: bytes, max_side: int, decode: Callable[[bytes, int], tuple[int, int, bytes]], target: BinaryIO
) -> None:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        height, width, body = decode(data, max_side)
    except MemoryError:
        height, width, body = 0, 0, TOO_LARGE.encode()
    except ImageError as error:
        height, width, body = 0, 0, str(error).encode()
    signal.setitimer(signal.ITIMER_PROF, 0)
    target.write(struct.pack(">IIQ", height, width, len(body)))
    target.write(body)
    target.flush()


def _wait(source: BinaryIO) -> bool:
    """Whether a request comes before the process has been idle for long."""
    import select

    return bool(select.select([source], [], [], IDLE)[0])


def _limit_memory() -> None:
    with contextlib.suppress(OSError, ImportError, ValueError):
        import resource

        held = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    with contextlib.suppress(OSError):
        os.nice(5)  # whoever moves a slider comes first
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # and stays, should memory run out
