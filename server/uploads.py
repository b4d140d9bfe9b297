"""What browsers may upload at once: in memory only, a few at a time, and a bounded amount a session."""

import asyncio
import re
from collections.abc import Callable

from starlette.formparsers import MultiPartParser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_HELD = 20_000_000  # bytes of files of one session that no page has taken yet
AT_ONCE = 4  # uploads that are received at the same time, by everyone
SECONDS = 60.0  # that one upload may take

MultiPartParser.spool_max_size = 2 * MAX_HELD  # Starlette would write what is larger than 1 MB to the disk

_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+\Z")


class BoundedUploads:
    """ASGI middleware around Streamlit's upload route.

    Args:
        app: what it stands before.
        held: bytes of a session's files that the server holds, by the session's name.
    """

    def __init__(self, app: ASGIApp, held: Callable[[str], int]) -> None:
        self.app, self.held = app, held
        self.places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = _PATH.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if match is None:
            await self.app(scope, receive, send)
            return
        async with self.places:  # the others wait in their sockets
            if self.held(match[1]) >= MAX_HELD:
                await PlainTextResponse("Too many files.", 413)(scope, receive, send)
                return
            answered = False

            async def answer(message: Message) -> None:
                nonlocal answered
                answered = True
                await send(message)

            try:
                async with asyncio.timeout(SECONDS):
                    await self.app(scope, receive, answer)
            except TimeoutError:
                if not answered:
                    await PlainTextResponse("The upload took too long.", 408)(scope, receive, send)
