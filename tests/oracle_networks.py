"""`make oracle`: the network pages' programs, run in PyTorch and Keras and compared with cnn_core."""

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cnn_core import faces, networks, weights
from cnn_core.mnist import TRAINED, digits
from cnn_core.optimisers import SGD, Adam
from cnn_core.training import train
from instruments import backward, own_digits, samples
from instruments.fields import resolve
from instruments.training import Plan
from ui.programs import digits as digit_programs
from ui.programs import program
from ui.programs import training as training_programs
from ui.programs.backward import programs as backward_programs


def run(text: str, **names: Any) -> dict[str, Any]:
    """What the program leaves, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "program", "exec"), names)
    return names


def expect_equal(what: str, theirs: Any, ours: Any, limit: float = 1e-5) -> None:
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    assert theirs.shape == np.shape(ours), f"{what}: {theirs.shape} there, {np.shape(ours)} here"
    difference = float(np.abs(theirs - ours).max())
    print(f"{what}: largest difference {difference:.1e}")
    assert difference < limit


def fill(parameters: Any, arrays: list[Any]) -> None:
    """Our weights into PyTorch's parameters, in order."""
    with torch.no_grad():
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.copy_(torch.from_numpy(np.array(array)).reshape(parameter.shape))


def check_digits() -> None:
    images, _ = digits()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(networks.ASSETS / "digits.npz", folder)
        os.chdir(folder)
        for number in range(TRAINED, TRAINED + 10):
            expected = networks.load("digits").forward(images[number : number + 1])
            programs = digit_programs.programs(images[number])
            for name in ("PyTorch", "Keras"):
                expect_equal(f"digit {number} in {name}", run(programs[name])["probabilities"], expected)
        own = own_digits.of_weights(3, 4, 3, 20, networks.digits_network(3, 4, 3, 20).stored())
        weights.save(Path("training-weights.npz"), own.graph)
        for name in ("PyTorch", "Keras"):
            found = run(digit_programs.programs(images[TRAINED], own)[name])["probabilities"]
            expect_equal(f"a network of one's own in {name}", found, own.graph.forward(images[TRAINED : TRAINED + 1]))
        os.chdir("/")


def check_sizes() -> None:
    images, _ = digits()
    ours = networks.digits_network(3, 4, 3)
    net = run(program("network_pytorch", kernels=3, side=4, pool=3))["net"]
    fill(net.parameters(), list(ours.parameters().values()))
    expect_equal("network of other sizes", net(torch.from_numpy(images[:5])), ours.forward(images[:5]))


PNET = ("conv1.weight", "conv1.bias", "prelu1.weight", "conv2.weight", "conv2.bias", "prelu2.weight",
        "conv3.weight", "conv3.bias", "prelu3.weight")  # fmt: skip


def check_faces() -> None:
    names, ours = run(program("faces_pytorch")), networks.load("pnet")
    stored = ours.graph.parameters()
    fill(names["pnet"].parameters(), [stored[name] for name in PNET])
    fill(names["face"].parameters(), [stored["logits.weight"], stored["logits.bias"]])
    fill(names["box"].parameters(), [stored["box.weight"], stored["box.bias"]])
    photo = faces.normalise(samples.load("astronaut", 64))[np.newaxis]
    answer, maps = ours.forward(photo), names["pnet"](torch.from_numpy(photo))
    expect_equal("P-Net's faces", names["face"](maps), answer["face"])
    expect_equal("P-Net's boxes", names["box"](maps), answer["box"])


def check_backward() -> None:
    photo = samples.load("cat", 64)
    for name in backward.OPERATIONS:
        given = {"backward_operation": name, "backward_conv": "1 0 2 0 0; 0 -1 0 0 0; 0 0 3 0 1; 0 0 0 0 0; 0 0 0 1 .5"}
        found = backward.compute(resolve(backward.FIELDS, given), photo)
        theirs = run(backward_programs(name, found)["PyTorch"])["x"].grad
        expect_equal(f"gradient of {name}", theirs, next(iter(found.gradients.values())))


def check_training() -> None:
    """The same weights, digits and order; without the schedule, whose first and last steps differ a little."""
    images, labels = digits()
    for optimiser, make in (("adam", Adam), ("sgd", SGD)):
        plan = Plan(3, 4, 3, 150, 2, 40, 0.01, optimiser, False, 5)
        ours, rng = plan.network(), np.random.default_rng(plan.seed)
        text = training_programs.programs(plan)["PyTorch"]
        run(text)  # as it is shown
        text = text.replace("torch.rand(count, 1, 28, 28)", "torch.from_numpy(given[0][:count])")
        text = text.replace("torch.randint(10, (count,))", "torch.from_numpy(given[1][:count])")
        text = text.replace("torch.randperm(count)", "torch.from_numpy(order(count))")
        text = text.replace("optimiser = ", "start(net)\noptimiser = ")
        text = "\n".join(line for line in text.splitlines() if "schedule" not in line)

        def start(net: torch.nn.Module, stored: Any = ours) -> None:
            fill(net.parameters(), list(stored.parameters().values()))

        names = run(text, given=(images, labels), order=rng.permutation, start=start)
        for _ in train(ours, images[:150], labels[:150], make(ours.parameters(), 0.01), 2, 40, 5):
            pass
        logits = names["net"](torch.from_numpy(images[:20])).detach().numpy()
        expect_equal(f"logits after a training with {optimiser}", logits, ours.forward(images[:20]), 1e-3)


if __name__ == "__main__":
    check_digits()
    check_sizes()
    check_faces()
    check_backward()
    check_training()
