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
