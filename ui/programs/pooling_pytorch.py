import torch
import torch.nn.functional as F

pool = F.max_pool2d
window = 2
stride = 2
padding = 0

maps = torch.rand(1, 1, 28, 28)  # N x C x H x W: PyTorch wants a batch axis
pooled = pool(maps, window, stride, padding)
print(pooled.shape)
