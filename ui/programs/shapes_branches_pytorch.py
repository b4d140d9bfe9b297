import torch
from torch import nn


class Residual(nn.Module):  # what the layers make of x is added to x, or to what the shortcut makes of it
    def __init__(self, block, shortcut=None):
        super().__init__()
        self.block, self.shortcut = block, shortcut or nn.Identity()

    def forward(self, x):
        return self.block(x) + self.shortcut(x)


class Concatenated(nn.Module):  # what each branch makes of x, side by side along the channels
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


shape = (3, 32, 32)  # C x H x W
layers = [Residual(nn.Conv2d(3, 3, 3, padding=1)), Concatenated(nn.Identity(), nn.Conv2d(3, 5, 1))]

net = nn.Sequential(*layers).eval()
print(net(torch.rand(1, *shape)).shape)
