"""One operation's gradient as programs, with the numbers of the page: NumPy with cnn_core, and PyTorch."""

from cnn_core.arguments import Array
from instruments import backward
from instruments.backward import Backward
from ui.programs import Code, numbers, program

_NUMPY = {  # what it is called there
    "conv": "conv2d_backward(grad_output, x, weight)[0]",
    "relu": "relu_backward(grad_output, x)",
    "pool": f"max_pool2d_backward(grad_output, x, {backward.POOL})",
    "linear": "linear_backward(grad_output, x, weight)[0]",
    "loss": "cross_entropy_backward(x, target)",
}
_PYTORCH = {
    "conv": "conv2d(x, weight)",
    "relu": "relu(x)",
    "pool": f"max_pool2d(x, {backward.POOL})",
    "linear": "linear(x, weight)",
    "loss": "cross_entropy(x, target)",
}
_WEIGHTS = {"conv": backward.WEIGHT, "linear": backward.MATRIX}


def _numpy(array: Array) -> Code:
    return Code(f"np.array({_lists(array)}){_axes(array)}")


def _pytorch(array: Array) -> Code:
    return Code(f"torch.tensor({_lists(array)}, dtype=torch.float32){_axes(array)}")


def _lists(array: Array) -> str:
    """The last two axes of an array as lists, a line a row."""
    return numbers(array.reshape(array.shape[-2:])) if array.ndim else f"{float(array)}"


def _axes(array: Array) -> str:
    """What adds the axes before the last two."""
    before = ["None"] * (array.ndim - 2)
    return f"[{', '.join(before)}]" if before else ""


def programs(name: str, found: Backward) -> dict[str, str]:
    """By library.

    Args:
        name: of the operation.
        found: what the page computed.
    """
    weight, loss = _WEIGHTS.get(name), name == "loss"
    target = backward.TARGET.tolist()
    numpy = program(
        "backward_numpy",
        x=_numpy(found.x),
        weight=None if weight is None else _numpy(weight),
        target=Code(f"np.array({target})") if loss else None,
        grad_output=None if loss else _numpy(found.incoming),
        grad_input=Code(f"cnn_core.{_NUMPY[name]}"),
    )
    pytorch = program(
        "backward_pytorch",
        x=Code(f"{_pytorch(found.x)}.requires_grad_()"),
        weight=None if weight is None else _pytorch(weight),
        target=Code(f"torch.tensor({target})") if loss else None,
        grad_output=_pytorch(found.incoming),
        y=Code(f"F.{_PYTORCH[name]}"),
    )
    return {"NumPy": numpy, "PyTorch": pytorch}
