import torch
import torch.nn.functional as F

kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
bias = 0  # if bias
stride = 1
padding = 0
border = (1, 1, 1, 1)  # if border
border_mode = "reflect"  # if border
dilation = 1
pool = F.max_pool2d  # if pool
pool_size = 2  # if pool
pool_stride = 2  # if pool

image = torch.rand(1, 1, 512, 512)  # N x C x H x W: PyTorch wants a batch axis
channels = image.shape[1]
weight = torch.tensor(kernel, dtype=torch.float32).expand(1, channels, -1, -1)  # channels are summed  # if summed
weight = torch.tensor(kernel, dtype=torch.float32).expand(channels, 1, -1, -1)  # each channel alone  # if each

image = F.pad(image, border, border_mode)  # if border
maps = F.conv2d(
    image,
    weight,
    bias=torch.full((len(weight),), float(bias)),  # if bias
    stride=stride,
    padding=padding,
    dilation=dilation,
    groups=channels,  # if each
)
maps = F.relu(maps)  # if relu
maps = pool(maps, pool_size, pool_stride)  # if pool

print(maps.shape, maps.min(), maps.max())
