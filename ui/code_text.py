"""Settings as code that runs: what a page does, in NumPy with cnn_core, PyTorch and Keras. Imports no Streamlit."""

import base64

from cnn_core.arguments import Array, Pair
from cnn_core.images import encode_png
from instruments.fields import format_number
from instruments.kernel import Settings
from ui.notebooks import notebook_text

_POOLS = {"max": "max_pool2d", "average": "avg_pool2d"}


def _pair(value: Pair) -> str:
    return str(value[0]) if value[0] == value[1] else str(value)


def _rows(settings: Settings) -> str:
    lines = [", ".join(format_number(v) for v in row) for row in settings.weight]
    return "[[" + "],\n          [".join(lines) + "]]"


def numpy_code(settings: Settings) -> str:
    """The stages in cnn_core.

    >>> print(numpy_code(Settings("1 2")).splitlines()[0])
    import numpy as np
    """
    functions = ["conv2d"]
    arguments = [f"stride={_pair(settings.stride)}", f"padding={_pair(settings.padding)}"]
    if settings.dilation != (1, 1):
        arguments.append(f"dilation={_pair(settings.dilation)}")
    if settings.padding_mode != "zeros":
        arguments.append(f'padding_mode="{settings.padding_mode}"')
    if settings.bias:
        arguments.append(f"bias=np.full(len(image), {format_number(settings.bias)})")
    after = []
    if settings.relu:
        functions.append("relu")
        after.append("maps = relu(maps)")
    if settings.pool != "none":
        pool = _POOLS[settings.pool]
        functions.append(pool)
        after.append(f"maps = {pool}(maps, {settings.pool_size}, stride={settings.pool_stride})")
    return "\n".join(
        [
            "import numpy as np",
            f"from cnn_core import {', '.join(functions)}",
            "from cnn_core.images import decode_image, to_grey",
            "",
            'image = to_grey(decode_image(open("photo.png", "rb").read()))  # C x H x W',
            f"kernel = np.array({_rows(settings)})",
            "weight = np.repeat(kernel[None, None], len(image), axis=0)  # one C/groups x kH x kW kernel a channel",
            f"maps = conv2d(image, weight, groups=len(image), {', '.join(arguments)})",
            *after,
        ]
    )


def torch_code(settings: Settings) -> str:
    """The same in PyTorch.

    >>> "F.conv2d" in torch_code(Settings("1 2"))
    True
    """
    image = "image"
    lines = []
    padding = _pair(settings.padding)
    if settings.padding_mode != "zeros" and any(settings.padding):
        h, w = settings.padding
        lines.append(
            f'padded = F.pad(image, ({w}, {w}, {h}, {h}), mode="{settings.padding_mode}")  # left, right, top, bottom'
        )
        image, padding = "padded", "0"
    dilation = f", dilation={_pair(settings.dilation)}" if settings.dilation != (1, 1) else ""
    bias = f"torch.full((channels,), {format_number(settings.bias)})" if settings.bias else "None"
    lines.append(
        f"maps = F.conv2d({image}, weight, {bias}, stride={_pair(settings.stride)}, padding={padding}{dilation}, groups=channels)"
    )
    if settings.relu:
        lines.append("maps = F.relu(maps)")
    if settings.pool != "none":
        lines.append(f"maps = F.{_POOLS[settings.pool]}(maps, {settings.pool_size}, stride={settings.pool_stride})")
    return "\n".join(
        [
            "import torch",
            "import torch.nn.functional as F",
            "",
            "image = torch.rand(1, 1, 512, 512)  # N x C x H x W: PyTorch wants a batch axis",
            "channels = image.shape[1]",
            f"kernel = torch.tensor({_rows(settings)}, dtype=torch.float32)",
            "weight = kernel.expand(channels, 1, -1, -1)",
            *lines,
        ]
    )


_NUMPY_PAD = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def keras_code(settings: Settings) -> str:
    """The same in Keras: channels last, kernels kH x kW x C x 1, padding done before.

    >>> "depthwise_conv" in keras_code(Settings("1 2"))
    True
    """
    lines = []
    if any(settings.padding):
        h, w = settings.padding
        lines.append(
            f'image = np.pad(image, [(0, 0), ({h}, {h}), ({w}, {w}), (0, 0)], mode="{_NUMPY_PAD[settings.padding_mode]}")'
        )
    dilation = f", dilation_rate={settings.dilation}" if settings.dilation != (1, 1) else ""
    lines.append(f'maps = keras.ops.depthwise_conv(image, weight, {settings.stride}, "valid"{dilation})')
    if settings.bias:
        lines.append(f"maps = maps + {format_number(settings.bias)}")
    if settings.relu:
        lines.append("maps = keras.ops.relu(maps)")
    if settings.pool != "none":
        pool = {"max": "max_pool", "average": "average_pool"}[settings.pool]
        lines.append(f'maps = keras.ops.{pool}(maps, {settings.pool_size}, {settings.pool_stride}, "valid")')
    return "\n".join(
        [
            "import keras",
            "import numpy as np",
            "",
            'image = np.random.rand(1, 512, 512, 1).astype("float32")  # N x H x W x C: channels last',
            f'kernel = np.array({_rows(settings)}, "float32")',
            "weight = np.repeat(kernel[:, :, None, None], image.shape[-1], axis=2)  # kH x kW x C x 1",
            *lines,
        ]
    )


def notebook(settings: Settings, image: Array) -> str:
    """The NumPy program as a Jupyter notebook, with the image (C, H, W) inside."""
    picture = base64.b64encode(encode_png(image)).decode()
    load = f'import base64\n\nfrom cnn_core.images import decode_image, to_grey\n\nimage = decode_image(base64.b64decode("{picture}"))'
    if len(image) == 1:
        load += "\nimage = to_grey(image)  # 1 x H x W"
    lines = numpy_code(settings).split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("kernel ="))
    head = [line for line in lines[:start] if line.startswith(("import", "from cnn_core import"))]
    return notebook_text(
        "# A convolution in NumPy\n\nPut the folder `cnn_core` beside this notebook, then run all cells.",
        ["\n".join(head), load, "\n".join(lines[start:]), "maps.shape, maps.min(), maps.max()"],
    )
