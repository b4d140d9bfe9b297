"""Controls of a kernel and of the convolution, activation and pooling around it; everything they set is in the URL.

The kernel is one bound text (`?kernel=1 0 -1; 2 0 -2; 1 0 -1`); presets, size and the editor are views of it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from cnn_core.arguments import Array, Pair
from cnn_core.kernels import PRESETS
from live.settings import BOUNDS, MAX_KERNEL, SettingError, Settings, format_kernel, parse_kernel
from ui.components.kernel_editor.component import kernel_editor
from ui.controls import number, one_of, say, selected, switched, text_field, whole_number
from ui.palette import label

TEXT = "kernel"  # key of the bound text
DEFAULT = "sobel_x"
CUSTOM = "custom"

_PAD_NAMES = {"zeros": "Zeros", "reflect": "Reflect", "replicate": "Replicate", "circular": "Circular"}
_POOL_NAMES = {"none": "None", "max": "Max", "average": "Average"}


def normalise(kernel: Array) -> Array:
    """Divide by the sum, or by the sum of sizes where the sum is 0 (edge kernels); zeros stay.

    >>> normalise(np.array([[1.0, 3.0]])).tolist(), normalise(np.array([[-1.0, 1.0]])).tolist()
    ([[0.25, 0.75]], [[-0.5, 0.5]])
    """
    total = kernel.sum() if abs(kernel.sum()) > 1e-6 else np.abs(kernel).sum()
    return kernel / total if total else kernel


OPERATIONS: dict[str, Callable[[Array], Array]] = {
    "mirror": lambda kernel: kernel[:, ::-1],
    "upend": lambda kernel: kernel[::-1],
    "rotate": lambda kernel: np.rot90(kernel, -1),
    "transpose": lambda kernel: kernel.T,
    "normalise": normalise,
    "clear": np.zeros_like,
}


def resized(kernel: Array, height: int, width: int) -> Array:
    """Cut or pad a kernel with zeros around its centre.

    >>> resized(np.array([[5.0]]), 3, 2).tolist()
    [[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]]
    """
    result = np.zeros((height, width), kernel.dtype)
    top, left = ((new - 1) // 2 - (old - 1) // 2 for new, old in zip((height, width), kernel.shape, strict=True))
    for y, x in np.ndindex(kernel.shape):
        if 0 <= y + top < height and 0 <= x + left < width:
            result[y + top, x + left] = kernel[y, x]
    return result


def _good() -> str:
    """The last kernel that could be read."""
    return str(st.session_state.get("_kernel_good", format_kernel(PRESETS[DEFAULT].values)))


def _set(text: str) -> None:
    st.session_state[TEXT] = text
    st.session_state["_kernel_note"] = ""


def _edited(change: object) -> None:
    """What the editor sent: a kernel as text, or an operation by name; anything else is ignored."""
    if not isinstance(change, dict):
        return
    try:
        if "kernel" in change:
            _set(format_kernel(parse_kernel(change["kernel"])))
        elif change.get("operation") in OPERATIONS:
            _set(format_kernel(OPERATIONS[change["operation"]](parse_kernel(_good()))))
    except SettingError as error:
        st.session_state["_kernel_note"] = str(error)


def _preset_chosen() -> None:
    if st.session_state["_preset"] in PRESETS:
        _set(format_kernel(PRESETS[st.session_state["_preset"]].values))


def _size_chosen() -> None:
    _set(format_kernel(resized(parse_kernel(_good()), st.session_state["_rows"], st.session_state["_columns"])))


def read_kernel() -> tuple[str, str | None]:
    """The kernel to use, and a sentence if the text as given cannot be; the last good one stays in use."""
    text = st.session_state.get(TEXT, st.query_params.get(TEXT))
    if text is None:
        return format_kernel(PRESETS[DEFAULT].values), None
    try:
        st.session_state["_kernel_good"] = good = format_kernel(parse_kernel(text))
    except SettingError as error:
        return _good(), str(error)
    return good, None


def kernel_controls(instrument: str) -> Settings:
    """Draw preset, size, editor and text; returns settings with this kernel."""
    text, wrong = read_kernel()
    settings = Settings(text)
    matching = (name for name, preset in PRESETS.items() if format_kernel(preset.values) == text)
    st.session_state["_preset"] = preset = next(matching, CUSTOM)
    names = {CUSTOM: "Your own"} | {name: one.label for name, one in PRESETS.items()}
    st.selectbox("Preset", list(names), format_func=lambda n: names[n], key="_preset", on_change=_preset_chosen)
    meaning = st.empty()  # keeps its place without words: the editor, moved, would be on the page twice for a moment
    if preset in PRESETS:
        meaning.markdown(PRESETS[preset].meaning)
    editor = st.container()
    st.session_state["_rows"], st.session_state["_columns"] = settings.kernel_size
    rows, columns = st.columns(2)
    rows.number_input(label("kernel", "Rows"), 1, MAX_KERNEL, step=1, key="_rows", on_change=_size_chosen)
    columns.number_input(label("kernel", "Columns"), 1, MAX_KERNEL, step=1, key="_columns", on_change=_size_chosen)
    text_field(
        TEXT,
        label("kernel", "Kernel as text"),
        format_kernel(PRESETS[DEFAULT].values),
        parse_kernel,
        help="Numbers with spaces between them, rows ended by semicolons. Paste from a spreadsheet, Python or NumPy.",
    )
    say(wrong and f"{wrong} The last kernel that could be read is still in use.")
    with editor:
        kernel_editor("_kernel_editor", instrument, settings, st.session_state.get("_kernel_note", ""), _edited)
    return settings


def _pair(key: str, size: Pair, separate: bool, high: Callable[[int], int]) -> Pair:
    """One stepper, or one each for height and width."""
    low, most = BOUNDS[key]
    default, word = (0 if key == "padding" else 1), key.capitalize()

    def stepper(axis: int, suffix: str, shown: str) -> int:
        bound = min(most, high(axis))
        return whole_number(f"kernel_{key}{suffix}", label(key, shown), default, low, bound, name=key)

    if not separate:
        both = stepper(0 if size[0] <= size[1] else 1, "", word)
        return both, both
    return stepper(0, "", f"{word} down"), stepper(1, "_across", f"{word} across")


def convolution_controls(settings: Settings, size: Pair, instrument: str) -> Settings:
    """Draw stride, padding, dilation, mode, scale and bias; bounds follow from what fits an input of this size."""
    kernel = settings.kernel_size
    first, second, third, fourth = st.columns(4)
    with fourth:
        separate = switched("kernel_sides", "Height, width apart")
        flip = switched(
            "kernel_flip",
            "True convolution",
            help="Turns the kernel by 180° first. Layers do not: they compute cross-correlation.",
        )
    with first:
        stride = _pair("stride", size, separate, lambda axis: size[axis])
    with second:
        padding = _pair("padding", size, separate, lambda axis: size[axis] - 1)

    def most_dilation(axis: int) -> int:
        return max(1, (size[axis] + 2 * padding[axis] - 1) // max(kernel[axis] - 1, 1))

    with third:
        dilation = _pair(
            "dilation", size, separate, most_dilation if separate else lambda _: min(map(most_dilation, (0, 1)))
        )
    mode = "zeros"
    if any(padding):
        with second:
            mode = selected("kernel_mode", label("padding", "Padding mode"), _PAD_NAMES, "zeros", name="padding mode")
    left, right = st.columns(2)
    with left:
        scale = number("kernel_scale", "Kernel times", 1.0, (-3.0, 3.0), instrument, "scale")
    with right:
        bias = number("kernel_bias", "Bias", 0.0, (-2.0, 2.0), instrument, "bias")
    return Settings(settings.kernel, scale, bias, flip, stride, padding, mode, dilation)


def pooling_controls(settings: Settings, size: Pair) -> Settings:
    """Draw ReLU and pooling; size is the convolution's output."""
    first, second, third, fourth = st.columns([5, 4, 4, 3], vertical_alignment="bottom")
    with fourth:
        relu = switched("kernel_relu", "ReLU", help="Negative values become 0.")
    with first:
        pool = one_of("kernel_pool", "Pooling", _POOL_NAMES, "none")
    window, step = 2, 2
    if pool != "none":
        most = min(BOUNDS["pool_size"][1], *size)
        with second:
            window = whole_number("kernel_pool_size", "Pooling window", 2, 1, most, name="pooling window")
        with third:
            step = whole_number(
                "kernel_pool_stride", "Pooling stride", 2, 1, BOUNDS["pool_stride"][1], name="pooling stride"
            )
    return replace(settings, relu=relu, pool=pool, pool_size=window, pool_stride=step)
