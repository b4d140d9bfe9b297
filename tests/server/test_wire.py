"""Connections on a real server: who floods, never finishes or never reads is cut off, and nobody else notices."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server import wire
from server.shares import CONNECTIONS
from server.wire import Bounds, GuardedHttp, GuardedWebSocket

LARGE = 3_000_000
OPEN: list[socket.socket] = []  # sockets of the test that runs


async def app(scope, receive, send) -> None:
    """Says "ok"; its sockets echo the length of what they got, "/tell" sends without end."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
    else:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while scope["path"] == "/tell":
                await send({"type": "websocket.send", "bytes": b"x" * 1_000_000})
            while (message := await receive())["type"] == "websocket.receive":
                data = message.get("bytes") or message["text"].encode()
                await send({"type": "websocket.send", "text": str(len(data))})
        except OSError:
            pass


@pytest.fixture
def port(monkeypatch) -> Iterator[int]:
    monkeypatch.setattr(wire, "MESSAGE_SECONDS", 0.5)
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(wire, "STALLED_SECONDS", 1.0)
    monkeypatch.setattr(GuardedWebSocket, "bounds", {"/small": Bounds(10_000, 1000), "": Bounds(LARGE, 1000)})
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=GuardedHttp, ws=GuardedWebSocket, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    while OPEN:
        OPEN.pop().close()
    server.should_exit = True
    thread.join()
    listening.close()
    assert CONNECTIONS.free == CONNECTIONS.total  # every place was given back


class Raw:
    """A WebSocket client that sends what no browser would."""

    def __init__(self, port: int, path: str = "/echo") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        OPEN.append(self.socket)
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        self.socket.sendall((head + key).encode())
        self.answer = b""
        while b"\r\n\r\n" not in self.answer:
            self.answer += self.socket.recv(1)
        assert b" 101 " in self.answer

    @staticmethod
    def frame(opcode: int, data: bytes = b"", end: bool = True, length: int | None = None) -> bytes:
        """A masked frame, whose mask is 0; it may promise more than comes."""
        length = len(data) if length is None else length
        size = bytes([128 | length]) if length < 126 else bytes([128 | 127]) + struct.pack(">Q", length)
        return bytes([(128 if end else 0) | opcode]) + size + bytes(4) + data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def received(self) -> bytes:
        """The next frame's data; ConnectionError once the server has gone."""
        head = self._read(2)
        length = (
            head[1]
            if head[1] < 126
            else struct.unpack(">H" if head[1] == 126 else ">Q", self._read(2 if head[1] == 126 else 8))[0]
        )
        return self._read(length)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def cut(self, seconds: float) -> bool:
        """Whether the server ends the connection in so many seconds."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 20):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


def health(port: int) -> float:
    """Seconds for a small answer."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        assert answer.read() == b"ok"
    return time.perf_counter() - began


def slowest(port: int) -> float:
    """Of 20 small answers, one after another."""
    return max(health(port) for _ in range(20))


def test_a_message_of_any_cut_is_understood(port) -> None:
    client = Raw(port)
    client.send(Raw.frame(1, b"a" * 100_000, end=False))
    for byte in Raw.frame(9) + Raw.frame(0, b"b" * 20):
        client.send(bytes([byte]))
    assert [client.received(), client.received()] == [b"", b"100020"]
    client.send(Raw.frame(2, b"x" * LARGE))
    assert client.received() == str(LARGE).encode()


def test_a_flood_of_pings_is_cut_off_and_holds_nobody_up(port) -> None:
    client, usual = Raw(port), slowest(port)
    flood = Raw.frame(9) * 40_000  # one reading of the socket may hold as many: over a second's work
    thread = threading.Thread(target=lambda: _quietly(client.send, flood))
    thread.start()
    meanwhile = slowest(port)
    thread.join()
    assert client.cut(2)
    assert meanwhile < 0.5 + 3 * usual


def test_some_pings_are_answered(port) -> None:
    client = Raw(port)
    client.send(Raw.frame(9, b"a") * 10)
    assert [client.received() for _ in range(10)] == [b"a"] * 10


