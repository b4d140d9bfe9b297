import zlib

import keras
import numpy as np
from keras import layers

weights = np.load("digits.npz")
kernels, _, side, _ = weights["conv1.weight"].shape
hidden = len(weights["fc1.weight"])
pool = 2  # a side of the pooling window
rows = (28 - side + 1) // pool  # of a pooled map, and its columns

digit = np.frombuffer(zlib.decompress(zlib.compress(bytes(3136))), np.float32).reshape(1, 1, 28, 28)  # N x C x H x W

net = keras.Sequential(
    [
        keras.Input((28, 28, 1)),  # H, W, C
        layers.Conv2D(kernels, side, activation="relu"),
        layers.MaxPooling2D(pool),
        layers.Flatten(),  # H, W, C order
        layers.Dense(hidden, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
first = weights["fc1.weight"].reshape(hidden, kernels, rows, rows)
first = first.transpose(0, 2, 3, 1).reshape(hidden, -1)  # C, H, W to H, W, C
net.set_weights(
    [
        weights["conv1.weight"].transpose(2, 3, 1, 0),  # K, C, kH, kW to kH, kW, C, K
        weights["conv1.bias"],
        first.T,
        weights["fc1.bias"],
        weights["fc2.weight"].T,
        weights["fc2.bias"],
    ]
)
probabilities = net.predict(digit.transpose(0, 2, 3, 1), verbose=0)
print(probabilities.round(4))
