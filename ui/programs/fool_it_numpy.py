from pathlib import Path

import numpy as np

from cnn_core import attribution, networks
from cnn_core.digits import prepare
from cnn_core.images import decode_image, resize, to_grey

chosen = "squeezenet"
side = 227
epsilon = 2.0  # in steps of 1/255

photo = decode_image(Path("photo.png").read_bytes())  # 3 x H x W
square = min(photo.shape[1:])
top, left = ((length - square) // 2 for length in photo.shape[1:])
if chosen == "digits":
    x = prepare(to_grey(photo)[0])
else:
    x = resize(photo[:, top : top + square, left : left + square], side, side)

net, names = networks.load(chosen), networks.classes(chosen)
before = net.forward(x)
fooled = attribution.fgsm(net, x, int(before.argmax()), epsilon / 255)
after = net.forward(fooled)
print(names[before.argmax()], before.max())
print(names[after.argmax()], after.max())
print("largest change of a value", np.abs(fooled - x).max())
