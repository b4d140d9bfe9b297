"""The process apart, seen from outside: which worker takes a file, which goes on, and what is said when one breaks down."""

import io
import os
import signal
import struct
import subprocess
import threading
import time

import pytest

from cnn_core import image_worker
from cnn_core.image_headers import DAMAGED, ImageError


class Worker:
    """Answers every request alike, and knows whether it was ended."""

    def __init__(self, answer=(1, 1, b"rgb"), asleep=False, late=False, code=0) -> None:
        self.answer, self.asleep, self.late, self.code = answer, asleep, late, code
        self.files, self.ended = 0, False

    def ask(self, *_: object):
        self.files += 1
        return self.answer

    def end(self) -> int:
        self.ended = True
        return self.code


@pytest.fixture
def started(monkeypatch):
    """Workers that will start, in order; what is left of the list was not needed."""
    queue: list[Worker] = []
    monkeypatch.setattr(image_worker, "_idle", [])
    monkeypatch.setattr(image_worker, "_Worker", lambda: queue.pop(0))
    return queue


def test_a_worker_takes_so_many_files_and_a_fresh_one_follows(started, monkeypatch) -> None:
    monkeypatch.setattr(image_worker, "FILES", 3)
    first, second = Worker(), Worker()
    started += [first, second]
    for number in range(4):
        assert image_worker.decode_apart(b"file", 9) == (1, 1, b"rgb")
        assert first.ended == (number >= 2)
    assert (first.files, second.files, second.ended) == (3, 1, False)
    assert image_worker._idle == [second]
    image_worker._end_all()
    assert second.ended


def test_one_worker_at_most_waits_for_more(started) -> None:
    waiting, busy = Worker(), Worker()
    busy.ask = lambda *_: image_worker._idle.append(waiting) or (1, 1, b"rgb")  # it came back meanwhile
    started.append(busy)
    assert image_worker.decode_apart(b"file", 9) == (1, 1, b"rgb")
    assert (busy.ended, waiting.ended, image_worker._idle) == (True, False, [waiting])


def test_a_worker_that_fell_asleep_is_replaced_and_what_it_was_asked_is_asked_again(started) -> None:
    asleep, fresh = Worker(None, asleep=True), Worker()
    image_worker._idle.append(asleep)
    started.append(fresh)
    assert image_worker.decode_apart(b"file", 9) == (1, 1, b"rgb")
    assert (asleep.ended, fresh.files, image_worker._idle) == (True, 1, [fresh])


@pytest.mark.parametrize(
    ("worker", "words"),
    [
        (Worker((0, 0, "Too odd: é.".encode())), "Too odd: é."),
        (Worker(None), DAMAGED),
        (Worker(None, late=True), image_worker.TOO_SLOW),
        (Worker(None, code=-signal.SIGPROF), image_worker.TOO_SLOW),
        (Worker(None, code=signal.SIGPROF), DAMAGED),
        (Worker(None, asleep=True), image_worker.NO_ROOM),
    ],
)
def test_what_went_wrong_is_said(started, worker, words) -> None:
    started.append(worker)
    with pytest.raises(ImageError) as caught:
        image_worker.decode_apart(b"file", 9)
    assert str(caught.value) == words
    assert worker.ended == (worker.answer is None)  # a worker that said a sentence goes on
    assert image_worker._idle == ([] if worker.ended else [worker])


@pytest.mark.usefixtures("started")
def test_where_no_process_can_start_there_is_no_room(monkeypatch) -> None:
    def refuse() -> Worker:
        raise OSError

    monkeypatch.setattr(image_worker, "_Worker", refuse)
    with pytest.raises(ImageError, match="There is no room"):
        image_worker.decode_apart(b"file", 9)


class Deaf:
    """A process that neither answers nor ends until it is killed."""

    def __init__(self) -> None:
        self.stdin, (reader, self._writer) = io.BytesIO(), os.pipe()
        self.stdout, self.killed, self.ended = os.fdopen(reader, "rb"), False, False

    def kill(self) -> None:
        self.killed = True
        self.fall_silent()

    def fall_silent(self) -> None:
        if not self.ended:
            self.ended = True
            os.close(self._writer)

    def wait(self, timeout: float | None = None) -> int:
        if not self.killed:
            raise subprocess.TimeoutExpired("deaf", timeout or 0)
        return -9


def test_a_process_that_does_not_answer_in_time_is_killed(monkeypatch) -> None:
    deaf = Deaf()
    monkeypatch.setattr(image_worker, "_idle", [])
    monkeypatch.setattr(image_worker, "PATIENCE", 0.05)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: deaf)
    by_itself = threading.Timer(5, deaf.fall_silent)  # a test that waits for ever tells less
    by_itself.start()
    began = time.monotonic()
    with pytest.raises(ImageError, match="takes too long"):
        image_worker.decode_apart(b"file", 9)
    by_itself.cancel()
    assert time.monotonic() - began < 4
    assert (deaf.killed, image_worker._idle) == (True, [])


def test_a_process_that_does_not_end_by_itself_is_killed(monkeypatch) -> None:
    deaf = Deaf()
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: deaf)
    assert image_worker._Worker().end() == -9
    assert (deaf.stdin.closed, deaf.stdout.closed, deaf.killed) == (True, True, True)


def test_files_wait_until_they_fit_beside_each_other(monkeypatch) -> None:
    monkeypatch.setattr(image_worker, "TOGETHER", 100)
    entered = threading.Event()

    def large() -> None:
        with image_worker.room(41):
            entered.set()

    with image_worker.room(60):
        with image_worker.room(40):  # just fits
            assert image_worker._under_way == 100
        waiting = threading.Thread(target=large, daemon=True)
        waiting.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    waiting.join()
    with image_worker.room(10**12):  # counts as all of it
        assert image_worker._under_way == 100
    assert image_worker._under_way == 0


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [((2, 3, b"pixels"), (2, 3, b"pixels")), (MemoryError(), (0, 0, image_worker.TOO_LARGE.encode())),
     (ImageError("Broken."), (0, 0, b"Broken."))],
)  # fmt: skip
def test_a_request_is_answered_under_a_limit_of_time(outcome, expected) -> None:
    left = []

    def decode(data: bytes, max_side: int):
        left.append(signal.getitimer(signal.ITIMER_PROF)[0])
        assert (data, max_side) == (b"file", 9)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    target = io.BytesIO()
    try:
        image_worker._answer(b"file", 9, decode, target)
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    assert 0 < left[0] <= image_worker.SECONDS + 0.01
    height, width, length = struct.unpack(">IIQ", target.getvalue()[:16])
    assert (height, width, target.getvalue()[16:]) == expected
    assert length == len(expected[2])
