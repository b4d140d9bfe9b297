"""Cross-correlation of a padded batch with kernels: several ways to the same numbers, chosen by shape.

Every `by_…` function takes image (N, C, H, W), weight (K, C, kH, kW), stride and dilation as (h, w), and fills
out (N, K, Ho, Wo). None allocates more than a few megabytes beyond its output, whatever the image size.

Three ways mix windows: a band multiplies pixels of other windows by 0, a spectrum mixes a whole piece, and two passes
have sums of their own between them. With ordinary numbers that changes nothing. Where they meet a number that is not
finite, or too large for their sums, they leave the work to `each_window_alone`: NaN and infinity stay in their windows.
"""

import math
import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from cnn_core.arguments import Array, Pair, all_finite


def cache_bytes() -> int:
    """Size of the L2 cache of one core in bytes; 1 MB where the system does not tell."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text("ascii")  # such as 512K
        return int(text.strip().removesuffix("K")) << 10
    except (OSError, ValueError):
        return 1 << 20


BLOCK_BYTES = min(max(cache_bytes(), 1 << 18), 1 << 20)  # a buffer that fits the L2 cache; more than 1 MB gains nothing
MANY_TAPS = 64  # from so many multiply-adds an output number, products are cut to tiles of columns
NARROW = 32  # columns: a product for each output row would be too small
MANY_WEIGHTS = 1 << 14  # from so many, which each product packs anew, rows twice as wide are too small too
LONG = 1 << 11  # pixels a channel, from which sums of shifted maps are faster than products
TILE = 256  # columns, half as many for many kernels
SPECTRUM = 256  # pixels a side that one Fourier transform sees, about
SPECTRUM_TAPS = 289  # from so many numbers a channel, spectra are faster
SPECTRA_BYTES = 2 * BLOCK_BYTES  # of the kernels' spectra at a time
SPECTRUM_CHANNELS = 8  # spectra of more would take too much memory
FEW = 1 << 14  # answers up to so many numbers are looked at whole
# Pixels so much smaller than the largest would drown in a spectrum's rounding: by bytes of the answer and of the spectrum.
DIGITS = {(4, 4): 2.0**-12, (4, 8): 2.0**-36, (8, 8): 2.0**-22}
COLD = 0.01  # the share of pixels that may be so small
COLD_TAPS = 0.5  # the share of a kernel's taps: a bell's outer taps are small, and all windows have them
WARM = 0.02  # the share that must not be: a few bright pixels on black would drown what is between them

_thread = threading.local()

Correlate = Callable[[Array, Array, Pair, Pair, Array], None]


def windows(image: Array, kernel_size: Pair, stride: Pair, dilation: Pair, output_size: Pair) -> Array:
    """View of (N, C, H, W) as (N, C, kH, kW, Ho, Wo): tap (y, x) of every window, without a copy."""
    n, c, row, column = image.strides
    shape = (*image.shape[:2], *kernel_size, *output_size)
    strides = (n, c, row * dilation[0], column * dilation[1], row * stride[0], column * stride[1])
    if not image.flags.c_contiguous:
        return as_strided(image, shape, strides, writeable=False)
    view = np.ndarray(shape, image.dtype, image, 0, strides)  # the same, eight times sooner
    view.flags.writeable = False
    return view


def scratch(size: int, dtype: np.dtype[np.floating], shelf: str = "memory") -> Array:
    """So many numbers of working memory, kept by the thread unless large: fresh memory costs more than the copy into it.

    Who calls another way meanwhile takes a shelf of its own.
    """
    count = size * dtype.itemsize
    if count > 2 * BLOCK_BYTES:
        return np.empty(size, dtype)
    memory: NDArray[np.uint8] | None = getattr(_thread, shelf, None)
    if memory is None or memory.nbytes < count:
        memory = np.empty(count, np.uint8)
        setattr(_thread, shelf, memory)
    return memory[:count].view(dtype)


def by_columns(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Unroll all windows (im2col), one product an image: best while the unrolled windows fit the cache."""
    n, k, *output_size = out.shape
    taps = windows(image, weight.shape[2:], stride, dilation, (output_size[0], output_size[1]))
    matrix = weight.reshape(k, -1)  # (K, C kH kW)
    chunk = min(n, max(1, BLOCK_BYTES // (taps[0].size * image.itemsize)))
    memory = scratch(chunk * taps[0].size, image.dtype).reshape(chunk, *taps.shape[1:])
    for first in range(0, n, chunk):
        part = taps[first : first + chunk]
        unrolled = memory[: len(part)]  # (n, C, kH, kW, Ho, Wo)
        unrolled[...] = part
        columns = unrolled.reshape(len(part), matrix.shape[1], -1)  # (n, C kH kW, Ho Wo)
        np.matmul(matrix, columns, out=out[first : first + chunk].reshape(len(part), k, -1))


def by_row_views(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Unroll only the horizontal shifts; each output row's columns are then an overlapping view: k copies, not k * k."""
    _by_bands(image, weight, stride, dilation, out, 1)


def by_bands(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """As `by_row_views`, for one or two kernels: a banded matrix gives several output rows, so a product is not one row high."""
    _by_bands(image, weight, stride, dilation, out, _rows_at_once(weight, out))


def _rows_at_once(weight: Array, out: Array) -> int:
    """Output rows of one band."""
    band = (4 if weight[0].size >= MANY_TAPS else 2) // len(weight)
    return max(1, min(band, out.shape[2]))


def _banded(weight: Array, step: int, band: int) -> Array:
    """The matrix that gives `band` output rows at once, each kernel row moved down by `step`: (K band, need C kW)."""
    k, c, kernel_height, kernel_width = weight.shape
    need = (band - 1) * step + kernel_height  # input rows that one band reads
    matrix = np.zeros((k, band, need, c, kernel_width), weight.dtype)
    for row in range(band):
        matrix[:, row, row * step : row * step + kernel_height] = weight.transpose(0, 2, 1, 3)
    return matrix.reshape(k * band, -1)


def _tile_width(weight: Array, row_bytes: int, width: int) -> int:
    """Output columns at a time: as many as the cache takes, all tiles about equally wide."""
    if weight[0].size < MANY_TAPS:
        wide = max(64, 2 * BLOCK_BYTES // row_bytes)
    else:
        wide = TILE if len(weight) <= 16 else TILE // 2
    return -(-width // -(-width // wide))


def _by_bands(
    image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array, band: int, look: bool = True
) -> None:
    """Unroll, view, multiply, look: as many bands at a time as the cache takes, tile by tile of columns."""
    k, c, kernel_height, kernel_width = weight.shape
    (step, across), (height, width) = stride, out.shape[2:]
    need = (band - 1) * step + kernel_height  # input rows that one band reads
    matrix = _banded(weight, step, band)
    tile = _tile_width(weight, need * c * kernel_width * image.itemsize, width)
    whole = height // band * band  # output rows in whole bands
    line = c * kernel_width * tile  # numbers one input row unrolls to
    bands = min(max(1, (BLOCK_BYTES // (line * image.itemsize) - need) // (step * band) + 1), whole // band)
    memory = scratch(((bands - 1) * band * step + need) * line, image.dtype)
    item = memory.itemsize
    shifts = windows(image, (1, kernel_width), (1, across), dilation, (image.shape[2], width))[:, :, 0]
    shifts = shifts.transpose(0, 3, 1, 2, 4)  # (N, H, C, kW, Wo)
    for n, first, left in product(range(len(image)), range(0, whole, bands * band), range(0, width, tile)):
        # Unroll: copy the horizontal shifts of the input rows that these bands read.
        count = min(bands, (whole - first) // band)
        part = shifts[n, first * step : first * step + (count - 1) * band * step + need, ..., left : left + tile]
        buffer = memory[: part.size].reshape(part.shape)  # (rows, C, kW, columns)
        buffer[...] = part
        # View: each band's rows as one matrix of columns; neighbours overlap.
        columns = part.shape[-1]
        strides = (band * step * buffer[0].size * item, columns * item, item)
        views = np.ndarray((count, matrix.shape[1], columns), image.dtype, memory, 0, strides)  # faster than as_strided
        # Multiply, straight into the output where its layout allows.
        rows = out[n, :, first : first + count * band, left : left + columns]  # (K, count band, columns)
        if band == 1:
            np.matmul(matrix, views, out=rows.transpose(1, 0, 2))
        elif k == 1:
            np.matmul(matrix, views, out=rows[0].reshape(count, band, columns))
        else:
            answers = np.matmul(matrix, views).reshape(count, k, band, columns)
            rows.reshape(k, count, band, columns)[...] = answers.transpose(1, 0, 2, 3)
    # Look: a pixel that is not finite shows in every row of the bands that read it.
    if look and band > 1:
        apart = band * max(1, need // (band * step))  # output rows of as many bands as read each pixel
        ones = np.ones(width, out.dtype)
        if not (all_finite(out[:, 0, :whole:apart] @ ones) and all_finite(out[:, 0, whole - 1])):
            each_window_alone(image, weight, stride, dilation, out)
            return
    if whole < height:
        _by_bands(image[:, :, whole * step :], weight, stride, dilation, out[:, :, whole:], 1)


def by_blocks(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Unroll whole windows, a few output rows at a time: for dilated rows, which `by_row_views` cannot overlap, and short rows."""
    k = weight.shape[0]
    height, width = out.shape[2:]
    matrix = weight.reshape(k, -1)  # (K, C kH kW)
    rows = min(height, max(1, BLOCK_BYTES // (matrix.shape[1] * width * image.itemsize)))
    rows = -(-height // -(-height // rows))  # all blocks about equally high
    memory = scratch(matrix.shape[1] * rows * width, image.dtype)
    for n in range(len(image)):
        taps = windows(image[n : n + 1], weight.shape[2:], stride, dilation, (height, width))[0]
        for first in range(0, height, rows):
            part = taps[..., first : first + rows, :]  # (C, kH, kW, rows, Wo)
            unrolled = memory[: part.size].reshape(part.shape)
            unrolled[...] = part
            columns = unrolled.reshape(matrix.shape[1], -1)  # (C kH kW, rows Wo)
            target = out[n].reshape(k, -1)[:, first * width : (first + part.shape[3]) * width]  # (K, rows Wo)
            np.matmul(matrix, columns, out=target)


def by_channels(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Depthwise with a stride: unroll as many channels as the cache takes, one call for all their products."""
    c, height, width = out.shape[1:]
    matrix = weight.reshape(c, 1, -1)  # (C, 1, kH kW)
    taps = windows(image, weight.shape[2:], stride, dilation, (height, width))
    channels = max(1, BLOCK_BYTES // (taps[0, 0].size * image.itemsize))  # at a time
    memory = scratch(min(channels, c) * taps[0, 0].size, image.dtype)
    for n, first in product(range(len(image)), range(0, c, channels)):
        part = taps[n, first : first + channels]  # (c, kH, kW, Ho, Wo)
        unrolled = memory[: part.size].reshape(part.shape)
        unrolled[...] = part
        columns = unrolled.reshape(len(part), matrix.shape[2], -1)  # (c, kH kW, Ho Wo)
        target = out[n, first : first + channels].reshape(len(part), 1, -1)
        np.matmul(matrix[first : first + channels], columns, out=target)


def by_long_rows(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Depthwise with stride 1 on small maps: as `by_channels`, but a map is read as one long row, which copies sooner.

    Windows that begin at one row's end and go on at the next one's beginning are dropped.
    """
    taps, wide = _long_rows(image, weight, dilation, out)
    c, height, width = out.shape[1:]
    matrix = weight.reshape(c, 1, -1)  # (C, 1, kH kW)
    channels = min(c, max(1, BLOCK_BYTES // 2 // (taps[0, 0].size * image.itemsize)))  # at a time
    memory = scratch(channels * taps[0, 0].size, image.dtype)
    answers = scratch(channels * height * wide, image.dtype, "answers")
    for n, first in product(range(len(image)), range(0, c, channels)):
        part = taps[n, first : first + channels]  # (c, kH, kW, length)
        unrolled = memory[: part.size].reshape(part.shape)
        unrolled[...] = part
        columns = unrolled.reshape(len(part), matrix.shape[2], -1)  # (c, kH kW, length)
        maps = answers[: len(part) * height * wide].reshape(len(part), 1, -1)
        np.matmul(matrix[first : first + channels], columns, out=maps[..., : columns.shape[2]])
        out[n, first : first + channels] = maps.reshape(len(part), height, wide)[..., :width]


def by_shifts(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Depthwise with stride 1 on larger maps, read as long rows too: shifted and weighed, they are added up; nothing is copied."""
    taps, wide = _long_rows(image, weight, dilation, out)
    c, height, width = out.shape[1:]
    channels = min(c, max(1, BLOCK_BYTES // 4 // (height * wide * image.itemsize)))  # at a time
    memory = scratch(channels * height * wide, image.dtype)
    for n, first in product(range(len(image)), range(0, c, channels)):
        part, kernels = taps[n, first : first + channels], weight[first : first + channels, 0]
        maps = memory[: len(part) * height * wide].reshape(len(part), -1)
        total = maps[:, : part.shape[3]]  # (c, length)
        np.einsum("cijl,cij->lc", part, kernels, out=total.T, order="F")  # so the inner loop runs along l
        out[n, first : first + channels] = maps.reshape(len(part), height, wide)[..., :width]


def _long_rows(image: Array, weight: Array, dilation: Pair, out: Array) -> tuple[Array, int]:
    """View of all windows between the first and the last, one pixel apart, across the ends of rows too; image: contiguous.

    Returns (N, C, kH, kW, length), and after how many windows the next row begins.
    """
    height, width = out.shape[2:]
    wide = image.shape[3]
    length = (height - 1) * wide + width
    return windows(image, weight.shape[2:], (1, 1), dilation, (1, length))[..., 0, :], wide


def by_pixels(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """A 1 x 1 kernel with stride 1 mixes channels only: one product, nothing copied."""
    n, c = image.shape[:2]
    matrix = weight.reshape(-1, c)  # (K, C)
    np.matmul(matrix, image.reshape(n, c, -1), out=out.reshape(n, len(matrix), -1))


def separate(kernel: Array) -> tuple[Array, Array] | None:
    """Return (column, row) with kernel = outer(column, row) to the last bits of each tap, or None if its rank is above 1."""
    y, x = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    if kernel[y, x] == 0:
        return None
    column, row = kernel[:, x], kernel[y] / kernel[y, x]
    limits = np.finfo(kernel.dtype)
    allowed = 8 * limits.eps * np.abs(kernel) + limits.tiny  # by tap: beside a hot tap, an ordinary one still counts
    return (column, row) if np.all(np.abs(np.outer(column, row) - kernel) <= allowed) else None


def by_passes(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """A rank-1 kernel on one channel: a vertical and a horizontal pass, 2k multiply-adds a pixel instead of k * k."""
    parts = separate(weight[0, 0])
    assert parts is not None  # choose() has looked
    column, row = parts
    width = image.shape[3]
    rows = max(1, BLOCK_BYTES // (width * image.itemsize))
    for n in range(len(image)):
        for first in range(0, out.shape[2], rows):
            count = min(rows, out.shape[2] - first)
            between = scratch(count * width, image.dtype, "between").reshape(1, 1, count, width)
            strip = image[
                n : n + 1, :, first * stride[0] : (first + count - 1) * stride[0] + (len(column) - 1) * dilation[0] + 1
            ]
            _one_pass(strip, column.reshape(1, 1, -1, 1), (stride[0], 1), (dilation[0], 1), between)
            part = out[n : n + 1, :, first : first + count]
            _one_pass(between, row.reshape(1, 1, 1, -1), (1, stride[1]), (1, dilation[1]), part)
            if not all_finite(part):  # all of it: a sum between the passes may overflow anywhere
                each_window_alone(image, weight, stride, dilation, out)
                return


def _one_pass(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    way = choose(image, weight, stride, dilation, out)
    if way is by_bands:  # what mixes there is seen after both passes
        _by_bands(image, weight, stride, dilation, out, _rows_at_once(weight, out), look=False)
    else:
        way(image, weight, stride, dilation, out)


def piece_of(kernel: int, output: int) -> Pair:
    """Cut an axis for Fourier transforms: outputs of each piece, and a transform's length, whose only primes are 2, 3 and 5.

    >>> piece_of(11, 2038), piece_of(11, 54), piece_of(100, 924)
    ((255, 270), (54, 64), (154, 256))
    """
    pieces = max(1, round(output / (SPECTRUM - min(kernel, SPECTRUM // 2))))
    each = -(-output // pieces)
    length = each + kernel - 1
    while pow(30, 30, length):
        length += 1
    return each, length


def by_spectrum(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """A correlation is a product of spectra: the work does not grow with the kernel. Piece by piece, so that all stays small.

    Source: Oppenheim and Schafer, "Discrete-Time Signal Processing", overlap-save.
    """
    dtype = _spectrum_type(image, weight)
    if dtype is None:
        each_window_alone(image, weight, stride, dilation, out)
        return
    (rows, down), (columns, across) = map(piece_of, weight.shape[2:], out.shape[2:])
    undo = dtype.type(math.sqrt(down * across))  # the norm, without which NumPy's float32 transform is slow
    chunk = max(1, SPECTRA_BYTES // (weight.shape[1] * down * across * dtype.itemsize))  # kernels at a time
    for first in range(0, len(weight), chunk):
        scaled = weight[first : first + chunk].astype(dtype, copy=False) * undo
        kernels = np.fft.rfft2(scaled, (down, across), norm="ortho")
        np.conjugate(kernels, out=kernels)  # (k, C, down, across / 2 + 1); without it, a true convolution
        for n, y, x in product(range(len(image)), range(0, out.shape[2], rows), range(0, out.shape[3], columns)):
            piece = image[n, :, y : y + down, x : x + across].astype(dtype, copy=False)
            pixels = np.fft.rfft2(piece, (down, across), norm="ortho")  # (C, down, across / 2 + 1)
            target = out[n, first : first + chunk, y : y + rows, x : x + columns]
            for answer, kernel in zip(target, kernels, strict=True):
                total = kernel[0] * pixels[0]
                for one, other in zip(kernel[1:], pixels[1:], strict=True):
                    total += one * other
                whole = np.fft.irfft2(total, (down, across), norm="ortho")
                answer[...] = whole[: answer.shape[0], : answer.shape[1]]  # beyond it, windows went round the edge


def _spectrum_type(image: Array, weight: Array) -> np.dtype[np.floating] | None:
    """The type whose digits are enough for the spectra of these numbers; None if there is none.

    Every fourth row tells how the pixels are spread. A transform's rounding is as large everywhere as its largest number asks for, so that a hot pixel would disturb
    dark ones far away, and its sums are as large as those of the whole piece.
    """
    peak, taps = max(float(image.max()), -float(image.min())), float(np.abs(weight).max()) * weight[0].size
    if not math.isfinite(peak + taps):
        return None
    largest, sample = max(peak, taps, peak * taps), np.abs(image[:, :, ::4])
    for dtype in (image.dtype, np.dtype(np.float64)):
        digits = DIGITS[image.itemsize, dtype.itemsize]
        room = largest < np.finfo(dtype).max * 1e-8 and (peak == 0 or peak * taps > np.finfo(dtype).tiny * 1e16)
        if room and _even(sample, peak, digits, COLD) and _even_kernels(weight, digits):
            return dtype
    return None


def _even(size: Array, peak: float, digits: float, share: float) -> bool:
    """Whether most magnitudes that are not 0 come near the peak, and more than a few do."""
    warm = int(np.count_nonzero(size > peak * digits))
    cold = int(np.count_nonzero(size)) - warm
    return cold <= share * size.size and (warm >= WARM * size.size or peak == 0)


def _even_kernels(weight: Array, digits: float) -> bool:
    sizes = np.abs(weight)
    return all(_even(size, float(size.max()), digits, COLD_TAPS) for size in sizes)


def spectra_pay(channels: int, height: int, width: int) -> bool:
    """Whether kernels are large enough for `by_spectrum`, and their spectra small enough."""
    large = height * width >= SPECTRUM_TAPS and min(height, width) > 2
    return large and max(height, width) <= SPECTRUM and channels <= SPECTRUM_CHANNELS


def choose(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> Correlate:
    """Pick the way that measured fastest for this shape."""
    k, c, kernel_height, kernel_width = weight.shape
    if kernel_height == kernel_width == 1 and stride == (1, 1):
        return by_pixels
    if k == c == 1 and min(kernel_height, kernel_width) >= 5 and separate(weight[0, 0]) is not None:
        return by_passes
    if stride == dilation == (1, 1) and spectra_pay(c, kernel_height, kernel_width):
        return by_spectrum
    if k <= 2 and dilation[0] == 1 and not _fits_unrolled(image, weight, out):
        return by_bands
    return _choose_alone(image, weight, out, dilation)


def choose_depthwise(image: Array, stride: Pair) -> Correlate:
    """Pick the way that measured fastest where each channel has its own kernel, and one channel's windows fit the cache."""
    if stride != (1, 1):
        return by_channels
    return by_shifts if image[0, 0].size >= LONG else by_long_rows


def _fits_unrolled(image: Array, weight: Array, out: Array) -> bool:
    return weight[0].size * out[0, 0].size * image.itemsize <= BLOCK_BYTES // 4


def _choose_alone(image: Array, weight: Array, out: Array, dilation: Pair) -> Correlate:
    """Pick among the ways whose every sum belongs to one window."""
    if _fits_unrolled(image, weight, out):
        return by_columns
    narrow = NARROW if weight.size < MANY_WEIGHTS else 2 * NARROW
    return by_blocks if dilation[0] > 1 or out.shape[3] <= narrow else by_row_views


def each_window_alone(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """The slow and sure way, in float64: no number reaches another window, and no sum overflows that float32 could hold."""
    pixels, kernels = image.astype(np.float64, copy=False), weight.astype(np.float64, copy=False)
    answer = np.empty(out.shape, np.float64)
    _choose_alone(pixels, kernels, answer, dilation)(pixels, kernels, stride, dilation, answer)
    out[...] = answer


def correlate(image: Array, weight: Array, stride: Pair, dilation: Pair, out: Array) -> None:
    """Fill out with the cross-correlation of image (N, C, H, W) and weight (K, C / groups, kH, kW), by the way for their shape."""
    groups = image.shape[1] // weight.shape[1]
    if image.shape[1] == groups == len(weight) > 1 and weight[0].size * out[0, 0].nbytes <= BLOCK_BYTES // 2:
        choose_depthwise(image, stride)(image, weight, stride, dilation, out)
        if out[:, 0].size > FEW or all_finite(out):
            return
    c, k = weight.shape[1], len(weight) // groups
    for g in range(groups):
        part = image[:, g * c : (g + 1) * c], weight[g * k : (g + 1) * k], stride, dilation, out[:, g * k : (g + 1) * k]
        choose(*part)(*part)
        if part[-1].size <= FEW and not all_finite(
            part[-1]
        ):  # of few numbers, see too that no sum overflowed on the way
            each_window_alone(*part)
