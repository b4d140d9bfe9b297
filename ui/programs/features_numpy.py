from pathlib import Path

import numpy as np

from cnn_core.images import decode_image, to_grey
from cnn_core.matching import normalised_cross_correlation

box = (5, 10, 15, 20)  # top, left, height, width

grey = to_grey(decode_image(Path("photo.png").read_bytes()))[0]  # H x W
top, left, height, width = box
template = grey[top : top + height, left : left + width]
response = normalised_cross_correlation(grey, template)
print(np.unravel_index(response.argmax(), response.shape), response.max())
