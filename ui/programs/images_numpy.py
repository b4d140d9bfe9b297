from pathlib import Path

from cnn_core.images import decode_image

place = (0, 20, 30)  # channel, row, column

image = decode_image(Path("photo.png").read_bytes())  # C x H x W
print(image.shape, image[place])

beside = image.transpose(1, 2, 0)  # H x W x C: the channels of a pixel side by side
channel, row, column = place
print(beside.shape, beside[row, column, channel])
