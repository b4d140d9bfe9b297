"""How convolution's time grows with the image, what a second BLAS thread gives, and how long the core takes to import.

Part of `make bench`; needs a Python with PyTorch, whose growth stands beside ours.
"""

import os
import statistics
import subprocess
import sys
import time

THREADS = "OPENBLAS_NUM_THREADS"
os.environ["OMP_NUM_THREADS"] = "1"  # PyTorch's
if "--threads" not in sys.argv:
    os.environ[THREADS] = "1"

from collections.abc import Callable

import numpy as np

from benchmarks.results import machine, touch_memory, write
from cnn_core import conv2d
from cnn_core.arguments import Array

Convolution = Callable[[Array, Array], object]
SIDES = (64, 128, 256, 512, 1024, 2048, 4096)
LAYERS = ((1, 1, 3), (3, 8, 3), (16, 32, 3))  # channels, kernels, kernel side
THREADED = ((3, 8, 3, 1024), (16, 32, 3, 512), (64, 64, 1, 1024))
LONGEST = 50  # characters of the longest bar


def seconds(channels: int, kernels: int, side: int, size: int, convolution: Convolution = conv2d) -> float:
    """Median time of one convolution of size x size pixels."""
    rng = np.random.default_rng(0)
    image = rng.random((channels, size, size), dtype=np.float32)
    weight = rng.normal(size=(kernels, channels, side, side)).astype(np.float32)
    times = []
    for _ in range(max(6, min(200, 100_000_000 // (size * size * kernels)))):
        begin = time.perf_counter()
        convolution(image, weight)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def plot() -> list[str]:
    """Nanoseconds of each output number, as bars, and PyTorch's beside them."""
    import torch

    def peer(image: Array, weight: Array) -> object:
        return torch.nn.functional.conv2d(torch.from_numpy(image)[None], torch.from_numpy(weight))

    touch_memory()
    lines = []
    for layer in LAYERS:
        ours, theirs = (
            {size: seconds(*layer, size, one) / (layer[1] * (size - layer[2] + 1) ** 2) * 1e9 for size in SIDES}
            for one in (conv2d, peer)
        )
        most = max(ours.values())
        spread = [f"{max(each.values()) / min(each.values()):.2f}" for each in (ours, theirs)]
        lines += [f"channels, kernels, side {layer}: largest / smallest {spread[0]}, PyTorch's {spread[1]}", "", "```"]
        lines += [
            f"{size:5} {value:7.2f} ns {'█' * round(LONGEST * value / most):{LONGEST}} PyTorch {theirs[size]:7.2f} ns"
            for size, value in ours.items()
        ]
        lines += ["```", ""]
        print("\n".join(lines[-len(SIDES) - 5 :]), flush=True)
    return lines


def threads() -> list[str]:
    """Milliseconds with one and with two BLAS threads, each in a process of its own, in turns."""
    found: dict[str, list[list[float]]] = {"1": [], "2": []}
    for _ in range(3):
        for number, rounds in found.items():
            command = [sys.executable, "-m", "benchmarks.growth", "--threads"]
            answer = subprocess.run(command, env={**os.environ, THREADS: number}, capture_output=True, check=True)
            rounds.append([float(word) for word in answer.stdout.split()])
    lines = ["| channels, kernels, side, image | one thread | two threads |", "| --- | ---: | ---: |"]
    for place, case in enumerate(THREADED):
        one, two = (statistics.median(turn[place] for turn in found[number]) * 1e3 for number in ("1", "2"))
        lines.append(f"| {', '.join(map(str, case))} | {one:.1f} ms | {two:.1f} ms |")
    return lines


def imports() -> str:
    code = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"
    median = {}
    for name in ("numpy", "cnn_core"):
        runs = [
            subprocess.run([sys.executable, "-c", code.format(name)], capture_output=True, check=True) for _ in range(9)
        ]
        median[name] = statistics.median(float(run.stdout) for run in runs) * 1e3
    return f"`import cnn_core` takes {median['cnn_core']:.0f} ms, {median['numpy']:.0f} of them for NumPy."


def main() -> None:
    if "--threads" in sys.argv:
        print(*(seconds(*case) for case in THREADED))
        return
    lines = [
        f"{machine()}, NumPy {np.__version__}; one thread, float32. Time of each output number over the image's side:"
    ]
    lines += ["", *plot(), *threads(), "", imports()]
    print("\n".join(lines))
    write("Growth, threads, import", lines)


if __name__ == "__main__":
    main()
