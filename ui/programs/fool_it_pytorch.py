import torch
from torch import nn
from torch.nn import functional as F

epsilon = 2.0  # in steps of 1/255

net = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
x = torch.rand(1, 3, 65, 81, requires_grad=True)  # your photo, as your network wants it, in [0, 1]
scores = net(x)
target = scores.argmax(1)
F.cross_entropy(scores, target).backward()
with torch.no_grad():
    fooled = (x + epsilon / 255 * x.grad.sign()).clamp(0, 1)
    print(target.item(), net(fooled).argmax(1).item(), (fooled - x).abs().max().item())
