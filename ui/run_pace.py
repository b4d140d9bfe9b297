"""A fair share of page runs for each session: who has had more waits before the next, while there are others."""

import time
from collections.abc import Callable

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from server.shares import RUN_PACE, RUN_PLACES
from server.telemetry import METRICS

LONGEST_WAIT = 5.0  # seconds before one run


def keep() -> None:
    """Have every run, of a page or of a fragment of one, wait for its turn. Streamlit 1.67 has no public way."""
    run: Callable[[ScriptRunner, RerunData], None] = ScriptRunner._run_script

    def in_turn(runner: ScriptRunner, rerun_data: RerunData) -> None:
        session = runner._session_id
        if METRICS.sessions_open > 1:
            time.sleep(min(RUN_PACE.wait(session), LONGEST_WAIT))
        with RUN_PLACES.take(1, session), RUN_PACE.count(session):
            run(runner, rerun_data)

    ScriptRunner._run_script = in_turn  # type: ignore[method-assign,assignment]
