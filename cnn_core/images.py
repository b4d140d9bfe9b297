"""Bytes into an array and back: the only file that knows Pillow, and the only places where pixels are uint8."""

import io
import logging
import struct
import warnings
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from cnn_core.arguments import Array, float_array

Bytes = NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
ACCEPTED = "PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF"
MAX_BYTES = 20_000_000
MAX_PIXELS = 64_000_000

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # broken tags of readable files
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by ImageError
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# What Pillow's decoders raise on damaged files, found by cutting and flipping bytes of every format.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError,
            MemoryError, NotImplementedError, AssertionError, RuntimeError, struct.error, zlib.error)  # fmt: skip


class ImageError(ValueError):
    """A file that cannot be used as an image; the message is one sentence for the person who chose it."""


def decode_image(data: bytes, max_side: int = 1024) -> Array:
    """Decode a photo to RGB: upright, on white where transparent, first frame of an animation.

    Args:
        data: the file's bytes, at most 20 MB, in one of FORMATS.
        max_side: longer side of the result in pixels; larger images are shrunk, smaller ones stay.

    Returns:
        (3, H, W) float32 in [0, 1].

    Raises:
        ImageError: the bytes are no image that can be read, or it is too large; the message says what is accepted.

    >>> decode_image(encode_png(np.ones((3, 2, 5)))).shape
    (3, 2, 5)
    """
    if not data:
        raise ImageError("The file is empty: choose another one.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are accepted.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size)
            return _to_array(_upright(image, max_side))
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"The image has more than {MAX_PIXELS / 1e6:.0f} megapixels: shrink it first.") from None
    except UnidentifiedImageError:
        raise ImageError(f"This file is not an image that can be read: {ACCEPTED} are accepted.") from None
    except _DAMAGED:
        raise ImageError("The image file is damaged or cut off: save or download it again.") from None


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError("The image has no pixels: choose another one.")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"The image has {width * height / 1e6:.0f} megapixels ({width} x {height}); "
            f"at most {MAX_PIXELS / 1e6:.0f} are accepted: shrink it first."
        )


def _upright(image: Image.Image, max_side: int) -> Image.Image:
    """Decode, turn as EXIF says, and shrink to max_side."""
    if image.format == "JPEG" and image.mode in ("L", "RGB"):
        image.draft(image.mode, (max_side, max_side))  # decodes at 1/2, 1/4 or 1/8 size where that is enough
    picture = _to_eight_bit(image)
    if max(picture.size) > max_side:
        scale = max_side / max(picture.size)
        width, height = (max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    try:
        orientation = image.getexif().get(0x0112, 1)
    except _DAMAGED:
        orientation = 1  # a broken EXIF block does not make the picture unreadable
    exif = Image.Exif()
    exif[0x0112] = orientation if orientation in range(1, 9) else 1
    picture.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(picture)


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """Any mode that Pillow decodes, as RGB or RGBA."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_deep_to_bytes(np.asarray(image))).convert("RGB")
    if image.mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return image.convert("LA").convert("RGBA") if image.mode == "La" else image.convert("RGBA")
    return image.convert("RGB")


def _deep_to_bytes(values: NDArray[Any]) -> Bytes:
    """Map 16-bit, 32-bit and float grey to 0 … 255: by the format's range where it is known, else by the largest value."""
    grey = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(0)
    largest = grey.max(initial=0.0)
    full = next((r for r in (1.0, 255.0, 65535.0) if largest <= r), largest)
    if values.dtype.kind in "iu":
        full = 65535.0 if largest <= 65535 else largest
    return (grey * (255 / full)).round().astype(np.uint8)


def _to_array(picture: Image.Image) -> Array:
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    pixels = np.asarray(picture)  # (H, W, 3) uint8
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


def resize(image: Array, height: int, width: int, area: bool = False) -> Array:
    """Resample (C, H, W) with values in [0, 1] to height x width pixels, channel by channel.

    Bilinear over the pixels that each new one covers, or with area their plain mean.

    >>> resize(np.ones((2, 4, 6), np.float32), 2, 3).shape
    (2, 2, 3)
    """
    method = Image.Resampling.BOX if area else Image.Resampling.BILINEAR
    channels = [Image.fromarray(channel).resize((width, height), method) for channel in np.asarray(image, np.float32)]
    return np.stack([np.asarray(channel) for channel in channels]).clip(0, 1)


def to_grey(image: Array) -> Array:
    """Weighted mean of red, green and blue as (1, H, W): 0.299 R + 0.587 G + 0.114 B.

    Source: ITU-R BT.601, the luma of JPEG and of Pillow's "L".

    >>> to_grey(np.ones((3, 1, 2), np.float32)).round(6).tolist()
    [[[1.0, 1.0]]]
    """
    if len(image) == 1:
        return image
    weights = np.array([0.299, 0.587, 0.114], image.dtype)
    return np.tensordot(weights, image, axes=1)[np.newaxis]  # (1, H, W)


def to_bytes(image: Array, low: float = 0.0, high: float = 1.0) -> Bytes:
    """Scale values from low … high to uint8 0 … 255; values beyond are clipped, and low = high gives mid-grey.

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
    """Encode (1 or 3, H, W) in [0, 1], or uint8 as it is, without loss.

    >>> encode_png(np.zeros((1, 2, 2)))[:4]
    b'\\x89PNG'
    """
    return _encode(image, "PNG", compress_level=1, compress_type=zlib.Z_RLE)  # sooner than plain, and smaller in grey


def encode_jpeg(image: Array | Bytes, quality: int = 85) -> bytes:
    """Encode (1 or 3, H, W) in [0, 1], or uint8 as it is: small and fast, not exact."""
    return _encode(image, "JPEG", quality=quality)


def _encode(image: Array | Bytes, kind: Literal["PNG", "JPEG"], **options: int) -> bytes:
    buffer = io.BytesIO()
    _picture(image).save(buffer, kind, **options)
    return buffer.getvalue()
