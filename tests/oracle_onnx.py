"""`make oracle`: models exported by PyTorch (both ways) and Keras, and every operator's own cases, against ONNX Runtime.

Prints a table; ends with an error at the first disagreement above 1e-4, told in full.
"""

import contextlib
import copy
import logging
import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import onnx as onnx_package
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from torch import nn
from torch.nn import functional as F

from cnn_core import layers, networks, onnx
from cnn_core.graph import Graph, Node
from cnn_core.onnx.operators import OPERATORS
from cnn_core.onnx.reading import read_any
from tests.core.test_layers import CASES

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
TOLERANCE = 1e-4
RNG = np.random.default_rng(3)


class Residual(nn.Module):
    """He's basic block."""

    def __init__(self, channels: int, kernels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, kernels, 3, stride, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(kernels), nn.BatchNorm2d(kernels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(kernels, kernels, 3, 1, 1, bias=False)
        self.downsample = None
        if stride > 1 or channels != kernels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, kernels, 1, stride, bias=False), nn.BatchNorm2d(kernels)
            )

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + skip)


class ResNet(nn.Module):
    def __init__(self, widths: tuple[int, ...], blocks: int, stem: nn.Module) -> None:
        super().__init__()
        self.stem, channels = stem, widths[0]
        for number, width in enumerate(widths, 1):
            row = [
                Residual(channels if i == 0 else width, width, 2 if i == 0 and number > 1 else 1) for i in range(blocks)
            ]
            setattr(self, f"layer{number}", nn.Sequential(*row))
            channels = width
        self.stages = len(widths)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(channels, 10)

    def forward(self, x):
        x = self.stem(x)
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.sigmoid(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc3(F.relu(self.fc2(F.relu(self.fc1(x))))), dim=1)


class Fire(nn.Module):
    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.one, self.three = nn.Conv2d(squeezed, expanded, 1), nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


class Inverted(nn.Module):
    """MobileNetV3's block: depthwise, squeeze and excitation, hard swish."""

    def __init__(self, channels: int, wide: int, kernels: int, stride: int, act: type[nn.Module], gated: bool) -> None:
        super().__init__()
        self.expand, self.norm1 = nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.depth, self.norm2 = nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide)
        self.project, self.norm3 = nn.Conv2d(wide, kernels, 1, bias=False), nn.BatchNorm2d(kernels)
        self.act, self.skip = act(), stride == 1 and channels == kernels
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(wide, 8, 1), nn.ReLU(), nn.Conv2d(8, wide, 1), nn.Hardsigmoid()
        ) if gated else None  # fmt: skip

    def forward(self, x):
        y = self.act(self.norm2(self.depth(self.act(self.norm1(self.expand(x))))))
        y = y if self.gate is None else y * self.gate(y)
        y = self.norm3(self.project(y))
        return x + y if self.skip else y


