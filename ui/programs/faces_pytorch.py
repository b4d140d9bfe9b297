import torch
from torch import nn

pnet = nn.Sequential(  # the first of the three
    nn.Conv2d(3, 10, 3),
    nn.PReLU(10),
    nn.MaxPool2d(2, 2, ceil_mode=True),
    nn.Conv2d(10, 16, 3),
    nn.PReLU(16),
    nn.Conv2d(16, 32, 3),
    nn.PReLU(32),
)
face = nn.Sequential(nn.Conv2d(32, 2, 1), nn.Softmax(dim=1))
box = nn.Conv2d(32, 4, 1)

windows = torch.rand(1, 3, 12, 12)  # P-Net's smallest input; larger ones give a probability for each window
maps = pnet(windows)
print(face(maps).shape, box(maps).shape)
