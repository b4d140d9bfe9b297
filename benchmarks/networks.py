"""`make report`: accuracy on unseen digits, faces in the bundled photos, a training step and SqueezeNet beside PyTorch's, in turns.

The last two are written to benchmarks/RESULTS.md.
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


class Fire(nn.Module):
    """Few 1 x 1 kernels, then 1 x 1 and 3 x 3 kernels side by side."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        narrow = nn.functional.relu(self.squeeze(x), inplace=True)
        return nn.functional.relu(torch.cat([self.expand1(narrow), self.expand3(narrow)], 1), inplace=True)


def torch_squeezenet() -> nn.Sequential:
    """SqueezeNet 1.1, as `networks.load("squeezenet")`, with weights of its own: they don't change the time."""
    fires = [
        (64, 16, 64),
        (128, 16, 64),
        (128, 32, 128),
        (256, 32, 128),
        (256, 48, 192),
        (384, 48, 192),
        (384, 64, 256),
    ]
    layers = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True)]
    for number, sizes in enumerate((*fires, (512, 64, 256))):
        if number in (0, 2, 4):
            layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        layers.append(Fire(*sizes))
    head = [nn.Conv2d(512, 1000, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(1)]
    return nn.Sequential(*layers, *head)


def squeezenet_report() -> None:
    """Forward at 227 x 227 beside PyTorch's, and how many times as long the gradient to the pixels takes."""
    squeezenet, peer = networks.load("squeezenet"), torch_squeezenet().eval()
    picture = rng.random((1, 3, 227, 227), dtype=np.float32)
    tensor = torch.from_numpy(picture)
    grad = np.zeros((1, 1000), np.float32)
    grad[0, 281] = 1

    def torch_forward() -> None:
        with torch.inference_mode():
            peer(tensor)

    def torch_gradient() -> None:
        asked = tensor.clone().requires_grad_()
        peer(asked)[0, 281].backward()

    runs = {
        "forward": (lambda: squeezenet.forward(picture), torch_forward),
        "forward and gradient to the pixels": (lambda: squeezenet.gradients(picture, grad), torch_gradient),
    }
    turns = [[milliseconds(run) for pair in runs.values() for run in pair] for _ in range(22)][2:]
    medians = [statistics.median(column) for column in zip(*turns, strict=True)]
    lines = ["SqueezeNet at 227 x 227, one thread each, in turns, median of 20:", ""]
    lines += ["| | ours | PyTorch | ratio |", "| --- | ---: | ---: | ---: |"]
    for name, mine, other in zip(runs, medians[::2], medians[1::2], strict=True):
        lines.append(f"| {name} | {mine:.1f} ms | {other:.1f} ms | {mine / other:.2f} |")
    lines += ["", f"The gradient takes **{medians[2] / medians[0]:.1f}** times as long as forward alone."]
    print("\n".join(lines))
    write("SqueezeNet", lines)


if __name__ == "__main__":
    accuracy_report()
    faces_report()
    step_report()
    squeezenet_report()
