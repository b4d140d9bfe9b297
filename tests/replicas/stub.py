"""A small server in the place of a replica: says who it is and what it was asked, and echoes on WebSockets."""

import asyncio
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.browser.conftest import free_port

ANSWER = 30_000_000  # bytes of /media/large
PUBLIC = "public, immutable, max-age=31536000"


class Stub:
    """A replica on loopback, as a context.

    Args:
        port: where it listens; one of its own choice if there is none.
    """

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.place = f"127.0.0.1:{self.port}"
        self.received = 0  # bytes of bodies
        self.asked: list[str] = []  # paths
        self.refuse = False  # answers 403 to WebSockets
        app = Starlette(
            routes=[
                WebSocketRoute("/{path:path}", self._socket),
                Route("/{path:path}", self._page, methods=["GET", "PUT", "POST", "DELETE"]),
            ]
        )
        self.server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="critical", lifespan="off"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    async def _page(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append(path)
        if path.endswith("/late"):
            await asyncio.sleep(2.5)  # as an upload that waits for its turn
        async for chunk in request.stream():
            self.received += len(chunk)
        if path == "/media/large":
            return Response(bytes(ANSWER))
        headers = {"Cache-Control": PUBLIC if path.startswith("/static/") else "no-cache"}
        if path.startswith(("/media/", "/_stcore/upload_file/", "/else/")):
            headers = {}  # as Streamlit has the first two
        if path == "/media/public":
            headers = {"Cache-Control": "public"}
        if path == "/busy":
            return Response("busy", 503)
        return JSONResponse({"port": self.port, "headers": dict(request.headers)}, headers=headers)

    async def _socket(self, socket: WebSocket) -> None:
        self.asked.append(socket.url.path)
        if self.refuse:
            await socket.close()
            return
        await socket.accept(subprotocol=next(iter(socket.scope["subprotocols"]), None))
        try:
            while True:
                await socket.send_text(f"{self.port} {await socket.receive_text()}")
        except WebSocketDisconnect:
            pass

    def __enter__(self) -> "Stub":
        self.thread.start()
        until = time.monotonic() + 10
        while not self.server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Leave at once, with all connections."""
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(10)

    def __exit__(self, *error: object) -> None:
        self.stop()
