"""Bytes into an array and back: the only file that knows Pillow, and the only places where pixels are uint8."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from cnn_core import image_worker
from cnn_core.arguments import Array, float_array, whole_number
from cnn_core.image_headers import (
    ACCEPTED,
    DAMAGED,
    Described,
    Header,
    ImageError,
    check_size,
    describe,
    orientation,
    read,
    too_large,
)

Bytes = NDArray[np.uint8]
Flatten = Callable[[Image.Image], Image.Image]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_BYTES = 20_000_000
MAX_COST = 220_000_000  # bytes that decoding one file may hold at once
SMALL_BYTES, SMALL_PIXELS, SMALL_SCANS = 1_000_000, 1 << 20, 20  # up to here a file is decoded where it is
MAX_FRAME_PIXELS = 1 << 20
STRIP = 1 << 18  # pixels that are converted at a time
GAP = 1.5  # plain means come first, as long as the picture stays so much larger than it is to become

__all__ = ["ACCEPTED", "FORMATS", "ImageError", "cost", "decode_frame", "decode_image", "decode_pixels", "encode_jpeg",
           "encode_png", "resize", "to_bytes", "to_grey"]  # fmt: skip

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # broken tags of readable files
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by ImageError
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# What Pillow's decoders raise on damaged files, found by cutting and flipping bytes of every format.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError,
            NotImplementedError, AssertionError, RuntimeError, struct.error, zlib.error)  # fmt: skip


def decode_image(data: bytes, max_side: int = 1024) -> Array:
    """Decode a photo to sRGB: upright, on white where transparent, first frame of an animation.

    What it will hold is known from the header before anything is decoded. Larger files, and kinds whose headers promise
    little, are decoded in a process of their own with limits of memory and time.

    Args:
        data: the file's bytes, at most 20 MB, in one of FORMATS.
        max_side: longer side of the result in pixels; larger images are shrunk, smaller ones stay.

    Returns:
        (3, H, W) float32 in [0, 1].

    Raises:
        ImageError: the bytes are no image that can be read, or it is too large or takes too long; the message says what is
            accepted.
        ValueError: max_side is no whole number of at least 1.

    Source: ITU-R BT.601 for what JPEG holds, the files' own ICC profiles, CIPA DC-008 for the orientation.

    >>> decode_image(encode_png(np.ones((3, 2, 5)))).shape
    (3, 2, 5)
    """
    data, header = _checked(data, max_side)
    if _is_small(data, header) or not image_worker.can_start():
        height, width, pixels = decode_pixels(data, max_side)
    else:
        with image_worker.room(_cost(data, header, max_side)):
            height, width, pixels = image_worker.decode_apart(data, max_side)
    return _to_array(height, width, pixels)


def decode_frame(data: bytes, max_side: int = 320) -> Array:
    """Decode a picture of a live camera: a JPEG of at most a megapixel and 100 scans, at once and in bounded time.

    Args:
        data: the file's bytes.
        max_side: longer side of the result in pixels; larger pictures are shrunk, smaller ones stay.

    Returns:
        (3, H, W) float32 in [0, 1].

    Raises:
        ImageError: the bytes are no such picture.
        ValueError: max_side is no whole number of at least 1.

    Source: ITU-T T.81.

    >>> decode_frame(encode_jpeg(np.ones((3, 20, 50))), 25).shape
    (3, 10, 25)
    """
    data, header = _checked(data, max_side)
    if header.kind != "JPEG":
        raise ImageError("A camera picture must be a JPEG file.")
    if header.width * header.height > MAX_FRAME_PIXELS:
        raise ImageError(f"A camera picture may have at most a megapixel, not {header.width} x {header.height}.")
    return _to_array(*decode_pixels(data, max_side))


def cost(data: bytes, max_side: int = 1024) -> int:
    """Bytes that `decode_image` will hold at once, beside the file itself, as its header lets one expect.

    Args:
        data: the file's bytes.
        max_side: longer side of the result in pixels.

    Returns:
        Bytes, those of a process of its own included: what a caller reserves before it decodes. At most 220 million.

    Raises:
        ImageError: the file will be refused, so there is nothing to wait for.
        ValueError: max_side is no whole number of at least 1.

    Source: measured by `tests/soak_images.py` for each format and mode.

    >>> cost(encode_png(np.ones((3, 2, 5)))) < 1_000_000
    True
    """
    data, header = _checked(data, max_side)
    return _cost(data, header, max_side)


def _checked(data: bytes, max_side: int) -> tuple[bytes, Header]:
    """The bytes and what their header promises, once it is sure that they may be decoded."""
    whole_number("max_side", max_side, 1)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageError(
            f"data must be the bytes of an image file, got {str(data)[:40]!r}: "
            f"read the file first, as in open(path, 'rb').read()."
        )
    data = bytes(data)
    if not data:
        raise ImageError("The file is empty: choose another one.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are accepted.")
    header = read(data)
    if _cost(data, header, max_side) > MAX_COST:
        raise too_large(header.width, header.height, _most(data, header, max_side), f"a {header.words}")
    return data, header


def _most(data: bytes, header: Header, max_side: int) -> float:
    """Pixels, in whole millions, that such a file may have with these sides' ratio; a smaller one has no more bytes, either."""
    pixels = header.width * header.height
    for million in range(int(pixels / 1e6), 0, -1):
        scale = (million * 1e6 / pixels) ** 0.5
        smaller = replace(
            header, width=max(1, round(header.width * scale)), height=max(1, round(header.height * scale))
        )
        if _cost(data, smaller, max_side) <= MAX_COST:
            return million * 1e6
    return 0.0


