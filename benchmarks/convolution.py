"""conv2d and pooling beside PyTorch, one thread each, interleaved in one process: medians as ratios, and peak memory.

Beside them, for our own pride, OpenCV's `filter2D` and SciPy's `correlate`. `make bench` writes the tables to
benchmarks/RESULTS.md. It needs a Python with PyTorch, SciPy and OpenCV.
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
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from benchmarks.results import beside_goal, machine, processor, touch_memory, write
from cnn_core import avg_pool2d, conv2d, max_pool2d
from cnn_core.arguments import Array
from cnn_core.convolution import conv2d_backward_input

torch.set_num_threads(1)
cv2.setNumThreads(1)
SIZES = (256, 512, 1024, 2048)
CELLS = [  # input channels, kernels, kernel side, stride, groups
    (1, 1, 3, 1, 1), (3, 1, 3, 1, 1), (3, 8, 3, 1, 1), (3, 16, 5, 1, 1), (3, 64, 3, 1, 1), (3, 1, 11, 1, 1), (3, 8, 11, 1, 1),
    (3, 8, 3, 2, 1), (1, 1, 31, 1, 1), (16, 32, 3, 1, 1), (32, 32, 3, 1, 32), (64, 64, 1, 1, 1),
]  # fmt: skip
LAYERS = [  # of networks: the same, and the side of the input; padding of half a kernel
    (64, 64, 3, 1, 1, 56), (128, 128, 3, 1, 1, 28), (512, 512, 3, 1, 1, 7), (64, 128, 3, 2, 1, 56), (3, 64, 7, 2, 1, 224),
    (960, 160, 1, 1, 1, 7), (64, 128, 1, 2, 1, 56), (96, 96, 3, 2, 96, 112), (384, 384, 3, 1, 384, 14), (144, 144, 5, 2, 144, 56),
]  # fmt: skip
ONE_BY_ONE = [cell for cell in CELLS if cell[1] <= 16 and cell[2] > 1 and cell[3:] == (1, 1)]  # what filters can do too


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


def problem(c: int, k: int, side: int, groups: int, size: int) -> tuple[Array, Array]:
    """Image (C, H, W) and weight (K, C / groups, side, side)."""
    rng = np.random.default_rng(0)
    image = rng.random((c, size, size), dtype=np.float32)
    return image, rng.normal(size=(k, c // groups, side, side)).astype(np.float32)


def filtered(image: Array, weight: Array, one: Callable[[Array, Array], Array]) -> list[Array]:
    """The same maps by a library that filters one channel with one kernel: C K calls, (C - 1) K additions."""
    maps = []
    for kernel in weight:
        total = one(image[0], kernel[0])
        for channel, part in zip(image[1:], kernel[1:], strict=True):
            total += one(channel, part)
        maps.append(total)
    return maps


def by_opencv(channel: Array, kernel: Array) -> Array:
    return cv2.filter2D(channel, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)


def by_scipy(channel: Array, kernel: Array) -> Array:
    return ndimage.correlate(channel, kernel, mode="constant")


def beside_filters() -> list[str]:
    """A table of ratios to OpenCV and SciPy."""
    lines = ["| channels, kernels, side | OpenCV, 512 | OpenCV, 1024 | SciPy, 512 |", "| --- | ---: | ---: | ---: |"]
    for c, k, side, *_ in ONE_BY_ONE:
        row = []
        for size, peer, rounds in ((512, by_opencv, 9), (1024, by_opencv, 5), (512, by_scipy, 1)):
            image, weight = problem(c, k, side, 1, size)
            row.append(ratio(lambda: conv2d(image, weight), lambda: filtered(image, weight, peer), rounds))  # noqa: B023
        lines.append(f"| {c}, {k}, {side} | " + " | ".join(f"{r:.2f}" for r in row) + " |")
        print(lines[-1], flush=True)
    return lines


def of_networks(others: list[float]) -> list[str]:
    """A table of times over PyTorch's for layers as networks have them, and what a gradient to the pixels costs.

    Below it, the mean of these ratios and of them with the others.
    """
    lines = ["One thread each, float32, batch 1, padding of half a kernel. Time ours / time PyTorch:", ""]
    lines += ["| channels, kernels, side, stride, groups, image | forward | gradient to pixels / forward |"]
    lines += ["| --- | ---: | ---: |"]
    found = []
    for c, k, side, stride, groups, size in LAYERS:
        image, weight = problem(c, k, side, groups, size)
        tensors = torch.from_numpy(image)[None], torch.from_numpy(weight)
        settings = {"stride": stride, "padding": side // 2, "groups": groups}
        forward = partial(conv2d, image, weight, **settings)
        found.append(ratio(forward, partial(F.conv2d, *tensors, **settings), 21))
        back = ratio(partial(conv2d_backward_input, np.ones_like(forward()), image, weight, **settings), forward, 9)
        lines.append(f"| {c}, {k}, {side}, {stride}, {groups}, {size} | {found[-1]:.2f} | {back:.2f} |")
        print(lines[-1], flush=True)
    last = f"Geometric mean **{geometric_mean(found):.2f}**, largest {max(found):.2f}; "
    both = [*others, *found]
    goal = 0.33 if "AVX-512" in processor() else 0.4
    last += f"with all of *Convolution and pooling* **{beside_goal(geometric_mean(both), goal)}**, "
    last += f"largest {beside_goal(max(both), 1.3)}."
    print(last, flush=True)
    return [*lines, "", last]


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(statistics.mean(map(math.log, ratios)))


def main() -> None:
    touch_memory()
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
            image, weight = problem(c, k, side, groups, size)
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
            row.append(ratio(ours, theirs, 9 if size <= 512 else 7))
        found += row
        lines.append(
            f"| {c}, {k}, {side}, {stride}, {groups} | " + " | ".join(f"{r:.2f}" for r in row) + f" | {extra:.1f} MB |"
        )
        print(lines[-1], flush=True)
    lines += ["", f"Geometric mean **{geometric_mean(found):.2f}**, largest {max(found):.2f}.", ""]
    lines += ["| pooling of 16 x 512 x 512 | ratio |", "| --- | ---: |"]
    maps = np.random.default_rng(0).random((16, 512, 512), dtype=np.float32)
    tensor = torch.from_numpy(maps)[None]
    for name, mine, other in (("max", max_pool2d, F.max_pool2d), ("average", avg_pool2d, F.avg_pool2d)):
        for side, stride in ((2, 2), (3, 2)):
            one = ratio(lambda: mine(maps, side, stride), lambda: other(tensor, side, stride), 9)  # noqa: B023
            lines.append(f"| {name} {side} x {side}, stride {stride} | {one:.2f} |")
    print("\n".join(lines[-7:]), flush=True)
    lines += [
        "",
        "Time ours / time of a library that filters one channel with one kernel at a time:",
        "",
        *beside_filters(),
    ]
    write("Convolution and pooling", lines)
    write("Layers of networks", of_networks(found))


if __name__ == "__main__":
    main()
