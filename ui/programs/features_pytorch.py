import torch
import torch.nn.functional as F

size = (512, 512)
box = (5, 10, 15, 20)  # top, left, height, width

image = torch.rand(1, 1, *size)  # N x C x H x W
top, left, height, width = box
template = image[:, :, top : top + height, left : left + width]
response = F.conv2d(image, template - template.mean())  # not normalised: PyTorch has no function for that
print(response.shape, response.max())