def test_a_flood_of_tiny_messages_holds_nobody_up(port, monkeypatch) -> None:
    read, plain = [], WebSocketsSansIOProtocol.data_received
    monkeypatch.setattr(
        WebSocketsSansIOProtocol, "data_received", lambda self, data: read.append(len(data)) or plain(self, data)
    )
    client, usual = Raw(port), slowest(port)
    thread = threading.Thread(target=lambda: _quietly(client.send, Raw.frame(1, b"a") * 30_000))
    thread.start()
    meanwhile = slowest(port)
    client.socket.close()
    thread.join()
    assert meanwhile < 0.5 + 3 * usual
    assert max(read) <= 4096  # about 600 messages, after which others have their turn


def test_messages_are_bounded_by_path(port) -> None:
    small, other = Raw(port, "/small"), Raw(port)
    for client in (small, other):
        client.send(Raw.frame(1, b"a" * 10_001))
    assert small.cut(2)
    assert other.received() == b"10001"
    other.send(Raw.frame(1, length=LARGE + 1))
    assert other.cut(2)


@pytest.mark.parametrize("data", [b"", b"a"])
def test_a_message_of_many_parts_is_cut_off(port, data, monkeypatch) -> None:
    """Empty parts count nothing against a message's length, and each of one byte holds fifty."""
    monkeypatch.setattr(wire, "MESSAGE_SECONDS", 60)
    client = Raw(port)
    _quietly(client.send, Raw.frame(1, b"a", end=False) + Raw.frame(0, data, end=False) * 1100)
    assert client.cut(2)


@pytest.mark.parametrize("begin", [Raw.frame(1, b"abc", end=False), Raw.frame(1, b"abc", length=1000), b"\x81"])
def test_half_a_message_is_cut_off(port, begin) -> None:
    client, patient = Raw(port), Raw(port)
    client.send(begin)
    assert client.cut(4)
    patient.send(Raw.frame(1, b"abc"))
    assert patient.received() == b"3"


def test_all_unfinished_messages_together_are_bounded(port, monkeypatch) -> None:
    monkeypatch.setattr(wire, "MESSAGE_SECONDS", 60)
    monkeypatch.setattr(wire, "MAX_INCOMING", 4_000_000)
    clients = [Raw(port) for _ in range(5)]
    modest = clients.pop()
    modest.send(Raw.frame(1, b"a" * 1000, length=2000))
    for client in clients:
        _quietly(client.send, Raw.frame(2, b"a" * 1_500_000, length=2_000_000))
    assert sum(client.cut(0.5) for client in clients) == 2
    modest.send(b"a" * 1000)
    assert modest.received() == b"2000"


def test_who_does_not_read_is_cut_off(port) -> None:
    idle, reader, began = Raw(port, "/tell"), Raw(port, "/tell"), time.monotonic()
    while time.monotonic() < began + 3.5:
        assert len(reader.received()) == 1_000_000
    assert idle.cut(3)


@pytest.mark.parametrize(("left", "drained", "stalls"), [
    ([90_000] * 4, False, True),  # takes nothing
    ([90_000, 89_000, 88_000, 87_000], False, True),  # next to nothing
    ([90_000, 70_000, 50_000, 30_000], False, False),
    ([90_000] * 4, True, False),  # took all, and as much has been written since
    ([0] * 4, False, False),
])  # fmt: skip
def test_a_reader_is_known_by_what_it_takes(left, drained, stalls) -> None:
    class Transport:
        def get_extra_info(self, _: str) -> tuple[str, int]:
            return "a", 1

        def get_write_buffer_size(self) -> int:
            return left[number]

    line = wire.Line(Transport(), None)  # type: ignore[arg-type]
    began = time.monotonic()
    for number in range(4):
        line.drained = drained
        seen = line.stalls(began + 5 * number)
    CONNECTIONS.give_back(line.claim)
    assert seen is stalls


def test_all_answers_that_nobody_reads_are_bounded(port, monkeypatch) -> None:
    monkeypatch.setattr(wire, "STALLED_SECONDS", 60)
    monkeypatch.setattr(wire, "MAX_UNSENT", 2_500_000)
    clients = [Raw(port, "/tell") for _ in range(6)]
    time.sleep(2.5)
    assert sum(line.unsent for line in wire.LINES._lines.values()) <= 2_500_000
    for client in clients:
        client.socket.close()


