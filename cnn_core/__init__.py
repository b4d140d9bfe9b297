"""Convolutional networks in plain NumPy: the arithmetic behind the CNN Visualiser, worth reading on its own.

Names, argument order and semantics follow `torch.nn.functional`. Arrays are C x H x W or N x C x H x W; float32 in,
float32 out (float64 stays; integers and bool become float32). Every function is pure. A wrong argument raises a
ValueError that names it.
"""

import importlib
from types import ModuleType

from cnn_core.activations import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    prelu,
    prelu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnn_core.convolution import conv2d, conv2d_backward, conv_transpose2d
from cnn_core.dense import (
    cross_entropy,
    cross_entropy_backward,
    linear,
    linear_backward,
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)
from cnn_core.layers import (
    ELU,
    GELU,
    AvgPool2d,
    Conv2d,
    Flatten,
    LeakyReLU,
    Linear,
    MaxPool2d,
    PReLU,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from cnn_core.pooling import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward
from cnn_core.shapes import conv_output_size, count_macs, count_parameters, receptive_field, same_padding

_ON_DEMAND = ("faces", "images", "kernels", "networks", "training")  # `import cnn_core` stays light


def __getattr__(name: str) -> ModuleType:
    if name in _ON_DEMAND:
        return importlib.import_module(f"cnn_core.{name}")
    raise AttributeError(f"module 'cnn_core' has no attribute {name!r}")


__all__ = [
    "ELU",
    "GELU",
    "AvgPool2d",
    "Conv2d",
    "Flatten",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "PReLU",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "conv_output_size",
    "conv_transpose2d",
    "count_macs",
    "count_parameters",
    "cross_entropy",
    "cross_entropy_backward",
    "elu",
    "elu_backward",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "log_softmax",
    "log_softmax_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "prelu",
    "prelu_backward",
    "receptive_field",
    "relu",
    "relu_backward",
    "same_padding",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
]
