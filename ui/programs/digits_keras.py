import keras
import numpy as np
from keras import layers

weights = np.load("digits.npz")

digit = np.zeros((1, 1, 28, 28), np.float32)  # N x C x H x W

net = keras.Sequential(
    [
        keras.Input((28, 28, 1)),  # H, W, C
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),  # H, W, C order
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
first = weights["fc1.weight"].reshape(128, 16, 12, 12).transpose(0, 2, 3, 1).reshape(128, -1)  # C, H, W to H, W, C
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
