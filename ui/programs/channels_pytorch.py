import torch
import torch.nn.functional as F

weight = [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 1, 1], [1, -8, 1], [1, 1, 1]]]
bias = 0

image = torch.rand(1, 3, 64, 64)  # N x C x H x W: PyTorch wants a batch axis
kernels = torch.tensor([weight], dtype=torch.float32)  # K x C x kH x kW: one kernel with a slice for each channel
maps = F.conv2d(image, kernels, bias=torch.tensor([float(bias)]))
print(maps.shape, maps.min(), maps.max())
