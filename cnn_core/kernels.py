"""Named kernels: values, one line of meaning, and where each comes from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from cnn_core.arguments import Array, real_number, whole_number


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel of kH x kW numbers for one channel, read-only."""

    label: str
    values: Array
    meaning: str
    source: str


_GONZALEZ = "Gonzalez and Woods, Digital Image Processing, 4th ed. (2018), section "


def gaussian(size: int, sigma: float) -> Array:
    """Sampled Gaussian of size x size pixels with standard deviation sigma pixels, sum 1.

    Args:
        size: side in pixels, 1 to 4096.
        sigma: standard deviation in pixels, at least 0.01.

    Returns:
        (size, size), float64.

    Raises:
        ValueError: an argument is out of range.

    Source: Gonzalez and Woods, Digital Image Processing, 4th ed. (2018), section 3.5.

    >>> gaussian(3, 1.0).round(3).tolist()
    [[0.075, 0.124, 0.075], [0.124, 0.204, 0.124], [0.075, 0.124, 0.075]]
    """
    offset, sigma = _offsets(size), real_number("sigma", sigma, 0.01, 1e6)
    nearest = (offset**2).min()  # not 0 for an even size: taken off, so that a narrow bell does not vanish
    profile = np.exp((nearest - offset**2) / (2 * sigma**2))
    bell = np.outer(profile, profile)
    return bell / bell.sum()


def _offsets(size: int) -> Array:
    """Distance of each pixel from the middle."""
    if whole_number("size", size, 1) > 4096:
        raise ValueError(f"size must be at most 4096, got {size}")
    return np.arange(size) - (size - 1) / 2


def laplacian_of_gaussian(size: int, sigma: float) -> Array:
    """Sampled Laplacian of a Gaussian, shifted to sum 0, so that flat areas give exactly 0.

    Args:
        size, sigma: as `gaussian` takes them.

    Returns:
        (size, size), float64.

    Raises:
        ValueError: an argument is out of range.

    Source: Gonzalez and Woods, Digital Image Processing, 4th ed. (2018), section 10.2.

    >>> laplacian_of_gaussian(3, 0.5).round(2).tolist()
    [[0.42, 0.82, 0.42], [0.82, -4.96, 0.82], [0.42, 0.82, 0.42]]
    """
    offset, sigma = _offsets(size), real_number("sigma", sigma, 0.01, 1e6)
    square = (offset**2)[:, np.newaxis] + offset**2
    bell = (square - 2 * sigma**2) / sigma**4 * np.exp(-square / (2 * sigma**2)) / (2 * math.pi * sigma**2)
    return bell - bell.mean()


def _kernel(label: str, values: ArrayLike, meaning: str, source: str) -> Kernel:
    array = np.asarray(values, np.float32)
    array.flags.writeable = False
    return Kernel(label, array, meaning, source)


_SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_PREWITT_X = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
_SCHARR_X = np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]])
_LINE = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]])
_DIAGONAL = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])
_UNSHARP = -np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
_UNSHARP[2, 2] += 2

