"""The same convolution four ways; the forward page shows this source and runs it."""

import numpy as np

from cnn_core import conv2d
from cnn_core.arguments import Array


def nested_loops(image: Array, weight: Array, stride: int) -> Array:
    """The definition: one multiply-add at a time."""
    channels, height, width = image.shape
    kernels, _, k, _ = weight.shape
    out_height, out_width = (height - k) // stride + 1, (width - k) // stride + 1
    output = np.zeros((kernels, out_height, out_width), image.dtype)
    for kernel in range(kernels):
        for y in range(out_height):
            for x in range(out_width):
                for c in range(channels):
                    for i in range(k):
                        for j in range(k):
                            output[kernel, y, x] += image[c, y * stride + i, x * stride + j] * weight[kernel, c, i, j]
    return output


def im2col(image: Array, k: int, stride: int) -> Array:
    """Every window as one column: (C k k, Ho Wo)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k), axis=(1, 2))  # (C, H - k + 1, W - k + 1, k, k)
    windows = windows[:, ::stride, ::stride]  # (C, Ho, Wo, k, k)
    return windows.transpose(0, 3, 4, 1, 2).reshape(image.shape[0] * k * k, -1)


def one_product(image: Array, weight: Array, stride: int) -> Array:
    """All outputs in one matrix product."""
    kernels, _, k, _ = weight.shape
    columns = im2col(image, k, stride)  # (C k k, Ho Wo)
    matrix = weight.reshape(kernels, -1)  # (K, C k k)
    out_height, out_width = ((side - k) // stride + 1 for side in image.shape[1:])
    return (matrix @ columns).reshape(kernels, out_height, out_width)


def the_core(image: Array, weight: Array, stride: int) -> Array:
    """What every page of this app uses."""
    return conv2d(image, weight, stride=stride)
