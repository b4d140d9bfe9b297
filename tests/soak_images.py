"""Peak memory and time of decoding for each format and mode, at the largest size that is accepted: `python -m tests.soak_images`.

Each file is made and decoded in fresh processes; memory is that of the process and of the one that decodes for it, taken
together at their worst. Bounded: about three minutes.
"""

import contextlib
import io
import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
ALONE, TOGETHER = 250, 400  # MB above rest


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, bits: int, colour: int, interlaced: int = 0) -> bytes:
    """A PNG of zeros; Pillow writes none of 16 bits in colour."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = bytes(1 + (width * channels * bits + 7) // 8)
    packer = zlib.compressobj(1)
    body = b"".join([packer.compress(row) for _ in range(height * (2 if interlaced else 1))] + [packer.flush()])
    palette = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + palette + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def noisy(mode: str, width: int, height: int) -> Image.Image:
    """A picture with something in it, made of a small one."""
    small = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    return Image.fromarray(small).convert(mode).resize((width, height), Image.Resampling.NEAREST)


def deep(kind: str, width: int, height: int) -> Image.Image:
    return Image.fromarray(np.zeros((height, width), kind))


MAKERS: dict[str, Callable[[int, int], bytes]] = {
    "PNG 1 bit": lambda w, h: png(w, h, 1, 0),
    "PNG grey": lambda w, h: png(w, h, 8, 0),
    "PNG grey 16": lambda w, h: png(w, h, 16, 0),
    "PNG grey alpha": lambda w, h: png(w, h, 8, 4),
    "PNG grey alpha 16": lambda w, h: png(w, h, 16, 4),
    "PNG palette": lambda w, h: png(w, h, 8, 3),
    "PNG RGB": lambda w, h: png(w, h, 8, 2),
    "PNG RGB 16": lambda w, h: png(w, h, 16, 2),
    "PNG RGBA": lambda w, h: png(w, h, 8, 6),
    "PNG RGBA 16": lambda w, h: png(w, h, 16, 6),
    "PNG RGB interlaced": lambda w, h: png(w, h, 8, 2, 1),
    "JPEG grey": lambda w, h: saved(noisy("L", w, h), "JPEG", quality=20),
    "JPEG RGB": lambda w, h: saved(noisy("RGB", w, h), "JPEG", quality=20),
    "JPEG RGB 4:4:4": lambda w, h: saved(noisy("RGB", w, h), "JPEG", quality=20, subsampling=0),
    "JPEG progressive": lambda w, h: saved(noisy("RGB", w, h), "JPEG", quality=20, progressive=True),
    "JPEG progressive 4:4:4": lambda w, h: saved(noisy("RGB", w, h), "JPEG", quality=20, progressive=True, subsampling=0),
    "JPEG CMYK": lambda w, h: saved(noisy("CMYK", w, h), "JPEG", quality=20),
    "JPEG CMYK progressive": lambda w, h: saved(noisy("CMYK", w, h), "JPEG", quality=20, progressive=True),
    "WebP": lambda w, h: saved(noisy("RGB", w, h), "WEBP", quality=20, method=0),
    "WebP alpha": lambda w, h: saved(noisy("RGBA", w, h), "WEBP", quality=20, method=0),
    "WebP lossless": lambda w, h: saved(Image.new("RGB", (w, h), "red"), "WEBP", lossless=True, method=0, quality=0),
    "WebP lossless, noise": lambda w, h: saved(noisy("RGB", w, h), "WEBP", lossless=True, method=0, quality=0),
    "WebP animated": lambda w, h: saved(Image.new("RGB", (w, h), "red"), "WEBP", save_all=True, quality=20, method=0,
                                        append_images=[Image.new("RGB", (w, h), "blue")]),
    "GIF": lambda w, h: saved(noisy("P", w, h), "GIF"),
    "GIF animated": lambda w, h: saved(noisy("P", w, h), "GIF", save_all=True, append_images=[Image.new("P", (w, h), 3)]),
    "BMP 1 bit": lambda w, h: saved(Image.new("1", (w, h)), "BMP"),
    "BMP grey": lambda w, h: saved(noisy("L", w, h), "BMP"),
    "BMP RGB": lambda w, h: saved(noisy("RGB", w, h), "BMP"),
    "BMP packed": lambda w, h: b"BM" + struct.pack("<IHHI", 1078 + 4 * h, 0, 0, 1078)
    + struct.pack("<IiiHHIIiiII", 40, w, h, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024)
    + (b"\xff\x01" * (w // 255) + b"\0\0") * h + b"\0\1",
    "AVIF": lambda w, h: saved(noisy("RGB", w, h), "AVIF", quality=20, speed=10),
    "AVIF 4:4:4 alpha": lambda w, h: saved(noisy("RGBA", w, h), "AVIF", quality=20, speed=10, subsampling="4:4:4"),
} | {
    f"TIFF {mode} {packing}": lambda w, h, mode=mode, packing=packing: saved(
        {"I;16": lambda: deep("<u2", w, h), "I": lambda: deep("<i4", w, h), "F": lambda: deep("<f4", w, h)}.get(
            mode, lambda: noisy(mode, w, h))(), "TIFF", compression=packing)
    for mode in ("1", "L", "P", "I;16", "I", "F", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr")
    for packing in ("tiff_adobe_deflate", "tiff_lzw", "packbits")
    if not (mode == "YCbCr" and packing == "packbits")
}  # fmt: skip
MAKERS["TIFF RGB jpeg"] = lambda w, h: saved(noisy("RGB", w, h), "TIFF", compression="jpeg")
MAKERS["TIFF RGB one strip"] = lambda w, h: saved(
    noisy("RGB", w, h), "TIFF", compression="tiff_adobe_deflate", strip_size=1 << 30
)


def largest(name: str) -> tuple[bytes, int, int]:
    """The largest file of this kind, four by three, that is not refused for its size."""
    from cnn_core.images import ImageError, cost

    for size in (64, 48, 36, 28, 24, 20, 16, 14, 12, 10, 8, 6, 5, 4, 2):
        if name.startswith("AVIF") and size > 16:
            continue  # takes too long to make
        width, height = int((size * 1e6 * 4 / 3) ** 0.5), int((size * 1e6 * 3 / 4) ** 0.5)
        data = MAKERS[name](width, height)
        with contextlib.suppress(ImageError):
            cost(data)
            return data, width, height
    raise AssertionError(name)


def highest(pid: int) -> float:
    """MB that a process held at its worst so far, its libraries included."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = list[int]()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(part) for part in (task / "children").read_text("ascii").split()]
    return found


