"""The server: Streamlit's app with the live channel beside it. Start it with `streamlit run app.py`."""

import os

# One BLAS thread a request, so that a class shares the cores fairly; must be set before NumPy is imported.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import contextlib
import ctypes
import gc
import secrets
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from live import channel
from server.headers import SecurityHeaders
from server.telemetry import Telemetry, configure_log, log
from server.uploads import BoundedUploads

INDEX = Path(st.__file__).parent / "static" / "index.html"
configure_log()

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


def held(session: str) -> int:
    """Bytes of a session's uploaded files that no page has taken yet."""
    manager = runtime.get_instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    return sum(len(file.data) for file in manager.file_storage.get(session, {}).values())


app = st.App(
    "ui/shell.py",
    routes=channel.routes(st.get_option("server.baseUrlPath")),
    middleware=[
        Middleware(SecurityHeaders, index=INDEX),
        Middleware(Telemetry),
        Middleware(BoundedUploads, held=held),
    ],
    on_script_error=calm,
)

# Streamlit collects garbage at the end of every run, which would go through all that was imported: 90 ms in which nobody's
# messages leave. What lives as long as the server is set apart from it.
gc.collect()
gc.freeze()
