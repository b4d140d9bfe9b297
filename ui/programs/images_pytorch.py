import torch

place = (0, 20, 30)  # channel, row, column

image = torch.rand(3, 512, 512)  # C x H x W, as here
print(image.shape, image[place])

beside = image.permute(1, 2, 0)  # H x W x C: the channels of a pixel side by side
channel, row, column = place
print(beside.shape, beside[row, column, channel])
