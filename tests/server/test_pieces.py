"""Large answers leave in pieces, and work on a timer goes on."""

import asyncio

import pytest

from server import timers
from server.pieces import PIECE, InPieces


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
@pytest.mark.parametrize("more", [False, True])
def test_a_large_body_goes_out_in_pieces_that_wait_for_each_other(size, more) -> None:
    body, sent = bytes(range(256)) * (size // 256) + b"x" * (size % 256), []

    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": more})

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(InPieces(app)({"type": "http"}, None, send))
    bodies = [message["body"] for message in sent[1:]]
    assert b"".join(bodies) == body
    assert max(map(len, bodies)) <= PIECE
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(bodies) - 1) + [more]


def test_work_on_a_timer_goes_on_after_a_fault() -> None:
    done = []

    def work() -> None:
        done.append(1)
        raise ValueError("once more")

    async def go() -> None:
        async with timers.every(0.01, work):
            await asyncio.sleep(0.2)

    asyncio.run(go())
    assert len(done) > 3
