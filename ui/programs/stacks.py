"""A stack of layers as programs in PyTorch and Keras."""

from collections.abc import Sequence

from instruments.stacks import Shape, Spec, build
from ui.programs import Code, program

_PYTORCH = {
    "flatten": "nn.Flatten()",
    "relu": "nn.ReLU()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
    "elu": "nn.ELU()",
    "softmax": "nn.Softmax(dim=1)",
}
_PYTORCH_OPTIONS = {"s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
_KERAS = {"conv": "Conv2D", "max": "MaxPooling2D", "avg": "AveragePooling2D", "dense": "Dense"}
_KERAS_OPTIONS = {"s": "strides", "d": "dilation_rate", "g": "groups"}


def _options(spec: Spec, names: dict[str, str]) -> str:
    return "".join(f", {name}={spec.options[key]}" for key, name in names.items() if key in spec.options)


def _listed(lines: Sequence[str]) -> Code:
    return Code("[\n" + "".join(f"    {line}\n" for line in lines) + "]")


def pytorch(specs: Sequence[Spec], shape: Shape) -> str:
    """The stack as `torch.nn.Sequential`."""
    lines, current = [], tuple[int, ...](shape)
    for spec in specs:
        options = _options(spec, _PYTORCH_OPTIONS)
        if spec.kind == "conv":
            lines.append(f"nn.Conv2d({current[0]}, {spec.numbers[0]}, {spec.numbers[1]}{options}),")
        elif spec.kind in ("max", "avg"):
            lines.append(f"nn.{spec.kind.capitalize()}Pool2d({spec.numbers[0]}{options}),")
        elif spec.kind == "dense":
            lines.append(f"nn.Linear({current[0]}, {spec.numbers[0]}),")
        else:
            lines.append(f"{_PYTORCH[spec.kind]},")
        current = build(spec, current).output_shape(current)
    return program("shapes_pytorch", shape=shape, layers=_listed(lines))


def keras(specs: Sequence[Spec], shape: Shape) -> str:
    """The stack in Keras, channels last; padding as its own layer, since Keras knows only "valid" and "same"."""
    lines = []
    for spec in specs:
        if spec.options.get("p"):
            lines.append(f"layers.ZeroPadding2D({spec.options['p']}),")
        if spec.kind in _KERAS:
            numbers = ", ".join(map(str, spec.numbers))
            lines.append(f"layers.{_KERAS[spec.kind]}({numbers}{_options(spec, _KERAS_OPTIONS)}),")
        elif spec.kind == "flatten":
            lines.append("layers.Flatten(),  # in H, W, C order: not PyTorch's")
        else:
            lines.append(f'layers.Activation("{spec.kind}"),')
    return program("shapes_keras", shape=(shape[1], shape[2], shape[0]), stack=_listed(lines))
