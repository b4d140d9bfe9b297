"""The chosen activation as programs."""

from ui.programs import Code, number, program


def numpy(name: str, parameter: float | None) -> str:
    """In cnn_core.

    Args:
        name: of the function.
        parameter: its second argument, if it has one.
    """
    second = "" if parameter is None else f", {number(parameter)}"
    return program("activation_numpy", y=Code(f"cnn_core.{name}(x{second})"))


def pytorch(name: str, parameter: float | None) -> str:
    """In PyTorch, whose PReLU takes its slopes as a tensor."""
    module = "torch" if name in ("sigmoid", "tanh") else "F"
    second = "" if parameter is None else f", {number(parameter)}"
    if parameter is not None and name == "prelu":
        second = f", torch.tensor([{number(parameter)}])"
    return program("activation_pytorch", y=Code(f"{module}.{name}(x{second})"))
