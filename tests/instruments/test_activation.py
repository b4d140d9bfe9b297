"""Curves as their formulas say, slopes as finite differences say, and two convolutions as one where nothing stands between."""

import math
import re

import numpy as np
import pytest
from scipy import signal

from cnn_core.kernels import PRESETS
from instruments import activation
from instruments.fields import resolve

X = np.concatenate([np.linspace(-4, 4, 33) + 0.01, [-0.3, 0.7]])
IMAGE = np.random.default_rng(2).random((1, 12, 17)).astype(np.float32)


def values(**given: str):
    v = resolve(activation.FIELDS, {f"activation_{name}": value for name, value in given.items()})
    assert v.problems == {}
    return v


def evaluated(formula: str, x: float) -> float:
    """A curve's TeX as Python reads it."""
    text = formula.split(r"\quad")[0].replace(r"\text{ if }", " if ").replace(r"\text{ else }", " else ")
    text = text.replace(r"\,", " * ").replace(r"\cdot", "*").replace(r"\max", "max").replace(r"\tanh", "math.tanh")
    text = text.replace(r"x * \Phi(x)", "x * (1 + math.erf(x / math.sqrt(2))) / 2")
    text = re.sub(r"e\^\{?(-?x)\}?", r"math.exp(\1)", text)
    return eval(text, {"math": math, "max": max, "x": x})


@pytest.mark.parametrize("name", activation.ACTIVATIONS)
@pytest.mark.parametrize("parameter", [None, "0.6"])
def test_the_shown_formula_is_the_curve(name, parameter) -> None:
    v = values(name=name) if parameter is None else values(name=name, parameter=parameter)
    shown = activation.formula(v)
    np.testing.assert_allclose(activation.activated(X, v), [evaluated(shown, float(x)) for x in X], atol=1e-6)
    if activation.activation(v).parameter:
        default = {"leaky_relu": 0.1, "prelu": 0.25, "elu": 1.0}[name]
        assert f"{default if parameter is None else 0.6:g}" in shown


@pytest.mark.parametrize("name", activation.ACTIVATIONS)
def test_slopes_are_what_finite_differences_say(name) -> None:
    v = values(name=name, parameter="0.6")
    above, below = (activation.activated(X + step, v) for step in (1e-5, -1e-5))
    np.testing.assert_allclose(activation.slope(X, v), (above - below) / 2e-5, atol=1e-5)


@pytest.mark.parametrize("kernel", ["sobel_x", "roberts", "gaussian_5"])
def test_two_convolutions_are_one_unless_a_bend_lies_between(kernel) -> None:
    v = values(kernel=kernel, between="false")
    first, second = PRESETS[kernel].values, np.outer([1, 2, 1], [1, 2, 1]) / 16
    joined = activation.joined_kernel(v)
    np.testing.assert_allclose(joined, signal.convolve2d(first, second), atol=1e-6)
    maps = activation.convolved(IMAGE, v)
    np.testing.assert_allclose(maps[0], signal.correlate2d(IMAGE[0], first, "valid"), atol=1e-5)
    np.testing.assert_allclose(activation.twice(maps, v), activation.once(IMAGE, v), atol=1e-5)
    bent = activation.twice(maps, values(kernel=kernel))
    np.testing.assert_allclose(bent[0], signal.correlate2d(maps[0].clip(0), second, "valid"), atol=1e-5)
