"""Files as others write them, read as others show them; and files that are small and would be huge or slow."""

import io
import struct
import threading
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from cnn_core import images
from cnn_core.image_headers import describe, read
from cnn_core.images import ImageError, cost, decode_frame, decode_image, resize, to_grey
from tests.soak_images import ALONE, largest, measure, png, saved

U16 = np.array([[0, 16384, 32768, 65535]] * 2, np.uint16)


def tiff(values: np.ndarray, bits: int, form: int, photometric: int = 1, order: str = "<", body: bytes = b"") -> bytes:
    """A plain TIFF with one strip of one sample a pixel."""
    body = body or values.astype(values.dtype.newbyteorder(order)).tobytes()
    entries = [(256, 4, values.shape[1]), (257, 4, values.shape[0]), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
               (273, 4, 8 + 2 + 12 * 10 + 4), (277, 3, 1), (278, 4, values.shape[0]), (279, 4, len(body)), (339, 3, form)]  # fmt: skip
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, value in entries:
        head += struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + ("I" if kind == 4 else "Hxx"), value)
    return head + bytes(4) + body


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(rows: list[bytes], width: int, bits: int, colour: int, extra: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), bits, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + head + extra + body + chunk(b"IEND", b"")


def row(data: bytes) -> list[int]:
    """The first row's red, in 8-bit steps."""
    return (decode_image(data)[0, 0] * 255).round().astype(int).tolist()


QUARTERS = np.array([[0, 0.25, 0.5, 1.0]] * 2, np.float32)
S16 = np.array([[-5, 0, 16384, 32767]] * 2, np.int16)
U32 = np.array([[0, 1 << 30, 1 << 31, (1 << 32) - 1]] * 2, np.uint32)
TWELVE = int("".join(f"{v:012b}" for v in (0, 1024, 2048, 4095)), 2).to_bytes(6, "big") * 2
GREYS = {
    "float": (tiff(QUARTERS, 32, 3), [0, 64, 128, 255]),
    "float, a little above 1": (tiff(QUARTERS * 1.04, 32, 3), [0, 66, 133, 255]),
    "float up to 2": (tiff(QUARTERS * 2, 32, 3), [0, 128, 255, 255]),
    "float up to 3": (tiff(QUARTERS * 3, 32, 3), [0, 64, 128, 255]),
    "float up to 16": (tiff(QUARTERS * 16, 32, 3), [0, 4, 8, 16]),
    "float up to 512": (tiff(QUARTERS * 512, 32, 3), [0, 128, 255, 255]),
    "float up to 600": (tiff(QUARTERS * 600, 32, 3), [0, 64, 128, 255]),
    "float up to 8192": (tiff(QUARTERS * 8192, 32, 3), [0, 8, 16, 32]),
    "float up to 256": (tiff(QUARTERS * 256, 32, 3), [0, 64, 128, 255]),
    "float with inf and NaN": (tiff(np.array([[np.nan, 0.5, np.inf, -np.inf]] * 3 + [[0, 0.5, 0.5, 1]], np.float32), 32, 3),
                               [0, 128, 255, 0]),
    "float, big end first": (tiff(QUARTERS, 32, 3, order=">"), [0, 64, 128, 255]),
    "float, 0 is white": (tiff(QUARTERS, 32, 3, 0), [255, 191, 128, 0]),
    "signed 16": (tiff(S16, 16, 2), [0, 0, 128, 255]),
    "signed 16, big end first": (tiff(S16, 16, 2, order=">"), [0, 0, 128, 255]),
    "16": (tiff(U16, 16, 1), [0, 64, 128, 255]),
    "16, big end first": (tiff(U16, 16, 1, order=">"), [0, 64, 128, 255]),
    "16, 0 is white": (tiff(U16, 16, 1, 0), [255, 191, 127, 0]),
    "unsigned 32": (tiff(U32, 32, 1), [0, 64, 128, 255]),
    "unsigned 32 up to three eighths": (tiff((U32 // 8 * 3).astype(np.uint32), 32, 1), [0, 64, 128, 255]),
    "signed 32, all of it": (tiff((U32 >> 1).astype(np.int32), 32, 2), [0, 64, 128, 255]),
    "signed 32 with 16 bits": (tiff(U16.astype(np.int32), 32, 2), [0, 64, 128, 255]),
    "signed 32 with 15 bits": (tiff((U16 >> 1).astype(np.int32), 32, 2), [0, 64, 128, 255]),
    "12": (tiff(np.zeros((2, 4), np.uint8), 12, 1, body=TWELVE), [0, 64, 128, 255]),
    "PNG 16, one value transparent": (png_of([U16[0].astype(">u2").tobytes()] * 2, 4, 16, 0, chunk(b"tRNS", b"\x40\0")),
                                      [0, 255, 128, 255]),
    "PNG 8, one value transparent": (png_of([bytes([0, 64, 128, 255])], 4, 8, 0, chunk(b"tRNS", b"\0\x40")), [0, 255, 128, 255]),
    "PNG 2, one value transparent": (png_of([bytes([0b00011011])], 4, 2, 0, chunk(b"tRNS", b"\0\1")), [0, 255, 170, 255]),
    "PNG RGB, one colour transparent": (png_of([bytes([1, 2, 3, 9, 9, 9])], 2, 8, 2, chunk(b"tRNS", b"\0\1\0\2\0\3")), [255, 9]),
    "PNG RGB 16, one colour transparent": (png_of([struct.pack(">6H", 1000, 2000, 3000, 2570, 9, 9)], 2, 16, 2,
                                                  chunk(b"tRNS", struct.pack(">3H", 1000, 2000, 3000))), [255, 10]),
    "PNG, linear": (png_of([bytes([0, 64, 128, 255])], 4, 8, 0, chunk(b"gAMA", struct.pack(">I", 100_000))), [0, 137, 188, 255]),
    "PNG, sRGB's gamma": (png_of([bytes([0, 64, 128, 255])], 4, 8, 0, chunk(b"gAMA", struct.pack(">I", 45_455))),
                          [0, 64, 128, 255]),
    "PNG, a text of 2 MB": (png_of([bytes([0, 64])], 2, 8, 0, chunk(b"tEXt", b"a\0" + b"x" * 2_000_000)), [0, 64]),
    "PNG, a packed text of 2 MB": (png_of([bytes([0, 64])], 2, 8, 0, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000)))),
                                   [0, 64]),
    "PNG, a profile of 1.5 MB": (png_of([bytes([0, 64])], 2, 8, 0, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_500_000)))),
                                 [0, 64]),
}  # fmt: skip


