"""`make oracle`: the programs that the code pages show, run in PyTorch and Keras and compared with cnn_core."""

import numpy as np
from live.settings import Settings
from live.stages import compute

from ui import code_text, stacks

rng = np.random.default_rng(0)
picture = rng.random((1, 512, 512), dtype=np.float32)
for settings in (
    Settings("1 2 -1; 0 3 .5", 2.0, 0.25, True, (2, 2), (1, 2), "zeros", (1, 1), True, "max", 3, 2),
    Settings(
        "1 0 -1; 2 0 -2; 1 0 -1",
        padding=(3, 3),
        padding_mode="reflect",
        dilation=(2, 2),
        pool="average",
        pool_size=2,
        pool_stride=2,
    ),
    Settings("1 2; 3 4", padding=(1, 1), padding_mode="circular"),
):
    ours = compute(picture, settings)[-1].maps
    programs = {
        "PyTorch": code_text.torch_code(settings).replace(
            "torch.rand(1, 1, 512, 512)", "torch.from_numpy(picture)[None]"
        ),
        "Keras": code_text.keras_code(settings).replace(
            'np.random.rand(1, 512, 512, 1).astype("float32")', "picture.transpose(1, 2, 0)[None]"
        ),
    }
    for name, program in programs.items():
        names = {"picture": picture}
        exec(compile(program, name, "exec"), names)
        theirs = np.asarray(names["maps"])[0]
        theirs = theirs.transpose(2, 0, 1) if name == "Keras" else theirs
        difference = float(np.abs(theirs - ours).max() / np.abs(ours).max())
        print(f"kernel page in {name}: relative difference {difference:.1e}")
        assert difference < 1e-5

for label, (shape, text) in stacks.PRESETS.items():
    specs = stacks.parse_stack(text)
    rows = stacks.rows(specs, shape)
    names = {}
    exec(
        compile(
            stacks.torch_code(specs, shape).replace(
                "import torch\n", "import torch\ntorch.set_default_device('meta')\n"
            ),
            label,
            "exec",
        ),
        names,
    )
    parameters = sum(parameter.numel() for parameter in names["net"].parameters())
    ours = sum(row.parameters for row in rows)
    print(f"{label}: {ours:,} parameters here, {parameters:,} in PyTorch")
    assert ours == parameters
