"""What can be done to a whole kernel at once: by name, as the editor's buttons ask for it."""

from collections.abc import Callable

import numpy as np

from cnn_core.arguments import Array
from instruments.fields import SettingError
from instruments.kernel_text import format_kernel, parse_kernel


def normalise(kernel: Array) -> Array:
    """Divide by the sum, or by the sum of sizes where the sum is 0 (edge kernels); zeros stay.

    >>> normalise(np.array([[1.0, 3.0]])).tolist(), normalise(np.array([[-1.0, 1.0]])).tolist()
    ([[0.25, 0.75]], [[-0.5, 0.5]])
    """
    total = kernel.sum() if abs(kernel.sum()) > 1e-6 else np.abs(kernel).sum()
    return kernel / total if total else kernel


OPERATIONS: dict[str, Callable[[Array], Array]] = {
    "mirror": lambda kernel: kernel[:, ::-1],
    "upend": lambda kernel: kernel[::-1],
    "rotate": lambda kernel: np.rot90(kernel, -1),
    "transpose": lambda kernel: kernel.T,
    "normalise": normalise,
    "clear": np.zeros_like,
}


def resized(kernel: Array, height: int, width: int) -> Array:
    """Cut or pad a kernel with zeros around its centre.

    >>> resized(np.array([[5.0]]), 3, 2).tolist()
    [[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]]
    """
    result = np.zeros((height, width), kernel.dtype)
    top, left = ((new - 1) // 2 - (old - 1) // 2 for new, old in zip((height, width), kernel.shape, strict=True))
    for y, x in np.ndindex(kernel.shape):
        if 0 <= y + top < height and 0 <= x + left < width:
            result[y + top, x + left] = kernel[y, x]
    return result


def edited(change: object, current: str) -> str | None:
    """The kernel's text after what the editor sent, {"kernel": text} or {"operation": name}; None if it is neither.

    Raises:
        SettingError: the text cannot be read as a kernel, or the operation leads to numbers that a kernel cannot hold.

    >>> edited({"operation": "mirror"}, "1 2"), edited({"kernel": "3"}, "1 2"), edited("?", "1 2")
    ('2 1', '3', None)
    """
    if not isinstance(change, dict):
        return None
    if isinstance(text := change.get("kernel"), str):
        return format_kernel(parse_kernel(text))
    if (operation := OPERATIONS.get(str(change.get("operation"))[:20])) is not None:
        return format_kernel(parse_kernel(format_kernel(operation(parse_kernel(current)))))
    if "kernel" in change:
        raise SettingError("The kernel must be text.")
    return None
