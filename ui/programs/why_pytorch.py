from torch import nn

shape = (1, 512, 512)  # C x H x W
units = 100
kernels = 16
side = 3

channels, height, width = shape
layers = [
    nn.Linear(channels * height * width, units, device="meta"),  # counted without memory for its weights
    nn.Conv2d(channels, kernels, side),
]
dense, convolution = (sum(part.numel() for part in layer.parameters()) for layer in layers)
print(dense, convolution, dense / convolution)