PRESETS: Mapping[str, Kernel] = MappingProxyType(
    {
        "identity": _kernel("Identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], "Copies the image: each pixel answers for itself.", "unit impulse"),
        "shift": _kernel("Shift left", [[0, 0, 0], [0, 0, 1], [0, 0, 0]], "Each pixel takes the value of its right neighbour.", "unit impulse, moved by one"),
        "box_blur": _kernel("Box blur", np.full((3, 3), 1 / 9), "Mean of the window: smooths, and blurs edges.", _GONZALEZ + "3.5"),
        "box_blur_5": _kernel("Box blur 5 x 5", np.full((5, 5), 1 / 25), "Mean of a larger window: blurs more.", _GONZALEZ + "3.5"),
        "gaussian": _kernel("Gaussian blur", np.outer([1, 2, 1], [1, 2, 1]) / 16, "Weighted mean, the centre counts most: a softer blur.", _GONZALEZ + "3.5, binomial weights"),
        "gaussian_5": _kernel("Gaussian blur 5 x 5", gaussian(5, 1.0), "A wider soft blur, standard deviation 1 pixel.", _GONZALEZ + "3.5"),
        "sharpen": _kernel("Sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], "The image plus its difference from its neighbours.", _GONZALEZ + "3.6, Laplacian sharpening"),
        "unsharp": _kernel("Unsharp mask", _UNSHARP, "Twice the image minus a blurred copy: sharper, less noisy.", _GONZALEZ + "3.6, with a 5 x 5 binomial blur"),
        "outline": _kernel("Outline", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "Zero on flat areas, strong where a pixel differs from all around.", _GONZALEZ + "10.2"),
        "emboss": _kernel("Emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], "Light from one corner: edges look raised.", "GIMP manual, Convolution Matrix, emboss"),
        "sobel_x": _kernel("Sobel x", _SOBEL_X, "Right minus left: finds vertical edges.", "Sobel and Feldman (1968), in Duda and Hart, Pattern Classification (1973)"),
        "sobel_y": _kernel("Sobel y", _SOBEL_X.T, "Below minus above: finds horizontal edges.", "Sobel and Feldman (1968), in Duda and Hart, Pattern Classification (1973)"),
        "prewitt_x": _kernel("Prewitt x", _PREWITT_X, "Right minus left, all rows equal: vertical edges.", "Prewitt, Object Enhancement and Extraction (1970)"),
        "prewitt_y": _kernel("Prewitt y", _PREWITT_X.T, "Below minus above, all columns equal: horizontal edges.", "Prewitt, Object Enhancement and Extraction (1970)"),
        "scharr_x": _kernel("Scharr x", _SCHARR_X, "Like Sobel x, more even over all directions.", "Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung (2000)"),
        "scharr_y": _kernel("Scharr y", _SCHARR_X.T, "Like Sobel y, more even over all directions.", "Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung (2000)"),
        "roberts": _kernel("Roberts cross", [[1, 0], [0, -1]], "The smallest diagonal difference: 2 x 2.", "Roberts, Machine Perception of Three-Dimensional Solids (1963)"),
        "laplacian_4": _kernel("Laplacian, 4 neighbours", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], "Second derivative: edges in every direction at once.", _GONZALEZ + "3.6"),
        "laplacian_8": _kernel("Laplacian, 8 neighbours", [[1, 1, 1], [1, -8, 1], [1, 1, 1]], "Second derivative with the diagonals too.", _GONZALEZ + "3.6"),
        "log": _kernel("Laplacian of Gaussian", laplacian_of_gaussian(7, 1.2), "Blur, then second derivative: edges and blobs without the noise.", "Marr and Hildreth, Theory of Edge Detection (1980)"),
        "line_horizontal": _kernel("Line, horizontal", _LINE, "Answers to thin horizontal lines.", _GONZALEZ + "10.2"),
        "line_vertical": _kernel("Line, vertical", _LINE.T, "Answers to thin vertical lines.", _GONZALEZ + "10.2"),
        "line_falling": _kernel("Line, falling \\", _DIAGONAL, "Answers to thin lines that fall to the right.", _GONZALEZ + "10.2"),
        "line_rising": _kernel("Line, rising /", _DIAGONAL[:, ::-1], "Answers to thin lines that rise to the right.", _GONZALEZ + "10.2"),
        "motion_blur": _kernel("Motion blur", np.eye(7) / 7, "Mean along a diagonal, as if the camera had moved.", _GONZALEZ + "5.6, uniform motion"),
        "random": _kernel("Random", np.random.default_rng(0).normal(0, 1 / 3, (3, 3)).round(2), "What a network starts from, before it learns.", "normal numbers, standard deviation 1/3, seed 0"),
    }
)  # fmt: skip
