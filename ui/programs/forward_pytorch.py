import torch
import torch.nn.functional as F

image_side = 12
kernels = 2
kernel_side = 3
stride = 1

image = torch.rand(1, 1, image_side, image_side)  # N x C x H x W
weight = torch.randn(kernels, 1, kernel_side, kernel_side)  # K x C x k x k
print(F.conv2d(image, weight, stride=stride).shape)
