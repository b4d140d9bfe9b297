"""What the first bytes of an image file promise, read before anything is decoded: its kind, its size, and what decoding will hold.

Only what decodes pixels is handed on: texts, thumbnails and other metadata are left out, whatever their size. The standard
library is all it needs, and each loop is bounded, so that the largest file is read in milliseconds.
"""

import re
import struct
import zlib
from dataclasses import dataclass, replace

MAX_PIXELS = 64_000_000
MAX_SCANS = 100  # of one JPEG; cameras and programs write 1 to 20
MAX_SEGMENTS = 10_000
MAX_PROFILE = 4_000_000  # bytes of a colour profile; larger ones are ignored
ACCEPTED = "PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF"

DAMAGED = "The image file is damaged or cut off: save or download it again."
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of a JPEG: neither a stuffed byte, nor filling, nor a restart


class ImageError(ValueError):
    """A file that cannot be used as an image; the message is one sentence for the person who chose it."""


@dataclass(frozen=True)
class Header:
    """What a file says about itself.

    Attributes:
        kind: as Pillow calls it.
        words: the same for a reader, as exact as its limit needs.
        width, height: pixels, before the picture is turned upright.
        per_pixel: bytes that each of them takes once it is decoded.
        decoding: bytes that each takes while the file is decoded, if these are more.
        fixed: bytes that it holds besides.
        scales: whether the decoder itself can shrink, so that only 1 / 4 to 1 / 64 of `per_pixel` is held.
        whole: bytes for each pixel at full size even then.
        bits: of one sample. signed: whether samples may be negative. inverted: whether 0 is white.
        scans: how often a JPEG goes over its picture.
        orientation: of a TIFF, as EXIF counts, 1 to 8. orientation_at: where it stands.
    """

    kind: str
    words: str
    width: int
    height: int
    per_pixel: float
    fixed: int = 0
    scales: bool = False
    whole: float = 0.0
    bits: int = 8
    signed: bool = False
    inverted: bool = False
    decoding: float = 0.0
    scans: int = 1
    orientation: int = 1
    orientation_at: int = 0


@dataclass(frozen=True)
class Described:
    """A stream that holds pixels only, and what its metadata said about them."""

    stream: bytes
    profile: bytes | None = None
    exif: bytes = b""
    gamma: float | None = None
    clear: tuple[int, ...] | None = None


def read(data: bytes) -> Header:
    """Read the header of an image file.

    Args:
        data: the file's bytes.

    Returns:
        What it promises; it may still lie, so the size is compared again when the file is opened.

    Raises:
        ImageError: the bytes begin like no accepted format, or its header is cut off, or it has too many pixels or scans.

    Source: the specifications of the formats: W3C PNG, ITU-T T.81, RFC 9649, GIF89a, TIFF 6.0, ISO/IEC 23008-12.

    >>> gif = b"GIF89a" + bytes([3, 0, 2, 0]) + bytes(9)
    >>> header = read(gif); header.kind, header.width, header.height
    ('GIF', 3, 2)
    """
    try:
        header = _read(data)
    except (struct.error, IndexError, KeyError, OverflowError):
        raise ImageError(DAMAGED) from None
    check_size(header.width, header.height)
    if header.scans > MAX_SCANS:
        raise ImageError(
            f"The JPEG has more than {MAX_SCANS} scans and would take too long: save it again as a plain JPEG."
        )
    return header


def check_size(width: int, height: int) -> None:
    """Raise ImageError where a picture has no pixels, or more than any format may have."""
    if width < 1 or height < 1:
        raise ImageError("The image has no pixels: choose another one.")
    if width * height > MAX_PIXELS:
        raise too_large(width, height, MAX_PIXELS, "")


def too_large(width: int, height: int, most: float, words: str) -> ImageError:
    """The error for more pixels than `most`; words name the kind of file that this limit is for."""
    kind = f" for {words}" if words else ""
    return ImageError(
        f"The image has {width * height / 1e6:.0f} megapixels ({width} x {height}); "
        f"at most {int(most / 1e6)} are accepted{kind}: shrink it first."
    )


