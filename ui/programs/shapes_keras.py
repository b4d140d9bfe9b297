import keras
from keras import layers, ops

shape = (28, 28, 1)  # H, W, C: channels last

x0 = keras.Input(shape)
x1 = layers.Conv2D(6, 5)(x0)
x2 = ops.pad(x1, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-float("inf"))
x3 = layers.MaxPooling2D(3, strides=2)(x2)

net = keras.Model(x0, x3)
net.summary()
