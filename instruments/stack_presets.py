"""Known networks as stacks of layers, each after the paper named in its label; totals as in torchvision."""

from collections.abc import Iterable


def _repeated(blocks: Iterable[str]) -> str:
    return "; ".join(blocks).replace(" s1 ", " ")


_VGG = _repeated(
    "; ".join([f"conv {k} 3 p1; relu"] * n + ["max 2"]) for k, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
)
_HEAD = "flatten; dense 4096; relu; dense 4096; relu; dense 1000; softmax"
_STEM = "conv 64 7 s2 p3 nobias; norm; relu; max 3 s2 p1"


def _shortcut(kernels: int, stride: int, needed: bool) -> str:
    return f" | conv {kernels} 1 s{stride} nobias; norm" if needed else ""


def _basic(kernels: int, stride: int) -> str:
    """ResNet's block of two convolutions."""
    inner = f"conv {kernels} 3 s{stride} p1 nobias; norm; relu; conv {kernels} 3 p1 nobias; norm"
    return f"res [ {inner}{_shortcut(kernels, stride, stride > 1)} ]; relu"


def _bottleneck(kernels: int, stride: int, first: bool) -> str:
    """ResNet's block of three convolutions."""
    inner = f"conv {kernels} 1 nobias; norm; relu; conv {kernels} 3 s{stride} p1 nobias; norm; relu; conv {4 * kernels} 1 nobias; norm"
    return f"res [ {inner}{_shortcut(4 * kernels, stride, first)} ]; relu"


_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))
_RESNET18 = _repeated([_STEM, *(_basic(k, s) for k, first in _STAGES for s in (first, 1)), "mean; dense 1000"])
_RESNET50 = _repeated(
    [_STEM]
    + [
        _bottleneck(k, first if block == 0 else 1, block == 0)
        for (k, first), count in zip(_STAGES, (3, 4, 6, 3), strict=True)
        for block in range(count)
    ]
    + ["mean; dense 1000"]
)


def _fire(squeeze: int, expand: int) -> str:
    return f"conv {squeeze} 1; relu; cat [ conv {expand} 1; relu | conv {expand} 3 p1; relu ]"


_SQUEEZENET = _repeated(
    [
        "conv 64 3 s2; relu; max 3 s2",
        _fire(16, 64),
        _fire(16, 64),
        "max 3 s2",
        _fire(32, 128),
        _fire(32, 128),
        "max 3 s2",
        *(_fire(squeeze, 4 * squeeze) for squeeze in (48, 48, 64, 64)),
        "dropout 0.5; conv 1000 1; relu; mean",
    ]
)


def _mobilenet() -> str:
    blocks, channels = ["conv 32 3 s2 p1 nobias; norm; relu6"], 32
    for factor, kernels, count, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
    ):  # fmt: skip
        for block in range(count):
            stride = first if block == 0 else 1
            wide = f"conv {factor * channels} 1 nobias; norm; relu6; " if factor > 1 else ""
            inner = f"{wide}depthwise 3 s{stride} p1 nobias; norm; relu6; conv {kernels} 1 nobias; norm"
            blocks.append(f"res [ {inner} ]" if stride == 1 and channels == kernels else inner)
            channels = kernels
    return _repeated([*blocks, "conv 1280 1 nobias; norm; relu6; mean; dropout 0.2; dense 1000"])


def _unet(kernels: int, depth: int) -> str:
    double = f"conv {kernels} 3 p1; relu; conv {kernels} 3 p1; relu"
    if not depth:
        return double
    return f"{double}; cat [ | max 2; {_unet(2 * kernels, depth - 1)}; upconv {kernels} 2 s2 ]; {double}"


PRESETS: dict[str, tuple[tuple[int, int, int], str]] = {  # label -> (input shape, layers)
    "LeNet-5 (LeCun 1998)": ((1, 28, 28), "conv 6 5 p2; tanh; avg 2; conv 16 5; tanh; avg 2; flatten; dense 120; tanh; dense 84; tanh; dense 10"),
    "AlexNet (Krizhevsky 2012)": ((3, 227, 227), "conv 96 11 s4; relu; max 3 s2; conv 256 5 p2; relu; max 3 s2; conv 384 3 p1; relu; conv 384 3 p1; relu; conv 256 3 p1; relu; max 3 s2; " + _HEAD),
    "VGG-16 (Simonyan 2014)": ((3, 224, 224), f"{_VGG}; {_HEAD}"),
    "ResNet-18 (He 2015)": ((3, 224, 224), _RESNET18),
    "ResNet-50 (He 2015)": ((3, 224, 224), _RESNET50),
    "SqueezeNet 1.1 (Iandola 2016)": ((3, 224, 224), _SQUEEZENET),
    "MobileNetV2 (Sandler 2018)": ((3, 224, 224), _mobilenet()),
    "A small U-Net (Ronneberger 2015)": ((1, 128, 128), f"{_unet(16, 2)}; conv 2 1"),
    "This app's digits network": ((1, 28, 28), "conv 16 5; relu; max 2; flatten; dense 128; relu; dense 10; softmax"),
}  # fmt: skip
