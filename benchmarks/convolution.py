"""conv2d and pooling beside PyTorch, one thread each, interleaved in one process: medians as ratios, and peak memory.

`make bench` writes the table to benchmarks/RESULTS.md. It needs a Python with PyTorch and SciPy.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import math
import statistics
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.results import machine, write
from cnn_core import avg_pool2d, conv2d, max_pool2d

torch.set_num_threads(1)
SIZES = (256, 512, 1024, 2048)
CELLS = [  # input channels, kernels, kernel side, stride, groups
    (1, 1, 3, 1, 1), (3, 1, 3, 1, 1), (3, 8, 3, 1, 1), (3, 16, 5, 1, 1), (3, 64, 3, 1, 1), (3, 1, 11, 1, 1), (3, 8, 11, 1, 1),
    (3, 8, 3, 2, 1), (1, 1, 31, 1, 1), (16, 32, 3, 1, 1), (32, 32, 3, 1, 32), (64, 64, 1, 1, 1),
]  # fmt: skip


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """Median time of ours over median time of theirs, in turns, after one warm-up."""
    pairs = []
    for _ in range(rounds + 1):
        marks = [time.perf_counter()]
        for run in (ours, theirs):
            run()
            marks.append(time.perf_counter())
        pairs.append((marks[1] - marks[0], marks[2] - marks[1]))
    mine, other = zip(*pairs[1:], strict=True)
    return statistics.median(mine) / statistics.median(other)


def main() -> None:
    lines = [
        f"{machine()}, NumPy {np.__version__}, PyTorch {torch.__version__}; one thread each, float32, batch 1, no padding. "
        "Time ours / time PyTorch: lower is better.",
        "",
        "| channels, kernels, side, stride, groups | " + " | ".join(map(str, SIZES)) + " | extra memory, 1024 |",
        "| --- |" + " ---: |" * (len(SIZES) + 1),
    ]
    found = []
    for c, k, side, stride, groups in CELLS:
        row = []
        for size in SIZES:
            rng = np.random.default_rng(0)
            image = rng.random((c, size, size), dtype=np.float32)
            weight = rng.normal(size=(k, c // groups, side, side)).astype(np.float32)
            tensors = torch.from_numpy(image)[None], torch.from_numpy(weight)

            def ours(image=image, weight=weight, stride=stride, groups=groups):
                return conv2d(image, weight, stride=stride, groups=groups)

            def theirs(tensors=tensors, stride=stride, groups=groups):
                return F.conv2d(*tensors, stride=stride, groups=groups)

            if size == 1024:
                tracemalloc.start()
                with ThreadPoolExecutor(1) as fresh:  # a new thread has no working memory yet
                    output = fresh.submit(ours).result()
                extra = (tracemalloc.get_traced_memory()[1] - output.nbytes) / 1e6
                tracemalloc.stop()
            row.append(ratio(ours, theirs, 9 if size <= 512 else 5))
        found += row
        lines.append(
            f"| {c}, {k}, {side}, {stride}, {groups} | " + " | ".join(f"{r:.2f}" for r in row) + f" | {extra:.1f} MB |"
        )
        print(lines[-1], flush=True)
    mean = math.exp(statistics.mean(map(math.log, found)))
    lines += ["", f"Geometric mean **{mean:.2f}**, largest {max(found):.2f}.", ""]
    lines += ["| pooling of 16 x 512 x 512 | ratio |", "| --- | ---: |"]
    maps = np.random.default_rng(0).random((16, 512, 512), dtype=np.float32)
    tensor = torch.from_numpy(maps)[None]
    for name, mine, other in (("max", max_pool2d, F.max_pool2d), ("average", avg_pool2d, F.avg_pool2d)):
        for side, stride in ((2, 2), (3, 2)):
            one = ratio(lambda: mine(maps, side, stride), lambda: other(tensor, side, stride), 9)  # noqa: B023
            lines.append(f"| {name} {side} x {side}, stride {stride} | {one:.2f} |")
    print("\n".join(lines[-7:]))
    write("Convolution and pooling", lines)


if __name__ == "__main__":
    main()
