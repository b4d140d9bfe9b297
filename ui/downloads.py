"""Files that are made when someone clicks: in turns, and counted from before they are made until the last byte has left."""

import threading
from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from server.shares import DOWNLOADS, Claim

PATIENCE = 20.0  # seconds that a click waits for its turn


class _Counted(bytes):
    """A file's bytes, which give back what they hold when the last who reads them is done."""

    claim: Claim | None = None

    def __del__(self) -> None:
        if self.claim is not None:
            DOWNLOADS.give_back(self.claim)


def in_turn(make: Callable[[], bytes], size: int) -> Callable[[], bytes]:
    """What makes the same file in its turn, for this session.

    Args:
        make: makes the file.
        size: bytes that it takes while it is made, at the most.
    """
    context = get_script_run_ctx()
    owner = context.session_id if context else None

    def made() -> bytes:
        ready = threading.Event()
        claim: Claim | None = DOWNLOADS.claim(size, owner, ready.set)
        try:
            if not ready.is_set() and runtime.exists():
                runtime.get_instance().media_file_mgr.remove_orphaned_files()  # files that were made and are fetched by now
            if not ready.wait(PATIENCE):
                raise TimeoutError("Too many files are being made: try again in a minute.")
            file = _Counted(make())
            file.claim, claim = claim, None
            return file
        finally:
            if claim is not None:
                DOWNLOADS.give_back(claim)

    return made
