"""Template matching: a crop as a kernel, plain and normalised."""

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, float_array
from cnn_core.convolution import conv2d


def cross_correlation(image: ArrayLike, template: ArrayLike) -> Array:
    """Response of a mean-subtracted template at each place: high where the image varies alike, and where it is strong.

    Args:
        image: (H, W).
        template: (h, w), at most as large.

    Returns:
        (H - h + 1, W - w + 1).

    Raises:
        ValueError: the template is larger than the image.

    >>> cross_correlation([[0.0, 0, 1, 0]], [[0.0, 1]]).tolist()
    [[0.0, 0.5, -0.5]]
    """
    pixels, kernel = float_array("image", image, 2), float_array("template", template, 2)
    kernel = kernel - kernel.mean()
    return conv2d(pixels[np.newaxis], kernel[np.newaxis, np.newaxis])[0]


def normalised_cross_correlation(image: ArrayLike, template: ArrayLike) -> Array:
    """`cross_correlation` divided by the spread of window and template: from -1 to 1, whatever the brightness.

    A window or template without any spread answers 0.

    Args:
        image: (H, W).
        template: (h, w), at most as large.

    Returns:
        (H - h + 1, W - w + 1), 1 where the window is the template up to brightness and contrast.

    Raises:
        ValueError: the template is larger than the image.

    Source: Lewis, "Fast Normalized Cross-Correlation" (1995), eq. 2.

    >>> normalised_cross_correlation([[0.0, 0, 9, 9]], [[0.0, 1]]).tolist()
    [[0.0, 1.0, 0.0]]
    """
    pixels = np.asarray(float_array("image", image, 2), np.float64)
    kernel = np.asarray(float_array("template", template, 2), np.float64)
    kernel = kernel - kernel.mean()
    ones = np.ones((1, 1, *kernel.shape))
    centred = (pixels - pixels.mean())[np.newaxis]  # keeps the difference of squares below exact
    total, squares = conv2d(centred, ones)[0], conv2d(centred**2, ones)[0]
    spread = np.maximum(squares - total**2 / kernel.size, 0) * (kernel**2).sum()
    response = cross_correlation(image, template)
    floor = 1e-12 * kernel.size
    answer = np.where(spread > floor, response / np.sqrt(np.maximum(spread, floor)), 0)
    return answer.clip(-1, 1).astype(float_array("image", image).dtype)
