"""What all do at the same time stays within one amount, turns are fair, and everything taken is given back."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from server import shares
from server.shares import Lease, Pace, Place, Shares
from tests.app.visits import ROOT


def test_all_that_is_under_way_fits() -> None:
    amount, under_way, most = Shares(100), [0], [0]
    lock = threading.Lock()

    def work(size: int) -> None:
        with amount.take(size, size % 3):
            with lock:
                under_way[0] += min(size, 100)
                most[0] = max(most[0], under_way[0])
            time.sleep(0.005)
            with lock:
                under_way[0] -= min(size, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [40, 70, 30, 500, 60, 10, 90, 20] * 4))
    assert 70 <= most[0] <= 100
    assert amount.free == 100


def test_a_large_claim_is_not_passed_by_small_ones_for_ever() -> None:
    amount, done = Shares(100), threading.Event()

    def small() -> None:
        while not done.is_set():
            with amount.take(60):
                time.sleep(0.002)

    def large() -> None:
        with amount.take(100):
            done.set()

    threads = [threading.Thread(target=small) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    last = threading.Thread(target=large)
    last.start()
    fair = done.wait(5)
    done.set()
    for thread in (*threads, last):
        thread.join()
    assert fair


def test_what_fails_gives_back() -> None:
    amount = Shares(100)
    with pytest.raises(ZeroDivisionError), amount.take(60, "a"):
        _ = 1 / 0
    with pytest.raises(ZeroDivisionError), amount.at_once(60, "a"):
        _ = 1 / 0
    assert amount.free == 100


def test_who_used_much_lets_others_go_first() -> None:
    places, order = Shares(1), []
    with places.take(1, "heavy"):
        time.sleep(0.3)

    def work(owner: str) -> None:
        with places.take(1, owner):
            order.append(owner)

    with places.take():
        threads = [
            threading.Thread(target=work, args=(one,)) for one in ("heavy", "heavy", "light", "heavy", "lighter")
        ]
        for thread in threads:
            thread.start()
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert order == ["light", "lighter", "heavy", "heavy", "heavy"]


def test_one_owner_holds_no_more_than_its_part() -> None:
    places = Shares(8, each=0.5)
    with places.at_once(4, "a") as first, places.at_once(1, "a") as second, places.at_once(4, "b") as third:
        assert (first, second, third) == (True, False, True)
    assert places.free == 8


def test_who_waits_for_its_own_part_keeps_nobody_else_waiting() -> None:
    places, got = Shares(2, each=0.5), []
    first = places.claim(1, "a", lambda: got.append("a"))
    second = places.claim(1, "a", lambda: got.append("a again"))
    places.claim(1, "b", lambda: got.append("b"))
    assert got == ["a", "b"]
    assert places.ahead(second) == 1
    places.give_back(first)
    assert got == ["a", "b", "a again"]


def test_equal_claims_are_not_the_same(monkeypatch) -> None:
    monkeypatch.setattr(shares.time, "monotonic", lambda: 7.0)
    places, got = Shares(1), []
    granted = lambda: got.append(places.free)  # noqa: E731
    held, first, second = claims = [places.claim(1, "a", granted) for _ in range(3)]
    for claim in claims:
        claim.came = 7.0  # at the same moment
    places.give_back(second)  # the youngest leaves the queue, and the other stays in it
    assert (places.ahead(first), places.ahead(second), places.ahead(held)) == (1, 0, 0)
    places.give_back(held)
    assert (first.since, second.since, got) == (7.0, None, [0, 0])
    places.give_back(held)  # a second time does nothing
    assert places.free == 0
    places.give_back(first)
    assert places.free == 1


def test_what_an_owner_used_is_forgotten_by_half(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(shares.time, "monotonic", lambda: now[0])
    amount = Shares(10)
    claim = amount.claim(4, "a", lambda: None)
    now[0] += 5
    amount.give_back(claim)
    assert amount.used("a") == 2.0  # 5 seconds of 4 of 10
    now[0] += shares.FORGOTTEN
    assert amount.used("a") == 1.0
    assert amount.used("b") == 0.0
    late, early = amount.claim(10, None, lambda: None), [amount.claim(1, owner, lambda: None) for owner in ("a", "b")]
    assert [amount.ahead(one) for one in (late, *early)] == [0, 2, 1]  # equally late, the one who used nothing is first


def test_of_many_owners_those_long_gone_are_forgotten(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(shares.time, "monotonic", lambda: now[0])
    amount, pace = Shares(1), Pace(0.5, 0.0)
    for owner in range(10_000):
        amount.give_back(amount.claim(1, owner, lambda: None))
        with pace.count(owner):
            pass
        now[0] += 0.001
    assert len(amount._used) == len(pace._owed) == 10_000
    now[0] = 10 * shares.FORGOTTEN + 5.0005  # from owner 5,001 on: less than so long ago
    amount.give_back(amount.claim(1, "new", lambda: None))
    assert len(amount._used) == 5_000
    now[0] = 65.0005
    with pace.count("new"):
        pass
    assert len(pace._owed) == 5_000


def test_a_coroutine_waits_its_turn_or_leaves_the_queue() -> None:
    async def go() -> None:
        places = Shares(1)
        async with places.turn():
            with pytest.raises(TimeoutError):
                async with places.turn(patience=0.01):
                    pass
            waiting = asyncio.create_task(hold(places))
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with places.turn(patience=0.01):
            assert places.free == 0
        assert places.free == 1

    async def hold(places: Shares) -> None:
        async with places.turn():
            await asyncio.sleep(3600)

    asyncio.run(go())


def test_a_place_is_kept_while_it_is_asked_for_and_lost_by_who_stops(monkeypatch) -> None:
    places = Shares(2)
    queue = [Place(places) for _ in range(5)]
    assert [one.ask() for one in queue] == [0, 0, 1, 2, 3]
    queue[0].give_back()
    assert [one.ask() for one in queue[1:]] == [0, 0, 1, 2]
    now = time.monotonic()
    monkeypatch.setattr(shares.time, "monotonic", lambda: now + 6)
    assert [one.ask() for one in queue[2:]] == [0, 1, 2]
    monkeypatch.setattr(shares.time, "monotonic", lambda: now + 12)
    assert queue[4].ask() == 1  # the second has not asked for twelve seconds: its place is the fourth's
    for one in queue:
        one.give_back()
    assert places.free == 2


def test_amounts_keep_their_promises() -> None:
    """As the table says beside them: who gets how much at most, and what is left for the others."""
    cores = shares.CORES
    assert cores >= 2
    assert shares.LONG.total == shares.FRAMES.total == cores - 1  # so that a core stays
    assert (shares.ANSWERS.total, shares.ANSWERS._each) == (cores, cores // 2)
    assert (shares.UPLOADING._each, shares.TRAININGS.total, shares.RUN_PLACES.total) == (
        1,
        2,
        8 * cores,
    )  # one a session
    assert (shares.UPLOADS._each, shares.DOWNLOADS._each) == (24_000_000, 75_000_000)
    assert shares.UPLOADS._each > 20_000_000  # a file of the largest size fits
    assert (shares.LIVE_SOCKETS._each, shares.CONNECTIONS._each) == (750, 3000)
    assert shares.COMPUTING._each == shares.COMPUTING.total
    amounts = (shares.COMPUTING, shares.DECODING, shares.PAGE_RUNS, shares.UPLOADS, shares.DOWNLOADS)
    assert sum(amount.total for amount in amounts) == 1_058_000_000  # bytes, all told
    assert Shares(10, 0.01)._each == 1  # never nothing


def test_what_is_long(monkeypatch) -> None:
    found = [shares.is_long(macs, size) for macs, size in ((10**8, 2 * 10**7), (10**8 + 1, 0), (0, 2 * 10**7 + 1))]
    assert found == [False, True, True]
    monkeypatch.setattr(shares, "LONG", Shares(3))
    monkeypatch.setattr(shares, "COMPUTING", Shares(10**9))
    for macs, size, left in ((10**8, 1000, 3), (10**8 + 1, 1000, 2)):
        with shares.computing(macs, size, "a"):
            assert (shares.LONG.free, shares.COMPUTING.free) == (left, 10**9 - 1000)
    assert (shares.LONG.free, shares.COMPUTING.free) == (3, 10**9)


def test_memory_is_short_from_a_share_of_what_there_may_be(monkeypatch) -> None:
    monkeypatch.setenv(shares.MEMORY, "1000")
    shares.memory_limit.cache_clear()
    try:
        assert shares.memory_limit() == 1e9
        for held, short in ((0, False), (600_000_000, False), (600_000_001, True)):
            monkeypatch.setattr(shares, "memory", lambda held=held: held)
            assert shares.short_of_memory() is short
        monkeypatch.delenv(shares.MEMORY)
        for told, limit in (
            (["max\n", "5000"], 5000.0),
            (["7000\n"], 7000.0),
            ([None, None], float("inf")),
            ([None, "9000"], 9000.0),
        ):
            shares.memory_limit.cache_clear()
            files = iter(told)

            def read(_, __, files=files) -> str:
                text = next(files)
                if text is None:
                    raise FileNotFoundError
                return text

            monkeypatch.setattr(shares.Path, "read_text", read)
            assert shares.memory_limit() == limit
    finally:
        monkeypatch.undo()
        shares.memory_limit.cache_clear()


def test_who_asks_for_one_gets_one() -> None:
    places = Shares(5)
    with places.take(), places.at_once() as got:
        assert (got, places.free) == (True, 3)
    with places.at_once(6) as got:  # more than there are counts as all
        assert (got, places.free) == (True, 0)
        with places.at_once() as more:
            assert more is False

    async def turn() -> int:
        async with places.turn():
            return places.free

    assert asyncio.run(turn()) == 4
    assert places.free == 5
    place = Place(places)
    assert (place.ask(), place.ask(), places.free) == (0, 0, 4)
    place.give_back()
    place.give_back()
    assert places.free == 5


def test_pace_is_paid_back_at_its_part(monkeypatch) -> None:
    now, worked = [100.0], [0.0]
    monkeypatch.setattr(shares.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(shares.time, "thread_time", lambda: worked[0])
    pace = Pace(part=0.25, ahead=2.0)
    with pace.count("a"):
        worked[0] += 5
        with shares.counted_elsewhere():
            worked[0] += 100
    assert pace.wait("a") == 12.0  # 5 s, less 2 in advance, at a quarter
    now[0] += 4  # has paid one
    assert pace.wait("a") == 8.0
    with pace.count("a"):
        worked[0] += 1
    assert pace.wait("a") == 12.0
    now[0] += 12
    assert pace.wait("a") == 0.0
    now[0] += 1000  # and is never owed anything
    with pace.count("a"):
        worked[0] += 3
    assert pace.wait("a") == 4.0
    assert (shares.RUN_PACE._part, shares.RUN_PACE._ahead) == (0.2, 2.0)


def test_runs_are_paced_by_what_they_compute(monkeypatch) -> None:
    pace = Pace(part=0.5, ahead=0.1)
    began = time.thread_time()
    with pace.count("storm"):
        while time.thread_time() - began < 0.2:
            pass
    assert 0.1 < pace.wait("storm") <= 0.3  # 0.1 s more than it may, at half a core
    with pace.count("calm"):
        time.sleep(0.2)
    assert pace.wait("calm") == pace.wait("new") == 0
    later = time.monotonic() + 0.5
    monkeypatch.setattr(shares.time, "monotonic", lambda: later)
    assert pace.wait("storm") == 0


def test_what_has_places_of_its_own_is_not_counted_twice() -> None:
    pace = Pace(part=0.5, ahead=0.0)
    with pace.count("training"):
        began = time.thread_time()
        with shares.counted_elsewhere():
            while time.thread_time() - began < 0.1:
                pass
    assert pace.wait("training") < 0.02


def test_a_lease_is_granted_at_once_or_never_and_ends_with_its_object() -> None:
    amount = Shares(10)
    first, second, huge = Lease(amount, 7), Lease(amount, 4), Lease(Shares(10), 11)
    assert (first.granted, second.granted, huge.granted, amount.free) == (True, False, False, 3)
    first.give_back()
    first.give_back()
    assert (amount.free, Lease(amount, 10).granted) == (10, True)
    held = Lease(amount, 6)
    assert amount.free == 4
    del held
    assert amount.free == 10


@pytest.mark.parametrize(("limit", "all_models"), [("1000", 250_000_000), ("max", 500_000_000)])
def test_models_take_a_quarter_of_what_the_server_may_use(limit, all_models) -> None:
    """In a process of its own, since the table is made once."""
    setting = {} if limit == "max" else {shares.MEMORY: limit}
    code = "from pathlib import Path; Path.read_text = lambda *_: 'max'; from server import shares; print(shares.MODELS.total)"
    env = {name: value for name, value in os.environ.items() if name != shares.MEMORY} | setting
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert int(made.stdout) == all_models
