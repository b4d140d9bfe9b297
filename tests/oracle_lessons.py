"""`make oracle`: the programs of the lesson pages, run in PyTorch and Keras and compared with cnn_core."""

import contextlib
import io
import tempfile
from dataclasses import replace

import numpy as np
import torch

from cnn_core.networks import digits_network
from cnn_core.weights import save
from instruments import stacks
from instruments.kernel import Settings
from instruments.stages import compute
from instruments.training import Plan
from ui.programs import FOLDER, kernel, program, training
from ui.programs import stacks as stack_programs

CONVOLUTIONS = (
    Settings("1 2 -1; 0 3 .5", 2.0, 0.25, True, (2, 2), (1, 2), relu=True, pool="max", pool_size=3, pool_stride=2),
    Settings("1 0 -1; 2 0 -2; 1 0 -1", padding=(3, 2), padding_mode="reflect", dilation=(2, 2), pool="average"),
    Settings("1 2; 3 4", padding=(1, 0), padding_mode="circular"),
    Settings("1 2; 3 4", padding=(0, 1), padding_mode="replicate", bias=-0.5),
)


def run(code: str, **names: object) -> dict:
    """Its names after it has run, with these beforehand."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "program", "exec"), names)
    return names


picture = np.random.default_rng(0).random((3, 60, 80), dtype=np.float32)
for settings in (replace(one, channels=channels) for one in CONVOLUTIONS for channels in ("sum", "each")):
    ours = compute(picture, settings)[-1].maps
    pytorch = kernel.pytorch(settings).replace("torch.rand(1, 1, 512, 512)", "torch.from_numpy(picture)[None]")
    random = 'np.random.default_rng().random((1, 512, 512, 1), "float32")'
    keras = kernel.keras(settings).replace(random, "picture.transpose(1, 2, 0)[None]")
    for name, code, axes in (("PyTorch", pytorch, (0, 1, 2)), ("Keras", keras, (2, 0, 1))):
        assert "picture" in code
        theirs = np.asarray(run(code, picture=picture)["maps"])[0].transpose(axes)
        difference = float(np.abs(theirs - ours).max() / np.abs(ours).max())
        print(f"kernel page in {name}: relative difference {difference:.1e}")
        assert difference < 1e-5

for label, (shape, text) in stacks.PRESETS.items():
    specs = stacks.parse_stack(text)
    ours = sum(row.parameters for row in stacks.rows(specs, shape))
    meta = "import torch\ntorch.set_default_device('meta')\n"
    net = run(
        stack_programs.pytorch(specs, shape).replace("import torch\n", meta, 1) + "\ntorch.set_default_device('cpu')\n"
    )
    parameters = sum(parameter.numel() for parameter in net["net"].parameters())
    print(f"{label}: {ours:,} parameters here, {parameters:,} in PyTorch")
    assert ours == parameters

for file in sorted([*FOLDER.glob("*_pytorch.py"), *FOLDER.glob("*_keras.py")]):
    if "npz" not in (text := file.read_text("utf-8")):
        run(text, __name__="__main__")
        print(f"{file.name} runs as it stands")

for convolutions in (1, 2):
    plan = Plan(kernels=3, side=4, pool=2, digits=50, epochs=1, batch=20, convolutions=convolutions)
    theirs = [tuple(one.shape) for one in run(training.programs(plan)["PyTorch"])["net"].parameters()]
    assert theirs == [one.shape for one in plan.network().parameters().values()]
    print(f"training page in PyTorch: the same parameters with {convolutions} convolutions")

with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    net, digit = digits_network(3, 4, 3, 20), np.random.default_rng(0).random((1, 1, 28, 28), np.float32)
    save("training-weights.npz", net)
    sizes = {"kernels": 3, "side": 4, "pool": 3, "hidden": 20}
    theirs = run(program("network_pytorch", own=True, **sizes))["net"](torch.from_numpy(digit)).detach().numpy()
    assert np.abs(theirs - net.forward(digit)).max() < 1e-6
    print("network page in PyTorch: the same probabilities with weights from a file")
    run(program("network_pytorch", own=False, **sizes))
