import torch
from torch import nn


class Fire(nn.Module):
    """Few 1 x 1 kernels, then 1 x 1 and 3 x 3 kernels side by side."""

    def __init__(self, channels, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1(x).relu(), self.expand3(x).relu()], dim=1)


net = nn.Sequential(
    nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(64, 16, 64), Fire(128, 16, 64)
)
maps = {}
for name, layer in net.named_modules():
    layer.register_forward_hook(lambda _layer, _inputs, output, name=name: maps.__setitem__(name, output))

net(torch.rand(1, 3, 227, 227))  # your photo, as your network wants it
for name, output in maps.items():
    print(name, tuple(output.shape))