@pytest.mark.parametrize("name", GREYS)
def test_a_good_file_looks_as_it_does_elsewhere(name) -> None:
    data, expected = GREYS[name]
    assert np.abs(np.array(row(data)) - expected).max() <= 1


@pytest.mark.parametrize(
    ("gamma", "used"), [(0.04, False), (0.06, True), (1.0, True), (19.0, True), (20.5, False), (0.0, False)]
)
def test_a_gamma_that_no_program_writes_is_left_alone(gamma, used) -> None:
    data = png_of([bytes([0, 64, 128, 255])], 4, 8, 0, chunk(b"gAMA", struct.pack(">I", round(gamma * 1e5))))
    linear = np.array([0, 64, 128, 255]) / 255
    if used:
        linear = linear ** (1 / gamma)
        expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(np.array(row(data)) - 255 * (expected if used else linear)).max() <= 1.01


# Display P3 and sRGB with white D65 in the profile's D50, columns X, Y, Z of red, green, blue (SMPTE RP 431-2; IEC 61966-2-1).
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def profile(primaries: np.ndarray, gamma: float) -> bytes:
    """A small ICC profile: three primaries and one exponent."""

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(v) * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(gamma * 256))
    text = b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(81)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz(np.array([0.9642, 1, 0.8249]))}
    tags |= {name + b"XYZ": xyz(primaries[:, at]) for at, name in enumerate((b"r", b"g", b"b"))}
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def as_srgb(colour: np.ndarray, gamma: float) -> np.ndarray:
    linear = np.linalg.inv(SRGB) @ P3 @ (colour / 255) ** gamma
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("colour", [(200, 40, 40), (60, 180, 90), (128, 128, 128)])
def test_colours_come_through_their_profile(kind, colour) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind in ("JPEG", "AVIF") else {}
    data = saved(Image.new("RGB", (16, 24), colour), kind, icc_profile=profile(P3, 2.2), **options)
    found = decode_image(data)[:, 12, 8] * 255
    assert np.abs(found - as_srgb(np.array(colour), 2.2)).max() <= 4
    if colour[0] == 200:
        assert np.abs(found - colour).max() > 8  # it differs from the bytes as they are


