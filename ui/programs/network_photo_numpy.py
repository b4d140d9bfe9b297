from pathlib import Path

from cnn_core import networks
from cnn_core.images import decode_image, resize

chosen = "squeezenet"
side = 227

photo = decode_image(Path("photo.png").read_bytes())  # 3 x H x W
square = min(photo.shape[1:])
top, left = ((length - square) // 2 for length in photo.shape[1:])
x = resize(photo[:, top : top + square, left : left + square], side, side)

net = networks.load(chosen)
trace = net.trace(x)  # what every node gave
for node in net.nodes:
    print(node.name, node.layer.kind, "reads", *node.inputs, "gives", trace[node.name].shape)

probabilities = trace[net.output]
names = networks.classes(chosen)
for number in (-probabilities).argsort()[:5]:
    print(names[number], probabilities[number])
