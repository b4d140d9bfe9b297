import numpy as np

import cnn_core

weight = [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 1, 1], [1, -8, 1], [1, 1, 1]]]
bias = 0

image = np.random.default_rng().random((3, 64, 64), np.float32)  # C x H x W
kernels = np.array([weight], np.float32)  # K x C x kH x kW: one kernel with a slice for each channel
maps = cnn_core.conv2d(image, kernels, bias=[bias])
print(maps.shape, maps.min(), maps.max())
