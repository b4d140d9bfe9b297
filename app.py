"""The server: Streamlit's app with the live channel beside it. Start it with `streamlit run app.py`."""

import os

# One BLAS thread a request, so that a class shares the cores fairly; must be set before NumPy is imported.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import contextlib
import ctypes
import gc
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import net_util, runtime

from live import channel
from server import addresses, shares, timers, wire
from server.headers import SecurityHeaders
from server.origins import Origins
from server.pieces import InPieces
from server.style import Styled
from server.telemetry import Telemetry, configure_log, log
from server.uploads import BoundedUploads
from ui import left_behind, run_pace
from ui.site import EVERY

TIDY_SECONDS = 10.0
UI = Path(__file__).parent / "ui"
STYLES = "shell.css", "places.css", "phone.css", "components/shared/scrolling.css"
INDEX = Path(st.__file__).parent / "static" / "index.html"
configure_log()

# A thread that has waited this long for Python's lock gets it. The default of 5 ms, many times in one live answer, would make a
# class wait for whoever runs pages all the time.
sys.setswitchinterval(0.0005)

# Each session runs in threads of its own, and glibc would keep what they free in a heap for each: 150 MB more for a class of 30.
M_ARENA_MAX, HEAPS = -8, 2
with contextlib.suppress(OSError, AttributeError):  # not glibc
    ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, HEAPS)


def calm(error: Exception) -> bool:
    """Instead of a traceback: a sentence with a number, under which the log has the whole story, once."""
    number = secrets.token_hex(4)
    log.error("error %s", number, exc_info=error, extra={"event": {"error": number}})
    st.error(
        f"Something went wrong here (error {number}). Your settings are still in the address: reload the page, or go on elsewhere."
    )
    return True


def tidy() -> None:
    """Let go of what has ended. The collector, which Streamlit would call after each run, comes here too."""
    left_behind.forget(shares.UPLOADS.total // 2)
    gc.collect()


@contextlib.asynccontextmanager
async def tidying(_: st.App) -> AsyncIterator[None]:
    async with timers.every(TIDY_SECONDS, tidy):
        yield


def known(session: str) -> bool:
    return runtime.get_instance().is_active_session(session)


net_util._external_ip = (
    ""  # Streamlit would ask another host for it when a foreign page comes, and nobody is served meanwhile
)
run_pace.keep()
wire.raise_file_limit()
wire.guard({channel.PATH: wire.Bounds(channel.MAX_MESSAGE, channel.MAX_PER_SECOND)})

BASE = st.get_option("server.baseUrlPath")
NAMES = " ".join(page.url_path for page in EVERY if not page.default)
WHERE = f'<script data-pages="{NAMES}">\n{(UI / "server_address.js").read_text("utf-8")}</script>'
app = st.App(
    "ui/shell.py",
    lifespan=tidying,
    routes=[*channel.routes(BASE), *addresses.routes(BASE)],
    middleware=[
        Middleware(SecurityHeaders, page=INDEX.read_text("utf-8") + WHERE),
        Middleware(Origins),
        Middleware(Telemetry),
        Middleware(BoundedUploads, held=left_behind.uploaded, known=known),
        Middleware(InPieces),
        Middleware(
            Styled,
            css="\n".join((UI / name).read_text("utf-8") for name in STYLES),
            asked={"large": (UI / "large.css").read_text("utf-8")},
            script=WHERE,
        ),
    ],
    on_script_error=calm,
)

# The collector would go through all that was imported: 90 ms in which nobody's messages leave. What lives as long as the server
# is set apart from it.
gc.collect()
gc.freeze()
