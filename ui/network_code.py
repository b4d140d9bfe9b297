"""The digits network as programs that run: NumPy with cnn_core, PyTorch, Keras, and a notebook. Imports no Streamlit.

Each program reads `digits.npz` (the weights) and makes `probabilities` from `digit`, so that numbers can be compared.
"""

from cnn_core.arguments import Array
from ui.programs.notebooks import notebook_text


def digit_text(digit: Array) -> str:
    """A digit (1, 28, 28) in [0, 1] as a program line, 8 bits a pixel in hexadecimal.

    >>> import numpy as np
    >>> digit_text(np.ones((1, 28, 28)))[:26]
    'digit = np.frombuffer(byte'
    """
    data = (digit * 255).round().astype("uint8").tobytes().hex()
    lines = "\n".join(f'    "{data[n : n + 112]}"' for n in range(0, len(data), 112))
    return f"digit = np.frombuffer(bytes.fromhex(\n{lines}\n), np.uint8).reshape(1, 1, 28, 28) / np.float32(255)"


def numpy_code(digit: Array) -> str:
    """With cnn_core."""
    return f"""import numpy as np
from cnn_core import conv2d, linear, max_pool2d, relu, softmax

weights = np.load("digits.npz")
{digit_text(digit)}

x = relu(conv2d(digit, weights["00"], weights["01"]))  # N x 16 x 24 x 24
x = max_pool2d(x, 2)  # N x 16 x 12 x 12
x = x.reshape(len(x), -1)  # C, H, W order
x = relu(linear(x, weights["02"], weights["03"]))
probabilities = softmax(linear(x, weights["04"], weights["05"]))
print(probabilities.round(4))
"""


def torch_code(digit: Array) -> str:
    """In PyTorch: the same layout everywhere."""
    return f"""import numpy as np
import torch
from torch import nn

weights = np.load("digits.npz")
{digit_text(digit)}

net = nn.Sequential(
    nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(2304, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(dim=1),
)
with torch.no_grad():
    for parameter, name in zip(net.parameters(), sorted(weights.files)):
        parameter.copy_(torch.from_numpy(weights[name]))
    probabilities = net(torch.from_numpy(digit)).numpy()
print(probabilities.round(4))
"""


def keras_code(digit: Array) -> str:
    """In Keras: channels last, kernels kH x kW x C x K, dense weights turned round, flatten in H, W, C order."""
    return f"""import keras
import numpy as np
from keras import layers

weights = np.load("digits.npz")
{digit_text(digit)}

net = keras.Sequential([
    keras.Input((28, 28, 1)),  # H, W, C
    layers.Conv2D(16, 5, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),  # H, W, C order
    layers.Dense(128, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
first = weights["02"].reshape(128, 16, 12, 12).transpose(0, 2, 3, 1).reshape(128, -1)  # C, H, W to H, W, C
net.set_weights([
    weights["00"].transpose(2, 3, 1, 0), weights["01"],  # K, C, kH, kW to kH, kW, C, K
    first.T, weights["03"], weights["04"].T, weights["05"],
])
probabilities = net.predict(digit.transpose(0, 2, 3, 1), verbose=0)
print(probabilities.round(4))
"""


def notebook(digit: Array) -> str:
    """A Jupyter notebook with the NumPy program, a cell a step."""
    introduction = "# A convolutional network in NumPy\n\nPut `digits.npz` and the folder `cnn_core` beside this notebook, then run all cells."
    return notebook_text(introduction, [block for block in numpy_code(digit).split("\n\n") if block.strip()])
