"""Template matching: a crop as a kernel, plain and normalised."""

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, float_array, quiet, same_type
from cnn_core.convolution import conv2d

FLAT = 1e-12  # of a window's own squares: below, its spread is rounding


def cross_correlation(image: ArrayLike, template: ArrayLike) -> Array:
    """Response of a mean-subtracted template at each place: high where the image varies alike, and where it is strong.

    Args:
        image: (H, W).
        template: (h, w), at most as large.

    Returns:
        (H - h + 1, W - w + 1), in the type of image.

    Raises:
        ValueError: an argument is no such array, or the template is larger than the image.

    Source: Lewis, "Fast Normalized Cross-Correlation" (1995), eq. 1, with a template of mean 0.

    >>> cross_correlation([[0.0, 0, 1, 0]], [[0.0, 1]]).tolist()
    [[0.0, 0.5, -0.5]]
    """
    pixels, kernel = _arguments(image, template)
    with quiet():
        return same_type(_response(_centred(pixels), kernel - kernel.mean()), float_array("image", image))


def normalised_cross_correlation(image: ArrayLike, template: ArrayLike) -> Array:
    """`cross_correlation` divided by the spread of window and template: from -1 to 1, whatever the brightness.

    A window or template without any spread answers 0.

    Args:
        image: (H, W).
        template: (h, w), at most as large.

    Returns:
        (H - h + 1, W - w + 1) in the type of image, 1 where the window is the template up to brightness and contrast.

    Raises:
        ValueError: an argument is no such array, or the template is larger than the image.

    Source: Lewis, "Fast Normalized Cross-Correlation" (1995), eq. 2.

    >>> normalised_cross_correlation([[0.0, 0, 9, 9]], [[0.0, 1]]).tolist()
    [[0.0, 1.0, 0.0]]
    """
    pixels, kernel = _arguments(image, template)
    with quiet():
        pixels, kernel = _scaled(_centred(pixels)), _scaled(_centred(kernel))
        kernel = kernel - kernel.mean()
        total, squares = _sums(pixels, kernel.shape), _sums(pixels**2, kernel.shape)
        spread, own = squares - total**2 / kernel.size, float((kernel**2).sum())
        flat = (spread <= FLAT * squares) | (own <= FLAT)
        answer = np.where(flat, 0, _response(pixels, kernel) / np.sqrt(np.where(flat, 1, spread) * own))
        return same_type(answer.clip(-1, 1), float_array("image", image))


def _arguments(image: ArrayLike, template: ArrayLike) -> tuple[Array, Array]:
    """Both in float64: small differences on a large brightness are lost in float32."""
    pixels, kernel = float_array("image", image, 2), float_array("template", template, 2)
    (height, width), (rows, columns) = pixels.shape, kernel.shape
    if rows > height or columns > width:
        raise ValueError(f"template of {rows} x {columns} does not fit: image is {height} x {width}")
    return pixels.astype(np.float64), kernel.astype(np.float64)


def _centred(values: Array) -> Array:
    """Minus the mean of what is finite: one NaN must not reach all the others."""
    finite = values[np.isfinite(values)]
    middle = (finite / len(finite)).sum() if len(finite) else 0.0
    centred: Array = values - middle
    return centred


def _scaled(values: Array) -> Array:
    """Divided by the largest finite size, so that squares neither overflow nor vanish; what was flat but for rounding stays 0."""
    size = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    return values / size if size > 0 else values


def _response(pixels: Array, kernel: Array) -> Array:
    return conv2d(pixels[np.newaxis], kernel[np.newaxis, np.newaxis])[0]


def _sums(pixels: Array, size: tuple[int, ...]) -> Array:
    """Sum of each window, columns and then rows: each sum is of its own window only."""
    down = conv2d(pixels[np.newaxis], np.ones((1, 1, size[0], 1)))
    return conv2d(down, np.ones((1, 1, 1, size[1])))[0]
