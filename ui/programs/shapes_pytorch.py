import torch
from torch import nn

shape = (1, 28, 28)  # C x H x W
layers = [nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten()]

net = nn.Sequential(*layers).eval()
print(net(torch.rand(1, *shape)).shape)
