"""What headers promise, for files that Pillow writes and for files written by hand; sides always differ."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from cnn_core.image_headers import MAX_PIXELS, MAX_SCANS, ImageError, check_size, describe, orientation, read, too_large

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (37, 53, 3)).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind", "options", "per_pixel", "bits"),
    [
        ("RGB", "PNG", {}, 4, 8), ("RGBA", "PNG", {}, 4, 8), ("L", "PNG", {}, 1, 8), ("P", "PNG", {}, 1, 8),
        ("1", "PNG", {}, 1, 1), ("I;16", "PNG", {}, 2, 16),
        ("RGB", "JPEG", {}, 4, 8), ("L", "JPEG", {}, 1, 8), ("CMYK", "JPEG", {}, 4, 8),
        ("RGB", "WEBP", {}, 4, 8), ("RGB", "WEBP", {"lossless": True}, 4, 8), ("RGBA", "WEBP", {}, 4, 8),
        ("RGB", "WEBP", {"exif": b"Exif\0\0II*\0"}, 4, 8),
        ("P", "GIF", {}, 2, 8), ("RGB", "BMP", {}, 4, 8), ("L", "BMP", {}, 1, 8), ("1", "BMP", {}, 1, 8),
        ("RGB", "TIFF", {}, 4, 8), ("L", "TIFF", {}, 1, 8), ("I;16", "TIFF", {}, 2, 16), ("F", "TIFF", {}, 4, 32),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}, 4, 8), ("RGB", "TIFF", {"big_tiff": True}, 4, 8),
        ("L", "TIFF", {"big_tiff": True}, 1, 8),
    ],
)  # fmt: skip
def test_kind_size_and_memory(mode, kind, options, per_pixel, bits) -> None:
    picture = PICTURE.convert("L").convert(mode) if mode == "I;16" else PICTURE.convert(mode)
    header = read(saved(picture, kind, **options))
    assert (header.kind, header.width, header.height) == (kind, 53, 37)
    assert (header.per_pixel, header.bits) == (per_pixel, bits)
    assert (header.scans, header.orientation, header.inverted, header.signed) == (1, 1, False, False)


@pytest.mark.parametrize("size", [(300, 1000), (16384, 1), (256, 257)])
@pytest.mark.parametrize(("kind", "options"), [("WEBP", {}), ("WEBP", {"lossless": True}), ("WEBP", {"exif": b"Exif\0\0II*\0"}),
                                               ("GIF", {}), ("BMP", {}), ("PNG", {}), ("JPEG", {}), ("TIFF", {})])  # fmt: skip
def test_sides_of_more_than_a_byte(size, kind, options) -> None:
    size = (min(size[0], 16383), size[1])
    header = read(saved(Image.new("RGB", size), kind, **options))
    assert (header.width, header.height) == size


@pytest.mark.parametrize(("subsampling", "whole"), [(0, 6.0), (1, 4.0), (2, 3.0)])
def test_progressive_jpegs_keep_their_coefficients_and_count_their_scans(subsampling, whole) -> None:
    plain = read(saved(PICTURE, "JPEG", subsampling=subsampling))
    assert (plain.words, plain.scales, plain.whole, plain.scans) == ("JPEG", True, 0.1, 1)
    data = saved(PICTURE, "JPEG", subsampling=subsampling, progressive=True)
    kept = read(data)
    assert (kept.words, kept.scales, kept.whole) == ("progressive JPEG", True, whole)
    assert kept.scans == data.count(b"\xff\xda")
    grey = read(saved(PICTURE.convert("L"), "JPEG", progressive=True))
    assert (grey.whole, grey.per_pixel) == (2.0, 1)


def test_a_jpeg_of_too_many_scans_is_refused_at_the_limit() -> None:
    data = saved(PICTURE, "JPEG", progressive=True)
    last, count = data.rfind(b"\xff\xda"), data.count(b"\xff\xda")
    full = data[:-2] + data[last:-2] * (MAX_SCANS - count) + data[-2:]
    assert read(full).scans == MAX_SCANS
    with pytest.raises(ImageError, match="more than 100 scans"):
        read(full[:-2] + data[last:])


def tiff(tags: dict[int, tuple[int, int]], order: str = "<", big: bool = False, body: bytes = bytes(4000)) -> bytes:
    """A TIFF header with these tags, {number: (kind, value)}; kind 3 is 16 bits, 4 is 32."""
    letters = {3: "H", 4: "I"}
    if big:
        data = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(order + "HHQQ", 8, 0, 16, len(tags))
        for tag, (kind, value) in tags.items():
            data += struct.pack(order + "HHQ", tag, kind, 1) + struct.pack(order + letters[kind], value).ljust(8, b"\0")
    else:
        data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
        for tag, (kind, value) in tags.items():
            data += struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + letters[kind], value).ljust(4, b"\0")
    return data + bytes(8) + body


PLAIN = {256: (3, 70), 257: (4, 90), 258: (3, 16), 262: (3, 1)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_tags_in_either_order_and_size(order, big) -> None:
    header = read(tiff(PLAIN | {274: (3, 6), 339: (3, 2), 262: (3, 0)}, order, big))
    assert (header.width, header.height, header.bits) == (70, 90, 16)
    assert (header.orientation, header.signed, header.inverted, header.per_pixel) == (6, True, True, 4)
    data = tiff(PLAIN | {274: (3, 6)}, order, big)
    upright = describe(data, read(data)).stream
    assert read(upright).orientation == 1
    assert sum(a != b for a, b in zip(data, upright, strict=True)) == 1
    header = read(tiff(PLAIN, order, big))
    assert (header.per_pixel, header.fixed, header.words, header.orientation) == (2, 0, "16-bit TIFF", 1)


@pytest.mark.parametrize(
    ("tags", "fixed"),
    [
        ({259: (3, 32773)}, 0),  # packed by bytes: read row by row
        ({259: (3, 5)}, 70 * 90 * 2),  # LZW: a strip at a time, here all rows
        ({259: (3, 5), 278: (3, 8)}, 70 * 8 * 2),
        ({259: (3, 5), 278: (3, 800)}, 70 * 90 * 2),
        ({322: (3, 32), 323: (3, 48)}, 32 * 48 * 2),  # tiles
        ({259: (3, 5), 277: (3, 3), 258: (3, 8)}, 70 * 90 * 3),
        ({259: (3, 7), 262: (3, 6), 277: (3, 3), 258: (3, 8)}, 70 * 90 * 4),
        ({259: (3, 5), 258: (3, 1)}, 70 * 90),
    ],
)
def test_what_a_packed_tiff_holds_at_once(tags, fixed) -> None:
    assert read(tiff(PLAIN | tags)).fixed == fixed


def test_other_bit_maps() -> None:
    old = b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 300, 20, 1, 24)
    assert (read(old + bytes(40)).width, read(old + bytes(40)).height) == (300, 20)
    for packed, words, per_pixel in ((0, "BMP", 1), (1, "packed BMP", 4), (2, "packed BMP", 4), (3, "BMP", 1)):
        header = read(b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 31, -20, 1, 8, packed) + bytes(40))
        assert (header.width, header.height, header.words, header.per_pixel) == (31, 20, words, per_pixel)


@pytest.mark.parametrize(("subsampling", "planes"), [("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5), ("4:0:0", 1)])
def test_avif_planes(subsampling, planes) -> None:
    clear = PICTURE.convert("RGBA")
    clear.putalpha(90)
    for picture, more in ((PICTURE, 0), (clear, 1)):
        header = read(saved(picture, "AVIF", subsampling=subsampling))
        assert (header.kind, header.width, header.height) == ("AVIF", 53, 37)
        assert header.per_pixel == 9 + 2 * (planes + more)
    data = bytearray(saved(PICTURE, "AVIF", subsampling=subsampling))
    at = data.find(b"av1C") + 6
    plain = data[at] & 0xBC  # without the bit of more than 8 bits, and where chroma lies
    for place in range(4):
        for deep in (0, 0x40):
            data[at] = plain | place | deep
            assert read(bytes(data)).per_pixel == 9 + 2 * planes * (2 if deep else 1)


def test_metadata_is_read_and_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    exif[0x010E] = "a long description " * 50
    for kind in ("PNG", "JPEG"):
        data = saved(PICTURE, kind, exif=exif, icc_profile=b"p" * 300)
        told = describe(data, read(data))
        assert told.profile == b"p" * 300
        assert orientation(told.exif) == 8
        assert len(told.stream) < len(data) - 1000
        plain = Image.open(io.BytesIO(told.stream))
        assert np.array_equal(np.asarray(plain), np.asarray(Image.open(io.BytesIO(data))))
        assert not plain.getexif()
        assert "icc_profile" not in plain.info
    cmyk = saved(PICTURE.convert("CMYK"), "JPEG")  # its Adobe segment says that it is inverted
    assert b"Adobe" in describe(cmyk, read(cmyk)).stream
    animated = saved(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)], comment=b"words " * 30, loop=0)
    told = describe(animated, read(animated))
    assert b"words" not in told.stream
    assert b"NETSCAPE" not in told.stream
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(told.stream)).convert("RGB")),
                          np.asarray(Image.open(io.BytesIO(animated)).convert("RGB")))  # fmt: skip


@pytest.mark.parametrize("turn", range(10))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientations_that_there_are(turn, order) -> None:
    exif = tiff({271: (3, 4), 274: (3, turn)}, order, body=b"")
    expected = turn if 1 <= turn <= 8 else 1
    assert orientation(exif) == orientation(b"Exif\0\0" + exif) == expected
    assert orientation(exif[:20]) == 1
    assert orientation(b"") == 1


def test_sizes_at_the_limit() -> None:
    check_size(1, 1)
    check_size(8000, 8000)
    assert MAX_PIXELS == 8000 * 8000
    with pytest.raises(ImageError, match=r"64 megapixels \(8000 x 8001\); at most 64 are accepted: shrink it first"):
        check_size(8000, 8001)
    for wrong in ((0, 5), (5, 0)):
        with pytest.raises(ImageError, match="no pixels"):
            check_size(*wrong)
    assert "at most 12 are accepted for a WebP" in str(too_large(4000, 4000, 12.9e6, "a WebP"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_a_header_that_is_cut_off_is_damaged_or_no_image(kind) -> None:
    data = saved(PICTURE, kind)
    for length in (3, 8) if kind == "GIF" else (3, 8, 12, 17):
        with pytest.raises(ImageError, match=r"\.$"):
            read(data[:length])


def test_a_profile_in_several_segments() -> None:
    profile = np.random.default_rng(3).bytes(150_000)
    data = saved(PICTURE, "JPEG", icc_profile=profile)
    assert data.count(b"ICC_PROFILE") == 3
    assert describe(data, read(data)).profile == profile


@pytest.mark.parametrize(
    "part",
    [
        b"\xff\x01",  # TEM and a second start stand alone
        b"\xff\xd8",
        b"\xff\x02\0\x0b\xff\xc0\0\x05\x08\0\x01\0\x01",  # all others have a length, and what they hold is skipped
        b"\xff\xc4\0\x0b\xff\xc0\0\x05\x08\0\x01\0\x01",
        b"\xff\xc8\0\x07\x08\0\x01\0\x01",  # JPG, DHT and DAC begin no frame
        b"\xff\xcc\0\x07\x08\0\x01\0\x01",
        b"\xff\xff\xff",  # filling
    ],
)  # T.81, table B.1
def test_markers_before_the_frame_are_passed_by(part) -> None:
    data = saved(PICTURE, "JPEG")
    header = read(data[:2] + part + data[2:])
    assert (header.width, header.height, header.scans) == (53, 37, 1)
