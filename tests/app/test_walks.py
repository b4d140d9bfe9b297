"""Every step of a walk, as it is written out, evaluated: it gives the output, from the numbers it marks, for unequal sides."""

import numpy as np
import pytest

from cnn_core import avg_pool2d, conv2d, conv_transpose2d, max_pool2d
from cnn_core.shapes import window_axes
from ui.components.window_explorer.component import explorer_data, transposed_data

RNG = np.random.default_rng(8)
IMAGE = RNG.integers(-9, 10, (1, 6, 8)).astype(np.float64)
WEIGHT = RNG.integers(-3, 4, (3, 2)).astype(np.float64)
NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def value(text: str) -> float:
    """What stands before the last equals sign; products and sums, max and mean."""
    expression, total = text.rsplit(" = ", 1)
    written = expression.replace("−", "-").replace("×", "*")
    found = eval(written, {"max": lambda *v: max(v), "mean": lambda *v: sum(v) / len(v)})
    assert f"{found + 0.0:.3g}".replace("-", "−") == total
    return found


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("bias", [0.0, -2.0])
@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [((1, 2), (2, 1), (1, 3)), ((3, 1), (1, 2), (2, 1)), ((2, 3), (0, 0), (2, 4))]
)
def test_steps_of_a_convolution(mode, bias, stride, padding, dilation) -> None:
    output = conv2d(IMAGE, WEIGHT[None, None], [bias], stride, padding, dilation, padding_mode=mode)[0]
    axes = window_axes((6, 8), WEIGHT.shape, stride, padding, dilation)
    data = explorer_data(IMAGE[0], output, *axes, WEIGHT, mode, bias)
    padded = np.pad(IMAGE[0], [(p, p) for p in padding], NUMPY[mode])
    assert np.array_equal(data["input"], padded)
    assert data["pads"] == [padding[0], padding[0], padding[1], padding[1]]
    assert (data["kernel"], data["scale"]) == (WEIGHT.tolist(), "grey")
    assert np.array_equal(data["output"], output)
    assert len(data["steps"]) == output.size
    for step, (y, x) in zip(data["steps"], np.ndindex(output.shape), strict=True):
        places = [(y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]) for i, j in np.ndindex(3, 2)]
        assert step["taps"] == places
        assert value(step["text"]) == pytest.approx(output[y, x])
        letters = {f"x{n + 1}": padded[place] for n, place in enumerate(places)}
        letters |= {f"w{n + 1}": weight for n, weight in enumerate(WEIGHT.ravel())}
        formula = step["letters"].removesuffix(" = y").replace("·", "*")
        assert eval(formula, letters | {"b": bias}) == pytest.approx(output[y, x])
        assert ("b" in formula) == bool(bias)
        assert "winner" not in step
    for axis, side in enumerate(padded.shape):
        read = {step["taps"][n][axis] for step in data["steps"] for n in range(6)}
        assert data["lost"][axis] == [place for place in range(side) if place not in read]


@pytest.mark.parametrize("mode", ["max", "average"])
def test_steps_of_a_pooling(mode) -> None:
    size, stride = (3, 2), (2, 3)
    pool = max_pool2d if mode == "max" else avg_pool2d
    image = np.abs(IMAGE)  # padding, which counts for nothing, is drawn as 0
    output = np.asarray(pool(image, size, stride, 1))[0]
    data = explorer_data(image[0], output, *window_axes((6, 8), size, stride, 1, 1), None, mode, picture=False)
    assert (data["kernel"], data["scale"]) == (None, "diverging")
    padded = np.pad(image[0], 1)
    assert np.array_equal(data["input"], padded)
    for step, (y, x) in zip(data["steps"], np.ndindex(output.shape), strict=True):
        top, left = y * 2, x * 3
        window = padded[top : top + 3, left : left + 2]
        assert step["taps"] == [(top + i, left + j) for i, j in np.ndindex(3, 2)]
        shown = value(step["text"])
        assert shown == pytest.approx(window.max() if mode == "max" else window.mean())
        assert step["letters"] == f"{'max' if mode == 'max' else 'mean'}(x1, x2, x3, x4, x5, x6) = y"
        if mode == "max":
            i, j = step["winner"]
            assert (i, j) in step["taps"]
            assert padded[i, j] == window.max()
        else:
            assert "winner" not in step


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [((1, 2), (1, 0), (1, 2)), ((3, 2), (2, 1), (2, 3)), ((2, 4), (0, 2), (1, 1))]
)
def test_stamps_of_a_transposed_convolution(stride, padding, dilation) -> None:
    small = IMAGE[:, :3, :4]
    output = conv_transpose2d(small, WEIGHT[None, None], None, stride, padding, dilation=dilation)[0]
    data = transposed_data(small[0], output, WEIGHT, stride, padding, dilation)
    assert (data["input"], data["kernel"]) == (small[0].tolist(), WEIGHT.tolist())
    assert (data["pads"], data["lost"], data["scale"]) == ([0] * 4, [[], []], "grey")
    assert np.array_equal(data["output"], output)
    stamps = {(y, x): [] for y, x in np.ndindex(output.shape)}
    for i, j, a, b in np.ndindex(3, 4, 3, 2):
        place = i * stride[0] + a * dilation[0] - padding[0], j * stride[1] + b * dilation[1] - padding[1]
        if place in stamps:
            stamps[place].append((i, j, a, b))
    for step, (place, found) in zip(data["steps"], stamps.items(), strict=True):
        assert sorted(step["taps"]) == sorted((i, j) for i, j, _, _ in found)
        assert value(step["text"]) == pytest.approx(output[place])
        letters = {f"x{i},{j}·w{a},{b}" for i, j, a, b in found} or {"0"}
        assert set(step["letters"].removesuffix(" = y").split(" + ")) == letters
