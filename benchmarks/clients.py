"""Many clients drag a kernel at once on one server: waiting times, fairness, memory, and what closed sessions leave.

`make load` runs it on loopback and writes the table to benchmarks/RESULTS.md. The clients are threads of one process on the
same machine, so they take their share of it.
"""

import statistics
import threading
import time
from pathlib import Path

from benchmarks.results import machine, write
from tests.browser.conftest import free_port, start_server
from tests.replicas.visitor import Visitor

SECONDS = 15


def resident(pid: int) -> float:
    """Memory of a process in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def drag_for(visitor: Visitor, rate: float, waits: list[float]) -> None:
    """Ask `rate` times a second; a late answer delays the next question, as one request is in flight."""
    begin = time.perf_counter()
    due, number = begin, 0
    while due < begin + SECONDS:
        time.sleep(max(0.0, due - time.perf_counter()))
        asked = time.perf_counter()
        visitor.drag(f"{number % 50 / 10} 0 -1; 2 0 -2; 1 0 -1")
        waits.append(time.perf_counter() - asked)
        due, number = max(due + 1 / rate, time.perf_counter()), number + 1


def class_of(base: str, pid: int, clients: int, rate: float) -> str:
    """A row: so many clients, so often a second."""
    visitors = [Visitor(base, f"image=Coins&size=512&kernel={number}+0+-1") for number in range(clients)]
    for visitor in visitors:
        visitor.open()
    waits: list[list[float]] = [[] for _ in visitors]
    jobs = [threading.Thread(target=drag_for, args=(one, rate, own)) for one, own in zip(visitors, waits, strict=True)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    every = sorted(wait for own in waits for wait in own)
    slowest = min(map(len, waits)) / statistics.mean(map(len, waits))
    middle, late = statistics.median(every) * 1e3, every[int(len(every) * 0.95)] * 1e3
    for visitor in visitors:
        visitor.close()
    served = len(every) / SECONDS
    return f"| {clients} | {rate:g} | {served:.0f} | {middle:.0f} ms | {late:.0f} ms | {slowest:.2f} | {resident(pid):.0f} MB |"


def leftovers(base: str, pid: int) -> str:
    """One sentence: what 200 sessions that were opened, used and closed leave, beside what the first 20 left."""
    marks = []
    for number in range(200):
        visitor = Visitor(base, f"image=Coins&size=512&kernel={number}+0+-1")
        visitor.open()
        visitor.drag("1 2; 3 4")
        visitor.close()
        if number in (19, 199):
            time.sleep(3)
            marks.append(resident(pid))
    return f"The server after 20 sessions that were opened, used and closed: {marks[0]:.0f} MB; after 200: {marks[1]:.0f} MB."


def main() -> None:
    port = free_port()
    server = start_server(port, "--server.disconnectedSessionTTL", "1")
    base = f"http://127.0.0.1:{port}"
    try:
        left = leftovers(base, server.pid)
        rows = [class_of(base, server.pid, *load) for load in ((30, 10), (100, 5))]
    finally:
        server.kill()
        server.wait()
    lines = [
        f"{machine()}; clients and server share the cores; one 3 x 3 kernel on 512 x 512 grey pixels.",
        "",
        "| clients | asked a second, each | answers a second, all | median | p95 | slowest client / mean | server |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        left,
    ]
    print("\n".join(lines))
    write("Many at once", lines)


if __name__ == "__main__":
    main()
