import numpy as np

from cnn_core import networks
from cnn_core.weights import load  # if own

net = networks.digits_network(16, 5, 2, 128)
load("training-weights.npz", net)  # if own

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W
for name, array in net.trace(digit).items():
    print(name, array.shape)
