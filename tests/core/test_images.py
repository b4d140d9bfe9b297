"""Decoding: every accepted format and mode, orientation, transparency, animations; and everything that is no image."""

import io
import re
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cnn_core import images
from cnn_core.image_headers import Header
from cnn_core.images import MAX_COST, ImageError, cost, decode_image, encode_jpeg, encode_png, resize, to_bytes, to_grey

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (4, 5, 3)).repeat(12, 0).repeat(14, 1).astype(np.uint8)  # 48 x 70 in blocks
LOSSLESS = ("PNG", "BMP", "TIFF")


def save(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def error(decoded: np.ndarray, rgb: np.ndarray) -> float:
    """Mean difference in 8-bit steps from an (H, W, 3) picture."""
    assert decoded.dtype == np.float32
    assert decoded.shape == (3, *rgb.shape[:2])
    assert 0 <= decoded.min() <= decoded.max() <= 1
    return float(np.abs(decoded.transpose(1, 2, 0) * 255 - rgb).mean())


@pytest.mark.parametrize(
    ("kind", "most"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("WEBP", 9), ("JPEG", 9), ("AVIF", 9), ("GIF", 8)]
)
def test_every_format(kind, most) -> None:
    assert error(decode_image(save(Image.fromarray(RGB), kind)), RGB) <= most + 1e-3


GREY = np.asarray(Image.fromarray(RGB).convert("L"))
MODES = {
    "1": ("PNG", np.where(GREY > 127, 255, 0)),
    "L": ("PNG", GREY),
    "LA": ("PNG", GREY),
    "P": ("PNG", None),
    "RGB": ("PNG", RGB),
    "RGBA": ("PNG", RGB),
    "CMYK": ("TIFF", None),
    "YCbCr": ("TIFF", None),
    "LAB": ("TIFF", None),
    "I;16": ("PNG", GREY),
    "I": ("TIFF", GREY),
    "F": ("TIFF", GREY),
    "PA": ("TIFF", None),
    "RGBX": ("TIFF", RGB),
}


def in_mode(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(GREY.astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(GREY.astype(np.int32) * 257)
    if mode == "F":
        return Image.fromarray(GREY.astype(np.float32) / 255)
    if mode == "1":
        return Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE)
    if mode == "LAB":
        from PIL import ImageCms

        made = ImageCms.profileToProfile(
            Image.fromarray(RGB), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert made is not None
        return made
    return Image.fromarray(RGB).convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_right_rgb(mode) -> None:
    kind, expected = MODES[mode]
    picture = in_mode(mode)
    if expected is None:
        expected = np.asarray(picture.convert("RGB")) if mode != "LAB" else RGB
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, 2)
    limit = 3 if mode == "LAB" else 1.01
    assert error(decode_image(save(picture, kind)), expected) <= limit


def test_cmyk_jpeg() -> None:
    assert error(decode_image(save(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=95)), RGB) < 9


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_transparency_becomes_white(kind) -> None:
    picture = Image.new("RGBA", (8, 6), (255, 0, 0, 255))
    picture.paste((0, 0, 255, 0), (0, 0, 4, 6))
    decoded = decode_image(save(picture, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert decoded[:, 3, 1].tolist() == [1, 1, 1]
    assert np.abs(decoded[:, 3, 6] - [1, 0, 0]).max() < 0.01


def test_half_transparency_blends_with_white() -> None:
    decoded = decode_image(save(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG"))
    assert np.abs(decoded - 127 / 255).max() < 0.01
    decoded = decode_image(save(Image.new("LA", (2, 2), (0, 64)), "PNG"))
    assert np.abs(decoded - 191 / 255).max() < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation(orientation, kind) -> None:
    turns = [None, None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM,
             Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_270]  # fmt: skip
    stored = Image.fromarray(RGB)
    if turns[orientation] is not None:
        stored = stored.transpose(turns[orientation])  # what a camera stores, so that the tag turns it upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = save(stored, kind, exif=exif, **({"quality": 95} if kind != "PNG" else {}))
    assert error(decode_image(data), RGB) < 6


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation(kind) -> None:
    first, second = Image.new("RGB", (9, 7), (200, 0, 0)), Image.new("RGB", (9, 7), (0, 0, 200))
    decoded = decode_image(save(first, kind, save_all=True, append_images=[second, second]))
    assert np.abs(decoded[:, 3, 4] * 255 - [200, 0, 0]).max() < 6


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1)])
def test_extreme_shapes(size) -> None:
    decoded = decode_image(save(Image.new("RGB", size, "white"), "PNG"), max_side=512)
    assert decoded.shape == (3, min(size[1], 512), min(size[0], 512))


def test_max_side_shrinks_and_never_enlarges() -> None:
    picture = Image.new("RGB", (1200, 600))
    ImageDraw.Draw(picture).rectangle((600, 0, 1199, 599), fill="white")
    for kind in ("PNG", "JPEG"):
        decoded = decode_image(save(picture, kind), max_side=100)
        assert decoded.shape == (3, 50, 100)
        assert decoded[:, 25, 30].max() < 0.02
        assert decoded[:, 25, 70].min() > 0.98
    assert decode_image(save(Image.fromarray(RGB), "PNG"), max_side=1024).shape == (3, 48, 70)


def test_a_shrunken_picture_is_as_sharp_as_shrunk_at_once() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 800, 3), np.uint8))
    expected = np.asarray(noise.resize((200, 100), Image.Resampling.LANCZOS), float).transpose(2, 0, 1) / 255
    decoded = decode_image(save(noise, "PNG"), max_side=200)
    assert np.corrcoef(decoded.ravel(), expected.ravel())[0, 1] > 0.94


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG that claims to be huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("data", [bomb(8001, 8001), bomb(10_000, 10_000), bomb(60_000, 60_000), b"\x89PNG" + bytes(20_000_001)],
                         ids=["64 MP", "100 MP", "3.6 GP", "20 MB"])  # fmt: skip
