"""The kernel page's instrument: one convolution, then optionally ReLU and pooling."""

from dataclasses import dataclass, field, replace

from cnn_core.arguments import Array, Pair
from cnn_core.kernels import PRESETS
from cnn_core.padding import MODES
from cnn_core.shapes import Axis, window_axes
from instruments.code import library
from instruments.fields import Choice, Real, Switch, Text, Values, Whole, strict
from instruments.image import SHAPE
from instruments.kernel_text import format_kernel, parse_kernel
from instruments.pixel import parse_place, write_place

DEFAULT = "sobel_x"
PRESET_OF = {format_kernel(preset.values): name for name, preset in PRESETS.items()}  # by the kernel's text
POOLS = {"none": "None", "max": "Max", "average": "Average"}
VIEWS = {"auto": "Auto", "picture": "As picture", "values": "As values"}
SUMS = {"sum": "Summed (a layer)", "each": "Each alone (depthwise)"}
STAGES = ("convolution", "relu", "pooling")


@dataclass(frozen=True)
class Settings:
    """One convolution, then optionally ReLU and pooling. Pairs are (h, w), in pixels."""

    kernel: str = "-1 0 1; -2 0 2; -1 0 1"
    scale: float = 1.0
    bias: float = 0.0
    flip: bool = False  # true convolution: the kernel turned by 180 degrees
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    padding_mode: str = "zeros"
    dilation: Pair = (1, 1)
    relu: bool = False
    pool: str = "none"
    pool_size: int = 2
    pool_stride: int = 2
    channels: str = "sum"  # over all of the image's, which gives one map; "each" gives one map for each
    values: Array = field(init=False, repr=False, compare=False)  # the kernel's numbers as written, read-only

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", parse_kernel(self.kernel))

    @property
    def weight(self) -> Array:
        """The numbers that are multiplied: scaled, and turned around for a true convolution. (kH, kW)"""
        values = self.values * self.values.dtype.type(self.scale)
        return values[::-1, ::-1] if self.flip else values

    @property
    def kernel_size(self) -> Pair:
        return self.values.shape[0], self.values.shape[1]

    def axes(self, size: Pair) -> tuple[Axis, Axis]:
        """Both axes of the convolution over an input of this size; ValueError if it does not fit."""
        return window_axes(size, self.kernel_size, self.stride, self.padding, self.dilation)

    def pool_axes(self, size: Pair) -> tuple[Axis, Axis]:
        """Both axes of the pooling over the convolution's output of this size; ValueError if it does not fit."""
        return window_axes(size, (self.pool_size,) * 2, self.pool_stride, 0, 1)


def _sides(v: Values, axis: int) -> tuple[int, ...]:
    """Pixels along the axes that a number for this axis stands for: both, unless each has its own."""
    _, height, width = v[SHAPE]
    return ((height, width)[axis],) if v[SIDES] else (height, width)


def _longest_dilation(v: Values, axis: int) -> int:
    """Up to which dilation the kernel fits the padded image."""
    shape, kernel, paddings = v[SHAPE][1:], parse_kernel(v[KERNEL]).shape, padding(v)
    axes = (axis,) if v[SIDES] else (0, 1)
    return min((shape[one] + 2 * paddings[one] - 1) // max(kernel[one] - 1, 1) for one in axes)


def _pool_room(v: Values) -> int:
    """The shorter side of the convolution's output; 0 where the kernel does not fit, which `stages.cost` says."""
    _, height, width = v[SHAPE]
    try:
        return min(axis.output_size for axis in convolution(v).axes((height, width)))
    except ValueError:
        return 0


KERNEL = Text(
    "kernel", "The kernel", format_kernel(PRESETS[DEFAULT].values), lambda text: format_kernel(parse_kernel(text)), str
)
SIDES = Switch("kernel_sides", "Height, width apart", False)
FLIP = Switch("kernel_flip", "True convolution", False)
STRIDE = Whole("kernel_stride", "stride", 1, 1, lambda v: min(8, *_sides(v, 0)))
STRIDE_ACROSS = Whole("kernel_stride_across", "stride", 1, 1, lambda v: min(8, *_sides(v, 1)))
PADDING = Whole("kernel_padding", "padding", 0, 0, lambda v: min(12, *(side - 1 for side in _sides(v, 0))))
PADDING_ACROSS = Whole(
    "kernel_padding_across", "padding", 0, 0, lambda v: min(12, *(side - 1 for side in _sides(v, 1)))
)
DILATION = Whole("kernel_dilation", "dilation", 1, 1, lambda v: min(8, _longest_dilation(v, 0)))
DILATION_ACROSS = Whole("kernel_dilation_across", "dilation", 1, 1, lambda v: min(8, _longest_dilation(v, 1)))
MODE = Choice("kernel_mode", "padding mode", "zeros", {mode: mode.capitalize() for mode in MODES})
SCALE = Real("kernel_scale", "scale", 1.0, -3.0, 3.0)
BIAS = Real("kernel_bias", "bias", 0.0, -2.0, 2.0)
RELU = Switch("kernel_relu", "ReLU", False)
POOL = Choice("kernel_pool", "Pooling", "none", POOLS)
POOL_SIZE = Whole("kernel_pool_size", "pooling window", 2, 1, lambda v: min(16, _pool_room(v)))
POOL_STRIDE = Whole("kernel_pool_stride", "pooling stride", 2, 1, 16)
CHANNELS = Choice("kernel_channels", "Channels", "sum", SUMS)
COMPUTED = (KERNEL, SIDES, FLIP, STRIDE, STRIDE_ACROSS, PADDING, PADDING_ACROSS, DILATION, DILATION_ACROSS, MODE, SCALE, BIAS,
            RELU, POOL, POOL_SIZE, POOL_STRIDE, CHANNELS)  # fmt: skip
VIEW = Choice("kernel_view", "Shown", "auto", VIEWS)
PIXEL = Text("kernel_pixel", "The pixel", "", lambda text: parse_place(text, STAGES), write_place)
CODE = library("kernel", "NumPy", "PyTorch", "Keras")
FIELDS = (*COMPUTED, VIEW, PIXEL, CODE)


def _pair(v: Values, down: Whole, across: Whole) -> Pair:
    return v[down], v[across if v[SIDES] else down]


def padding(v: Values) -> Pair:
    """Padding as (h, w)."""
    return _pair(v, PADDING, PADDING_ACROSS)


def convolution(v: Values) -> Settings:
    """The convolution alone, from values resolved up to the bias."""
    stride, dilation = _pair(v, STRIDE, STRIDE_ACROSS), _pair(v, DILATION, DILATION_ACROSS)
    return Settings(v[KERNEL], v[SCALE], v[BIAS], v[FLIP], stride, padding(v), v[MODE], dilation)


def settings(v: Values) -> Settings:
    """All of it."""
    behind = replace(convolution(v), relu=v[RELU], pool=v[POOL], pool_size=v[POOL_SIZE], pool_stride=v[POOL_STRIDE])
    return replace(behind, channels=v[CHANNELS])


def parse_settings(message: object, shape: tuple[int, int, int]) -> Settings:
    """Settings from a live message: values by key, missing ones take their default; raises SettingError.

    >>> parse_settings({"kernel": "1 2", "kernel_stride": 2}, (1, 20, 30)).stride
    (2, 2)
    """
    return settings(strict(COMPUTED, message, {SHAPE: shape}))
