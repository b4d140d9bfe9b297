"""The pictures between input and output: convolution, ReLU, pooling, and what stands behind one output pixel."""

from dataclasses import dataclass

import numpy as np

from cnn_core.activations import relu
from cnn_core.arguments import Array, Pair
from cnn_core.convolution import conv2d
from cnn_core.padding import pad
from cnn_core.pooling import avg_pool2d, max_pool2d
from instruments.cost import Cost
from instruments.fields import SettingError
from instruments.kernel import Settings


@dataclass(frozen=True)
class Stage:
    """One step's output: C maps of H x W."""

    name: str  # "convolution", "relu" or "pooling"
    maps: Array  # (C, H, W)
    low: float
    high: float

    @classmethod
    def of(cls, name: str, maps: Array) -> "Stage":
        return cls(name, maps, float(maps.min()), float(maps.max()))


def cost(shape: tuple[int, int, int], settings: Settings) -> Cost:
    """What `compute` takes on an image (C, H, W).

    Raises:
        SettingError: the settings do not fit the image, or would take too long; the sentence says what to change.
    """
    channels, height, width = shape
    try:
        rows, columns = settings.axes((height, width))
    except ValueError as error:
        raise SettingError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    places = rows.output_size * columns.output_size
    values = places * (channels if settings.channels == "each" else 1)  # of one stage; there are three at most
    taken = 4 * (channels * height * width + 3 * values)
    return Cost(channels * places * settings.weight.size, taken).check("a smaller image or a smaller kernel")


def compute(image: Array, settings: Settings) -> list[Stage]:
    """Run the settings on an image (C, H, W): one map, the sum over the kernel on all channels; or C maps, each channel alone.

    Raises:
        SettingError: the settings do not fit the image, or would take too long; the sentence says what to change.
    """
    cost((image.shape[0], image.shape[1], image.shape[2]), settings)
    try:
        return _run(image, settings)
    except ValueError as error:
        raise SettingError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None


def _run(image: Array, settings: Settings) -> list[Stage]:
    each, channels = settings.channels == "each", len(image)
    stacked = (channels, 1, 1, 1) if each else (1, channels, 1, 1)  # (C, 1, kH, kW) or (1, C, kH, kW): the same slices
    bias = np.full(channels if each else 1, settings.bias, np.float32)
    maps = conv2d(
        image,
        np.tile(settings.weight, stacked),
        bias if settings.bias else None,
        settings.stride,
        settings.padding,
        settings.dilation,
        groups=channels if each else 1,
        padding_mode=settings.padding_mode,
    )
    stages = [Stage.of("convolution", maps)]
    if settings.relu:
        stages.append(Stage.of("relu", relu(maps)))
    if settings.pool != "none":
        pool = max_pool2d if settings.pool == "max" else avg_pool2d
        pooled = pool(stages[-1].maps, settings.pool_size, settings.pool_stride)
        assert isinstance(pooled, np.ndarray)
        stages.append(Stage.of("pooling", pooled))
    return stages


@dataclass(frozen=True)
class Window:
    """What stands behind one pixel: the numbers read, what they were multiplied with, and the result."""

    stage: str  # "input", "convolution", "relu" or "pooling"
    channel: int
    y: int
    x: int
    inputs: (
        Array  # (kH, kW), read from the stage before; (C, kH, kW) where channels are summed; (1, 1) of the input itself
    )
    weights: Array | None  # (kH, kW) for a convolution, the same for each channel
    bias: float
    total: float  # the pixel's value
    field: tuple[int, int, int, int]  # top, left, height, width seen on the input; negative in the padding
    box: tuple[int, int, int, int]  # the same on the stage before
    lens: Array  # the stage's own values around the pixel, at most 5 x 5
    lens_corner: Pair  # row and column of the lens's first value


def _lens(one: Array, y: int, x: int) -> tuple[Array, Pair]:
    """Values of a map (H, W) up to two pixels around a place."""
    top, left = max(y - 2, 0), max(x - 2, 0)
    return one[top : y + 3, left : x + 3], (top, left)


def look(image: Array, settings: Settings, stage: str, channel: int, y: int, x: int) -> Window:
    """Say how one pixel of a stage came about; the place is clamped into the stage.

    Raises:
        SettingError: there is no such stage with these settings.
    """
    summed = settings.channels == "sum" and stage != "input"
    channel = 0 if summed else min(max(channel, 0), len(image) - 1)
    if stage == "input":
        y, x = min(max(y, 0), image.shape[1] - 1), min(max(x, 0), image.shape[2] - 1)
        value = image[channel, y : y + 1, x : x + 1]
        lens = _lens(image[channel], y, x)
        return Window(stage, channel, y, x, value, None, 0.0, float(value[0, 0]), (y, x, 1, 1), (y, x, 1, 1), *lens)
    rows, columns = settings.axes((image.shape[1], image.shape[2]))
    computed = {one.name: one.maps for one in compute(image if summed else image[channel : channel + 1], settings)}
    if stage not in computed:
        raise SettingError(f"There is no stage named {stage[:20]} with these settings.")
    y = min(max(y, 0), computed[stage].shape[1] - 1)
    x = min(max(x, 0), computed[stage].shape[2] - 1)
    lens = _lens(computed[stage][0], y, x)
    if stage in ("convolution", "relu"):
        return _convolution_window(image, settings, stage, channel, y, x, lens)
    before = computed["relu" if settings.relu else "convolution"][0]
    size, step = settings.pool_size, settings.pool_stride
    inputs = before[y * step : y * step + size, x * step : x * step + size]
    top, left = y * step * rows.stride - rows.before, x * step * columns.stride - columns.before
    field = (top, left, (size - 1) * rows.stride + rows.span, (size - 1) * columns.stride + columns.span)
    box = (y * step, x * step, size, size)
    return Window(stage, channel, y, x, inputs, None, 0.0, float(computed[stage][0, y, x]), field, box, *lens)


def _convolution_window(
    image: Array, settings: Settings, stage: str, channel: int, y: int, x: int, lens: tuple[Array, Pair]
) -> Window:
    rows, columns = settings.axes((image.shape[1], image.shape[2]))
    read = image if settings.channels == "sum" and len(image) > 1 else image[channel]  # (C, H, W) or (H, W)
    padded = pad(read, (rows.before, rows.after), (columns.before, columns.after), settings.padding_mode)
    top, left = y * rows.stride, x * columns.stride
    inputs = padded[..., top : top + rows.span : rows.dilation, left : left + columns.span : columns.dilation]
    total = float((inputs.astype(np.float64) * settings.weight).sum() + settings.bias)
    box = (top - rows.before, left - columns.before, rows.span, columns.span)
    shown = max(total, 0.0) if stage == "relu" else total
    return Window(stage, channel, y, x, inputs, settings.weight, settings.bias, shown, box, box, *lens)


def is_image(stages: list[Stage]) -> bool:
    """Whether what comes out is an image again: the convolution has no negative values, as after a blur, and is not empty."""
    return bool(stages) and stages[0].low >= 0 and stages[0].high > 0


def scale_limits(low: float, high: float) -> tuple[float, float]:
    """Ends of the diverging colour scale for values from low to high: symmetric, so that 0 lies in its middle."""
    end = max(abs(low), abs(high)) or 1.0
    return -end, end


Shown = tuple[Stage, float]  # a stage and the end of its colour scale


def on_one_scale(stages: list[Stage]) -> list[Shown]:
    """Give all stages the scale that holds the values of every one, so that what ReLU takes away can be seen."""
    end = scale_limits(min(one.low for one in stages), max(one.high for one in stages))[1]
    return [(one, end) for one in stages]
