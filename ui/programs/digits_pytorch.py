import numpy as np
import torch
from torch import nn

weights = np.load("digits.npz")

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W

net = nn.Sequential(
    nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(2304, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(dim=1),
)  # fmt: skip
with torch.no_grad():
    for parameter, name in zip(net.parameters(), sorted(weights.files), strict=True):
        parameter.copy_(torch.from_numpy(weights[name]))
    probabilities = net(torch.from_numpy(digit)).numpy()
print(probabilities.round(4))
