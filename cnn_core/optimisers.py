"""Ways to change parameters along their gradients."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from cnn_core.layers import Parameter


class Optimiser(Protocol):
    """Changes its parameters by their gradients, once a step."""

    learning_rate: float

    def step(self) -> None: ...


class SGD:
    """Gradient descent with momentum: v = m v + g, w = w - r v.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), as in PyTorch.

    >>> weight = Parameter(np.array([1.0])); weight.grad = np.array([0.5])
    >>> SGD([weight], learning_rate=0.1).step(); weight.value.tolist()
    [0.95]
    """

    def __init__(self, parameters: Sequence[Parameter], learning_rate: float, momentum: float = 0.9) -> None:
        self.parameters, self.learning_rate, self.momentum = parameters, learning_rate, momentum
        self.velocity = [np.zeros_like(parameter.value) for parameter in parameters]

    def step(self) -> None:
        for parameter, velocity in zip(self.parameters, self.velocity, strict=True):
            velocity *= self.momentum
            velocity += parameter.grad
            parameter.value -= velocity * parameter.value.dtype.type(self.learning_rate)


class Adam:
    """Steps scaled by running means of the gradient and of its square.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1.

    >>> weight = Parameter(np.array([1.0])); weight.grad = np.array([0.5])
    >>> Adam([weight], learning_rate=0.1).step(); weight.value.round(6).tolist()
    [0.9]
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters, self.learning_rate, self.betas, self.epsilon = parameters, learning_rate, betas, epsilon
        self.means = [np.zeros_like(parameter.value) for parameter in parameters]
        self.squares = [np.zeros_like(parameter.value) for parameter in parameters]
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        first, second = self.betas
        rate = self.learning_rate * (1 - second**self.steps) ** 0.5 / (1 - first**self.steps)
        epsilon = self.epsilon * (1 - second**self.steps) ** 0.5
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            number = parameter.value.dtype.type
            grad = parameter.grad
            mean += (grad - mean) * number(1 - first)
            square += (grad * grad - square) * number(1 - second)
            parameter.value -= mean * number(rate) / (np.sqrt(square) + number(epsilon))
