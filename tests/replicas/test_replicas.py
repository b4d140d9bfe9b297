"""Three replicas behind the nginx of deploy/: sixty sessions outlive a killed replica and a rolling restart."""

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.conftest import free_port, start_server
from tests.replicas.proxy import Proxy
from tests.replicas.test_small_host import photo
from tests.replicas.visitor import Visitor

SESSIONS = 60
BACK_WITHIN = 10.0  # seconds


class Replicas:
    """Three servers and the proxy before them, on loopback."""

    def __init__(self, folder: Path) -> None:
        self.ports = [free_port() for _ in range(3)]
        self.secret = {"STREAMLIT_SERVER_COOKIE_SECRET": "of this test alone"}
        self.servers = [self.start(number) for number in range(3)]
        self.proxy = Proxy(folder, [f"127.0.0.1:{port}" for port in self.ports])
        self.base = self.proxy.base

    def start(self, number: int) -> subprocess.Popen[bytes]:
        return start_server(self.ports[number], env=self.secret)

    def stop(self) -> None:
        self.proxy.stop()
        for server in self.servers:
            server.kill()
            server.wait()


@pytest.fixture
def replicas(tmp_path) -> Iterator[Replicas]:
    running = Replicas(tmp_path)
    yield running
    running.stop()


def everyone(visitors: list[Visitor], task: Callable[[Visitor], object]) -> list[object]:
    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(task, visitors))


def kernel_of(number: int) -> str:
    return f"{number} 1; 0 -1"


def check(visitors: list[Visitor]) -> None:
    """Every session works within the time, with the settings of its own link."""
    until = time.monotonic() + BACK_WITHIN
    heads = everyone(visitors, lambda visitor: visitor.work("0 0; 0 2", until))
    assert time.monotonic() < until
    for number, (visitor, head) in enumerate(zip(visitors, heads, strict=True)):
        assert visitor.viewer["live"]["settings"]["kernel"] == kernel_of(number)
        assert head["stages"][0]["shape"] == ([1, 17, 21] if number % 2 else [1, 14, 21])  # type: ignore[index]


@pytest.mark.timeout(300)
def test_sessions_outlive_a_killed_replica_and_a_rolling_restart(replicas) -> None:
    visitors = []
    for number in range(SESSIONS):
        image = "Coins&kernel_stride=3" if number % 2 else "Cat&kernel_stride=3"
        kernel = kernel_of(number).replace(" ", "+").replace(";", "%3B")
        visitors.append(Visitor(replicas.base, f"image={image}&size=64&kernel={kernel}"))
    everyone(visitors, Visitor.open)
    assert len({visitor.cookie for visitor in visitors}) == SESSIONS
    check(visitors)
    for number in range(3):  # a photo finds the session that it is for
        guest = Visitor(replicas.base, "image=Coins&kernel_stride=3&size=64&kernel=1+2")
        guest.open()
        guest.upload("own.jpg", photo(number))
        assert guest.drag("1 0")["stages"][0]["shape"] == [1, 15, 21]  # Coins would be 17 high
        guest.close()
    sockets = [visitor.live for visitor in visitors]

    replicas.servers[0].kill()
    replicas.servers[0].wait()
    check(visitors)
    kept = sum(visitor.live is socket for visitor, socket in zip(visitors, sockets, strict=True))
    assert (
        SESSIONS / 3 < kept < SESSIONS
    )  # the other replicas' sessions were not disturbed, the killed one's were moved

    replicas.servers[0] = replicas.start(0)
    for number in (1, 2, 0):
        replicas.servers[number].terminate()
        replicas.servers[number].wait(20)
        check(visitors)
        replicas.servers[number] = replicas.start(number)
    for visitor in visitors:
        visitor.close()
