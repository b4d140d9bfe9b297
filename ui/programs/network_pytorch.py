import torch
from torch import nn

kernels = 16
side = 5
pool = 2

pooled = (28 - side + 1) // pool  # rows and columns of the pooled maps
net = nn.Sequential(
    nn.Conv2d(1, kernels, side),
    nn.ReLU(),
    nn.MaxPool2d(pool),
    nn.Flatten(),
    nn.Linear(kernels * pooled * pooled, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
    nn.Softmax(dim=1),
)

digit = torch.zeros(1, 1, 28, 28)  # N x C x H x W
print(net(digit))
