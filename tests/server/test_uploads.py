"""Uploads are reserved before they are read, one at a time a session, and must come in time."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from server import uploads
from server.shares import LARGE_UPLOADS, UPLOADING, UPLOADS

UPLOAD = "/base/_stcore/upload_file/{session}/{file}"


async def put(request: Request) -> PlainTextResponse:
    async with request.form() as form:
        return PlainTextResponse(f"{form['file'].size} {form['file'].file._rolled}")


def bounded(app, **held: int) -> uploads.BoundedUploads:
    return uploads.BoundedUploads(
        app, lambda session: sum(held.values()) if session is None else held.get(session, 0), lambda name: name != "no"
    )


@pytest.fixture
def client():
    """A client of an upload route that says whether the file went to the disk; session "full" holds too much already."""
    app = Starlette(routes=[Route(UPLOAD, put, methods=["PUT", "POST"])])
    with TestClient(bounded(app, full=uploads.MAX_HELD)) as client:
        yield client


def test_a_large_upload_stays_in_memory(client) -> None:
    answer = client.put(UPLOAD.format(session="a", file="1"), files={"file": b"x" * 48_000_000})
    assert answer.text == "48000000 False"


def test_a_session_cannot_pile_up_files(client) -> None:
    assert client.put(UPLOAD.format(session="full", file="2"), files={"file": b"x" * 200_000}).status_code == 413
    assert client.put(UPLOAD.format(session="other", file="2"), files={"file": b"x"}).status_code == 200


def test_who_has_no_session_uploads_nothing(client) -> None:
    assert client.put(UPLOAD.format(session="no", file="1"), files={"file": b"x"}).status_code == 400


class Sent:
    """An upload as the server sees it: parts of a body with pauses before them, and the status that it is answered."""

    def __init__(self, session: str, *parts: tuple[float, bytes], length: int | None = None) -> None:
        self.parts, self.status, self.received = list(parts), 0, 0
        length = sum(len(part) for _, part in parts) if length is None else length
        headers = [(b"content-length", b"%d" % length)] if length >= 0 else []
        path = UPLOAD.format(session=session, file="1")
        self.scope = {"type": "http", "method": "PUT", "path": path, "headers": headers}

    async def receive(self):
        if not self.parts:
            await asyncio.sleep(3600)
        pause, part = self.parts.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}

    async def send(self, message) -> None:
        self.status = message.get("status", self.status)

    async def through(self, app) -> int:
        await app(self.scope, self.receive, self.send)
        return self.status


class Receiver:
    """The route behind: reads all, and knows how many it read at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, scope, receive, send) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            while (await receive()).get("more_body"):
                pass
            await PlainTextResponse("", 204)(scope, receive, send)
        finally:
            self.now -= 1


def test_a_session_uploads_one_file_at_a_time_and_others_meanwhile() -> None:
    async def go() -> list[int]:
        route = Receiver()
        app = bounded(route)
        own = [Sent("a", (0.05, b"x"), (0.05, b"x")).through(app) for _ in range(3)]
        assert set(await asyncio.gather(*own)) == {204}
        assert route.most == 1
        several = [Sent(name, (0.05, b"x"), (0.05, b"x")).through(app) for name in "abc"]
        return [*await asyncio.gather(*several), route.most]

    assert asyncio.run(go()) == [204, 204, 204, 3]


def test_a_silent_and_a_slow_upload_are_ended_and_give_back_what_they_held(monkeypatch) -> None:
    monkeypatch.setattr(uploads, "SILENCE", 0.1)

    async def go() -> list[int]:
        app = bounded(Receiver())
        silent = Sent("a", (3600, b"x"), length=100)
        slow = Sent("b", *[(0.05, b"x")] * 50)
        prompt = Sent("c", *[(0.05, b"x" * 10_000)] * 10)
        return list(await asyncio.gather(*(one.through(app) for one in (silent, slow, prompt))))

    assert asyncio.run(go()) == [408, 408, 204]
    assert (UPLOADS.free, UPLOADING.free) == (UPLOADS.total, UPLOADING.total)


def test_silent_uploads_of_many_sessions_do_not_keep_an_honest_one_waiting(monkeypatch) -> None:
    monkeypatch.setattr(uploads, "SILENCE", 0.2)

    async def go() -> tuple[int, float]:
        app = bounded(Receiver())
        silent = [asyncio.create_task(Sent(str(n), (3600, b""), length=20_000_000).through(app)) for n in range(12)]
        await asyncio.sleep(0.05)
        began = asyncio.get_running_loop().time()
        status = await Sent("honest", (0, b"x" * 1000)).through(app)
        waited = asyncio.get_running_loop().time() - began
        await asyncio.gather(*silent)
        return status, waited

    status, waited = asyncio.run(go())
    assert status == 204
    assert waited < 1


def test_networks_wait_for_each_other_and_photos_pass_them(monkeypatch) -> None:
    monkeypatch.setattr(uploads, "SILENCE", 0.3)

    async def go() -> tuple[list[int], int]:
        route = Receiver()
        app = bounded(route)
        large = [asyncio.create_task(Sent(str(n), (3600, b""), length=48_000_000).through(app)) for n in range(3)]
        await asyncio.sleep(0.05)
        under_way = route.now
        photos = [await Sent(f"photo {n}", (0, b"x" * 1000)).through(app) for n in range(3)]
        await asyncio.gather(*large)
        return photos, under_way

    assert asyncio.run(go()) == ([204, 204, 204], 2)
    assert LARGE_UPLOADS.free == LARGE_UPLOADS.total


def test_bytes_are_reserved_before_they_come() -> None:
    async def go() -> list[int]:
        app = bounded(Receiver(), a=45_000_000, b=50_000_000, c=50_000_000, d=30_000_000)
        return [
            await Sent("a", (0, b"x"), length=6_000_000).through(app),  # its own files leave no room
            await Sent("e", (0, b"x"), length=12_000_000).through(app),  # all together leave none
            await Sent("e", (0, b"x"), length=6_000_000).through(app),
            await Sent("e", (0, b"x"), length=-1).through(app),  # nobody knows how long: as long as may be
            await Sent("f", (0, b"x"), length=51_000_000).through(app),
        ]

    assert asyncio.run(go()) == [413, 503, 204, 503, 413]
