"""What one connection, and all of them, may hold and how long they may keep the server waiting: bounds around uvicorn's protocols.

Streamlit starts uvicorn itself and leaves no way to say these things, so `guard` changes uvicorn's settings just before it
listens. A connection that breaks a bound is cut off; a browser never comes near one.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import uvicorn
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from server.shares import CONNECTIONS
from server.telemetry import log

SLICE = 4_096  # bytes that are read of a socket before the bounds are looked at again
MAX_FRAMES = 1_000  # parts of one message
CONTROLS, CONTROLS_A_SECOND = (
    20.0,
    2.0,
)  # pings and pongs: at once, and from then on; a browser sends one in twenty seconds
MAX_INCOMING = 32_000_000  # bytes of all messages that are not complete yet
MESSAGE_SECONDS = 20.0  # for one of them to become complete
REQUEST_SECONDS = 15.0  # for the head of a request to come
MAX_UNSENT, MAX_UNSENT_EACH = 96_000_000, 32_000_000  # bytes of answers that clients have not taken: all, and of one
STALLED_SECONDS, LEAST_READ = 10.0, 10_000  # who takes fewer bytes in so long does not read
NO_LINGERING = struct.pack("ii", 1, 0)
SHUTDOWN_SECONDS = 5  # for requests under way when the server is told to stop


class Bounds(NamedTuple):
    """Of what a browser sends over one socket."""

    size: int = 2_000_000  # bytes of a message
    rate: float = 30.0  # messages a second; more wait in the socket


class Line:
    """One connection: its transport, what it holds, and since when it keeps the server waiting."""

    def __init__(self, transport: asyncio.Transport, protocol: "GuardedHttp | GuardedWebSocket") -> None:
        self.transport, self.protocol = transport, protocol
        self.incoming = self.unsent = 0  # bytes
        self.drained = False  # whether its client took nearly all since we looked
        self.since = time.monotonic()  # when it began to owe us something
        self._most, self._stalled = 0, self.since  # unsent bytes when it last was seen to read, and when that was
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self.claim = CONNECTIONS.claim(1, self.address, lambda: None)

    def cut(self, reason: str) -> None:
        """End it at once and let go of all that it holds."""
        if not self.transport.is_closing():
            log.warning("connection cut", extra={"event": {"reason": reason}})
            with contextlib.suppress(OSError, AttributeError):  # what the system still holds goes too
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
            self.transport.abort()
            self.incoming = self.unsent = 0

    def stalls(self, now: float) -> bool:
        """Whether its client has stopped reading."""
        self.unsent = self.transport.get_write_buffer_size()
        if self.drained or self.unsent == 0 or self.unsent <= self._most - LEAST_READ or self._most == 0:
            self._most, self._stalled, self.drained = self.unsent, now, False
        self._most = max(self._most, self.unsent)
        return now - self._stalled > STALLED_SECONDS


class Lines:
    """All connections of the server, looked at once a second."""

    def __init__(self) -> None:
        self._lines: dict[Any, Line] = {}  # by transport
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, transport: asyncio.Transport, protocol: "GuardedHttp | GuardedWebSocket") -> Line:
        """A new connection, or one that goes on as a WebSocket."""
        line = self._lines.get(transport)
        if line is None:
            line = self._lines[transport] = Line(transport, protocol)
            if line.claim.since is None:
                line.cut("too many connections")
        line.protocol, line.since = protocol, time.monotonic()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(1, self._look)
        return line

    def leave(self, transport: Any) -> None:
        if line := self._lines.pop(transport, None):
            CONNECTIONS.give_back(line.claim)
        if not self._lines and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def bound(self) -> None:
        """Cut off whoever holds most while all together hold too much."""
        lines = list(self._lines.values())
        for what, most in (("incoming", MAX_INCOMING), ("unsent", MAX_UNSENT)):
            while lines and sum(getattr(line, what) for line in lines) > most:
                worst = max(lines, key=lambda line: int(getattr(line, what)))
                worst.cut(f"too many bytes {what}")
                lines.remove(worst)

    def _look(self) -> None:
        now = time.monotonic()
        for line in tuple(self._lines.values()):
            if line.stalls(now):
                line.cut("does not read")
            elif line.unsent > MAX_UNSENT_EACH:
                line.cut("too many bytes unsent")
            elif reason := line.protocol.overdue(now):
                line.cut(reason)
        self.bound()
        self._timer = asyncio.get_running_loop().call_later(1, self._look)


LINES = Lines()


class GuardedHttp(H11Protocol):
    """A connection whose requests must come in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._line = LINES.enter(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        LINES.leave(self.transport)

    def resume_writing(self) -> None:
        self._line.drained = True
        super().resume_writing()

    def overdue(self, now: float) -> str:
        """Why this connection should end, or nothing: a request that has begun to come, or never began."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._line.since = now
        return "half a request" if now - self._line.since > REQUEST_SECONDS else ""


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """A socket whose messages, control frames and answers are bounded.

    What arrives is read in slices, so that neither thousands of tiny frames nor of tiny messages hold the loop.
    """

    bounds: Mapping[str, Bounds] = {}  # by the end of the path; others have the defaults

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._line = LINES.enter(transport, self)
        self._bounds = Bounds()
        self._unread = bytearray()
        self._controls, self._controlled = CONTROLS, time.monotonic()
        self._next = 0.0  # when the next message may be read

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.clear()
        super().connection_lost(exc)
        LINES.leave(self.transport)

    def resume_writing(self) -> None:
        self._line.drained = True
        super().resume_writing()

    def handle_connect(self, event: Request) -> None:
        path = event.path.partition("?")[0].rstrip("/")
        self._bounds = next((one for end, one in self.bounds.items() if path.endswith(end)), Bounds())
        self.conn.max_message_size = self._bounds.size
        super().handle_connect(event)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._read()

    def _read(self) -> None:
        while self._unread and not self.read_paused and not self.transport.is_closing():
            part = bytes(self._unread[:SLICE])
            del self._unread[:SLICE]
            super().data_received(part)
        held = 0 if self.transport.is_closing() else len(self._unread) + len(self.conn.reader.buffer) + self._size()
        if held and not self._line.incoming:
            self._line.since = time.monotonic()
        grown = held > self._line.incoming
        self._line.incoming = held
        if grown and held > SLICE:
            LINES.bound()

    def _size(self) -> int:
        """Bytes of the parts of a message that is not complete."""
        return sum(map(len, self.frames))

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        if message["type"] == "websocket.receive":
            now = self.loop.time()
            await asyncio.sleep(max(0.0, self._next - now - 1))  # a second's messages may come at once
            self._next = max(now, self._next) + 1 / self._bounds.rate
        if self._unread and not self.read_paused:
            self.loop.call_soon(self._read)
        return message

    async def send(self, message: Any) -> None:
        if self.transport.is_closing():
            await asyncio.sleep(0)  # who only sends would never learn that nobody is there
        await super().send(message)
        self._line.unsent = self.transport.get_write_buffer_size()
        if self._line.unsent > SLICE:
            LINES.bound()

    def handle_ping(self) -> None:
        if self._may_control():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._may_control():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MAX_FRAMES:
            super().handle_cont(event)
        else:
            self._line.cut("too many parts of a message")

    def _may_control(self) -> bool:
        now = time.monotonic()
        left = min(CONTROLS, self._controls + (now - self._controlled) * CONTROLS_A_SECOND)
        self._controls, self._controlled = left - 1, now
        if left < 1:
            self._line.cut("too many control frames")
        return not self.transport.is_closing()

    def overdue(self, now: float) -> str:
        """Why this socket should end, or nothing: a message that does not become complete."""
        self._read()
        if self.read_paused or not self._line.incoming:
            self._line.since = now
        return "half a message" if now - self._line.since > MESSAGE_SECONDS else ""


def guard(bounds: Mapping[str, Bounds]) -> None:
    """Have the server that starts next keep these bounds.

    Args:
        bounds: of the sockets at some paths, by the end of the path.
    """
    GuardedWebSocket.bounds = bounds
    startup: Callable[..., Any] = uvicorn.Server.startup

    async def guarded(server: uvicorn.Server, sockets: Iterable[Any] | None = None) -> None:
        server.config.http_protocol_class = GuardedHttp
        server.config.ws_protocol_class = GuardedWebSocket
        server.config.timeout_graceful_shutdown = SHUTDOWN_SECONDS
        await startup(server, sockets)

    uvicorn.Server.startup = guarded  # type: ignore[method-assign,assignment]


def raise_file_limit() -> None:
    """Let this process have as many connections as the system allows it, where it has such a limit."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
