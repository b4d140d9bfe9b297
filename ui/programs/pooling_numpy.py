import numpy as np

from cnn_core import max_pool2d

pool = max_pool2d
window = 2
stride = 2
padding = 0

maps = np.random.rand(1, 28, 28)  # C x H x W
pool(maps, window, stride, padding)