def test_transparent_colours_come_through_their_profile_before_they_mix() -> None:
    data = saved(Image.new("RGBA", (6, 5), (200, 40, 40, 128)), "PNG", icc_profile=profile(P3, 2.2))
    expected = as_srgb(np.array((200, 40, 40)), 2.2) * 128 / 255 + 127
    assert np.abs(decode_image(data)[:, 2, 2] * 255 - expected).max() <= 3


def test_a_broken_profile_is_no_reason_to_refuse() -> None:
    assert row(saved(Image.new("RGB", (2, 2), (9, 8, 7)), "PNG", icc_profile=b"nonsense")) == [9, 9]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "MPO"])
def test_every_kind_is_turned_upright(orientation, kind) -> None:
    picture = np.zeros((40, 64, 3), np.uint8)
    picture[:16, :24] = (250, 20, 20)
    picture[24:, 40:] = (20, 250, 20)
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
             5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = Image.fromarray(picture)
    stored = stored.transpose(turns[orientation]) if orientation > 1 else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(saved(stored, kind, exif=exif))
    assert decoded.shape == (3, 40, 64)
    assert np.abs(decoded.transpose(1, 2, 0) * 255 - picture).mean() < 6


def scans(width: int, height: int, count: int) -> bytes:
    plain = saved(Image.new("RGB", (width, height)), "JPEG", progressive=True)
    last = plain.rfind(b"\xff\xda")
    return plain[:-2] + plain[last:-2] * count + b"\xff\xd9"


def inserted(data: bytes, part: bytes) -> bytes:
    return data[:33] + part + data[33:]


WEBP = (
    b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xfe\x3f\0\x3b\x0f\0" + b"VP8 "
)
EXIF = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000)
EXIF += b"".join(struct.pack("<HHII", 1000 + k, 7, 60_000, 8) for k in range(5000)) + bytes(8)
PACKED = (
    b"BM"
    + struct.pack("<IHHI", 1078, 0, 0, 1078)
    + struct.pack("<IiiHHIIiiII", 40, 4000, 4000, 1, 8, 1, 0, 0, 0, 256, 0)
)
REFUSED = {  # made when they are needed: they are large
    "WebP of 34 bytes": (lambda: WEBP, "megapixels"),
    "PNG 16 in colour": (lambda: png(7000, 9000, 16, 2)[:100_000], "16-bit PNG in colour"),
    "PNG RGBA": (lambda: png(8000, 7900, 8, 6)[:100_000], "megapixels"),
    "3,000 scans": (lambda: scans(110, 90, 3000), "scans"),
    "millions of segments": (lambda: b"\xff\xd8" + b"\xff\xe5\0\2" * 4_000_000, "damaged"),
    "filling without end": (lambda: b"\xff\xd8" + b"\xff" * 19_000_000, "damaged"),
    "packed BMP, pixel by pixel": (lambda: PACKED + bytes(1024) + b"\1\1" * 8_000_000, "too long"),
    "GIF whose picture is larger than its screen": (
        lambda: saved(Image.new("P", (30, 20)), "GIF").replace(struct.pack("<HH", 30, 20) + b"\x87", b"\1\0\1\0\x87", 1).replace(
            b"," + bytes(4) + struct.pack("<HH", 30, 20), b"," + bytes(4) + struct.pack("<HH", 8000, 7900), 1), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_small_and_would_be_huge_or_slow_is_refused(name) -> None:
    make, word = REFUSED[name]
    data = make()
    started = time.process_time()
    with pytest.raises(ImageError, match=word):
        decode_image(data)
    assert time.process_time() - started < 0.5  # of this process


READ = {
    "a profile that unpacks to 100 MB": lambda: inserted(png(20, 10, 8, 2), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100_000_000)))),
    "texts that unpack to 600 MB": lambda: inserted(png(20, 10, 8, 2), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000))) * 30),
    "a GIF's comment in 480,000 pieces": lambda: (lambda gif: gif[:781] + b"!\xfe" + b"\1a" * 480_000 + b"\0" + gif[781:])(
        saved(Image.new("P", (20, 10)), "GIF")),
    "5,000 tags of 60 kB": lambda: (lambda jpeg: jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(EXIF) + 2) + EXIF + jpeg[2:])(
        saved(Image.new("RGB", (20, 10)), "JPEG")),
    "2,000 pictures in a TIFF": lambda: saved(Image.new("L", (20, 10)), "TIFF", save_all=True, append_images=[Image.new("L", (2, 2))] * 2000),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_is_large_beside_the_pixels_costs_nothing(name) -> None:
    data = READ[name]()
    started = time.process_time()
    assert decode_image(data).shape == (3, 10, 20)
    assert time.process_time() - started < 0.5