def _is_small(data: bytes, header: Header) -> bool:
    """Whether decoding here is sure to be quick: TIFF and AVIF may hold more than their headers say."""
    return (
        header.kind not in ("TIFF", "AVIF")
        and header.width * header.height <= SMALL_PIXELS
        and len(data) <= SMALL_BYTES
        and header.scans <= SMALL_SCANS
    )


def _cost(data: bytes, header: Header, max_side: int) -> int:
    pixels = header.width * header.height
    apart = (
        0 if _is_small(data, header) else 36_000_000 + len(data)
    )  # Python with its libraries, and the file once more
    width, height = _target(header, max_side)
    strip = 50 * min(pixels, STRIP)
    return int(pixels * _per_pixel(header, max_side) + header.fixed + apart + strip + 16 * width * height)


def _per_pixel(header: Header, max_side: int) -> float:
    """Bytes that a pixel takes at the worse of two moments: while the file is decoded, or while the picture is shrunk."""
    ratio = max(header.width, header.height) / max_side
    scale = next(scale for scale in (8, 4, 2, 1) if scale <= ratio or scale == 1) if header.scales else 1
    canvas = 4 / max(1, int(ratio / scale / GAP)) ** 2
    return max(header.decoding, (header.per_pixel + canvas) / scale**2 + header.whole)


def _target(header: Header, max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(header.width, header.height))
    return max(1, round(header.width * scale)), max(1, round(header.height * scale))


def _to_array(height: int, width: int, pixels: bytes) -> Array:
    planes = np.frombuffer(pixels, np.uint8).reshape(height, width, 3).transpose(2, 0, 1)
    array = np.ascontiguousarray(planes, dtype=np.float32)  # (3, H, W)
    array /= np.float32(255)
    return array


def decode_pixels(data: bytes, max_side: int) -> tuple[int, int, bytes]:
    """Decode a file here and now, as `decode_image` does once it has decided where.

    Args:
        data: the file's bytes, whose header has been checked.
        max_side: longer side of the result in pixels.

    Returns:
        Height, width, and the pixels R, G, B, a byte each, row after row.

    Raises:
        ImageError: the file is damaged, or not what its header says.

    >>> decode_pixels(encode_png(np.ones((3, 1, 2))), 4)
    (1, 2, b'\xff\xff\xff\xff\xff\xff')
    """
    header = read(data)
    described = describe(data, header)
    del data
    try:
        with Image.open(io.BytesIO(described.stream), formats=(header.kind,)) as image:
            check_size(*image.size)
            if image.width * image.height > max(1.05 * header.width * header.height, SMALL_PIXELS / 8):
                raise ImageError(DAMAGED)  # more than its header promised
            picture = _upright(image, header, described, max_side)
            return picture.height, picture.width, picture.tobytes()
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(DAMAGED) from None
    except UnidentifiedImageError:
        raise ImageError(f"This file is not an image that can be read: {ACCEPTED} are accepted.") from None
    except MemoryError:
        raise ImageError(image_worker.TOO_LARGE) from None
    except _DAMAGED:
        raise ImageError(DAMAGED) from None


_TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
          8: Image.Transpose.ROTATE_90}  # fmt: skip


