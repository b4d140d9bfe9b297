from pathlib import Path

from cnn_core import networks
from cnn_core.graph import Graph, Node
from cnn_core.images import decode_image, resize

blocks = (2,)  # whose skips are cut

photo = decode_image(Path("photo.png").read_bytes())  # 3 x H x W
square = min(photo.shape[1:])
top, left = ((length - square) // 2 for length in photo.shape[1:])
x = resize(photo[:, top : top + square, left : left + square], 32, 32)

net, names = networks.load("resnet8"), networks.classes("resnet8")
instead = {f"block{block}.add": f"block{block}.norm2" for block in blocks}  # what is read in place of the sum
gone = {*instead, *(f"block{block}.shortcut" for block in blocks)}
nodes = [node for node in net.nodes if node.name not in gone]
nodes = [Node(node.name, node.layer, tuple(instead.get(name, name) for name in node.inputs)) for node in nodes]
cut = Graph(nodes, net.input_shape, net.output)
for probabilities in (net.forward(x), cut.forward(x)):
    print(names[probabilities.argmax()], probabilities.max())
