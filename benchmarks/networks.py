"""`make report`: accuracy on unseen digits, faces in the bundled photos, a training step and whole networks beside peers, in turns.

The last two are written to benchmarks/RESULTS.md.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import statistics
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import onnxruntime
import torch
from torch import nn

from benchmarks import models
from benchmarks.results import beside_goal, machine, write
from cnn_core import attribution, faces, networks, onnx
from cnn_core.dense import cross_entropy_backward
from cnn_core.images import decode_image
from cnn_core.mnist import TRAINED, digits
from cnn_core.networks import digits_network
from cnn_core.optimisers import Adam
from cnn_core.train_digits import accuracy

torch.set_num_threads(1)
ROUNDS = 60
NETWORKS = (  # name, PyTorch's, pixels a side, and the most times PyTorch's time and ONNX Runtime's that are aimed at
    ("SqueezeNet", models.squeezenet, 227, (0.65, 1.9)),
    ("MobileNetV2", models.mobilenet, 224, (1.0, 2.5)),
    ("ResNet-18", models.resnet18, 224, (1.0, 2.5)),
)
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


def session(model: bytes) -> onnxruntime.InferenceSession:
    """The model in ONNX Runtime, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def medians(*runs: Callable[[], object], rounds: int = 20) -> list[float]:
    """Median milliseconds of each, in turns, after two rounds of warm-up."""
    turns = [[milliseconds(run) for run in runs] for _ in range(rounds + 2)][2:]
    return [statistics.median(column) for column in zip(*turns, strict=True)]


def memory(run: Callable[[], object]) -> float:
    """The most megabytes that a run holds at once, beyond what was there; a new thread has no working memory yet."""
    tracemalloc.start()
    with ThreadPoolExecutor(1) as fresh:
        fresh.submit(run).result()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def forward_report() -> list[str]:
    """Whole networks forward, read from the same ONNX file as ONNX Runtime's, beside PyTorch's and ONNX Runtime's."""
    lines = ["Forward of one picture, one thread each, in turns, median of 20; memory beyond the weights:", ""]
    lines += ["| | ours | PyTorch | ONNX Runtime | ours / PyTorch | ours / ONNX Runtime | memory |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, make, side, goals in NETWORKS:
        peer = make().eval()
        file = models.exported(peer, side)
        graph, runtime = onnx.read(file), session(file)
        picture = rng.random((1, 3, side, side), dtype=np.float32)
        tensor, given = torch.from_numpy(picture), {runtime.get_inputs()[0].name: picture}
        with torch.inference_mode():
            np.testing.assert_allclose(graph.forward(picture), peer(tensor).numpy(), atol=1e-4)
            runs = partial(graph.forward, picture), partial(peer, tensor), partial(runtime.run, None, given)
            mine, torchs, onnxs = medians(*runs)
        lines.append(
            f"| {name}, {side} | {mine:.1f} ms | {torchs:.1f} ms | {onnxs:.1f} ms | {beside_goal(mine / torchs, goals[0])} | "
        )
        lines[-1] += f"{beside_goal(mine / onnxs, goals[1])} | {memory(runs[0]):.0f} MB |"
        if name == "MobileNetV2":
            (reading,) = medians(partial(onnx.read, file), rounds=5)
            last = f"Reading MobileNetV2's file of {len(file) / 1e6:.0f} MB takes {reading / 1e3:.2f} s."
    return [*lines, "", last]


def attribution_report() -> list[str]:
    """What explaining SqueezeNet's answer costs, in forward passes, and the gradient to the pixels beside PyTorch's."""
    squeezenet, peer = networks.load("squeezenet"), models.squeezenet().eval()
    picture = rng.random((3, 227, 227), dtype=np.float32)
    tensor = torch.from_numpy(picture)[None]
    grad = np.zeros(1000, np.float32)
    grad[281] = 1

    def torch_gradient() -> None:
        asked = tensor.clone().requires_grad_()
        peer(asked)[0, 281].backward()

    forward, gradients, theirs, saliency, activation = medians(
        partial(squeezenet.forward, picture),
        partial(squeezenet.gradients, picture, grad),
        torch_gradient,
        partial(attribution.saliency, squeezenet, picture, 281),
        partial(attribution.class_activation, squeezenet, picture, 281),
    )
    return [
        "Explaining SqueezeNet's answer at 227 x 227:",
        "",
        "| | time | forward passes |",
        "| --- | ---: | ---: |",
        f"| forward | {forward:.1f} ms | 1 |",
        f"| forward, and gradients of all nodes back to the pixels | {gradients:.1f} ms | {beside_goal(gradients / forward, 2.5)} |",
        f"| saliency | {saliency:.1f} ms | {saliency / forward:.1f} |",
        f"| class activation map | {activation:.1f} ms | {activation / forward:.1f} |",
        "",
        f"Forward and gradients take **{gradients / theirs:.2f}** of PyTorch's {theirs:.1f} ms.",
    ]


def whole_report() -> None:
    lines = [
        f"{machine()}, NumPy {np.__version__}, PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}."
    ]
    for part in (forward_report, attribution_report):
        lines += ["", *part()]
        print("\n".join(lines), flush=True)
    write("Whole networks", lines)


if __name__ == "__main__":
    accuracy_report()
    faces_report()
    step_report()
    whole_report()
