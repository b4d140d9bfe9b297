"""Time and size of one grey feature map as a picture: why a moving hand gets JPEG, and one that rests or zooms PNG.

Part of `make bench`; needs NumPy and Pillow only.
"""

import io
import statistics
import time
import zlib
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.results import machine, write
from cnn_core import conv2d
from cnn_core.images import decode_image, to_bytes, to_grey
from cnn_core.networks import ASSETS

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG, quality 85": ("JPEG", {"quality": 85}),
    "WebP, quality 80": ("WEBP", {"quality": 80, "method": 0}),
    "PNG, runs only": ("PNG", {"compress_level": 1, "compress_type": zlib.Z_RLE}),
    "PNG, fastest plain": ("PNG", {"compress_level": 1}),
    "WebP without loss": ("WEBP", {"lossless": True, "quality": 0, "method": 0}),
}
SOBEL = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], np.float32)


def main() -> None:
    lines = [f"{machine()}; one thread; Sobel maps of 510 x 510, median of 15 runs.", ""]
    photos = ("astronaut", "coins")
    lines += ["| | " + " | ".join(photos) + " |", "| --- |" + " ---: |" * len(photos)]
    for name, (kind, options) in KINDS.items():
        cells = []
        for photo in photos:
            image = to_grey(decode_image((ASSETS / "images" / f"{photo}.webp").read_bytes(), 512))
            maps = conv2d(image, SOBEL)
            picture = Image.fromarray(to_bytes(maps[0], -np.abs(maps).max(), np.abs(maps).max()))
            times = []
            for _ in range(15):
                buffer, begin = io.BytesIO(), time.perf_counter()
                picture.save(buffer, kind, **options)
                times.append(time.perf_counter() - begin)
            cells.append(f"{statistics.median(times) * 1e3:.1f} ms, {len(buffer.getvalue()) / 1000:.0f} kB")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print("\n".join(lines))
    write("Encoding", lines)


if __name__ == "__main__":
    main()
