"""How one operation and its backward are shown, and what each gradient was made of."""

from cnn_core.shapes import window_axes
from instruments.backward import POOL, SIDE, WEIGHT, Backward, as_maps
from ui.components.feature_viewer.component import MapPanel, Reads, kernel_gradient_axis


def panels(name: str, found: Backward) -> list[MapPanel]:
    """Input, incoming gradient, the gradients, and the finite differences, which read what the gradient of the input reads."""
    incoming = as_maps(found.incoming)
    if name == "linear":
        incoming = incoming.swapaxes(
            1, 2
        )  # a column: the gradient of the weights is this column times the row of inputs
    of_input, of_weights = reads(name)
    first, *others = found.gradients.items()
    return [
        MapPanel("x", "Input", as_maps(found.x)),
        MapPanel("g", "Incoming gradient", incoming),
        MapPanel("o0", first[0], as_maps(first[1]), reads=of_input),
        *(MapPanel(f"o{n}", title, as_maps(one), reads=of_weights) for n, (title, one) in enumerate(others, 1)),
        MapPanel("n", "Finite differences", as_maps(found.differences), reads=of_input),
    ]


def reads(name: str) -> tuple[list[Reads], list[Reads]]:
    """What the gradient of the input, and that of the weights, read from the input and from the incoming gradient."""
    if name == "conv":
        rows, columns = window_axes((SIDE, SIDE), (WEIGHT.shape[2], WEIGHT.shape[3]), 1, 0, 1)
        patch = Reads("x", "window", kernel_gradient_axis(rows), kernel_gradient_axis(columns))
        return [Reads("g", "window", rows, columns, transposed=True)], [patch, Reads("g", "all")]
    if name == "pool":
        rows, columns = window_axes((SIDE, SIDE), (POOL, POOL), POOL, 0, 1)
        return [Reads("g", "window", rows, columns, transposed=True)], []
    if name == "relu":
        return [Reads("x", "same"), Reads("g", "same")], []
    if name == "linear":
        return [Reads("g", "all")], [Reads("x", "column"), Reads("g", "row")]
    return [Reads("x", "all"), Reads("g", "all")], []
