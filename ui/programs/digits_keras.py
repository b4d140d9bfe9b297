import keras
import numpy as np
from keras import layers

weights = np.load("digits.npz")

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W

net = keras.Sequential([
    keras.Input((28, 28, 1)),  # H, W, C
    layers.Conv2D(16, 5, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),  # H, W, C order
    layers.Dense(128, activation="relu"),
    layers.Dense(10, activation="softmax"),
])  # fmt: skip
first = weights["02"].reshape(128, 16, 12, 12).transpose(0, 2, 3, 1).reshape(128, -1)  # C, H, W to H, W, C
net.set_weights([
    weights["00"].transpose(2, 3, 1, 0), weights["01"],  # K, C, kH, kW to kH, kW, C, K
    first.T, weights["03"], weights["04"].T, weights["05"],
])  # fmt: skip
probabilities = net.predict(digit.transpose(0, 2, 3, 1), verbose=0)
print(probabilities.round(4))
