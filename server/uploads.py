"""What browsers may upload: in memory only, one at a time a session, its bytes reserved before the first is read."""

import asyncio
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.shares import LARGE_UPLOADS, UPLOADING, UPLOADS

MAX_FILE = 48 << 20  # bytes of a file, as Streamlit is told too: of a network; whoever decodes a photo takes fewer
MAX_HELD = 48 << 20  # bytes of files of one session that no page has taken yet
LARGE = 20_000_000  # bytes from where on a file waits for others as large, so that photos pass it
FRAMING = 100_000  # bytes around a file in its request
SILENCE, LEAST_RATE = 5.0, 50_000  # seconds without a byte; bytes a second, from those seconds on
LARGE_RATE = 200_000  # the same of large files, of which few go at a time
PATIENCE = 30.0  # seconds that an upload waits for its turn

MultiPartParser.spool_max_size = 2 * MAX_FILE  # Starlette would write what is larger than 1 MB to the disk

_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+\Z")


class BoundedUploads:
    """ASGI middleware around Streamlit's upload route.

    Args:
        app: what it stands before.
        held: bytes of a session's files that the server holds, by the session's name; of all sessions for None.
        known: whether there is such a session.
    """

    def __init__(self, app: ASGIApp, held: Callable[[str | None], int], known: Callable[[str], bool] = bool) -> None:
        self.app, self.held, self.known = app, held, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = _PATH.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if match is None:
            await self.app(scope, receive, send)
            return
        session = match[1]
        length = Headers(scope=scope).get("content-length", "")
        size = (
            int(length) if re.fullmatch(r"[0-9]{1,12}", length) else MAX_FILE + FRAMING
        )  # what is not said may be all
        if not self.known(session):
            await _refuse(400, "There is no such session: reload the page.", scope, receive, send)
        elif size > MAX_FILE + FRAMING:
            await _refuse(413, "The file is too large.", scope, receive, send)
        else:
            await self._in_turn(session, size, scope, receive, send)

    async def _in_turn(self, session: str, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            share, rate = (LARGE_UPLOADS, LARGE_RATE) if size > LARGE + FRAMING else (UPLOADS, LEAST_RATE)
            async with UPLOADING.turn(1, session, PATIENCE), share.turn(size, session, PATIENCE):
                if self.held(session) + size > MAX_HELD + FRAMING:
                    await _refuse(413, "Too many files.", scope, receive, send)
                elif self.held(None) + size > UPLOADS.total + LARGE_UPLOADS.total:
                    await _refuse(503, "Too many files are waiting here: try again in a minute.", scope, receive, send)
                else:
                    await self.app(scope, _Timely(receive, rate), answer)
        except TimeoutError:
            if not answered:
                await _refuse(408, "The upload took too long.", scope, receive, send)


class _Timely:
    """A body that must come without long silences, and not too slowly; TimeoutError if it does not."""

    def __init__(self, receive: Receive, rate: int) -> None:
        self._receive, self._rate, self._began, self._bytes = receive, rate, time.monotonic(), 0

    async def __call__(self) -> Message:
        message = await asyncio.wait_for(self._receive(), SILENCE)
        self._bytes += len(message.get("body", b""))
        late = time.monotonic() - self._began - SILENCE
        if message.get("more_body") and late > 0 and self._bytes < late * self._rate:
            raise TimeoutError
        return message


async def _refuse(status: int, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer and close: what is still to come of the request is not read."""
    await PlainTextResponse(sentence, status, {"Connection": "close"})(scope, receive, send)