def _read(data: bytes) -> Header:
    start = bytes(data[:16])
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if start.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(data)
    if start[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", data, 6)
        return Header("GIF", "GIF", width, height, 2)
    if start[:2] == b"BM":
        return _bmp(data)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0"):
        return _tiff(data)
    if start[4:8] == b"ftyp":
        return _avif(data)
    raise ImageError(f"This file is not an image that can be read: {ACCEPTED} are accepted.")


def _png(data: bytes) -> Header:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise ImageError(DAMAGED)
    if colour in (0, 3):
        grey = "16-bit grey PNG" if bits == 16 else "grey PNG" if colour == 0 else "PNG with a palette"
        return Header("PNG", grey, width, height, 2 if bits == 16 else 1, bits=bits)
    if bits == 16:
        return Header(
            "PNG", "16-bit PNG in colour", width, height, 4, decoding=7, bits=bits
        )  # 7 for its time, not its memory
    return Header("PNG", "PNG in colour", width, height, 4, bits=bits)


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """(marker, where it starts, where it ends) of a JPEG's segments up to its end, scans' pixels left out."""
    found, at = list[tuple[int, int, int]](), 2
    while match := _MARKER.search(data, at):
        marker, at = match[0][1], match.end()
        if marker == 0xD9 or at + 2 > len(data):
            break
        if marker not in (0x01, 0xD8):
            at += max(2, struct.unpack_from(">H", data, at)[0])
        found.append((marker, match.start(), at))
        if len(found) > MAX_SEGMENTS:
            raise ImageError(DAMAGED)
    return found


def _jpeg(data: bytes) -> Header:
    segments = _segments(data)
    frames = [(m, a) for m, a, _ in segments if 0xC0 <= m <= 0xCF and m not in (0xC4, 0xC8, 0xCC)]
    scans = [at for marker, at, _ in segments if marker == 0xDA]
    if not frames or not scans:
        raise ImageError(DAMAGED)
    marker, at = frames[0]
    height, width, count = struct.unpack_from(">HHB", data, at + 5)
    sampling = [(b >> 4, b & 15) for b in data[at + 11 : at + 10 + 3 * count : 3]]
    across, down = (max((s[axis] for s in sampling), default=1) or 1 for axis in (0, 1))
    coefficients = 2 * sum(h * v for h, v in sampling) / (across * down)  # bytes, where they are kept for further scans
    kept = marker & 3 == 2 or data[scans[0] + 4] < count
    words = "progressive JPEG" if kept else "JPEG"
    return Header("JPEG", words, width, height, 1 if count == 1 else 4, scales=True, whole=coefficients if kept else 0.1,
                  scans=len(scans))  # fmt: skip


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        (both,) = struct.unpack_from("<I", data, 21)
        width, height = (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    else:
        raise ImageError(DAMAGED)
    return Header("WEBP", "WebP", width, height, 4, decoding=12.5)  # two canvases and a copy


def _bmp(data: bytes) -> Header:
    (length,) = struct.unpack_from("<I", data, 14)
    if length == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packed = 0
    else:
        width, height, _, bits, packed = struct.unpack_from("<iiHHI", data, 18)
    run_length = packed in (1, 2)
    return Header(
        "BMP", "packed BMP" if run_length else "BMP", abs(width), abs(height), 4 if run_length or bits > 8 else 1
    )


_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}


def _directory(data: bytes, at: int = 0) -> dict[int, tuple[list[int], int]]:
    """(up to 8 whole numbers, where they stand) of each tag of the first directory of TIFF data that starts at `at`."""
    order = "<" if data[at : at + 1] == b"I" else ">"
    big = 43 in data[at + 2 : at + 4]
    if big:
        (first,) = struct.unpack_from(order + "Q", data, at + 8)
        (count,) = struct.unpack_from(order + "Q", data, at + first)
    else:
        (first,) = struct.unpack_from(order + "I", data, at + 4)
        (count,) = struct.unpack_from(order + "H", data, at + first)
    tags, place, step, room = (
        dict[int, tuple[list[int], int]](),
        at + first + (8 if big else 2),
        20 if big else 12,
        8 if big else 4,
    )
    for entry in range(place, place + step * min(count, 4096), step):
        if entry + step > len(data):
            break
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        (length,) = struct.unpack_from(order + ("Q" if big else "I"), data, entry + 4)
        size = _SIZES.get(kind)
        if size is None:
            continue
        where = entry + step - room
        if size * length > room:
            where = at + struct.unpack_from(order + ("Q" if big else "I"), data, where)[0]
        length = min(length, 8)
        if where + size * length <= len(data):
            letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
            tags[tag] = list(struct.unpack_from(f"{order}{length}{letter}", data, where)), where
    return tags


def _tiff(data: bytes) -> Header:
    tags = _directory(data)

    def number(tag: int, default: int) -> int:
        values = tags.get(tag, ([], 0))[0]
        return values[0] if values else default

    width, height = number(256, 0), number(257, 0)
    bits, form, photometric = number(258, 1), number(339, 1), number(262, 0)
    samples = max(number(277, 1), len(tags.get(258, ([1], 0))[0]))
    packed = number(259, 1) not in (1, 32773)
    signed = form == 2
    if samples > 1:
        per_pixel, words = 4, "TIFF in colour"
    else:
        per_pixel = 1 if bits <= 8 else 2 if bits <= 16 and not signed else 4
        words = f"{bits}-bit TIFF"
    across, down = number(322, width), number(323, min(number(278, height), height))  # of a tile, or of a strip
    piece = (
        across * down * max(4 if photometric == 6 else 0, samples * max(bits, 8) / 8) if packed or 322 in tags else 0
    )
    orientation, where = tags.get(274, ([1], 0))
    return Header("TIFF", words, width, height, per_pixel, fixed=int(piece), bits=bits, signed=signed,
                  inverted=photometric == 0, orientation=orientation[0] if orientation else 1, orientation_at=where)  # fmt: skip


def _avif(data: bytes) -> Header:
    sizes, at = [], 0
    for _ in range(64):
        at = data.find(b"ispe", at, 1_000_000) + 4
        if at < 4:
            break
        sizes.append(struct.unpack_from(">II", data, at + 4))
    if not sizes:
        raise ImageError(f"This file is not an image that can be read: {ACCEPTED} are accepted.")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    at = data.find(b"av1C", 0, 1_000_000)
    flags = data[at + 6] if at >= 0 else 0x40
    samples = 1 if flags & 16 else 3 if not flags & 8 else 2 if not flags & 4 else 1.5
    planes = (samples + (b":alpha" in data)) * (2 if flags & 0x40 else 1)
    return Header(
        "AVIF", "AVIF", width, height, 9 + 2 * planes
    )  # planes twice, since a grid copies them; RGBA and its copy


def orientation(exif: bytes) -> int:
    """The orientation that EXIF data gives, 1 to 8; 1 where it gives none that can be read.

    Args:
        exif: with or without the six bytes that open it in a JPEG.

    Returns:
        1: upright; 3: upside down; 6 and 8: lying on a side; even numbers up to 4, 5 and 7: mirrored.

    Source: CIPA DC-008 (Exif 2.32), tag 274.

    >>> orientation(b"II*\\0\\x08\\0\\0\\0\\x01\\0\\x12\\x01\\x03\\0\\x01\\0\\0\\0\\x06\\0\\0\\0")
    6
    """
    try:
        found = _directory(exif, 6 if exif.startswith(b"Exif\0\0") else 0).get(274, ([1], 0))[0]
    except (struct.error, IndexError, OverflowError):
        return 1
    return found[0] if found and found[0] in range(1, 9) else 1


def describe(data: bytes, header: Header) -> Described:
    """The stream without its metadata, and what the metadata says about the pixels.

    Args:
        data: the file's bytes.
        header: what `read` found in them.

    Returns:
        For PNG, JPEG and GIF what decodes the first picture and nothing else; for the others the bytes as they are.

    Raises:
        ImageError: the file is cut off.

    >>> gif = b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0]) + b"!\\xfe\\x03abc\\0" + b",rest"
    >>> describe(gif, read(gif)).stream[-5:]
    b',rest'
    """
    try:
        if header.kind == "PNG":
            return _describe_png(data)
        if header.kind == "JPEG":
            return _describe_jpeg(data)
        if header.kind == "GIF":
            return Described(_first_picture(data))
        if header.kind == "TIFF" and header.orientation != 1:
            # it is turned once it is small
            order = "<H" if data[:1] == b"I" else ">H"
            at = header.orientation_at
            return Described(b"".join([data[:at], struct.pack(order, 1), data[at + 2 :]]))
    except (struct.error, IndexError):
        raise ImageError(DAMAGED) from None
    return Described(data)


def _describe_png(data: bytes) -> Described:
    parts, at = [data[:8]], 8
    described, plain_srgb = Described(b""), False
    palette = data[25] == 3
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if name in (b"IHDR", b"PLTE", b"IDAT", b"IEND") or (name == b"tRNS" and palette):
            parts.append(data[at:end])
        elif name == b"tRNS" and length in (2, 6):
            described = replace(described, clear=struct.unpack_from(f">{length // 2}H", data, at + 8))
        elif name == b"eXIf":
            described = replace(described, exif=data[at + 8 : at + 8 + min(length, 1_000_000)])
        elif name == b"gAMA" and length == 4:
            described = replace(described, gamma=struct.unpack_from(">I", data, at + 8)[0] / 1e5)
        elif name == b"sRGB":
            plain_srgb = True
        elif name == b"iCCP":
            body = data[at + 8 : at + 8 + length]
            described = replace(described, profile=_inflate(body[body.find(b"\0") + 2 :]))
        if name == b"IEND":
            break
        at = end
    if plain_srgb or described.profile:
        described = replace(described, gamma=None)
    return replace(described, stream=b"".join(parts))


def _inflate(packed: bytes) -> bytes | None:
    """A packed colour profile; None if it is damaged or too large to be one."""
    try:
        unpacker = zlib.decompressobj()
        profile = unpacker.decompress(packed, MAX_PROFILE)
    except zlib.error:
        return None
    return profile if unpacker.eof else None


def _describe_jpeg(data: bytes) -> Described:
    parts, exif, profiles = [b"\xff\xd8"], list[bytes](), dict[int, bytes]()
    for marker, at, end in _segments(data):
        body = data[at + 4 : end]
        if marker == 0xDA:
            parts.append(data[at:])
            break
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif.append(body[6:])
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
            profiles[body[12]] = body[14:]
        if marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.append(data[at:end])  # the tables, and the two segments that say what the channels are
    profile = b"".join(profiles[number] for number in sorted(profiles))
    return Described(b"".join(parts), profile or None, b"".join(exif))


def _first_picture(data: bytes) -> bytes:
    """A GIF without its comments and loops, from its header through its first picture."""
    colours = 3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    at = 13 + colours
    control = b""
    while data[at] == 0x21:
        begin, at = at, at + 2
        while data[at]:
            at += 1 + data[at]
        at += 1
        if data[begin + 1] == 0xF9:
            control = data[begin:at]
    return b"".join([data[: 13 + colours], control, data[at:]])