class UNet(nn.Module):
    def __init__(self, transposed: bool) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2) if transposed else nn.Upsample(scale_factor=2, mode="bilinear")
        self.join = nn.Conv2d(16 if transposed else 24, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        first = F.relu(self.down1(x))
        second = F.relu(self.down2(F.max_pool2d(first, 2)))
        return torch.sigmoid(self.last(F.relu(self.join(torch.cat([first, self.up(second)], 1)))))


class Shuffle(nn.Module):
    """Channels split, shuffled and joined; padding; odd slices; GELU, SiLU and Mish."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True)
        self.group, self.last = nn.GroupNorm(2, 8), nn.Conv2d(8, 5, 1)
        self.prelu, self.layer_norm = nn.PReLU(8), nn.LayerNorm(8)

    def forward(self, x):
        x = self.prelu(self.norm(self.conv(F.pad(x, (1, 2, 0, 3)))))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        one, two = x.chunk(2, 1)
        x = torch.cat([F.gelu(one), F.silu(two)], 1)[:, :, ::2, 1:-1]
        x = self.layer_norm(F.mish(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = F.hardswish(x) + F.elu(x) - F.relu6(x) / 3
        return F.softmax(self.last(F.leaky_relu(F.pad(x, (1, 1, 2, 2), mode="reflect"), 0.2)).mean((2, 3)), 1)


def torch_networks() -> dict[str, tuple[nn.Module, tuple[int, int, int]]]:
    vgg: list[nn.Module] = []
    for channels, kernels in ((3, 10), (10, 10)):
        vgg += [nn.Conv2d(channels, kernels, 3), nn.ReLU(), nn.Conv2d(kernels, kernels, 3), nn.ReLU(), nn.MaxPool2d(2)]
    squeeze = [
        nn.Conv2d(3, 64, 3, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64),
        Fire(128, 16, 64),
    ]
    squeeze += [nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout(), nn.Conv2d(128, 20, 1), nn.ReLU()]
    mobile = [nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6()]
    mobile += [Inverted(16, 48, 24, 2, nn.ReLU6, False), Inverted(24, 72, 24, 1, nn.ReLU6, False)]
    mobile += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, 10)]
    third = [nn.Conv2d(3, 16, 3, 2, 1), nn.Hardswish(), Inverted(16, 32, 16, 1, nn.Hardswish, True)]
    third += [Inverted(16, 32, 24, 2, nn.SiLU, True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 7)]
    large = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    small = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    return {
        "LeNet": (LeNet(), (1, 28, 28)),
        "TinyVGG": (nn.Sequential(*vgg, nn.Flatten(), nn.Linear(10 * 13 * 13, 3)), (3, 64, 64)),
        "small ResNet": (ResNet((16, 32, 64), 1, small), (3, 32, 40)),
        "ResNet-18": (ResNet((64, 128, 256, 512), 2, large), (3, 96, 128)),
        "SqueezeNet": (nn.Sequential(*squeeze, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(1)), (3, 67, 95)),
        "MobileNetV2": (nn.Sequential(*mobile), (3, 64, 96)),
        "MobileNetV3": (nn.Sequential(*third), (3, 64, 96)),
        "U-Net transposed": (UNet(True), (3, 32, 48)),
        "U-Net bilinear": (UNet(False), (3, 32, 48)),
        "shuffle and norms": (Shuffle(), (3, 24, 31)),
        "pool to 2 x 3": (nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(24, 5)), (1, 30, 41)),
        "pool to 3 x 5": (nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d((3, 5)), nn.Flatten(), nn.Linear(60, 5)), (1, 16, 14)),
    }  # fmt: skip


def alive(network: nn.Module) -> nn.Module:
    """Norms with numbers that are not 0 and 1."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


class Table:
    """Prints each comparison and keeps the worst."""

    def __init__(self) -> None:
        self.worst, self.done = 0.0, 0

    def row(self, name: str, graph: Graph, path: str, shape: tuple[int, ...], last: bool = False) -> None:
        """Compare on a picture and on another; last: the file wants channels last."""
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        x = RNG.random((1, *shape), dtype=np.float32)
        given = x.transpose(0, 2, 3, 1) if last else x
        expected = session.run(None, {entry.name: given.astype(np.float16) if "float16" in entry.type else given})[0]
        answer = graph.forward(x)
        self.compare(name, answer, expected, 2e-3 if expected.dtype == np.float16 else TOLERANCE)
        print(f"{name:46} {len(graph.nodes):4} layers  {self.last:.1e}  {', '.join(n.name for n in graph.nodes)[:110]}")

    def compare(self, name: str, answer: np.ndarray, expected: np.ndarray, tolerance: float = TOLERANCE) -> None:
        """End with the whole story where they differ."""
        fits = answer.shape == expected.shape
        scale = max(1.0, float(np.abs(expected).max())) if fits and expected.size else 1.0
        self.last = float(np.abs(answer - expected).max()) / scale if fits and expected.size else 0.0
        self.done += 1
        self.worst = max(self.worst, self.last if tolerance == TOLERANCE else 0.0)
        if not fits or not self.last <= tolerance:
            print(f"{name}: shapes {answer.shape} here, {expected.shape} there; difference {self.last:.2e}")
            print("here", answer, "there", expected, sep="\n")
            sys.exit(1)


def torch_models(table: Table, folder: Path) -> None:
    for name, (network, shape) in torch_networks().items():
        alive(network)
        x = torch.rand(1, *shape)
        ways = [("old", 11), ("old", 17), ("new", 18), ("new", 20), ("second file", 18), ("open", 18)]
        if name != "LeNet":
            ways = [ways[1], ways[2], ways[5]]
        elif name == "LeNet":
            ways += [("old", 9), ("old", 13)]
        for way, opset in ways:
            path = folder / f"{name}-{way}-{opset}.onnx".replace(" ", "_")
            options: dict = {"opset_version": opset, "input_names": ["picture"], "verbose": False}
            if way == "old":
                options |= {"dynamo": False, "dynamic_axes": {"picture": [0]}}
            else:
                options |= {"dynamo": True, "external_data": way == "second file"}
                if way == "open":
                    options["dynamic_shapes"] = ({0: torch.export.Dim.DYNAMIC},)
            try:
                with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                    torch.onnx.export(network, (x,), str(path), **options)
            except Exception as error:
                print(f"{name} {way} {opset}: PyTorch cannot export it ({type(error).__name__}: {str(error)[:80]!r})")
                continue
            second = Path(f"{path}.data")
            weights = second.read_bytes() if second.exists() else None
            assert (weights is not None) == (way == "second file")
            table.row(f"{name}, {way} {opset}", onnx.read(path.read_bytes(), weights), str(path), shape)
    network, shape = torch_networks()["small ResNet"]
    path = folder / "half.onnx"
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        torch.onnx.export(alive(network).half(), (torch.rand(1, *shape).half(),), str(path), dynamo=False)
    table.row("small ResNet, float16", onnx.read(path.read_bytes()), str(path), shape)
    path = folder / "train.onnx"
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        options = {"input_names": ["picture"], "dynamic_axes": {"picture": [0, 2, 3]}, "dynamo": False}
        torch.onnx.export(
            torch_networks()["U-Net bilinear"][0].eval(), (torch.rand(1, 3, 32, 48),), str(path), **options
        )
    graph = onnx.read(path.read_bytes())
    assert graph.input_shape == (3, None, None), graph.input_shape
    table.row("U-Net bilinear, any size", graph, str(path), (3, 40, 56))


def keras_models(table: Table, folder: Path) -> None:
    kl = keras.layers
    models = {
        "Keras CNN": [
            kl.Conv2D(8, 3, activation="relu", name="first"), kl.MaxPooling2D(), kl.Conv2D(16, 3, padding="same", strides=2),
            kl.BatchNormalization(), kl.ReLU(6.0), kl.Dropout(0.3), kl.Flatten(), kl.Dense(12, activation="relu"),
            kl.Dense(10, activation="softmax"),
        ],
        "Keras separable": [
            kl.Conv2D(8, 3, strides=2, padding="same", use_bias=False), kl.BatchNormalization(), kl.Activation("swish"),
            kl.DepthwiseConv2D(3, padding="same"), kl.SeparableConv2D(12, 3), kl.ZeroPadding2D(((0, 1), (2, 0))),
            kl.AveragePooling2D(3, 2, padding="same"), kl.GlobalAveragePooling2D(), kl.Dense(5, activation="softmax"),
        ],
        "Keras upsampling": [
            kl.Conv2D(8, 3, activation="gelu"), kl.UpSampling2D(2), kl.Conv2DTranspose(4, 3, 2, padding="same"),
            kl.Cropping2D(1), kl.LeakyReLU(0.1), kl.Conv2D(2, 1, activation="sigmoid"),
        ],
    }  # fmt: skip
    for name, row in models.items():
        for opset in (None, 18):
            model = keras.Sequential([kl.Input((29, 36, 3)), *row])
            for layer in model.layers:
                layer.set_weights([weight + 0.02 * RNG.random(weight.shape) for weight in layer.get_weights()])
            model(np.zeros((1, 29, 36, 3), np.float32))
            path = folder / f"{name}-{opset}.onnx".replace(" ", "_")
            try:
                with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                    model.export(
                        str(path), format="onnx", verbose=False, **({} if opset is None else {"opset_version": opset})
                    )
            except Exception as error:
                print(f"{name} {opset}: Keras cannot export it ({type(error).__name__}: {str(error)[:80]!r})")
                continue
            second = Path(f"{path}.data")
            weights = second.read_bytes() if second.exists() else None
            table.row(
                f"{name}, opset {opset}", onnx.read(path.read_bytes(), weights), str(path), (3, 29, 36), last=True
            )


def _frozen(case) -> tuple[bytes, np.ndarray, np.ndarray] | None:
    """A single operator's case with all but its first input made constant; None where it has no maps or several."""
    model = copy.deepcopy(case.model)
    inputs, outputs = case.data_sets[0]
    first = next(iter(inputs), None)
    usable = isinstance(first, np.ndarray) and first.ndim >= 2 and first.dtype in (np.float32, np.float16, np.float64)
    if (
        not usable
        or not first.size
        or not isinstance(outputs[0], np.ndarray)
        or outputs[0].dtype.kind != "f"
        or len(model.graph.node) != 1
    ):
        return None
    for entry, value in list(zip(model.graph.input, inputs, strict=True))[1:]:
        if not isinstance(value, np.ndarray):
            return None
        model.graph.initializer.append(numpy_helper.from_array(value, entry.name))
    del model.graph.input[1:]
    model.graph.output[0].type.CopyFrom(helper.make_tensor_type_proto(1, None))
    return model.SerializeToString(), first, outputs[0]


def operators(table: Table) -> None:
    known: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    why: dict[str, str] = {}
    with warnings.catch_warnings(), contextlib.redirect_stderr(None):
        cases = collect_testcases(None)
    for case in cases:
        if case.model is None or not case.data_sets or case.kind != "node":
            continue
        frozen = _frozen(case)
        if frozen is None:
            continue
        data, x, expected = frozen
        kind = case.model.graph.node[0].op_type
        try:
            graph = read_any(data, None, True)
        except onnx.OnnxError as error:
            refused[kind] += 1
            why.setdefault(kind, f"{case.name}: {error}")
            continue
        known[kind] += 1
        table.compare(case.name, graph.forward(x), expected, 2e-3 if x.dtype == np.float16 else TOLERANCE)
    for kind, count in sorted(known.items()):
        print(f"{kind:24} {count:3} cases agree, {refused[kind]:3} refused  {why.get(kind, '')[:150]}")
    for kind in sorted((set(refused) - set(known)) & set(OPERATORS)):
        print(f"{kind:24} {refused[kind]} cases, all refused: {why[kind][:150]}")
    print("unknown:", ", ".join(sorted(set(refused) - set(known) - set(OPERATORS))))


def written(table: Table, folder: Path) -> None:
    """What `onnx.write` makes, run by ONNX Runtime: our networks and every layer with one input."""
    for name, shape in (("digits", (1, 28, 28)), ("resnet8", (3, 32, 32)), ("squeezenet", (3, 227, 227))):
        path = folder / f"{name}.onnx"
        path.write_bytes(onnx.write(networks.load(name)))
        table.row(f"{name}, written", networks.load(name), str(path), shape)
    for layer, inputs, _ in CASES:
        if len(inputs) == 1 and not (isinstance(layer, layers.LocalResponseNorm) and layer.size % 2 == 0):
            graph = Graph([Node("layer", layer, ("input",))], inputs[0].shape[1:])
            data = onnx.write(graph)
            onnx_package.checker.check_model(onnx_package.load_from_string(data), full_check=True)
            session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            expected = session.run(None, {"input": inputs[0].astype(np.float32)})[0]
            table.compare(f"{type(layer).__name__}, written", graph.forward(inputs[0]), expected)
    print(f"{len(CASES)} layers written, checked and run")


if __name__ == "__main__":
    print(
        f"onnx {onnx_package.__version__}, ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__}, Keras {keras.__version__}"
    )
    torch.manual_seed(0)
    found = Table()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        written(found, Path(place))
        operators(found)
        torch_models(found, Path(place))
        keras_models(found, Path(place))
    print(f"{found.done} comparisons, largest difference {found.worst:.1e} of the largest answer")
