from pathlib import Path

import numpy as np

import cnn_core
from cnn_core.images import decode_image, to_grey

kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
bias = 0  # if bias
stride = 1
padding = 0
padding_mode = "zeros"
dilation = 1
pool = cnn_core.max_pool2d  # if pool
pool_size = 2  # if pool
pool_stride = 2  # if pool

photo = decode_image(Path("photo.png").read_bytes())  # C x H x W
image = to_grey(photo)
channels = len(image)
weight = np.array([[kernel] * channels], np.float32)  # 1 x C x kH x kW: channels are summed  # if summed
weight = np.array([[kernel]] * channels, np.float32)  # C x 1 x kH x kW: each channel alone  # if each

maps = cnn_core.conv2d(
    image,
    weight,
    bias=np.full(len(weight), bias),  # if bias
    stride=stride,
    padding=padding,
    padding_mode=padding_mode,
    dilation=dilation,
    groups=channels,  # if each
)
maps = cnn_core.relu(maps)  # if relu
maps = pool(maps, pool_size, pool_stride)  # if pool

print(maps.shape, maps.min(), maps.max())
