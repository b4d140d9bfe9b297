"""The WebSocket route: one waiting request a client, newest wins, arithmetic in a small pool of threads."""

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from instruments.fields import SettingError
from live.messages import Request, answer, error_message, parse_frame, parse_request
from live.store import STORE
from server.telemetry import METRICS, log

PATH = "/live"
WORKERS = max(2, os.cpu_count() or 1)
MAX_CLIENTS = 1000
MAX_PER_SECOND = 200  # messages of one client that are read; the rest wait in the socket

_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="live")


def allowed(origin: str | None, host: str | None) -> bool:
    """Whether a page of this origin may use the channel of this host: the app's own pages only.

    >>> allowed("https://a.example", "a.example"), allowed("https://b.example", "a.example"), allowed(None, "a.example")
    (True, False, False)
    """
    return origin is not None and bool(host) and urlparse(origin).netloc == host


async def live(socket: WebSocket) -> None:
    """Serve one client until it leaves. A bad message gets an error and closes nothing."""
    known, full = allowed(socket.headers.get("origin"), socket.headers.get("host")), METRICS.live_clients >= MAX_CLIENTS
    if full or not known:
        METRICS.live_refused += 1
        log.warning(
            "live channel refused", extra={"event": {"reason": "too many clients" if full else "foreign origin"}}
        )
        await socket.close(4429 if full else 4403)
        return
    await socket.accept()
    METRICS.live_clients += 1
    newest: list[tuple[Request, float]] = []  # at most one: the request that waits, and when it came
    arrived = asyncio.Event()
    worker = asyncio.create_task(_work(socket, newest, arrived))
    try:
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            text, frame = message.get("text") or "", message.get("bytes")
            try:
                newest[:] = [(parse_request(text) if frame is None else parse_frame(frame), time.perf_counter())]
                arrived.set()
            except SettingError as error:
                await socket.send_text(error_message(_id_of(text), str(error)))
            await asyncio.sleep(1 / MAX_PER_SECOND)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client has gone while it was answered
    finally:
        METRICS.live_clients -= 1
        worker.cancel()


async def _work(socket: WebSocket, newest: list[tuple[Request, float]], arrived: asyncio.Event) -> None:
    """Answer the newest request, one at a time."""
    loop = asyncio.get_running_loop()
    while True:
        await arrived.wait()
        arrived.clear()
        while newest:
            request, came = newest.pop()
            reply = await loop.run_in_executor(_pool, answer, request, STORE)
            try:
                await (socket.send_bytes(reply) if isinstance(reply, bytes) else socket.send_text(reply))
            except (WebSocketDisconnect, RuntimeError):
                return
            METRICS.answered(time.perf_counter() - came)


def _id_of(text: str) -> int | None:
    """The id of a message that was refused, so that its sender can tell which it was."""
    try:
        message = json.loads(text[:20_000])
        number = message.get("id") if isinstance(message, dict) else None
    except (ValueError, RecursionError):
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def routes(base_path: str) -> list[WebSocketRoute]:
    """The channel's route, at the root and under the base path, where Streamlit serves the app too."""
    base = base_path.strip("/")
    return [WebSocketRoute(path, live) for path in {PATH, f"/{base}{PATH}" if base else PATH}]
