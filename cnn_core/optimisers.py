"""Ways to change parameters along their gradients, both by name; the arrays are changed in place."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from cnn_core.arguments import Array


class Optimiser(Protocol):
    """Changes its parameters by their gradients, once a step."""

    learning_rate: float

    def step(self, gradients: Mapping[str, Array]) -> None: ...


class SGD:
    """Gradient descent with momentum: v = m v + g, w = w - r v.

    Args:
        parameters: arrays by name, changed in place by `step`.
        learning_rate: r, above 0.
        momentum: m, from 0 up to below 1.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), as in PyTorch.

    >>> weight = np.array([1.0])
    >>> SGD({"weight": weight}, learning_rate=0.1).step({"weight": np.array([0.5])}); weight.tolist()
    [0.95]
    """

    def __init__(self, parameters: Mapping[str, Array], learning_rate: float, momentum: float = 0.9) -> None:
        self.parameters, self.learning_rate, self.momentum = dict(parameters), learning_rate, momentum
        self.velocity = {name: np.zeros_like(array) for name, array in parameters.items()}

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Change each parameter by the gradient of its name; KeyError if one is missing."""
        for name, value in self.parameters.items():
            velocity = self.velocity[name]
            velocity *= self.momentum
            velocity += gradients[name]
            value -= velocity * value.dtype.type(self.learning_rate)


class Adam:
    """Steps scaled by running means of the gradient and of its square.

    Args:
        parameters: arrays by name, changed in place by `step`.
        learning_rate: above 0.
        betas: how much of the running means of gradient and square is kept at each step.
        epsilon: added to the root of the mean square.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1.

    >>> weight = np.array([1.0])
    >>> Adam({"weight": weight}, learning_rate=0.1).step({"weight": np.array([0.5])}); weight.round(6).tolist()
    [0.9]
    """

    def __init__(
        self,
        parameters: Mapping[str, Array],
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters, self.learning_rate, self.betas, self.epsilon = dict(parameters), learning_rate, betas, epsilon
        self.means = {name: np.zeros_like(array) for name, array in parameters.items()}
        self.squares = {name: np.zeros_like(array) for name, array in parameters.items()}
        self.steps = 0

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Change each parameter by the gradient of its name; KeyError if one is missing."""
        self.steps += 1
        first, second = self.betas
        rate = self.learning_rate * (1 - second**self.steps) ** 0.5 / (1 - first**self.steps)
        epsilon = self.epsilon * (1 - second**self.steps) ** 0.5
        for name, value in self.parameters.items():
            mean, square, grad, number = self.means[name], self.squares[name], gradients[name], value.dtype.type
            mean += (grad - mean) * number(1 - first)
            square += (grad * grad - square) * number(1 - second)
            value -= mean * number(rate) / (np.sqrt(square) + number(epsilon))
