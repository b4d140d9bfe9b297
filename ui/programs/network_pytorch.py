import numpy as np  # if own
import torch
from torch import nn

kernels = 16
side = 5
pool = 2
hidden = 128

pooled = (28 - side + 1) // pool  # rows and columns of the pooled maps
net = nn.Sequential(
    nn.Conv2d(1, kernels, side),
    nn.ReLU(),
    nn.MaxPool2d(pool),
    nn.Flatten(),
    nn.Linear(kernels * pooled * pooled, hidden),
    nn.ReLU(),
    nn.Linear(hidden, 10),
    nn.Softmax(dim=1),
)
arrays = np.load("training-weights.npz")  # if own
for number, name in ((0, "conv1"), (4, "fc1"), (6, "fc2")):  # if own
    net[number].weight.data = torch.from_numpy(arrays[f"{name}.weight"])  # if own
    net[number].bias.data = torch.from_numpy(arrays[f"{name}.bias"])  # if own

digit = torch.zeros(1, 1, 28, 28)  # N x C x H x W
print(net(digit))
