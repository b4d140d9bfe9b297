import keras
from keras import layers

shape = (28, 28, 1)  # H, W, C: channels last
stack = [layers.Conv2D(6, 5), layers.Activation("relu"), layers.Flatten()]

net = keras.Sequential([keras.Input(shape), *stack])
net.summary()