def _upright(image: Image.Image, header: Header, described: Described, max_side: int) -> Image.Image:
    """Decode, shrink to max_side, bring to sRGB, and turn as EXIF says."""
    width, height = image.size
    scale = min(1.0, max_side / max(width, height))
    target = max(1, round(width * scale)), max(1, round(height * scale))
    if header.scales:
        image.draft(None, target)  # decodes at 1/2, 1/4 or 1/8 size where that is enough
    profile = described.profile or image.info.get("icc_profile")
    turn = _TURNS.get(header.orientation if header.kind == "TIFF" else
                      orientation(described.exif or image.info.get("exif", b"")))  # fmt: skip
    loaded = _loaded(image)
    flatten, done = _flattener(loaded, header, described, profile)
    picture = _to_srgb(_shrink(loaded, target, flatten), None if done else profile)
    if described.gamma and 0.05 < described.gamma < 20 and abs(described.gamma * 2.2 - 1) > 0.05:
        picture = picture.point(_gamma_table(described.gamma) * 3)
    return picture if turn is None else picture.transpose(turn)


def _loaded(image: Image.Image) -> Image.Image:
    """The decoded picture; WebP and AVIF without the copies that Pillow would keep."""
    decoder: Any = getattr(image, "_decoder", None)
    if image.format not in ("WEBP", "AVIF") or decoder is None:
        image.load()
        return image
    found = decoder.get_next() if image.format == "WEBP" else decoder.get_frame(0)
    if found is None:
        raise ImageError(DAMAGED)
    del image._decoder, decoder  # type: ignore[attr-defined]
    stored = "RGBA" if image.format == "WEBP" else image.mode
    if stored == "RGBA":
        loaded = Image.frombuffer("RGBA", image.size, found[0], "raw", "RGBA", 0, 1)
    else:
        loaded = Image.frombytes(stored, image.size, found[0])
    loaded.info = {**image.info, "opaque": image.mode == "RGB"}
    return loaded