def test_the_decoder_sees_only_what_decodes_pixels() -> None:
    data = READ["texts that unpack to 600 MB"]()
    assert len(describe(data, read(data)).stream) < 300


@pytest.mark.parametrize("name", ["PNG RGB", pytest.param("PNG grey 16", marks=pytest.mark.soak)])
def test_the_largest_that_is_accepted_stays_below_its_limit(name) -> None:
    data, _, _ = largest(name)
    assert cost(data) <= images.MAX_COST
    peak, _, said = measure(data, 1)
    assert said == "read"
    assert 20 < peak < ALONE
    assert peak * 1e6 < 1.15 * cost(data) + 20e6  # what it said before


def test_cost_follows_pixels_and_kind() -> None:
    small, grey, colour = png(3000, 2000, 8, 0), png(6000, 4000, 8, 0), png(6000, 4000, 8, 2)
    assert cost(small) < cost(grey) < cost(colour) <= images.MAX_COST
    assert cost(saved(Image.new("RGB", (40, 30)), "JPEG")) < 1_000_000
    with pytest.raises(ImageError):
        cost(WEBP)


def test_two_at_once_and_many_after_each_other() -> None:
    data, found = png(2000, 1500, 16, 0), []
    threads = [threading.Thread(target=lambda: found.append(decode_image(data, 90).shape)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(3, 68, 90)] * 4


def test_shrunk_apart_is_the_same_as_shrunk_by_means() -> None:
    coarse = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    large = Image.fromarray(coarse.repeat(100, 0).repeat(100, 1))  # 3000 x 2000: decoded apart, in strips
    decoded = decode_image(saved(large, "PNG"), 300)
    assert decoded.shape == (3, 200, 300)
    middles = decoded.transpose(1, 2, 0)[5::10, 5::10] * 255
    assert np.abs(middles - coarse).max() <= 2


def test_frames_are_small_plain_jpegs() -> None:
    assert decode_frame(saved(Image.new("RGB", (1280, 720)), "JPEG"), 320).shape == (3, 180, 320)
    for data, word in ((saved(Image.new("RGB", (1400, 1000)), "JPEG"), "megapixel"), (scans(60, 40, 101), "scans"),
                       (saved(Image.new("RGB", (9, 9)), "PNG"), "JPEG"), (b"\xff\xd8\xff", "damaged")):  # fmt: skip
        with pytest.raises(ImageError, match=word):
            decode_frame(data)


@pytest.mark.parametrize("side", [-5, 0, True, 2.5, None, "9"])
@pytest.mark.parametrize("function", [decode_image, decode_frame, cost])
def test_a_wrong_side_is_named(function, side) -> None:
    with pytest.raises(ValueError, match="max_side"):
        function(saved(Image.new("RGB", (9, 9)), "JPEG"), side)


def test_wrong_arguments_are_named() -> None:
    for wrong in ("photo.png", None, 7, io.BytesIO(b"")):
        with pytest.raises(ImageError, match="data must be the bytes"):
            decode_image(wrong)  # type: ignore[arg-type]
    for shape in ((4, 3, 5), (3, 5), (2, 3, 5)):
        with pytest.raises(ValueError, match="image"):
            to_grey(np.zeros(shape, np.float32))
    picture = np.zeros((3, 4, 5), np.float32)
    for arguments, word in (((picture, 0, 2), "height"), ((picture, 2, True), "width"), ((picture[0], 2, 2), "image"),
                            ((picture, 2, 1.5), "width")):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            resize(*arguments)
