"""`make report`: accuracy on unseen digits, faces in the bundled photos, and a training step beside PyTorch's, in turns.

The step is written to benchmarks/RESULTS.md.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks.results import machine, write
from cnn_core import faces, networks
from cnn_core.dense import cross_entropy_backward
from cnn_core.images import decode_image
from cnn_core.mnist import TRAINED, digits
from cnn_core.networks import digits_network
from cnn_core.optimisers import Adam
from cnn_core.train_digits import accuracy

torch.set_num_threads(1)
ROUNDS = 60
rng = np.random.default_rng(0)
images, labels = rng.random((64, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, 64)

net = digits_network(logits=True)
optimiser = Adam(net.parameters(), 1e-3)
torch_net = nn.Sequential(
    nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2304, 128), nn.ReLU(), nn.Linear(128, 10)
)
torch_optimiser = torch.optim.Adam(torch_net.parameters(), 1e-3)
torch_images, torch_labels = torch.from_numpy(images), torch.from_numpy(labels)


def ours() -> None:
    trace = net.trace(images)
    optimiser.step(net.parameter_gradients(trace, cross_entropy_backward(trace[net.output], labels)))


def theirs() -> None:
    torch_optimiser.zero_grad()
    nn.functional.cross_entropy(torch_net(torch_images), torch_labels).backward()
    torch_optimiser.step()


def milliseconds(step: Callable[[], None]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1e3


def accuracy_report() -> None:
    stored, classes = digits()
    right = accuracy(networks.load("digits"), stored[TRAINED:], classes[TRAINED:])
    print(f"digits network: {right:.2%} of {len(classes) - TRAINED} digits it never saw")


def faces_report() -> None:
    for path in sorted((networks.ASSETS / "images").glob("*.webp")):
        photo = decode_image(path.read_bytes())
        faces.detect(photo)
        started = time.perf_counter()
        found = faces.detect(photo)
        spent = time.perf_counter() - started
        size = " x ".join(str(side) for side in photo.shape[1:])
        print(f"faces in {path.stem}, {size}: {len(found)} in {spent:.3f} s")
        for face in found:
            print("   ", f"{face.score:.3f}", " ".join(f"({x:.0f}, {y:.0f})" for x, y in face.landmarks))


def step_report() -> None:
    for _ in range(5):
        ours(), theirs()
    pairs = [(milliseconds(ours), milliseconds(theirs)) for _ in range(ROUNDS)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    lines = [
        f"{machine()}, NumPy {np.__version__}, PyTorch {torch.__version__}; one thread each, in turns, median of {ROUNDS}.",
        "",
        f"Forward, backward and Adam's step of the digits network, batch 64: ours {mine:.2f} ms, PyTorch {other:.2f} ms, "
        f"ratio **{mine / other:.2f}**.",
    ]
    print("\n".join(lines))
    write("A training step", lines)


if __name__ == "__main__":
    accuracy_report()
    faces_report()
    step_report()