@pytest.mark.parametrize(
    "begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"]
)
def test_half_a_request_is_cut_off(port, begin) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(begin)
        client.settimeout(4)
        with contextlib.suppress(ConnectionError):
            while client.recv(1000):  # an answer to the first, then the end
                pass


def test_one_address_leaves_places_for_others(port, monkeypatch) -> None:
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 60)
    monkeypatch.setattr(CONNECTIONS, "_each", CONNECTIONS.total - CONNECTIONS.free + 3)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    refused = socket.create_connection(("127.0.0.1", port))
    refused.settimeout(2)
    with contextlib.suppress(ConnectionError):
        assert refused.recv(1) == b""
    for client in (*clients, refused):
        client.close()
    time.sleep(0.2)
    assert health(port) < 2


class Transport:
    """Of a connection that nobody has opened."""

    def __init__(self, name: object = ("a", 1)) -> None:
        self.name, self.waiting, self.aborted, self.options = name, 0, False, list[tuple[object, ...]]()

    def get_extra_info(self, what: str) -> object:
        return self.name if what == "peername" else self

    def setsockopt(self, *option: object) -> None:
        self.options.append(option)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Protocol:
    """Is overdue for a reason, or not."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason

    def overdue(self, _: float) -> str:
        return self.reason


@pytest.fixture
def lines(monkeypatch):
    """Lines in an event loop that never runs."""
    loop, made = asyncio.new_event_loop(), wire.Lines()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    yield made
    for transport in list(made._lines):
        made.leave(transport)
    assert made._timer is None
    loop.close()


def test_a_line_that_is_cut_lets_go_at_once() -> None:
    transport = Transport()
    line = wire.Line(transport, None)  # type: ignore[arg-type]
    assert (line.incoming, line.unsent, line.drained, line.address) == (0, 0, False, "a")
    line.incoming, line.unsent = 7, 8
    line.cut("a reason")
    assert (line.incoming, line.unsent, transport.aborted) == (0, 0, True)
    assert transport.options == [(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))]
    line.incoming = 9
    line.cut("another")  # it is closing already
    assert (line.incoming, len(transport.options)) == (9, 1)
    CONNECTIONS.give_back(line.claim)
    nameless = wire.Line(Transport("/run/socket"), None)  # type: ignore[arg-type]
    assert nameless.address == ""
    CONNECTIONS.give_back(nameless.claim)


def test_whoever_holds_most_is_cut_while_all_hold_too_much(lines, monkeypatch) -> None:
    monkeypatch.setattr(wire, "MAX_INCOMING", 100)
    monkeypatch.setattr(wire, "MAX_UNSENT", 50)
    transports = [Transport() for _ in range(4)]
    held = [lines.enter(transport, Protocol()) for transport in transports]
    for line, incoming, unsent in zip(held, (30, 40, 10, 20), (5, 5, 39, 1), strict=True):
        line.incoming, line.unsent = incoming, unsent
    lines.bound()  # exactly as much as may be
    assert not any(transport.aborted for transport in transports)
    held[3].incoming = 21
    lines.bound()
    assert [transport.aborted for transport in transports] == [False, True, False, False]
    held[0].unsent = 12
    lines.bound()
    assert [transport.aborted for transport in transports] == [False, True, True, False]


def test_each_second_lines_are_looked_at(lines, monkeypatch) -> None:
    monkeypatch.setattr(wire, "MAX_UNSENT_EACH", 1000)
    now = [50.0]
    monkeypatch.setattr(wire.time, "monotonic", lambda: now[0])
    good, late, full, idle = (Transport() for _ in range(4))
    for transport in (good, late, full, idle):
        lines.enter(transport, Protocol("half a message" if transport is late else ""))
    again = lines._lines[good]
    now[0] = 51.0
    assert lines.enter(good, Protocol()) is again  # as a WebSocket it goes on in its place
    assert again.since == 51.0
    assert lines._timer.when() == 51.0
    good.waiting, full.waiting, idle.waiting = 1000, 1001, 9
    lines._look()
    assert [one.aborted for one in (good, late, full, idle)] == [False, True, True, False]
    now[0] += wire.STALLED_SECONDS
    lines._lines[good].drained = True
    lines._look()
    assert not idle.aborted
    assert lines._timer.when() == now[0] + 1
    now[0] += 0.1
    lines._look()
    assert (good.aborted, idle.aborted) == (False, True)
    lines.leave(late)
    lines.leave(late)  # who has gone is gone
    assert late not in lines._lines


def test_of_too_many_connections_the_last_is_cut(lines, monkeypatch) -> None:
    monkeypatch.setattr(CONNECTIONS, "_each", 2)
    transports = [Transport(("an address of its own", port)) for port in range(3)]
    for transport in transports:
        lines.enter(transport, Protocol())
    assert [transport.aborted for transport in transports] == [False, False, True]
    free = CONNECTIONS.free
    for transport in transports:
        lines.leave(transport)
    assert CONNECTIONS.free == free + 2


def test_control_frames_are_counted_and_forgiven_with_time(monkeypatch) -> None:
    now = [10.0]
    monkeypatch.setattr(wire.time, "monotonic", lambda: now[0])
    made = object.__new__(GuardedWebSocket)
    made.transport = Transport()
    made._line = wire.Line(made.transport, made)
    made._controls, made._controlled = wire.CONTROLS, now[0]
    assert all(made._may_control() for _ in range(20))
    now[0] += 0.5  # one more
    assert made._may_control()
    now[0] += 1000  # never more than at first
    assert all(made._may_control() for _ in range(20))
    assert not made._may_control()
    assert made.transport.aborted
    CONNECTIONS.give_back(made._line.claim)


def test_a_second_s_messages_come_at_once_and_more_one_by_one(monkeypatch) -> None:
    slept, called = list[float](), list[object]()
    kinds = iter(["websocket.connect", *["websocket.receive"] * 25, "websocket.disconnect"])

    async def receive(_) -> dict[str, str]:
        return {"type": next(kinds)}

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "receive", receive)
    monkeypatch.setattr(wire, "asyncio", SimpleNamespace(sleep=sleep))
    made = object.__new__(GuardedWebSocket)
    made.loop = SimpleNamespace(time=lambda: 50.0, call_soon=called.append)
    made._bounds, made._next, made._unread, made.read_paused = Bounds(1, 10.0), 0.0, bytearray(), False

    async def go() -> None:
        for number in range(27):
            made._unread[:] = b"more" if number == 5 or number == 6 else b""
            made.read_paused = number == 6
            assert (await made.receive())["type"] == (
                "websocket.connect" if number == 0 else "websocket.disconnect" if number == 26 else "websocket.receive"
            )

    asyncio.run(go())
    assert slept == pytest.approx([max(0, number / 10 - 1) for number in range(25)])
    assert called == [made._read]


def test_bounds_go_by_the_end_of_the_path(monkeypatch) -> None:
    monkeypatch.setattr(GuardedWebSocket, "bounds", {"/live": Bounds(7, 8)})
    monkeypatch.setattr(WebSocketsSansIOProtocol, "handle_connect", lambda *_: None)
    for path, size in (("/live", 7), ("/base/live/?a=/b", 7), ("/live/more", 2_000_000), ("/?x=/live", 2_000_000)):
        made = object.__new__(GuardedWebSocket)
        made.conn = SimpleNamespace(max_message_size=0)
        made.handle_connect(SimpleNamespace(path=path))
        assert made.conn.max_message_size == size
    assert Bounds() == (2_000_000, 30.0)


def test_the_server_takes_the_guards_as_it_starts(monkeypatch) -> None:
    started = []

    async def startup(server, sockets=None) -> None:
        started.append((server, sockets))

    monkeypatch.setattr(uvicorn.Server, "startup", startup)
    monkeypatch.setattr(GuardedWebSocket, "bounds", {})
    wire.guard({"/x": Bounds(1, 2)})
    server = uvicorn.Server(uvicorn.Config(app))
    asyncio.run(server.startup(["socket"]))  # type: ignore[list-item]
    assert started == [(server, ["socket"])]
    config = server.config
    assert (config.http_protocol_class, config.ws_protocol_class, config.timeout_graceful_shutdown) == (
        GuardedHttp,
        GuardedWebSocket,
        5,
    )
    assert GuardedWebSocket.bounds == {"/x": (1, 2)}


def _quietly(send, data: bytes) -> None:
    with contextlib.suppress(OSError):  # the server has cut us off already
        send(data)
