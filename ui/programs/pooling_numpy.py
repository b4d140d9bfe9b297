import numpy as np

import cnn_core

pool = cnn_core.max_pool2d
window = 2
stride = 2
padding = 0

maps = np.random.default_rng().random((1, 28, 28))  # C x H x W
pooled = pool(maps, window, stride, padding)
print(pooled.shape)
