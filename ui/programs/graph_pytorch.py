import numpy as np
import torch
from torch.nn import functional as F

weights = {name: torch.from_numpy(array) for name, array in np.load("network.npz").items()}


def net(x):
    conv1 = F.relu(F.conv2d(x, weights["conv1.weight"], weights["conv1.bias"]))
    pool1 = F.max_pool2d(conv1, 2)
    fc1 = F.relu(F.linear(torch.flatten(pool1, 1), weights["fc1.weight"], weights["fc1.bias"]))
    fc2 = F.linear(fc1, weights["fc2.weight"], weights["fc2.bias"])
    return F.softmax(fc2, 1)


x = torch.rand(1, 1, 28, 28)  # N x C x H x W in [0, 1]
with torch.no_grad():
    answer = net(x)
print(answer.argmax(1), answer.max())
