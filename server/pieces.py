"""Large answers go out in pieces: the next leaves when the client has taken the one before."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PIECE = 256_000  # bytes


class InPieces:
    """ASGI middleware: without it, uvicorn would copy a whole file into the buffer of a socket that nobody may read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_pieces(message: Message) -> None:
            body = message.get("body", b"") if message["type"] == "http.response.body" else b""
            if len(body) <= PIECE:
                await send(message)
                return
            view = memoryview(body)
            for start in range(0, len(body), PIECE):
                more = start + PIECE < len(body) or bool(message.get("more_body"))
                await send({**message, "body": bytes(view[start : start + PIECE]), "more_body": more})

        await self.app(scope, receive, in_pieces if scope["type"] == "http" else send)
