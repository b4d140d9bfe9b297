"""The kernel page's convolution as programs: NumPy with cnn_core, PyTorch, Keras, and a notebook."""

import base64

from cnn_core.arguments import Array
from cnn_core.images import encode_png
from instruments.kernel import Settings
from ui.programs import Code, number, numbers, pair, program
from ui.programs.notebooks import notebook_text

_POOLS = {"max": "max_pool2d", "average": "avg_pool2d"}
_KERAS_POOLS = {"max": "max_pool", "average": "average_pool"}
_NUMPY_PAD = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _pool(settings: Settings, module: str, names: dict[str, str]) -> Code | None:
    return Code(f"{module}.{names[settings.pool]}") if settings.pool != "none" else None


def _shared(settings: Settings) -> dict[str, object]:
    """What all three libraries are told alike."""
    return {
        "kernel": numbers(settings.weight),
        "bias": number(settings.bias) if settings.bias else 0,
        "stride": pair(settings.stride),
        "dilation": pair(settings.dilation),
        "summed": settings.channels == "sum",
        "each": settings.channels == "each",
        "relu": settings.relu,
        "pool_size": settings.pool_size,
        "pool_stride": settings.pool_stride,
    }


def numpy(settings: Settings, channels: int = 1, **more: object) -> str:
    """The stages in cnn_core.

    Args:
        settings: what the page computes.
        channels: of its image, 1 or 3.
        more: settings of the program itself.
    """
    return program(
        "kernel_numpy",
        padding=pair(settings.padding),
        padding_mode=settings.padding_mode,
        pool=_pool(settings, "cnn_core", _POOLS),
        image=Code("to_grey(photo)" if channels == 1 else "photo"),
        **_shared(settings),
        **more,
    )


def pytorch(settings: Settings) -> str:
    """The same in PyTorch, whose convolution pads with zeros alone."""
    (height, width), mode = settings.padding, settings.padding_mode
    apart = mode != "zeros" and any(settings.padding)
    return program(
        "kernel_pytorch",
        padding=0 if apart else pair(settings.padding),
        border=(width, width, height, height) if apart else None,
        border_mode=mode,
        pool=_pool(settings, "F", _POOLS),
        **_shared(settings),
    )


def keras(settings: Settings) -> str:
    """The same in Keras, where padding is done before."""
    height, width = settings.padding
    return program(
        "kernel_keras",
        border=((height, height), (width, width)) if any(settings.padding) else None,
        border_mode=_NUMPY_PAD[settings.padding_mode],
        pool=_pool(settings, "keras.ops", _KERAS_POOLS),
        **_shared(settings),
    )


def notebook(settings: Settings, image: Array) -> str:
    """The NumPy program as a Jupyter notebook, with the image (C, H, W) inside."""
    picture = base64.b64encode(encode_png(image)).decode()
    photo = Code(f'decode_image(base64.b64decode("{picture}"))')
    text = numpy(settings, len(image), photo=photo).replace("from pathlib import Path", "import base64")
    introduction = "# A convolution in NumPy\n\nPut the folder `cnn_core` beside this notebook, then run all cells."
    return notebook_text(introduction, text.rstrip().split("\n\n"))
