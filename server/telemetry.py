"""What an operator may know: counts and times as metrics, behind a token; events as log lines, in words or JSON."""

import json
import logging
import os
import secrets
import time
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "CNN_VISUALISER_METRICS_TOKEN"  # unset: there are no metrics
LOG = "CNN_VISUALISER_LOG"  # "json" for one JSON object a line
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # upper ends of the latency buckets

log = logging.getLogger("cnn_visualiser")


class Metrics:
    """Counts since the start, and times of the live channel's answers.

    >>> metrics = Metrics()
    >>> metrics.answered(0.03)
    >>> 'cnn_live_seconds_bucket{le="0.05"} 1' in metrics.text()
    True
    """

    def __init__(self) -> None:
        self.requests: dict[str, int] = {}  # HTTP responses by kind: "2xx", "4xx", ...
        self.sessions = self.sessions_open = 0
        self.live_clients = self.live_refused = 0
        self._buckets = [0] * (len(SECONDS) + 1)
        self._total = 0.0

    def responded(self, status: int) -> None:
        kind = f"{status // 100}xx"
        self.requests[kind] = self.requests.get(kind, 0) + 1

    def answered(self, seconds: float) -> None:
        """Count one live answer and the time from its request."""
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._total += seconds

    def text(self) -> str:
        """All of it in the text format of Prometheus."""
        lines = ["# TYPE cnn_http_responses_total counter"]
        lines += [f'cnn_http_responses_total{{status="{kind}"}} {n}' for kind, n in sorted(self.requests.items())]
        for name, kind, value in (
            ("cnn_sessions_total", "counter", self.sessions),
            ("cnn_sessions_open", "gauge", self.sessions_open),
            ("cnn_live_clients", "gauge", self.live_clients),
            ("cnn_live_refused_total", "counter", self.live_refused),
            ("cnn_memory_bytes", "gauge", memory()),
        ):
            lines += [f"# TYPE {name} {kind}", f"{name} {value}"]
        lines.append("# TYPE cnn_live_seconds histogram")
        ends = [*(f"{end:g}" for end in SECONDS), "+Inf"]
        lines += [
            f'cnn_live_seconds_bucket{{le="{end}"}} {n}' for end, n in zip(ends, accumulate(self._buckets), strict=True)
        ]
        lines += [f"cnn_live_seconds_sum {self._total:.6f}", f"cnn_live_seconds_count {sum(self._buckets)}"]
        return "\n".join(lines) + "\n"


METRICS = Metrics()


def memory() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Telemetry:
    """ASGI middleware: counts responses and sessions, and serves /metrics to whoever knows the token.

    Streamlit's own metrics, which are open to everyone, are closed.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics = METRICS) -> None:
        self.app, self.metrics = app, metrics
        self.token = os.environ.get(TOKEN, "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path.rstrip().endswith("/metrics"):  # Streamlit's route takes a line break too
            given = dict(scope["headers"]).get(b"authorization", b"")
            known = self.token and secrets.compare_digest(given, f"Bearer {self.token}".encode())
            shown = known and path.endswith("/metrics") and not path.endswith("/_stcore/metrics")
            answer = PlainTextResponse(self.metrics.text()) if shown else PlainTextResponse("Not found.", 404)
            await answer(scope, receive, send)
        elif scope["type"] == "http":
            await self.app(scope, receive, self._counting(send))
        elif scope["type"] == "websocket" and path.endswith("/_stcore/stream"):
            await self._session(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _counting(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.responded(message["status"])
            await send(message)

        return counted

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        self.metrics.sessions += 1
        self.metrics.sessions_open += 1
        log.info("session opened", extra={"event": {"open": self.metrics.sessions_open}})
        try:
            await self.app(scope, receive, send)
        finally:
            self.metrics.sessions_open -= 1
            seconds = round(time.monotonic() - started, 1)
            log.info("session closed", extra={"event": {"open": self.metrics.sessions_open, "seconds": seconds}})


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, what the event brought, and the traceback of an error.

    >>> record = logging.LogRecord("a", logging.INFO, "", 0, "session %s", ("opened",), None)
    >>> json.loads(JsonLines().format(record))["message"]
    'session opened'
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= getattr(record, "event", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_log() -> None:
    """Send the app's events to standard error, as words or, with CNN_VISUALISER_LOG=json, as JSON lines."""
    handler = logging.StreamHandler()
    words = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines() if os.environ.get(LOG) == "json" else words)
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
