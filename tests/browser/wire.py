"""A wire between browser and server that can be cut: a TCP proxy on loopback."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Wire:
    """Forwards every connection to a port of this machine; `cut` breaks those that are open, new ones pass."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._open: set[socket.socket] = set()  # the browser's ends
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._start(self._accept)

    def cut(self) -> int:
        """Break all connections; returns how many there were."""
        broken = list(self._open)
        for near in broken:
            hang_up(near)
        return len(broken)

    def close(self) -> None:
        """Break all connections for good."""
        hang_up(self._listening)
        self._threads[0].join()
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[..., None], *args: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._carry, self._listening.accept()[0])

    def _carry(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target) as far:
            self._open.add(near)
            back = self._start(forward, far, near)
            forward(near, far)
            back.join()
            self._open.discard(near)


def forward(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until either side is broken, then break both."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    hang_up(source)
    hang_up(target)


def hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