def test_what_is_too_large_is_refused_at_once(data) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(ImageError, match=r"megapixels|MB"):
        decode_image(data)
    assert time.perf_counter() - started < 0.1
    assert tracemalloc.get_traced_memory()[1] < 60e6
    tracemalloc.stop()


@pytest.mark.parametrize(("width", "height"), [(8000, 8000), (9000, 7000), (7001, 6999)])
def test_a_file_as_large_as_the_refusal_says_is_taken_and_no_larger_one(width, height) -> None:
    with pytest.raises(ImageError, match="for a PNG in colour: shrink it first") as told:
        cost(bomb(width, height))
    most = int(re.search(r"at most (\d+) are accepted", str(told.value))[1])

    def scaled(millions: float) -> bytes:
        scale = (millions * 1e6 / (width * height)) ** 0.5
        return bomb(int(width * scale), int(height * scale))

    assert cost(scaled(most)) < MAX_COST
    with pytest.raises(ImageError):
        cost(scaled(most + 1.1))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NO_IMAGES = {
    "empty": b"",
    "text": b"just some words",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": SVG,
    "zip": b"PK\x03\x04" + bytes(100),
    "pdf": b"%PDF-1.7\n" + bytes(100),
    "random": RNG.bytes(5000),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "ico": save(Image.new("RGB", (16, 16)), "ICO"),
    "ppm": save(Image.new("RGB", (16, 16)), "PPM"),
}


@pytest.mark.parametrize("name", NO_IMAGES)
def test_what_is_no_image_gets_a_sentence(name) -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(NO_IMAGES[name])
    assert str(caught.value).endswith(".")
    assert "script" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


VALID = {kind: save(Image.fromarray(RGB), kind) for kind in images.FORMATS}
VALID["TIFF LZW"] = save(Image.fromarray(RGB), "TIFF", compression="tiff_lzw")
VALID["TIFF JPEG"] = save(Image.fromarray(RGB), "TIFF", compression="jpeg")
VALID["JPEG progressive"] = save(Image.fromarray(RGB), "JPEG", progressive=True)
VALID["PNG palette"] = save(Image.fromarray(RGB).convert("P"), "PNG")


@pytest.mark.parametrize("name", VALID)
def test_cut_files_are_refused_or_read_but_nothing_else_escapes(name) -> None:
    data = VALID[name]
    refused = 0
    for cut in np.linspace(0, len(data) - 1, 50).astype(int):
        try:
            decode_image(data[:cut])
        except ImageError:
            refused += 1
    assert refused >= 40


@pytest.mark.parametrize("name", VALID)
def test_flipped_bytes_never_raise_anything_else(name) -> None:
    data, rng = bytearray(VALID[name]), np.random.default_rng(11)
    for _ in range(500):
        place, value = int(rng.integers(len(data))), int(rng.integers(256))
        kept, data[place] = data[place], value
        try:
            decoded = decode_image(bytes(data))
            assert np.isfinite(decoded).all()
        except ImageError:
            pass
        data[place] = kept


