import numpy as np

from cnn_core import networks

net = networks.load("digits")

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W
for name, array in net.trace(digit).items():
    print(name, array.shape)
