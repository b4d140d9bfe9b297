"""The WebSocket route: one waiting message a client, newest wins; all work is done in threads, in turns that go by client."""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from live.messages import MAX_FRAME, MAX_REQUEST, Refusal, error_message, prepare
from live.store import STORE
from server.origins import allowed
from server.shares import ANSWERS, FRAMES, LIVE_SOCKETS, LONG
from server.telemetry import METRICS, log

PATH = "/live"
MAX_MESSAGE = MAX_FRAME + MAX_REQUEST + 4  # bytes
MAX_PER_SECOND = 200  # messages of one client that are read; the rest wait in the socket
IDLE_SECONDS = 30.0  # in which a client must have asked something that can be answered

_pool = ThreadPoolExecutor(ANSWERS.total + LONG.total + FRAMES.total, thread_name_prefix="live")


async def live(socket: WebSocket) -> None:
    """Serve one client until it leaves. A bad message gets an error and closes nothing."""
    address = socket.client.host if socket.client else ""
    known = allowed(socket.headers, socket.scope["scheme"])
    with LIVE_SOCKETS.at_once(1, address) as place:
        if place and known:
            await socket.accept()
            METRICS.live_clients += 1
            try:
                await _Client(socket).serve()
            finally:
                METRICS.live_clients -= 1
            return
    METRICS.live_refused += 1
    log.warning("live channel refused", extra={"event": {"reason": "too many clients" if known else "foreign origin"}})
    await socket.close(4429 if known else 4403)


class _Client:
    """One client: at most one message that waits, and whether it ever asked something that can be answered."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.newest: list[tuple[str | bytes, float]] = []  # at most one, and when it came
        self.arrived = asyncio.Event()
        self.answered = False
        self.owner: Hashable = self  # whose turns its messages take: the page's whose image it asked for last

    async def serve(self) -> None:
        worker = asyncio.create_task(self._work())
        since = time.monotonic()
        try:
            while (message := await self._next(since))["type"] != "websocket.disconnect":
                text, frame = message.get("text") or "", message.get("bytes")
                data = text if frame is None else frame
                if len(data) > (MAX_REQUEST if frame is None else MAX_MESSAGE):
                    about = "The message is too long." if frame is None else "The camera picture is too large."
                    await self.socket.send_text(error_message(None, about))
                else:
                    self.newest[:] = [(data, time.perf_counter())]
                    self.arrived.set()
                await asyncio.sleep(1 / MAX_PER_SECOND)
        except TimeoutError:
            await self.socket.close(4408)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client has gone while it was answered
        finally:
            worker.cancel()

    async def _next(self, since: float) -> Any:
        """The next message; TimeoutError for a client that takes a place and asks nothing."""
        while not self.answered:
            left = since + IDLE_SECONDS - time.monotonic()
            try:
                return await asyncio.wait_for(self.socket.receive(), left)
            except TimeoutError:
                if not self.answered:
                    raise
        return await self.socket.receive()

    async def _work(self) -> None:
        """Answer the newest message, one at a time."""
        while True:
            await self.arrived.wait()
            self.arrived.clear()
            while self.newest:
                message, came = self.newest.pop()
                reply = await self._reply(message)
                self.answered = self.answered or not isinstance(reply, Refusal)
                try:
                    await (self.socket.send_bytes(reply) if isinstance(reply, bytes) else self.socket.send_text(reply))
                except (WebSocketDisconnect, RuntimeError):
                    return
                METRICS.answered(time.perf_counter() - came)

    async def _reply(self, message: str | bytes) -> bytes | str:
        """Read the message and do what is short in one turn; what is long has turns of its own."""
        async with ANSWERS.turn(1, self.owner):
            work = await _in_thread(lambda: prepare(message, STORE, self))
            if isinstance(work, str):
                return work
            self.owner = work.owner
            if work.places is None:
                return await _in_thread(work.make)
        async with work.places.turn(1, self.owner):
            return await _in_thread(work.make)


async def _in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_pool, work)


def routes(base_path: str) -> list[WebSocketRoute]:
    """The channel's route, at the root and under the base path, where Streamlit serves the app too."""
    base = base_path.strip("/")
    return [WebSocketRoute(path, live) for path in {PATH, f"/{base}{PATH}" if base else PATH}]
