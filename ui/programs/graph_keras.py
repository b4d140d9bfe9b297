import keras
import numpy as np
from keras import layers, ops

weights = np.load("network.npz")

x = keras.Input((28, 28, 1))  # H, W, C
conv1 = layers.Conv2D(16, (5, 5), activation="relu", name="conv1")(x)
pool1 = layers.MaxPooling2D((2, 2))(conv1)
flatten = layers.Flatten()(ops.transpose(pool1, (0, 3, 1, 2)))  # in C, H, W order, as the weights were trained
fc1 = layers.Dense(128, activation="relu", name="fc1")(flatten)
fc2 = layers.Dense(10, activation="softmax", name="fc2")(fc1)
net = keras.Model(x, fc2)

parts = ("weight", "bias", "running_mean", "running_var")
for layer in net.layers:
    names = [f"{layer.name.replace('-', '.')}.{part}" for part in parts]
    arrays = [weights[name] for name in names if name in weights]
    if arrays:
        axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[arrays[0].ndim]  # K, C, kH, kW to kH, kW, C, K; out, in to in, out
        layer.set_weights([arrays[0].transpose(axes), *arrays[1:]])

picture = np.random.default_rng().random((1, 28, 28, 1), np.float32)  # N x H x W x C in [0, 1]
answer = net.predict(picture, verbose=0)
print(answer.argmax(), answer.max())
