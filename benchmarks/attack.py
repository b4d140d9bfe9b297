"""A class drags its kernels while a stranger attacks: how long it waits, what the server holds, and whether it stays healthy.

`make attack` runs it on loopback and writes the table to benchmarks/RESULTS.md. The attackers are processes of their own on the
same machine, so they take their share of it too.
"""

import contextlib
import io
import json
import multiprocessing
import os
import socket
import statistics
import struct
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.clients import resident
from benchmarks.results import machine, write
from tests.browser.conftest import free_port, start_server
from tests.replicas.visitor import TROUBLE, Visitor

SECONDS, CLIENTS, RATE = 12, 30, 10.0
WORST = "; ".join(
    " ".join(f"{(row * row + 3) * (7 * column + 5) % 23 - 11}" for column in range(11)) for row in range(11)
)
MASK = bytes(4)
Attack = Callable[[str, float], None]


def again(one: Callable[[], object], until: float) -> None:
    """Do it again and again, whatever the server says to it."""
    while time.time() < until:
        try:
            one()
        except (*TROUBLE, AssertionError, KeyError, ValueError):
            time.sleep(0.1)


def at_once(attack: Attack, count: int) -> Attack:
    def all_of_them(base: str, until: float) -> None:
        jobs = [threading.Thread(target=attack, args=(base, until)) for _ in range(count)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()

    return all_of_them


def arithmetic(base: str, until: float) -> None:
    """The most that one live request may take, without a pause: the largest photo and a kernel that is no sum of few simpler ones."""
    photo = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    Image.fromarray(noise).save(photo, "PNG")
    visitor = Visitor(base, "colour=colour&size=1024")
    visitor.open()
    visitor.upload("noise.png", photo.getvalue())
    again(lambda: visitor.work(WORST, time.monotonic()), until)


def reruns(base: str, until: float) -> None:
    """Fifty runs of a page a second, whose answers are read and thrown away."""
    visitor = Visitor(base, "image=coins&size=512")
    visitor.open()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with contextlib.suppress(*TROUBLE):
                visitor._receive()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    number = 0
    while time.time() < until:
        with contextlib.suppress(*TROUBLE):
            visitor.ask_run(f"image=coins&size=512&kernel={number % 1000}+0+-1")
        number += 1
        time.sleep(0.02)
    stop.set()


def scans(base: str, until: float) -> None:
    """Camera pictures of few bytes that decode for seconds."""
    visitor = Visitor(base, "image=coins")
    visitor.open()
    picture = many_scans()
    head = json.dumps({"v": 1, "id": 1, "op": "frame", "settings": {}}).encode()

    def ask() -> None:
        assert visitor.live
        visitor.live.send(struct.pack(">I", len(head)) + head + picture)
        visitor.live.recv(timeout=60)

    again(ask, until)


def many_scans(count: int = 3000) -> bytes:
    """A progressive JPEG whose last scan stands there again and again."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((1000, 1000), np.uint8)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:last] + scan * min(count, 190_000 // len(scan)) + data[-2:]


def deep_uploads(base: str, until: float) -> None:
    """One session that uploads pictures of 16 bits, one after the other."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((7900, 7900), np.uint16)).save(buffer, "PNG")
    visitor = Visitor(base, "size=512")
    visitor.open()
    again(lambda: visitor.upload("deep.png", buffer.getvalue()), until)


def raw(base: str, path: str) -> socket.socket:
    """A WebSocket as bytes."""
    host, port = base.removeprefix("http://").split(":")
    plain = socket.create_connection((host, int(port)), timeout=5)
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {base}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    )
    plain.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    plain.recv(1000)
    return plain


def pings(base: str, until: float) -> None:
    """Pings whose answers nobody reads, as fast as they are taken."""

    def flood() -> None:
        with raw(base, "/live") as plain:
            while time.time() < until:
                plain.sendall((b"\x89\xfd" + MASK + b"x" * 125) * 500)

    again(flood, until)


def unfinished(base: str, until: float) -> None:
    """Messages of nearly 20 MB that never end, on Streamlit's own socket."""

    def half() -> None:
        with raw(base, "/_stcore/stream") as plain:
            plain.sendall(b"\x02\xff" + struct.pack(">Q", 19_000_000) + MASK + b"x" * 18_000_000)
            plain.settimeout(max(0.1, until - time.time()))
            plain.recv(1)
            time.sleep(0.2)

    again(half, until)