MEASURED = """
import sys, threading, time
from cnn_core.images import ImageError, decode_image
data = open(sys.argv[1], "rb").read()
print("ready", flush=True); sys.stdin.readline()
def one():
    try: decode_image(data); print("read", flush=True)
    except ImageError as error: print("refused: " + str(error), flush=True)
threads = [threading.Thread(target=one) for _ in range(int(sys.argv[2]))]
start = time.perf_counter()
for thread in threads: thread.start()
for thread in threads: thread.join()
print("took", time.perf_counter() - start, flush=True); sys.stdin.readline()
"""


def measure(data: bytes, at_once: int) -> tuple[float, float, str]:
    """(peak in MB above rest, seconds, what came of it) of decoding a file so many times at once."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-c", MEASURED, file.name, str(at_once)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            rest = peak = highest(process.pid)
            process.stdin.write(b"\n")
            process.stdin.flush()
            os.set_blocking(process.stdout.fileno(), False)
            said, ends = "", time.monotonic() + 60
            while "took" not in said and time.monotonic() < ends:
                peak = max(peak, highest(process.pid) + sum(highest(child) for child in children(process.pid)))
                said += (process.stdout.read() or b"").decode()
                time.sleep(0.004)
            process.communicate(b"\n", 10)
    return peak - rest, float(said.rsplit(" ", 1)[-1]), said.splitlines()[0]


def main(names: list[str]) -> int:
    """Print the table; returns how many kinds are beyond the limits."""
    beyond = 0
    print(f"{'kind':28} {'megapixels':>10} {'kB':>7} {'alone, MB':>10} {'s':>5} {'two, MB':>8}  result")
    for name in names or MAKERS:
        data, width, height = largest(name)
        alone, seconds, said = measure(data, 1)
        two, _, _ = measure(data, 2)
        wrong = alone > ALONE or two > TOGETHER
        beyond += wrong
        print(f"{name:28} {width * height / 1e6:10.1f} {len(data) / 1e3:7.0f} {alone:10.0f} {seconds:5.2f} {two:8.0f}  "
              f"{said}{'  BEYOND' if wrong else ''}", flush=True)  # fmt: skip
    return beyond


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
