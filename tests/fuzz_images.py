"""`make fuzz`: two minutes of damaged image files; only ImageError may escape from the decoder."""

import io
import sys
import time

import numpy as np
from PIL import Image

from cnn_core.images import FORMATS, ImageError, decode_image

SECONDS = 120
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
pixels = rng.integers(0, 256, (24, 31, 3)).astype(np.uint8)
files = []
for kind in FORMATS:
    for mode in ("RGB", "L", "P", "RGBA"):
        buffer = io.BytesIO()
        try:
            Image.fromarray(pixels).convert(mode).save(buffer, kind)
        except (OSError, ValueError):
            continue  # this format has no such mode
        files.append(buffer.getvalue())
ends = time.monotonic() + SECONDS
tried = refused = 0
while time.monotonic() < ends:
    data = bytearray(files[rng.integers(len(files))])
    for _ in range(rng.integers(1, 12)):
        place = int(rng.integers(len(data)))
        if rng.random() < 0.2:
            del data[place : place + int(rng.integers(1, 30))]
        else:
            data[place] = int(rng.integers(256))
        data = data or bytearray(b"\0")
    tried += 1
    try:
        decode_image(bytes(data))
    except ImageError:
        refused += 1
print(f"{tried} damaged files, {refused} refused with a sentence, {tried - refused} still readable, seed {seed}")
