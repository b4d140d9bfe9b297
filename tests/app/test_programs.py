"""Programs as a person runs them, as files and as pages fill them; those in PyTorch and Keras run in `make oracle`."""

import json
import runpy
from dataclasses import replace

import numpy as np
import pytest

from cnn_core.images import encode_png
from instruments import samples
from instruments.kernel import Settings
from instruments.stages import compute
from tests.app.visits import ROOT
from ui.programs import FOLDER, Code, kernel, program

CONVOLUTIONS = (
    Settings("1 2 -1; 0 3 .5", 2.0, 0.25, True, (2, 3), (1, 2), relu=True, pool="max", pool_size=3, pool_stride=2),
    Settings("1 0 -1; 2 0 -2", padding=(3, 2), padding_mode="reflect", dilation=(2, 1), pool="average", pool_stride=3),
    Settings("1 2; 3 4", bias=-0.5, padding=(0, 1), padding_mode="circular"),
)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A folder with what programs read, in which they run."""
    (tmp_path / "photo.png").write_bytes(encode_png(samples.load("cat", 64)))
    for name in ("digits.npz", "training-weights.npz"):
        (tmp_path / name).write_bytes((ROOT / "assets" / "digits.npz").read_bytes())
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*_numpy.py")), ids=lambda file: file.stem)
def test_every_program_runs_as_it_stands(file) -> None:
    runpy.run_path(str(file), run_name="__main__")


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("channels", "summed"), [(1, "sum"), (3, "sum"), (3, "each")])
@pytest.mark.parametrize("settings", CONVOLUTIONS)
def test_the_kernel_program_computes_what_the_page_shows(settings, channels, summed) -> None:
    names: dict = {}
    settings = replace(settings, channels=summed)
    exec(compile(kernel.numpy(settings, channels), "program", "exec"), names)
    assert len(names["image"]) == channels
    np.testing.assert_allclose(names["maps"], compute(names["image"], settings)[-1].maps, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_notebook_computes_what_the_page_shows(channels) -> None:
    image = np.round(samples.load("cat", 48)[:channels] * 255) / np.float32(255)
    names: dict = {}
    for cell in json.loads(kernel.notebook(CONVOLUTIONS[0], image))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), names)
    np.testing.assert_allclose(names["maps"], compute(image, CONVOLUTIONS[0])[-1].maps, atol=1e-5)


def test_a_line_is_there_only_if_its_setting_is() -> None:
    text = program("kernel_numpy", relu=False, pool=None, bias=0)
    assert "relu" not in text
    assert "pool(" not in text
    assert "bias" not in text
    text = program("kernel_numpy", relu=True, pool=Code("cnn_core.avg_pool2d"), bias=0.5)
    assert text.count("cnn_core.relu(maps)\n") == text.count("pool = cnn_core.avg_pool2d\n") == 1
    assert "bias = 0.5\n" in text
    with pytest.raises(ValueError, match=r"kernel_numpy.py must assign stroke"):
        program("kernel_numpy", stroke=1)
