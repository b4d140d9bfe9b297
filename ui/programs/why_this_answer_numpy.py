from pathlib import Path

import numpy as np

from cnn_core import attribution, networks
from cnn_core.digits import prepare
from cnn_core.images import decode_image, resize, to_grey

chosen = "squeezenet"
side = 227
rank = 0  # of the class that is asked about, 0 for the likeliest

photo = decode_image(Path("photo.png").read_bytes())  # 3 x H x W
square = min(photo.shape[1:])
top, left = ((length - square) // 2 for length in photo.shape[1:])
if chosen == "digits":
    x = prepare(to_grey(photo)[0])
else:
    x = resize(photo[:, top : top + square, left : left + square], side, side)

net = networks.load(chosen)
probabilities = net.forward(x)
target = int(np.argsort(-probabilities, kind="stable")[rank])
print(networks.classes(chosen)[target], probabilities[target])

saliency = np.abs(attribution.saliency(net, x, target)).max(axis=0)  # side x side
print("most for it", np.unravel_index(saliency.argmax(), saliency.shape))
if attribution.ends_in_means(net):
    activation = attribution.class_activation(net, x, target)  # the last maps' size
    print(activation.shape, "mean", activation.mean(), "score", attribution.scores(net, x)[target])
