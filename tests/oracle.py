"""`make oracle`: the programs that the code pages show, run in PyTorch and Keras and compared with cnn_core."""

import contextlib
import io
import os
import shutil
import tempfile

import numpy as np

from cnn_core import networks
from cnn_core.train_digits import digits
from ui import network_code

images, _ = digits()
net = networks.load("digits")
worst = 0.0
with tempfile.TemporaryDirectory() as folder:
    shutil.copy(networks.ASSETS / "digits.npz", folder)
    os.chdir(folder)
    for number in range(8000, 8010):
        expected = net.forward(images[number : number + 1])
        for name, program in (("PyTorch", network_code.torch_code), ("Keras", network_code.keras_code)):
            names: dict = {}
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(program(images[number]), name, "exec"), names)
            difference = float(np.abs(names["probabilities"] - expected).max())
            worst = max(worst, difference)
            if number == 8000:
                print(f"{name}: largest difference for digit {number} is {difference:.1e}")
print(f"10 digits in both: largest difference {worst:.1e}")
assert worst < 1e-5