def unread(base: str, until: float) -> None:
    """Questions whose answers are never read."""
    visitor = Visitor(base, "image=coffee&colour=colour&size=1024")
    visitor.open()
    settings = visitor.viewer["live"]["settings"] | {"kernel": "1"}
    asked = {
        "v": 1,
        "id": 1,
        "op": "stages",
        "image": visitor.viewer["live"]["token"],
        "settings": settings,
        "width": 16384,
    }
    text = json.dumps(asked).encode()
    frame = b"\x81\xfe" + struct.pack(">H", len(text)) + MASK + text

    def ask() -> None:
        sockets = [raw(base, "/live") for _ in range(40)]
        while time.time() < until:
            for one in sockets:
                one.sendall(frame)
            time.sleep(0.2)

    again(ask, until)


def trainings(base: str, until: float) -> None:
    """A training with the settings that the page has at first, followed as its page does."""
    visitor = Visitor(base, "")
    visitor.open()
    visitor.go("training")
    visitor.press("Start")
    again(visitor.follow, until)


class Case(NamedTuple):
    words: str
    attack: Attack | None
    limit: float  # milliseconds


CASES = (
    Case("nobody", None, 50),
    Case("one with the worst arithmetic", arithmetic, 120),
    Case("ten with the worst arithmetic", at_once(arithmetic, 10), 250),
    Case("thirty trainings", at_once(trainings, 30), 300),
    Case("two sockets with pictures of many scans", at_once(scans, 2), 100),
    Case("one that reruns its page 50 times a second", reruns, 250),
    Case("one that uploads pictures of 16 bits", deep_uploads, 150),
    Case("one that floods with pings", pings, 120),
    Case("three with messages that never end", at_once(unfinished, 3), 120),
    Case("forty sockets that never read", unread, 120),
)


def drag(base: str, number: int, start: float, until: float, waits: list[float]) -> None:
    visitor = Visitor(base, f"image=coins&size=512&kernel={number}+0+-1")
    visitor.open()
    time.sleep(max(0.0, start + number / CLIENTS / RATE - time.time()))
    due, count = time.time(), 0
    while due < until:
        time.sleep(max(0.0, due - time.time()))
        asked = time.perf_counter()
        try:
            visitor.drag(f"{count % 50 / 10} 0 -1; 2 0 -2; 1 0 -1")
        except TROUBLE:
            waits.append(10.0)
            break
        waits.append(time.perf_counter() - asked)
        due, count = max(due + 1 / RATE, time.time()), count + 1
    visitor.close()


def watch(base: str, pid: int, start: float, until: float, seen: dict[str, float]) -> None:
    """The slowest answer of /health and the most memory, from where all have opened the page."""
    time.sleep(max(0.0, start - time.time()))
    while time.time() < until:
        began = time.perf_counter()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/_stcore/health", timeout=10):
            pass
        seen["health"] = max(seen.get("health", 0), time.perf_counter() - began)
        seen["memory"] = max(seen.get("memory", 0), resident(pid))
        time.sleep(0.1)


def measured(case: Case) -> str:
    """A row: the class beside one attack, on a server of its own that is told 1,000 MB."""
    port = free_port()
    server = start_server(port, env={"CNN_VISUALISER_MEMORY_MB": "1000"})
    base, start = f"http://127.0.0.1:{port}", time.time() + 6
    until = start + SECONDS
    stranger = multiprocessing.get_context("fork").Process(
        target=case.attack or _nothing, args=(base, until), daemon=True
    )
    waits: list[list[float]] = [[] for _ in range(CLIENTS)]
    seen: dict[str, float] = {}
    try:
        rest = resident(server.pid)
        jobs = [threading.Thread(target=drag, args=(base, n, start, until, own)) for n, own in enumerate(waits)]
        jobs.append(threading.Thread(target=watch, args=(base, server.pid, start, until, seen)))
        stranger.start()
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    finally:
        stranger.kill()
        stranger.join()
        server.kill()
        server.wait()
    every = sorted(wait for own in waits for wait in own) or [10.0]
    middle, late = statistics.median(every) * 1e3, every[int(len(every) * 0.95)] * 1e3
    cells = [case.words, f"{len(every) / SECONDS:.0f}", f"{middle:.0f} ms", f"{late:.0f} ms", f"{case.limit:.0f} ms"]
    return (
        "| "
        + " | ".join([*cells, f"{seen['memory']:.0f} MB", f"{seen['memory'] - rest:.0f} MB", f"{seen['health']:.2f} s"])
        + " |"
    )


def _nothing(base: str, until: float) -> None:
    """Nobody attacks."""


def main(names: list[str]) -> None:
    lines = [
        f"{machine()}; {CLIENTS} clients drag a kernel {RATE:g} times a second beside",
        "",
        "| who | answers a second | median | p95 | to reach | server | above rest | slowest /health |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case in CASES:
        if not names or any(name in case.words for name in names):
            lines.append(measured(case))
            print(lines[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
    if not names:
        write("Under attack", lines)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
