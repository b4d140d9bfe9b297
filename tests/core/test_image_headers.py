"""What headers promise, for files that Pillow writes and for files written by hand; sides always differ."""

import io
import struct
import zlib

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


def png_head(width: int, height: int, bits: int, colour: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)


@pytest.mark.parametrize(
    ("colour", "bits", "words", "per_pixel", "decoding"),
    [
        (0, 1, "grey PNG", 1, 0), (0, 8, "grey PNG", 1, 0), (0, 16, "16-bit grey PNG", 2, 0), (2, 8, "PNG in colour", 4, 0),
        (2, 16, "16-bit PNG in colour", 4, 7), (3, 4, "PNG with a palette", 1, 0), (3, 8, "PNG with a palette", 1, 0),
        (4, 8, "PNG in colour", 4, 0), (4, 16, "16-bit PNG in colour", 4, 7), (6, 8, "PNG in colour", 4, 0),
    ],
)  # fmt: skip
def test_every_kind_of_png(colour, bits, words, per_pixel, decoding) -> None:
    header = read(png_head(300, 20, bits, colour))
    assert (header.width, header.height, header.bits, header.words) == (300, 20, bits, words)
    assert (header.per_pixel, header.decoding, header.scales, header.whole) == (per_pixel, decoding, False, 0)
    with pytest.raises(ImageError, match="damaged"):
        read(png_head(300, 20, bits, colour).replace(b"IHDR", b"IDAT"))


@pytest.mark.parametrize("marker", range(0xC0, 0xD0))
def test_every_kind_of_jpeg_frame(marker) -> None:
    """T.81, table B.1: of each four, the third is progressive; three of sixteen begin no frame."""
    data = saved(PICTURE, "JPEG", subsampling=0)
    at = data.index(b"\xff\xc0")
    data = data[: at + 1] + bytes([marker]) + data[at + 2 :]
    if marker in (0xC4, 0xC8, 0xCC):
        with pytest.raises(ImageError, match="damaged"):
            read(data)
        return
    header = read(data)
    assert (header.width, header.height) == (53, 37)
    progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
    assert (header.words, header.whole) == (("progressive JPEG", 6.0) if progressive else ("JPEG", 0.1))


def test_jpegs_that_keep_more_or_say_odd_things() -> None:
    data = bytearray(saved(PICTURE, "JPEG", subsampling=1))
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for said, kept in ((1, True), (2, True), (3, False)):  # a scan of fewer components keeps what others bring
        data[scan + 4] = said
        assert read(bytes(data)).whole == (4.0 if kept else 0.1)
    assert read(bytes(data[:-2]) + b"\xff\xd9" + data[scan:]).scans == 1  # nothing counts behind the end
    assert read(bytes(data[:-2]) + bytes(data[scan:])).scans == 2
    assert read(bytes(data[:-2]) + b"\xff\xfe").scans == 1  # a marker whose length is cut off
    for at in range(frame + 11, frame + 19, 3):
        data[at] = 0
    assert read(bytes(data)).whole == 0.1  # sampling of nothing divides by nothing
    data[frame + 9] = 0
    assert read(bytes(data)).per_pixel == 4
    many = saved(PICTURE, "JPEG")
    room = 10_000 - sum(many[at] == 0xFF and many[at + 1] not in (0, 0xD9) for at in range(2, len(many) - 1))
    full = many[:2] + b"\xff\xe5\0\2" * room + many[2:]
    assert read(full).scans == 1
    with pytest.raises(ImageError, match="damaged"):
        read(full[:2] + b"\xff\xe5\0\2" + full[2:])


def test_bits_beside_the_size_of_a_webp() -> None:
    for options, places in (({}, (27, 29)), ({"lossless": True}, (24,))):
        data = bytearray(saved(PICTURE, "WEBP", **options))
        for at in places:
            data[at] |= 0xF0 if options else 0xC0  # how it is to be enlarged; alpha and version
        header = read(bytes(data))
        assert (header.width, header.height, header.per_pixel, header.decoding) == (53, 37, 4, 12.5)
    with pytest.raises(ImageError, match="damaged"):
        read(bytes(data).replace(b"VP8L", b"VP8Y"))


