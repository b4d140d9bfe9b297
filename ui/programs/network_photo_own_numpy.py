from pathlib import Path

import numpy as np

from cnn_core import onnx
from cnn_core.digits import prepare
from cnn_core.images import decode_image, resize, to_grey
from cnn_core.layers import Scale, Take

height, width = 224, 224
mean = [0.485, 0.456, 0.406]  # of each channel, R first, from 0 to 1
deviation = [0.229, 0.224, 0.225]  # what the network is given is (value - mean) / deviation
bgr = False  # whether it wants blue first
digit = False  # whether it wants a digit, centred

weights = None
weights = Path("model.onnx.data").read_bytes()  # if second_file
net = onnx.read(Path("model.onnx").read_bytes(), weights)
if bgr:
    net = net.behind({"blue_first": Take(1, [2, 1, 0])})
mean, deviation = (np.reshape(part, (-1, 1, 1)) for part in (mean, deviation))
net = net.behind({"pixels": Scale(1 / deviation, -mean / deviation)})

photo = decode_image(Path("photo.png").read_bytes())  # 3 x H x W
scale = min(photo.shape[1] / height, photo.shape[2] / width)
rows, columns = round(height * scale), round(width * scale)
top, left = (photo.shape[1] - rows) // 2, (photo.shape[2] - columns) // 2
x = photo[:, top : top + rows, left : left + columns]
if digit:
    x = prepare(to_grey(photo)[0])
x = resize(to_grey(x) if net.input_shape[0] == 1 else x, height, width)

trace = net.trace(x)  # what every node gave
for node in net.nodes:
    print(node.name, node.layer.kind, "reads", *node.inputs, "gives", trace[node.name].shape)

answers = trace[net.output].ravel()
for number in (-answers).argsort()[:5]:
    print("answer", number, "is", answers[number])