def _shrink(image: Image.Image, target: tuple[int, int], flatten: Flatten | None) -> Image.Image:
    """The picture in the size of target, without transparency, in mode L, RGB, CMYK or LAB.

    Strip by strip, so that nothing is held twice at full size.
    """
    width, height = image.size
    factor = max(1, int(max(width / target[0], height / target[1]) / GAP))
    across, down = min(factor, width), min(factor, height)
    canvas = image
    if flatten or factor > 1:
        rows = max(1, STRIP // (width * down)) * down
        for top in range(0, height, rows):
            strip = image.crop((0, top, width, min(top + rows, height)))
            strip = flatten(strip) if flatten else strip
            strip = strip.reduce((across, down)) if factor > 1 else strip
            if top == 0:
                canvas = Image.new(strip.mode, (-(-width // across), -(-height // down)))
            canvas.paste(strip, (0, top // down))
    if (width, height) == target:
        return canvas
    return canvas.resize(target, Image.Resampling.LANCZOS, (0, 0, width / across, height / down))


def _flattener(image: Image.Image, header: Header, described: Described,
               profile: bytes | None) -> tuple[Flatten | None, bool]:  # fmt: skip
    """What turns a strip into one that can be averaged, or None; and whether that brings its colours to sRGB as well.

    Deep values become bytes, palettes colours, and transparent pixels white.
    """
    mode, clear = image.mode, described.clear
    if mode.startswith(("I", "F")):
        dark, bright = _range(image, header)
        return lambda strip: _from_deep(np.asarray(strip), dark, bright, clear), False
    if clear is not None and mode in ("1", "L", "RGB"):
        return lambda strip: _without(strip, clear, header.bits), False
    if mode in ("L", "RGB", "CMYK", "LAB"):
        return None, False
    if mode in ("LA", "La"):
        return lambda strip: _on_white(strip.convert("LA"), "L", None), False
    if (mode in ("PA", "RGBA", "RGBa") and not image.info.get("opaque")) or "transparency" in image.info:
        transform = _transform(profile, "RGB") if profile else None
        return lambda strip: _on_white(strip.convert("RGBA"), "RGB", transform), True
    return lambda strip: strip.convert("L" if mode == "1" else "RGB"), False


def _on_white(strip: Image.Image, mode: str, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    """A strip with transparency on white, its colours brought to sRGB before they mix with it."""
    colours = strip.convert(mode)
    if transform:
        colours = ImageCms.applyTransform(colours, transform) or colours
    return Image.composite(colours, Image.new(mode, strip.size, "white"), strip.getchannel("A"))


def _without(strip: Image.Image, clear: tuple[int, ...], bits: int) -> Image.Image:
    """A strip whose pixels of the transparent value, given in the file's own bits, are white."""
    pixels = np.array(strip.convert("L") if strip.mode == "1" else strip)
    level = [value >> 8 if bits == 16 else value * 255 // ((1 << bits) - 1) for value in clear]
    same = pixels == np.array(level)[: 1 if pixels.ndim == 2 else 3]
    pixels[same if pixels.ndim == 2 else same.all(axis=2)] = 255
    return Image.fromarray(pixels)


def _from_deep(values: NDArray[Any], dark: float, bright: float, clear: tuple[int, ...] | None) -> Image.Image:
    """Grey of any depth as bytes: from dark = 0 to bright = 255, no number as 0, the transparent value as white."""
    if values.dtype.kind == "u" and values.itemsize == 2:
        grey = _scaled(np.arange(65536), dark, bright)[values]  # sooner than arithmetic
    else:
        grey = _scaled(_unsigned(values, max(dark, bright)), dark, bright)
    if clear is not None:
        grey[values == clear[0]] = 255
    return Image.fromarray(grey)


def _scaled(values: NDArray[Any], dark: float, bright: float) -> Bytes:
    grey = (values.astype(np.float64) - dark) * (255 / (bright - dark))
    if values.dtype.kind == "f":
        grey = np.nan_to_num(grey, nan=0.0, posinf=255.0, neginf=0.0)
    return (grey.clip(0, 255) + 0.5).astype(np.uint8)


def _unsigned(values: NDArray[Any], largest: float) -> NDArray[Any]:
    """Values of 32 bits without a sign, which Pillow holds as if they had one."""
    return values.view(np.uint32) if values.dtype == np.int32 and largest > 0x7FFFFFFF else values


def _range(image: Image.Image, header: Header) -> tuple[float, float]:
    """The values that stand for black and white: by the format where it says so, else by the largest values.

    Programs write grey of 32 bits and of floats in several ranges: 0 to 1 with a little above it, 0 to 255, 16 bits in 32, or all
    that the type holds. The range taken is the smallest of these that holds the picture, a hundredth of its pixels aside
    where it is of floats.
    """
    if image.mode.startswith("I;16"):
        full = float((1 << header.bits) - 1) if header.bits in (12, 16) else 65535.0
    elif image.mode == "F":
        full = _range_of_floats(image)
    elif header.bits == 16:
        full = 32767.0
    else:
        whole = 0x7FFFFFFF if header.signed else 0xFFFFFFFF
        largest = max(float(_unsigned(strip, whole).max(initial=0)) for strip in _strips(image))
        steps = (32767.0, 65535.0) if header.signed else (65535.0,)
        full = next((step for step in steps if largest <= step), float(whole) if largest > whole / 2 else largest)
    return (full, 0.0) if header.inverted else (0.0, full)


def _range_of_floats(image: Image.Image) -> float:
    every = max(1, image.width * image.height // STRIP)
    sample = np.concatenate([strip.ravel()[::every].copy() for strip in _strips(image)])
    sample = sample[np.isfinite(sample) & (sample > 0)]
    if not sample.size:
        return 1.0
    most = float(np.quantile(sample, 0.99, method="lower"))
    if most <= 2:
        return 1.0
    return next((full for full, low, high in ((255.0, 16, 512), (65535.0, 8192, 131072)) if low <= most <= high), most)


def _strips(image: Image.Image) -> Iterator[NDArray[Any]]:
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if picture.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB") or picture.convert("RGB")
    transform = _transform(profile, picture.mode) if profile else None
    if transform is None:
        return picture.convert("RGB")
    return ImageCms.applyTransform(picture, transform) or picture.convert("RGB")


_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a file's own colours to sRGB; None where the profile is broken, of another kind, or sRGB itself."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES.get(mode):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB":
            steps = np.linspace(0, 255, 6).astype(np.uint8)
            colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(36, 6, 3)  # all over the cube
            moved = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
            if np.abs(moved.astype(int) - colours).max() <= 2:
                return None
    except (ImageCms.PyCMSError, *_DAMAGED):
        return None
    return transform


def _gamma_table(gamma: float) -> list[int]:
    """Bytes encoded with this exponent, as sRGB encodes them."""
    linear = np.linspace(0, 1, 256) ** (1 / gamma)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return [round(float(value) * 255) for value in encoded]


def resize(image: Array, height: int, width: int, area: bool = False) -> Array:
    """Resample an image to height x width pixels, channel by channel.

    Bilinear over the pixels that each new one covers, or with area their plain mean.

    Args:
        image: (C, H, W) in [0, 1].
        height, width: of the result, in pixels.
        area: whether each pixel is the mean of those it covers.

    Returns:
        (C, height, width) float32 in [0, 1].

    Raises:
        ValueError: the image has another rank, or a size is no whole number of at least 1.

    Source: Pillow's `Image.resize`.

    >>> resize(np.ones((2, 4, 6), np.float32), 2, 3).shape
    (2, 2, 3)
    """
    image = float_array("image", image, 3)
    height, width = whole_number("height", height, 1), whole_number("width", width, 1)
    method = Image.Resampling.BOX if area else Image.Resampling.BILINEAR
    channels = [Image.fromarray(channel).resize((width, height), method) for channel in np.asarray(image, np.float32)]
    return np.stack([np.asarray(channel) for channel in channels]).clip(0, 1)


def to_grey(image: Array) -> Array:
    """Weighted mean of red, green and blue: 0.299 R + 0.587 G + 0.114 B.

    Args:
        image: (3, H, W); (1, H, W) is grey already.

    Returns:
        (1, H, W) in the image's own type.

    Raises:
        ValueError: the image has another number of channels or dimensions.

    Source: ITU-R BT.601, the luma of JPEG and of Pillow's "L".

    >>> to_grey(np.ones((3, 1, 2), np.float32)).round(6).tolist()
    [[[1.0, 1.0]]]
    """
    if np.ndim(image) != 3 or len(image) not in (1, 3):
        raise ValueError(f"image must be (1, H, W) or (3, H, W), got shape {np.shape(image)}")
    if len(image) == 1:
        return image
    image = float_array("image", image, 3)
    weights = np.array([0.299, 0.587, 0.114], image.dtype)
    return np.tensordot(weights, image, axes=1)[np.newaxis]  # (1, H, W)


def to_bytes(image: Array, low: float = 0.0, high: float = 1.0) -> Bytes:
    """Scale values from low … high to 0 … 255; values beyond are clipped, and low = high gives mid-grey.

    Args:
        image: of any shape.
        low, high: the values that become 0 and 255.

    Returns:
        uint8 of the same shape.

    Source: 255 (x - low) / (high - low), rounded half up.

    >>> to_bytes(np.array([0.0, 0.5, 2.0])).tolist()
    [0, 128, 255]
    """
    if high <= low:
        return np.full(np.shape(image), 128, np.uint8)
    scaled = image * (255 / (high - low)) + (0.5 - low * 255 / (high - low))
    return scaled.clip(0, 255.5).astype(np.uint8)


def _picture(image: Array | Bytes) -> Image.Image:
    array = image if image.dtype == np.uint8 else to_bytes(float_array("image", image, 3))
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim != 3 or len(array) not in (1, 3):
        raise ValueError(f"image must be (H, W), (1, H, W) or (3, H, W), got shape {array.shape}")
    return Image.fromarray(array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0)))


def encode_png(image: Array | Bytes) -> bytes:
    """Encode an image without loss.

    Args:
        image: (H, W), (1, H, W) or (3, H, W) in [0, 1], or uint8 as it is.

    Returns:
        The bytes of a PNG file.

    Raises:
        ValueError: another shape.

    Source: W3C PNG.

    >>> encode_png(np.zeros((1, 2, 2)))[:4]
    b'\\x89PNG'
    """
    return _encode(image, "PNG", compress_level=1, compress_type=zlib.Z_RLE)  # sooner than plain, and smaller in grey


def encode_jpeg(image: Array | Bytes, quality: int = 85) -> bytes:
    """Encode an image small and fast, not exactly.

    Args:
        image: (H, W), (1, H, W) or (3, H, W) in [0, 1], or uint8 as it is.
        quality: 1 to 95.

    Returns:
        The bytes of a JPEG file.

    Raises:
        ValueError: another shape.

    Source: ITU-T T.81.

    >>> encode_jpeg(np.zeros((1, 2, 2)))[:3]
    b'\\xff\\xd8\\xff'
    """
    return _encode(image, "JPEG", quality=quality)


def _encode(image: Array | Bytes, kind: Literal["PNG", "JPEG"], **options: int) -> bytes:
    buffer = io.BytesIO()
    _picture(image).save(buffer, kind, **options)
    return buffer.getvalue()
