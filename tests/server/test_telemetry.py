"""Metrics are counted, and shown to nobody without the token; events are logged in words or as JSON lines."""

import itertools
import json
import logging
import os
import sys
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from server import telemetry
from server.telemetry import Metrics, Telemetry


def read(text: str) -> dict[str, float]:
    """Samples of Prometheus' text format."""
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    }


def client(monkeypatch, token: str | None) -> TestClient:
    monkeypatch.delenv(telemetry.TOKEN, raising=False)
    if token is not None:
        monkeypatch.setenv(telemetry.TOKEN, token)

    async def page(request) -> PlainTextResponse:
        return PlainTextResponse("page", int(request.query_params.get("status", 200)))

    async def stream(socket) -> None:
        await socket.accept()
        await socket.receive()

    routes = [Route("/{path:path}", page), WebSocketRoute("/base/_stcore/stream", stream)]
    return TestClient(Telemetry(Starlette(routes=routes), Metrics()))


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_there_are_no_metrics(monkeypatch, token) -> None:
    with client(monkeypatch, token) as browser:
        for path in ("/metrics", "/_stcore/metrics", "/base/metrics", "/base/_stcore/metrics"):
            for header in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
                assert browser.get(path, headers=header).status_code == 404


def test_the_token_shows_our_metrics_and_never_streamlits(monkeypatch) -> None:
    right = {"Authorization": "Bearer of this test"}
    with client(monkeypatch, "of this test") as browser:
        for header in ({}, {"Authorization": "Bearer of this tes"}, {"Authorization": "of this test"}):
            assert browser.get("/metrics", headers=header).status_code == 404
        assert browser.get("/_stcore/metrics", headers=right).status_code == 404
        browser.get("/kernel")
        browser.get("/kernel?status=503")
        with browser.websocket_connect("/base/_stcore/stream"):
            seen = read(browser.get("/metrics", headers=right).text)
            assert (seen["cnn_sessions_open"], seen["cnn_sessions_total"]) == (1, 1)
        seen = read(browser.get("/base/metrics", headers=right).text)
    assert seen['cnn_http_responses_total{status="2xx"}'] == seen['cnn_http_responses_total{status="5xx"}'] == 1
    assert (seen["cnn_sessions_open"], seen["cnn_sessions_total"]) == (0, 1)
    if sys.platform == "linux":
        assert 10e6 < seen["cnn_memory_bytes"] < 4e9


def test_all_counts_begin_at_nothing() -> None:
    seen = read(Metrics().text())
    assert {"cnn_sessions_total", "cnn_sessions_open", "cnn_live_clients", "cnn_live_refused_total"} <= seen.keys()
    assert [name for name, value in seen.items() if value and name != "cnn_memory_bytes"] == []
    assert len([name for name in seen if name.startswith("cnn_live_seconds_bucket")]) == 9


def test_sessions_are_logged_as_they_open_and_close(monkeypatch, caplog) -> None:
    monkeypatch.setattr(telemetry.log, "propagate", True)
    clock = itertools.count(0, 0.1234)
    monkeypatch.setattr(telemetry, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with (
        caplog.at_level(logging.INFO, telemetry.log.name),
        client(monkeypatch, None) as browser,
        browser.websocket_connect("/base/_stcore/stream"),
        browser.websocket_connect("/base/_stcore/stream"),
    ):
        pass
    told = [(record.getMessage(), record.event["open"]) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("session opened", 1), ("session opened", 2), ("session closed", 1), ("session closed", 0)]
    assert [record.event["seconds"] for record in caplog.records[2:]] == [0.1, 0.4]  # type: ignore[attr-defined]


def test_other_sockets_are_no_sessions(monkeypatch) -> None:
    with client(monkeypatch, "t") as browser:
        with pytest.raises(Exception), browser.websocket_connect("/base/_stcore/stream/other"):  # noqa: PT011
            pass
        seen = read(browser.get("/metrics", headers={"Authorization": "Bearer t"}).text)
    assert seen["cnn_sessions_total"] == 0


def test_latencies_are_sorted_into_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.005, 0.006, 0.3, 7.0):
        metrics.answered(seconds)
    seen = read(metrics.text())
    expected = {"0.005": 2, "0.01": 3, "0.2": 3, "0.5": 4, "1": 4, "+Inf": 5}
    assert {end: seen[f'cnn_live_seconds_bucket{{le="{end}"}}'] for end in expected} == expected
    ends = [float(name.split('"')[1]) for name in seen if name.startswith("cnn_live_seconds_bucket")]
    steps = [after / before for before, after in itertools.pairwise(ends[:-1])]
    assert all(1 < step <= 2.5 for step in steps)  # how long it took is known that well
    assert seen["cnn_live_seconds_count"] == 5
    assert seen["cnn_live_seconds_sum"] == pytest.approx(7.312)


@pytest.fixture
def lines(capsys):
    """What the log has said since the last call, line by line."""
    kept = telemetry.log.handlers[:], telemetry.log.level, telemetry.log.propagate
    yield lambda: capsys.readouterr().err.splitlines()
    telemetry.log.handlers[:], telemetry.log.propagate = kept[0], kept[2]
    telemetry.log.setLevel(kept[1])


def test_json_lines_carry_what_the_event_brought(lines, monkeypatch) -> None:
    monkeypatch.setitem(os.environ, telemetry.LOG, "json")
    telemetry.configure_log()
    telemetry.log.info("session closed", extra={"event": {"seconds": 3.5}})
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        telemetry.log.error("error %s", "ab12", exc_info=error, extra={"event": {"error": "ab12"}})
    first, second = (json.loads(line) for line in lines())
    assert (first["message"], first["level"], first["seconds"]) == ("session closed", "info", 3.5)
    assert second["error"] == "ab12"
    assert "ZeroDivisionError" in second["traceback"]


def test_words_are_the_default(lines, monkeypatch) -> None:
    monkeypatch.delenv(telemetry.LOG, raising=False)
    telemetry.configure_log()
    telemetry.configure_log()  # twice started, once said
    telemetry.log.info("session opened")
    (line,) = lines()
    assert line.endswith(" INFO session opened")
    assert telemetry.log.level == logging.INFO
