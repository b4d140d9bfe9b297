"""Layers as objects: settings and weights, and pure functions of their inputs. The arithmetic is that of the functions.

`base` says what a layer is; the others hold one kind each.
"""

from cnn_core.layers.activation import (
    ELU,
    GELU,
    Clip,
    Dropout,
    Erf,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    Power,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from cnn_core.layers.base import Cells, Layer, Reach, Shape, he, xavier
from cnn_core.layers.convolution import Conv2d, ConvTranspose2d
from cnn_core.layers.dense import Linear, LogSoftmax, Softmax
from cnn_core.layers.joining import Add, Concat, Multiply
from cnn_core.layers.normalisation import BatchNorm2d, LocalResponseNorm, Scale
from cnn_core.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, GlobalMaxPool2d, MaxPool2d
from cnn_core.layers.shaping import Flatten, Mean, Pad2d, Reshape, Slice, Take, Transpose, Upsample

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm2d",
    "Cells",
    "Clip",
    "Concat",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Erf",
    "Flatten",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "HardSigmoid",
    "HardSwish",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MaxPool2d",
    "Mean",
    "Multiply",
    "PReLU",
    "Pad2d",
    "Power",
    "ReLU",
    "Reach",
    "Reshape",
    "Scale",
    "Shape",
    "SiLU",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Softplus",
    "Take",
    "Tanh",
    "Transpose",
    "Upsample",
    "he",
    "xavier",
]
