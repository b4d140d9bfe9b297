"""Stride and padding: a window walks over real numbers."""

import numpy as np
import streamlit as st
from live.settings import Settings

from cnn_core import conv2d, conv_transpose2d
from cnn_core.images import resize, to_grey
from cnn_core.kernels import PRESETS
from cnn_core.padding import MODES
from cnn_core.shapes import conv_output_size, make_axis, window_axes
from ui import code_text, formulas, image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.components.window_explorer.component import explorer_data, transposed_data, window_explorer
from ui.controls import say, selected, switched, whole_number
from ui.kernel_controls import resized
from ui.palette import label

lesson.begin(
    "Stride and padding",
    "The window moves by the **stride**, and the **padding** lets it reach over the edge. Together they decide how large "
    "the output is.",
    "press play and watch the window walk; then set the stride to 2.",
)
image = image_source.chosen()


def pair(key: str, quantity: str, default: int, low: int, high: int, apart: bool) -> tuple[int, int]:
    word = quantity.capitalize()
    first = whole_number(
        f"walk_{key}", label(quantity, f"{word} down" if apart else word), default, low, high, name=quantity
    )
    if not apart:
        return first, first
    return first, whole_number(
        f"walk_{key}_across", label(quantity, f"{word} across"), default, low, high, name=quantity
    )


columns = st.columns(6)
with columns[5]:
    apart = switched("walk_apart", "Apart", help="Height and width separately.")
    flip = switched("walk_flip", "True convolution", help="Turn the kernel by 180°.")
    transposed = switched("walk_transposed", "Transposed", help="Each input pixel stamps the kernel on the output.")
with columns[0]:
    height, width = pair("size", "input", 8, 3, 16, apart)
with columns[1]:
    kernel_size = pair("kernel", "kernel", 3, 1, min(7, height, width), apart)
with columns[2]:
    stride = pair("stride", "stride", 1, 1, 5, apart)
with columns[3]:
    padding = pair("padding", "padding", 0, 0, min(5, min(height, width) - 1), apart)
    mode = "zeros"
    if any(padding):
        mode = selected("walk_mode", label("padding", "Mode"), {m: m.capitalize() for m in MODES}, "zeros", name="mode")
with columns[4]:
    spans = [(s + 2 * p - 1) // max(k - 1, 1) for s, p, k in zip((height, width), padding, kernel_size, strict=True)]
    dilation = pair("dilation", "dilation", 1, 1, max(1, min(3, *spans)), apart)

pixels = to_grey(image.pixels)
small = resize(pixels, height, width, area=True)[0].round(2)  # (H, W): the numbers shown are the numbers used
base = PRESETS["sobel_x"].values if min(kernel_size) >= 3 else np.ones(kernel_size, np.float32)
kernel = resized(base, *kernel_size)
weights = kernel[::-1, ::-1] if flip else kernel
rows, across = window_axes((height, width), kernel_size, stride, padding, dilation)
output = conv2d(small[np.newaxis], weights[np.newaxis, np.newaxis], None, stride, padding, dilation, padding_mode=mode)
titles = (
    "Input and padding",
    "Kernel, turned" if flip else "Kernel",
    f"Output {rows.output_size} × {across.output_size}",
)
data = explorer_data(small, output[0], rows, across, weights, mode)
if transposed:
    try:
        stamped = conv_transpose2d(
            small[np.newaxis], weights[np.newaxis, np.newaxis], None, stride, padding, dilation=dilation
        )
        titles = ("Input", titles[1], f"Transposed output {stamped.shape[1]} × {stamped.shape[2]}")
        data = transposed_data(small, stamped[0], weights, stride, padding, dilation)
    except ValueError:
        say("The padding cuts away the whole transposed output: choose a smaller padding. The plain walk is shown.")
        transposed = False
walk = st.container()
at = whole_number("walk_at", "Output shown (in row order)", 0, 0, len(data["steps"]) - 1, name="output shown")


def pin(place: object) -> None:
    if isinstance(place, int) and 0 <= place < 10_000:
        st.session_state["walk_at"] = place


with walk:
    window_explorer("walk_explorer", data, titles, at, lesson.dark(), pin)

st.subheader("Output size")
if transposed:
    sizes = (height, width), kernel_size, stride, padding, dilation
    lesson.formula(formulas.transposed_size(*sizes, lesson.dark()))
    st.markdown("A transposed convolution undoes the change of size; below, the plain convolution it belongs to.")
lesson.formula(formulas.output_size(rows, across, lesson.dark()))
if lost := formulas.remainder(rows, across):
    st.info(f"{lost} {formulas.frameworks(rows, across)}")

    def divides(s: tuple[int, int], p: tuple[int, int]) -> bool:
        try:
            return all(axis.leftover == 0 for axis in window_axes((height, width), kernel_size, s, p, dilation))
        except ValueError:
            return False  # the kernel does not even fit

    fits = [("stride", s) for s in range(1, 6) if divides((s, s), padding)]
    fits += [("padding", p) for p in range(min(6, height, width)) if divides(stride, (p, p))]

    def use(what: str, value: int) -> None:
        for suffix in ("", "_across") if apart else ("",):
            st.session_state[f"walk_{what}{suffix}"] = value

    if fits:
        st.markdown("Settings close by that divide exactly:")
        for column, (what, value) in zip(st.columns(max(4, len(fits))), fits, strict=False):
            column.button(f"{what} {value}", key=f"_walk_fit_{what}_{value}", on_click=use, args=(what, value))
same = (kernel_size[0] - 1) / 2
st.markdown(
    f"With stride 1, padding *p* = (*k* − 1) / 2 keeps the size: for *k* = {kernel_size[0]} that is *p* = {same:g}"
    + ("." if same.is_integer() else ", not a whole number: even kernels need one pixel more on one side.")
)

st.subheader("Output height over kernel and stride")
table = [["**k \\ s**", *(f"**{s}**" for s in range(1, 6))]]
for k in range(1, 8):
    line = [f"**{k}**"]
    for s in range(1, 6):
        fit = k <= height + 2 * padding[0]
        size = str(conv_output_size(height, k, s, padding[0])) if fit else "–"
        line.append(f":green-background[**{size}**]" if (k, s) == (kernel_size[0], stride[0]) else size)
    table.append(line)
st.markdown("\n".join(["|".join(table[0]), "|".join(["---"] * 6), *("|".join(line) for line in table[1:])]))

st.subheader("The same setting on the whole image")
full = conv2d(pixels, weights[np.newaxis, np.newaxis], None, stride, padding, dilation, padding_mode=mode)
map_viewer("walk_maps", [MapPanel("input", "Input", pixels, image=True), MapPanel("convolution", "Convolution", full)])


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, k, s, p = (int(rng.integers(*bounds)) for bounds in ((8, 33), (2, 8), (2, 6), (0, 4)))
    axis = make_axis(i, k, s, (p, p))
    asked = f"Input **{i}**, kernel **{k}**, stride **{s}**, padding **{p}**: how many pixels at the end does no window reach?"
    return asked, axis.leftover, f"{i} + 2·{p} − {k} = {i + 2 * p - k}, and {i + 2 * p - k} mod {s} = {axis.leftover}."


lesson.check_yourself("walk", question)
settings = Settings(
    "; ".join(" ".join(f"{v:g}" for v in row) for row in kernel), 1, 0, flip, stride, padding, mode, dilation
)
lesson.in_code("walk", {"NumPy": code_text.numpy_code(settings), "PyTorch": code_text.torch_code(settings)})
lesson.share("walk", output, "output")
lesson.around("stride_padding")
