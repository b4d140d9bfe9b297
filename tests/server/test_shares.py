"""Work is refused before it is done, and what all do at the same time stays within one amount of memory."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from live.settings import SettingError, Settings
from live.uploads import BoundedUploads
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from live import limits, stages, uploads

UPLOAD = "/base/_stcore/upload_file/{session}/{file}"


def test_too_much_memory_is_refused_with_the_estimate() -> None:
    image = np.broadcast_to(np.float32(0), (3, 2048, 2048))
    with pytest.raises(SettingError, match=r"201 MB of memory, more than 96 MB: choose a smaller image or"):
        stages.compute(image, Settings("1"))


def test_computations_wait_for_their_share_of_memory() -> None:
    turns, under_way, most = limits.Turns(100), [0], [0]
    lock = threading.Lock()

    def work(size: int) -> None:
        with turns.take(size):
            with lock:
                under_way[0] += min(size, 100)
                most[0] = max(most[0], under_way[0])
            time.sleep(0.005)
            with lock:
                under_way[0] -= min(size, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [40, 70, 30, 500, 60, 10, 90, 20] * 4))
    assert 70 <= most[0] <= 100
    assert turns.free == 100


def test_a_large_computation_is_not_passed_by_small_ones_for_ever() -> None:
    turns, done = limits.Turns(100), threading.Event()

    def small() -> None:
        while not done.is_set():
            with turns.take(60):
                time.sleep(0.002)

    def large() -> None:
        with turns.take(100):
            done.set()

    threads = [threading.Thread(target=small) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    last = threading.Thread(target=large)
    last.start()
    fair = done.wait(5)
    done.set()
    for thread in (*threads, last):
        thread.join()
    assert fair


def test_a_failed_computation_gives_its_memory_back() -> None:
    turns = limits.Turns(100)
    with pytest.raises(ZeroDivisionError), turns.take(60):
        _ = 1 / 0
    assert turns.free == 100


@pytest.fixture
def client():
    """A client of an upload route that says whether the file went to the disk; session "full" holds too much already, and
    the files of session "slow" take a second."""

    async def put(request: Request) -> PlainTextResponse:
        if request.path_params["session"] == "slow":
            await asyncio.sleep(1)
        async with request.form() as form:
            return PlainTextResponse(f"{form['file'].size} {form['file'].file._rolled}")

    app = Starlette(routes=[Route(UPLOAD, put, methods=["PUT", "POST"])])
    held = {"full": uploads.MAX_HELD}.get
    with TestClient(BoundedUploads(app, lambda session: held(session, 0))) as client:
        yield client


def test_a_large_upload_stays_in_memory(client) -> None:
    answer = client.put(UPLOAD.format(session="a", file="1"), files={"file": b"x" * 19_000_000})
    assert answer.text == "19000000 False"


def test_a_session_cannot_pile_up_files(client) -> None:
    assert client.put(UPLOAD.format(session="full", file="2"), files={"file": b"x"}).status_code == 413
    assert client.put(UPLOAD.format(session="other", file="2"), files={"file": b"x"}).status_code == 200


def test_a_slow_upload_is_ended(client, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS", 0.05)
    assert client.put(UPLOAD.format(session="slow", file="1"), files={"file": b"x"}).status_code == 408
