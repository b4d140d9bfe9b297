"""SqueezeNet, MobileNetV2 and ResNet-18 in PyTorch, with weights of their own (they don't change the time), and as ONNX files."""

import contextlib
import io
import logging
import warnings

import torch
from torch import nn


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


def squeezenet() -> nn.Sequential:
    """SqueezeNet 1.1, as `networks.load("squeezenet")`.

    Source: Iandola et al., "SqueezeNet" (2016).
    """
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


def _normed(channels: int, kernels: int, side: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution that keeps the size but for its stride, and its batch norm."""
    conv = nn.Conv2d(channels, kernels, side, stride, side // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(kernels)]


class Inverted(nn.Module):
    """MobileNetV2's block: wide, depthwise, narrow; a skip past it where the shape stays."""

    def __init__(self, channels: int, kernels: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = channels * widen
        first = [*_normed(channels, wide, 1), nn.ReLU6(inplace=True)] if widen > 1 else []
        depthwise = [*_normed(wide, wide, 3, stride, wide), nn.ReLU6(inplace=True)]
        self.row = nn.Sequential(*first, *depthwise, *_normed(wide, kernels, 1))
        self.skip = stride == 1 and channels == kernels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.row(x) if self.skip else self.row(x)


def mobilenet() -> nn.Sequential:
    """MobileNetV2, 3.5 million weights.

    Source: Sandler et al., "MobileNetV2" (2018), table 2.
    """
    layers, channels = [*_normed(3, 32, 3, 2), nn.ReLU6(inplace=True)], 32
    blocks = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for widen, kernels, count, stride in blocks:
        for number in range(count):
            layers.append(Inverted(channels, kernels, 1 if number else stride, widen))
            channels = kernels
    layers += [*_normed(channels, 1280, 1), nn.ReLU6(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000))


class Residual(nn.Module):
    """Two convolutions and a skip past them, through a 1 x 1 convolution where the shape changes."""

    def __init__(self, channels: int, kernels: int, stride: int) -> None:
        super().__init__()
        first, second = _normed(channels, kernels, 3, stride), _normed(kernels, kernels, 3)
        self.row = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
        same = stride == 1 and channels == kernels
        self.skip = nn.Identity() if same else nn.Sequential(*_normed(channels, kernels, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(self.row(x) + self.skip(x), inplace=True)


def resnet18() -> nn.Sequential:
    """ResNet-18, 11.7 million weights.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2016), table 1.
    """
    layers, channels = [*_normed(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for kernels in (64, 128, 256, 512):
        layers += [Residual(channels, kernels, 1 if kernels == 64 else 2), Residual(kernels, kernels, 1)]
        channels = kernels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def exported(network: nn.Module, side: int) -> bytes:
    """The network as an ONNX file for pictures of side x side, batch norm folded into the convolutions."""
    file = io.BytesIO()
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.rand(1, 3, side, side),), file, dynamo=False)
    return file.getvalue()
