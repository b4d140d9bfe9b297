"""A stack of layers as programs in PyTorch and Keras."""

from collections.abc import Sequence

from instruments.stack_text import Spec
from instruments.stacks import Shape, graph
from ui.programs import Code, program

_PYTORCH = {
    "flatten": "nn.Flatten()",
    "relu": "nn.ReLU()",
    "relu6": "nn.ReLU6()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
    "elu": "nn.ELU()",
    "softmax": "nn.Softmax(dim=1)",
}
_PYTORCH_OPTIONS = {"s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
_KERAS_OPTIONS = {"s": "strides", "d": "dilation_rate", "g": "groups"}


def _options(spec: Spec, names: dict[str, str], **more: object) -> str:
    given = {name: spec.options[key] for key, name in names.items() if key in spec.options} | more
    return "".join(f", {name}={value}" for name, value in given.items())


def _after(spec: Spec, shape: tuple[int, ...]) -> tuple[int, ...]:
    return list(graph([spec], shape).output_shapes().values())[-1]


def pytorch(specs: Sequence[Spec], shape: Shape) -> str:
    """The stack as `torch.nn.Sequential`; branches are small modules."""
    lines = _torch_lines(specs, shape, 1)
    name = "shapes_branches_pytorch" if any(spec.branches for spec in specs) else "shapes_pytorch"
    return program(name, shape=shape, layers=Code("[\n" + "".join(f"{line}\n" for line in lines) + "]"))


def _torch_lines(specs: Sequence[Spec], shape: tuple[int, ...], depth: int) -> list[str]:
    lines, indent = list[str](), "    " * depth
    for spec in specs:
        if spec.branches:
            lines.append(f"{indent}{'Residual' if spec.kind == 'res' else 'Concatenated'}(")
            for branch in spec.branches:
                inner = _torch_lines(branch, shape, depth + 2)
                one = [f"{indent}    nn.Sequential(", *inner, f"{indent}    ),"]
                lines += one if branch else [f"{indent}    nn.Identity(),"]
            lines.append(f"{indent}),")
        else:
            lines += [f"{indent}{call}," for call in _torch_calls(spec, shape)]
        shape = _after(spec, shape)
    return lines


def _torch_calls(spec: Spec, shape: tuple[int, ...]) -> list[str]:
    numbers = ", ".join(map(str, spec.numbers))
    bare = {"bias": False} if spec.bare else {}
    if spec.kind in ("conv", "upconv"):
        name = "Conv2d" if spec.kind == "conv" else "ConvTranspose2d"
        return [f"nn.{name}({shape[0]}, {numbers}{_options(spec, _PYTORCH_OPTIONS, **bare)})"]
    if spec.kind in ("depthwise", "separable"):
        options = _options(spec, _PYTORCH_OPTIONS, groups=shape[0], **bare)
        each = f"nn.Conv2d({shape[0]}, {shape[0]}, {spec.numbers[-1]}{options})"
        mixed = f"nn.Conv2d({shape[0]}, {spec.numbers[0]}, 1{', bias=False' if spec.bare else ''})"
        return [each] if spec.kind == "depthwise" else [each, mixed]
    if spec.kind in ("max", "avg"):
        return [f"nn.{spec.kind.capitalize()}Pool2d({numbers}{_options(spec, _PYTORCH_OPTIONS)})"]
    if spec.kind == "dense":
        return [f"nn.Linear({shape[0]}, {numbers})"]
    if spec.kind == "norm":
        return [f"nn.BatchNorm2d({shape[0]})"]
    if spec.kind == "dropout":
        return [f"nn.Dropout({numbers})"]
    return ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"] if spec.kind == "mean" else [_PYTORCH[spec.kind]]


def keras(specs: Sequence[Spec], shape: Shape) -> str:
    """The stack in Keras, channels last; a comment instead where Keras has no such layer."""
    if (missing := _dilated_pool(specs)) is not None:
        return f"# Keras cannot: {missing.text}. Its pooling knows no dilation.\n"
    lines, last = _keras_lines(specs, 0, 0)
    text = program("shapes_keras", shape=(shape[1], shape[2], shape[0]))
    start, end = text.index("x1 = "), text.index("net = ")
    text = text[:start] + "".join(f"{line}\n" for line in lines) + "\n" + text[end:].replace("x3)", f"x{last})")
    return text if "ops." in text else text.replace("layers, ops", "layers")


def _dilated_pool(specs: Sequence[Spec]) -> Spec | None:
    for spec in specs:
        if spec.kind == "max" and spec.options.get("d", 1) > 1 and spec.numbers[0] > 1:
            return spec
        for branch in spec.branches:
            if (found := _dilated_pool(branch)) is not None:
                return found
    return None


def _keras_lines(specs: Sequence[Spec], source: int, made: int) -> tuple[list[str], int]:
    """Assignments of x1, x2, … behind the one that is the source, and the number of the last."""
    lines: list[str] = []
    for spec in specs:
        if spec.branches:
            ends = list[int]()
            for branch in spec.branches:
                inner, end = _keras_lines(branch, source, made)
                lines, made, ends = lines + inner, made + len(inner), [*ends, end]
            ends += [source] if spec.kind == "res" and len(ends) == 1 else []
            names = ", ".join(f"x{end}" for end in ends)
            made += 1
            lines.append(f"x{made} = layers.{'Add' if spec.kind == 'res' else 'Concatenate'}()([{names}])")
            source = made
        else:
            for call in _keras_calls(spec):
                made += 1
                given = call.replace("(x,", f"(x{source},", 1) if call.startswith("ops.") else f"{call}(x{source})"
                note = "  # in H, W, C order: not PyTorch's" if spec.kind == "flatten" else ""
                lines.append(f"x{made} = {given}{note}")
                source = made
    return lines, source


def _keras_calls(spec: Spec) -> list[str]:
    """What is called one after the other. Padding is a step of its own, since Keras knows only "valid" and "same"."""
    numbers = ", ".join(map(str, spec.numbers))
    bare = {"use_bias": False} if spec.bare else {}
    p, stride = spec.options.get("p", 0), spec.options.get("s", 1)
    padded = [f"layers.ZeroPadding2D({p})"] if p else []
    if spec.kind in ("conv", "depthwise", "separable"):
        thinned = stride > 1 and spec.options.get("d", 1) > 1  # Keras takes only one of the two
        names = {key: name for key, name in _KERAS_OPTIONS.items() if key != "s" or not thinned}
        if spec.kind == "conv":
            calls = [f"layers.Conv2D({numbers}{_options(spec, names, **bare)})"]
        else:
            calls = [f"layers.DepthwiseConv2D({spec.numbers[-1]}{_options(spec, names, **bare)})"]
        calls += [f"layers.MaxPooling2D(1, strides={stride})"] if thinned else []
        last = [f"layers.Conv2D({spec.numbers[0]}, 1{', use_bias=False' if spec.bare else ''})"]
        return padded + calls + (last if spec.kind == "separable" else [])
    if spec.kind == "upconv":
        calls = [f"layers.Conv2DTranspose({numbers}{_options(spec, _KERAS_OPTIONS, **bare)})"]
        beyond = max(0, stride - int(spec.numbers[1]))  # Keras ends with whole strides
        return calls + ([f"layers.Cropping2D((({p}, {p + beyond}), ({p}, {p + beyond})))"] if p or beyond else [])
    if spec.kind == "max":
        lowest = f'ops.pad(x, ((0, 0), ({p}, {p}), ({p}, {p}), (0, 0)), constant_values=-float("inf"))'
        return [*([lowest] if p else []), f"layers.MaxPooling2D({numbers}{_options(spec, {'s': 'strides'})})"]
    if spec.kind == "avg":
        return [*padded, f"layers.AveragePooling2D({numbers}{_options(spec, _KERAS_OPTIONS)})"]
    return [
        {
            "dense": f"layers.Dense({numbers})",
            "norm": "layers.BatchNormalization(epsilon=1e-5)",
            "dropout": f"layers.Dropout({numbers or 0.5})",
            "mean": "layers.GlobalAveragePooling2D()",
            "flatten": "layers.Flatten()",
        }.get(spec.kind, f'layers.Activation("{spec.kind}")')
    ]
