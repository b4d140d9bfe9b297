import numpy as np

from cnn_core import conv2d, linear, max_pool2d, relu, softmax

weights = np.load("digits.npz")

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W

x = relu(conv2d(digit, weights["00"], weights["01"]))  # N x 16 x 24 x 24
x = max_pool2d(x, 2)  # N x 16 x 12 x 12
x = x.reshape(len(x), -1)  # C, H, W order
x = relu(linear(x, weights["02"], weights["03"]))
probabilities = softmax(linear(x, weights["04"], weights["05"]))
print(probabilities.round(4))
