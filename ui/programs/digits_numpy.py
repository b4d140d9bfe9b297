import zlib

import numpy as np

from cnn_core import conv2d, linear, max_pool2d, relu, softmax

weights = np.load("digits.npz")
pool = 2  # a side of the pooling window

digit = np.frombuffer(zlib.decompress(zlib.compress(bytes(3136))), np.float32).reshape(1, 1, 28, 28)  # N x C x H x W

x = relu(conv2d(digit, weights["conv1.weight"], weights["conv1.bias"]))  # N x 16 x 24 x 24
x = max_pool2d(x, pool)  # N x 16 x 12 x 12
x = x.reshape(len(x), -1)  # C, H, W order
x = relu(linear(x, weights["fc1.weight"], weights["fc1.bias"]))
probabilities = softmax(linear(x, weights["fc2.weight"], weights["fc2.bias"]))
print(probabilities.round(4))
