"""Attribution beside Captum on the digits network; run by `make oracle`."""

import sys

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency
from torch import nn

from cnn_core import attribution, networks
from cnn_core.mnist import TRAINED, digits

LAYERS = ("conv1", "fc1", "fc2")


def peer() -> nn.Sequential:
    """The same network in PyTorch, without the softmax."""
    net = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2304, 128), nn.ReLU(), nn.Linear(128, 10))  # fmt: skip
    stored = networks.load("digits").parameters()
    names = [f"{layer}.{part}" for layer in LAYERS for part in ("weight", "bias")]
    with torch.no_grad():
        for parameter, name in zip(net.parameters(), names, strict=True):
            parameter.copy_(torch.from_numpy(stored[name].copy()))
    return net


def main() -> None:
    ours, theirs = networks.load("digits"), peer()
    worst: dict[str, float] = {}
    for number in range(TRAINED, TRAINED + 8):
        x, target = digits()[0][number], number % 10
        batch = torch.from_numpy(x[np.newaxis].copy()).requires_grad_()
        pairs = {
            "saliency": (
                attribution.saliency(ours, x, target),
                Saliency(theirs).attribute(batch, target=target, abs=False)[0],
            ),
            "integrated gradients": (
                attribution.integrated_gradients(ours, x, target, steps=64),
                IntegratedGradients(theirs).attribute(batch, target=target, n_steps=64)[0],
            ),
            "Grad-CAM": (
                attribution.grad_cam(ours, x, target, "relu1"),
                torch.relu(LayerGradCam(theirs, theirs[1]).attribute(batch, target)[0, 0]),
            ),
            "occlusion": (
                attribution.occlusion(ours, x, target, 7, 7),
                Occlusion(theirs).attribute(batch, (1, 7, 7), strides=(1, 7, 7), target=target)[0, 0, ::7, ::7],
            ),
        }
        for name, (mine, other) in pairs.items():
            reference = other.detach().numpy()
            error = float(np.abs(mine - reference).max() / max(np.abs(reference).max(), 1e-6))
            worst[name] = max(worst.get(name, 0.0), error)
    print(
        "Largest difference from Captum, of the largest value:", {name: f"{error:.1e}" for name, error in worst.items()}
    )
    if (
        worst["integrated gradients"] > 0.01
        or max(worst[name] for name in worst if name != "integrated gradients") > 1e-4
    ):
        sys.exit("Attribution does not agree with Captum.")


if __name__ == "__main__":
    main()