def test_bit_maps_of_more_than_a_byte_a_pixel() -> None:
    for bits, per_pixel in ((1, 1), (4, 1), (8, 1), (16, 4), (24, 4), (32, 4)):
        for head in (struct.pack("<IHHHH", 12, 31, 20, 1, bits), struct.pack("<IiiHHI", 40, 31, -20, 1, bits, 0)):
            header = read(b"BM" + bytes(12) + head + bytes(40))
            assert (header.width, header.height, header.per_pixel) == (31, 20, per_pixel)


def test_a_tiff_that_says_little_is_black_and_white_where_0_is_white() -> None:
    header = read(tiff({256: (3, 70), 257: (4, 90)}))
    assert (header.bits, header.inverted, header.signed, header.per_pixel, header.fixed) == (1, True, False, 1, 0)
    assert (header.words, header.orientation) == ("1-bit TIFF", 1)
    for bits, form, per_pixel in ((8, 1, 1), (9, 1, 2), (16, 1, 2), (16, 2, 4), (16, 3, 2), (17, 1, 4), (32, 3, 4)):
        assert read(tiff(PLAIN | {258: (3, bits), 339: (3, form)})).per_pixel == per_pixel
    for samples, per_pixel, words in ((1, 2, "16-bit TIFF"), (2, 4, "TIFF in colour"), (4, 4, "TIFF in colour")):
        header = read(tiff(PLAIN | {277: (3, samples)}))
        assert (header.per_pixel, header.words) == (per_pixel, words)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_that_lie_elsewhere_or_are_of_other_kinds(order) -> None:
    """BitsPerSample of three samples stands behind the directory; a tag of a kind without whole numbers is passed by."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 4)
    at = 8 + 2 + 4 * 12
    entries = struct.pack(order + "HHIHxx", 256, 3, 1, 70) + struct.pack(order + "HHIBxxx", 257, 1, 1, 90)
    entries += struct.pack(order + "HHII", 258, 3, 3, at) + struct.pack(order + "HHII", 274, 2, 1, 6)
    data = head + entries + struct.pack(order + "3H", 8, 8, 8)
    header = read(data)
    assert (header.width, header.height, header.bits, header.words) == (70, 90, 8, "TIFF in colour")
    assert header.orientation == 1
    assert read(data[:-1]).words == "1-bit TIFF"  # what is cut off says nothing
    nine = (
        head
        + entries.replace(struct.pack(order + "HHI", 258, 3, 3), struct.pack(order + "HHI", 258, 3, 9))
        + struct.pack(order + "9H", *[8] * 9)
    )
    packed = nine.replace(struct.pack(order + "HHII", 274, 2, 1, 6), struct.pack(order + "HHIHxx", 259, 3, 1, 5))
    assert read(packed).fixed == 70 * 90 * 8  # eight numbers of a tag are read
    big = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(order + "HHQQ", 8, 0, 16, 2)
    big += struct.pack(order + "HHQQ", 256, 16, 1, 70) + struct.pack(order + "HHQI4x", 257, 4, 1, 90)
    assert (read(big).width, read(big).height) == (70, 90)  # its last tag ends with the file


def test_of_endless_directories_the_first_4096_tags_are_read() -> None:
    def exif(before: int) -> bytes:
        filler = struct.pack("<HHIHxx", 300, 3, 1, 0) * before
        return b"II*\0" + struct.pack("<IH", 8, before + 1) + filler + struct.pack("<HHIHxx", 274, 3, 1, 6)

    assert [orientation(exif(before)) for before in (0, 4095, 4096)] == [6, 6, 1]


def test_an_avif_has_the_largest_of_its_sizes_and_deep_planes_where_it_says_nothing() -> None:
    def avif(*sizes: tuple[int, int], more: bytes = b"") -> bytes:
        parts = b"".join(b"ispe\0\0\0\0" + struct.pack(">II", *size) for size in sizes)
        return b"\0\0\0\x20ftypavif" + bytes(16) + parts + more

    header = read(avif((30, 20), (300, 10), (40, 50)))
    assert (header.width, header.height, header.per_pixel) == (300, 10, 9 + 2 * 3 * 2)
    assert read(avif((30, 20), more=b"av1C\x81\0\x1c")).per_pixel == 9 + 2 * 1
    assert read(avif((30, 20), more=b"av1C\x81\0\x0c:alpha")).per_pixel == 9 + 2 * (1.5 + 1)
    with pytest.raises(ImageError, match="not an image that can be read"):
        read(avif())


@pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE, 0xDB, 0xC4, 0xDD])
def test_of_a_jpeg_s_segments_the_decoder_sees_what_it_needs(marker) -> None:
    data = saved(PICTURE, "JPEG")
    part = bytes([0xFF, marker]) + b"\0\x0cwords here"
    told = describe(data[:2] + part + data[2:], read(data))
    kept = marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)
    assert told.stream == (data[:2] + part * kept + data[2:])
    assert (told.profile, told.exif) == (None, b"")


def test_profiles_and_exif_of_a_jpeg_are_put_together_in_their_order() -> None:
    data = saved(PICTURE, "JPEG")

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    parts = [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number, 3]) + letters)
        for number, letters in ((3, b"ef"), (1, b"a"), (2, b"bcd"))
    ]
    empty = segment(0xE2, b"ICC_PROFILE\0\x04\x03")
    told = describe(
        data[:2] + b"".join(parts) + empty + segment(0xE1, b"Exif\0\0one") + segment(0xE1, b"Exif\0\0two") + data[2:],
        read(data),
    )
    assert (told.profile, told.exif, told.stream) == (b"abcdef", b"onetwo", data)
    assert (
        describe(
            data[:2] + segment(0xE2, b"Exif\0\0one") + segment(0xE1, b"ICC_PROFILE\0\1\1abc") + data[2:], read(data)
        ).exif
        == b""
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + bytes(4)


@pytest.mark.parametrize("palette", [True, False])
def test_of_a_png_s_chunks_the_decoder_sees_what_it_needs(palette) -> None:
    head = png_head(3, 2, 8, 3 if palette else 2) + bytes(4)
    pixels, end = chunk(b"PLTE", b"123") + chunk(b"IDAT", b"45"), chunk(b"IEND", b"")
    clear = chunk(b"tRNS", b"\0\1\0\2\0\3")
    more = chunk(b"eXIf", b"e" * 1_000_009) + chunk(b"gAMA", struct.pack(">I", 50_000)) + chunk(b"tEXt", b"words")
    told = describe(head + more + clear + pixels + end + chunk(b"IDAT", b"behind"), read(head))
    assert told.stream == head + clear * palette + pixels + end
    assert (told.clear, told.gamma, told.exif) == (None if palette else (1, 2, 3), 0.5, b"e" * 1_000_000)
    grey = describe(head + chunk(b"tRNS", b"\0\x07") + chunk(b"gAMA", b"123") + end, read(head))
    assert (grey.clear, grey.gamma, grey.profile) == (None if palette else (7,), None, None)
    assert describe(head + chunk(b"tRNS", b"123") + end, read(head)).clear is None
    for name, body in ((b"sRGB", b"\0"), (b"iCCP", b"name\0\0" + zlib.compress(b"profile"))):
        told = describe(head + more + chunk(name, body) + end, read(head))
        assert (told.gamma, told.profile) == (None, b"profile" if name == b"iCCP" else None)
    for broken in (
        b"name\0\0nonsense",
        b"name\0\0" + zlib.compress(b"profile")[:-3],
        b"name\0\0" + zlib.compress(bytes(4_000_001)),
    ):
        told = describe(head + more + chunk(b"iCCP", broken) + end, read(head))
        assert (told.profile, told.gamma) == (None, 0.5)


def test_a_gif_is_cut_before_what_is_no_picture_and_its_control_stays() -> None:
    for flags, colours in ((0x00, b""), (0x80, b"c" * 6), (0x87, b"c" * 768)):
        head = b"GIF89a" + struct.pack("<HHBBB", 30, 20, flags, 0, 0) + colours
        first, control, picture = b"!\xf9\x04abcd\0", b"!\xf9\x04efgh\0", b",picture"
        words, loop = b"!\xfe\x03abc\x02de\0", b"!\xff\x0bNETSCAPE2.0\x03\1\0\0\0"
        told = describe(head + words + first + loop + control + words + picture, read(head))
        assert told.stream == head + control + picture
        with pytest.raises(ImageError, match="damaged"):
            describe(head + words, read(head))