@given(st.sampled_from(sorted(VALID)), st.integers(0, 60), st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_rewritten_headers_never_raise_anything_else(name, start, patch) -> None:
    data = bytearray(VALID[name])
    data[start : start + len(patch)] = patch
    try:
        decode_image(bytes(data))
    except ImageError as caught:
        assert len(str(caught)) < 200


@pytest.mark.parametrize("width", [50, 100, 150, 199, 200, 201, 399, 400, 401, 799, 800, 801, 1700])
def test_a_jpeg_costs_what_pillow_decodes_of_it(width) -> None:
    picture = Image.open(io.BytesIO(save(Image.new("RGB", (width, 2 * width)), "JPEG")))
    scale = min(1, 200 / (2 * width))
    picture.draft(None, (round(width * scale), round(2 * width * scale)))
    decoded = picture.width * picture.height / (width * 2 * width)
    header = Header("JPEG", "JPEG", width, 2 * width, 1e6, scales=True)
    assert images._per_pixel(header, 200) == pytest.approx(1e6 * decoded, rel=0.02)  # a side's last block counts whole
    kept = Header("JPEG", "JPEG", width, 2 * width, 0, scales=True, whole=1e3)  # what is kept at full size stays so
    assert 1e3 <= images._per_pixel(kept, 200) <= 1e3 + 4
    whole = Header("PNG", "PNG", width, 2 * width, 1e6)
    assert images._per_pixel(whole, 200) == pytest.approx(1e6, rel=1e-5)
    slow = Header("PNG", "PNG", width, 2 * width, 3, decoding=1e6)
    assert images._per_pixel(slow, 200) == 1e6


def head(width: int, height: int, bits: int, colour: int) -> bytes:
    """A PNG of which there is no more than its header."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)


def test_costs_that_were_added_up_by_hand() -> None:
    """Bytes a pixel and its canvas, 50 for each pixel of a strip, 16 for each of the result; beside a process of its own."""
    strip, apart = 50 * (1 << 18), 36_000_000 + 29
    assert images.cost(head(1000, 1000, 8, 2), 500) == 8_000_000 + strip + 16 * 500 * 500
    assert images.cost(head(1024, 1024, 8, 2), 1024) == 8 * (1 << 20) + strip + 16 * (1 << 20)
    assert images.cost(head(1025, 1024, 8, 2), 1024) == 8 * 1025 * 1024 + apart + strip + 16 * 1023 * 1024
    assert images.cost(head(3000, 2000, 8, 0), 500) == (1 + 4 / 16) * 6_000_000 + apart + strip + 16 * 500 * 333
    assert images.cost(head(3000, 2000, 16, 2), 1500) == 8 * 6_000_000 + apart + strip + 16 * 1500 * 1000
    assert images.cost(head(3000, 2000, 16, 2), 500) == 7 * 6_000_000 + apart + strip + 16 * 500 * 333
    assert images.cost(head(30, 20, 8, 3), 50) == 5 * 600 + 50 * 600 + 16 * 600
    assert images.cost(head(10_000, 1, 8, 3), 50) == (1 + 4 / 133**2) * 10_000 // 1 + 50 * 10_000 + 16 * 50


@pytest.mark.parametrize("kind", [(8, 2), (16, 2), (16, 0)])
def test_as_many_pixels_as_a_refusal_names_are_accepted(kind) -> None:
    with pytest.raises(ImageError, match="at most") as caught:
        images.cost(head(8000, 8001 if kind == (16, 0) else 8000, *kind), 512)
    most = int(str(caught.value).split("at most ")[1].split()[0])
    fits, wider = int((most * 1e6) ** 0.5), int(((most + 1) * 1e6) ** 0.5) + 1
    assert images.cost(head(fits, fits, *kind), 512) <= images.MAX_COST
    with pytest.raises(ImageError, match="megapixels"):
        images.cost(head(wider, wider, *kind), 512)


def test_what_is_decoded_where_it_is() -> None:
    def small(kind: str = "PNG", width: int = 1024, height: int = 1024, size: int = 1_000_000, scans: int = 20) -> bool:
        return images._is_small(bytes(size), Header(kind, kind, width, height, 4, scans=scans))

    assert small()
    assert small("JPEG")
    assert not any([small("TIFF"), small("AVIF"), small(width=1025), small(size=1_000_001), small(scans=21)])


def test_files_of_twenty_megabytes_and_frames_of_a_megapixel_are_the_largest() -> None:
    assert images.cost(head(30, 20, 8, 2).ljust(20_000_000))
    with pytest.raises(ImageError, match="has 20 MB; at most 20 MB are accepted"):
        images.cost(head(30, 20, 8, 2).ljust(20_000_001))
    frame = save(Image.new("L", (1024, 1024)), "JPEG")
    assert images.decode_frame(frame, 64).shape == (3, 64, 64)
    with pytest.raises(ImageError, match="at most a megapixel, not 1025 x 1024"):
        images.decode_frame(save(Image.new("L", (1025, 1024)), "JPEG"), 64)


def test_what_can_be_made_a_picture_of() -> None:
    grey = np.array([[0.0, 1.0, 0.5]])
    for image in (grey, grey[np.newaxis], np.uint8(grey * 255 + 0.5), np.uint8(grey * 255 + 0.5)[np.newaxis]):
        if image.ndim == 3 or image.dtype == np.uint8:
            assert np.asarray(Image.open(io.BytesIO(encode_png(image)))).tolist() == [[0, 255, 128]]
    colour = np.uint8([[[1, 2]], [[3, 4]], [[5, 6]]])
    assert np.asarray(Image.open(io.BytesIO(encode_png(colour)))).tolist() == [[[1, 3, 5], [2, 4, 6]]]
    for shape in ((2, 4, 5), (4, 4, 5), (1, 1, 4, 5)):
        with pytest.raises(ValueError, match="image"):
            encode_png(np.zeros(shape, np.uint8))
    assert to_bytes(np.array([0.0, 1, 2, 3, 4, 9, -9]), 1, 3).tolist() == [0, 0, 128, 255, 255, 255, 0]
    assert to_bytes(np.ones((2, 3)), 2, 1).tolist() == [[128] * 3] * 2
    blocks = np.arange(12.0).reshape(1, 2, 6).repeat(2, 1) / 12
    means = blocks.reshape(1, 2, 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(resize(blocks, 2, 2, area=True), means, atol=1e-6)
    assert np.abs(resize(blocks, 2, 2) - means).max() > 1e-3  # bilinear weighs by distance


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_grey_becomes_black_or_white(dtype) -> None:
    values = np.array([np.nan, -np.inf, -1, 0, 0.5, 1, 2, np.inf], dtype)
    with np.errstate(all="raise"):
        assert images._scaled(values, 0.0, 1.0).tolist() == [0, 0, 0, 0, 128, 255, 255, 255]
        assert images._scaled(values[1:], 1.0, 0.0).tolist() == [255, 255, 255, 128, 0, 0, 0]


def test_grey_and_bytes_and_sizes() -> None:
    image = RGB.transpose(2, 0, 1) / np.float32(255)
    grey = to_grey(image)
    assert grey.shape == (1, 48, 70)
    assert np.abs(grey[0] * 255 - GREY).max() < 1
    assert to_grey(grey) is grey
    assert to_bytes(np.array([-1.0, 0, 1]), -1, 1).tolist() == [0, 128, 255]
    assert to_bytes(np.array([5.0, 5.0]), 5, 5).tolist() == [128, 128]
    half = resize(image, 24, 35)
    assert half.shape == (3, 24, 35)
    assert abs(float(half.mean() - image.mean())) < 0.01


def test_png_is_exact_and_jpeg_is_close() -> None:
    image = RGB.transpose(2, 0, 1) / np.float32(255)
    assert np.array_equal(to_bytes(decode_image(encode_png(image))), RGB.transpose(2, 0, 1))
    assert error(decode_image(encode_jpeg(image, 95)), RGB) < 9
    with pytest.raises(ValueError, match="image must be"):
        encode_png(np.zeros((2, 4, 4)))


@pytest.mark.parametrize(("height", "width", "rows"), [(30, 40, 2), (7, 100, 1), (3, 250, 1), (5, 9, 5)])
def test_a_picture_is_converted_in_strips_of_whole_rows(monkeypatch, height, width, rows) -> None:
    monkeypatch.setattr(images, "STRIP", 100)
    values = np.arange(height * width, dtype=np.int32).reshape(height, width)
    strips = list(images._strips(Image.fromarray(values)))
    assert [len(strip) for strip in strips[:-1]] == [rows] * (len(strips) - 1)
    assert np.array_equal(np.concatenate(strips), values)
