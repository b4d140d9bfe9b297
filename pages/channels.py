"""Channels and filters: one kernel has a slice for every input channel."""

import numpy as np
import streamlit as st
from live.layers import COLOURS, Filters, Slices, parse_slice
from live.settings import SettingError, Settings, format_kernel

from cnn_core import Conv2d, count_macs, count_parameters
from live import limits
from ui import formulas, image_source, lesson
from ui.components.feature_viewer.component import Following, MapPanel, map_viewer
from ui.components.kernel_editor.component import kernel_editor
from ui.controls import number, say, text_field, whole_number
from ui.kernel_controls import OPERATIONS

lesson.begin(
    "Channels and filters",
    "A colour image has three channels, so one kernel has three slices. Each slice answers to its channel; the three "
    "answers are added, with one bias, into one feature map.",
    "make the red slice all zeros and see what is left.",
)
if image_source.in_grey():
    st.info("This page needs red, green and blue: the image is shown in colour here, whatever the sidebar says.")
image = image_source.in_colour()
ANSWERS = {"red": "Red answer", "green": "Green answer", "blue": "Blue answer", "sum": "Sum and bias"}
MAX_MAP_BYTES = 16_000_000  # of the K feature maps, which stay while the page is open


def edited(key: str, kernel: np.ndarray):
    def store(change: object) -> None:
        if not isinstance(change, dict):
            return
        try:
            if "kernel" in change:
                st.session_state[key] = format_kernel(parse_slice(change["kernel"]))
            elif change.get("operation") in OPERATIONS:
                st.session_state[key] = format_kernel(OPERATIONS[change["operation"]](kernel))
        except SettingError as error:
            st.session_state[f"_{key}_note"] = str(error)

    return store


texts = []
for column, colour in zip(st.columns(3), COLOURS, strict=True):
    key, name, default = f"channels_{colour}", colour.capitalize(), getattr(Slices, colour)
    with column:
        wrong = None
        try:
            kernel = parse_slice(st.session_state.get(key, st.query_params.get(key, default)))
        except SettingError as error:
            wrong, kernel = str(error), parse_slice(st.session_state.get(f"_{key}_good", default))
        good = st.session_state[f"_{key}_good"] = format_kernel(kernel)
        st.markdown(f"**{name} slice**")
        editor = st.container()
        text_field(key, f"{name} slice as text", default, parse_slice)
        note = st.session_state.pop(f"_{key}_note", "")
        with editor:
            kernel_editor(f"_{key}_editor", "channels_maps", Settings(good), note, edited(key, kernel), colour)
        say(wrong and f"{wrong} The last slice that could be read is still in use.")
        texts.append(good)
bias = number("channels_bias", "Bias", 0.0, (-3, 3), "channels_maps", "bias")
slices = Slices(*texts, bias)
answers = slices.compute(image.pixels)
map_viewer(
    "channels_maps",
    [MapPanel(one.name, ANSWERS[one.name], one.maps, end=end) for one, end in answers],
    following=Following(image, slices),
)
total = answers[3][0].maps  # (1, Ho, Wo)

height, width = total.shape[1:]
left, right = st.columns(2)
with left:
    y = whole_number("channels_y", "Row", height // 2, 0, height - 1, name="row")
with right:
    x = whole_number("channels_x", "Column", width // 2, 0, width - 1, name="column")
terms = " + ".join(f"({answers[n][0].maps[0, y, x]:.4f})" for n in range(3))
lesson.formula(rf"y_{{{y},{x}}} = {terms} + ({bias:g}) = {total[0, y, x]:.4f}")

st.subheader("K filters: K × C × k × k")
first, second, third = st.columns(3)
with first:
    k = whole_number("channels_k", "Kernel side *k*", 3, 1, 7, name="kernel side")
with second:
    most = max(1, min(64, MAX_MAP_BYTES // total.nbytes, limits.MAX_MACS // (image.pixels.size * k * k)))
    kernels = whole_number("channels_kernels", "Kernels *K*", 8, 1, most, name="kernels")
    if most < 64:
        st.caption(f"At these sizes {most} kernels at most: a smaller image allows more.")
with third:
    seed = whole_number("channels_seed", "Random weights number", 1, 1, 1000, name="random weights number")
walk = number("channels_walk", f"From weights {seed} to weights {seed + 1}", 0.0, (0, 1), "channels_filters", "walk")
st.markdown(
    "Training moves all weights a little at every step. Drag the slider: each of the maps follows its own kernel."
)
filters = Filters(kernels, k, seed, walk)
map_viewer(
    "channels_filters",
    [MapPanel("maps", f"{kernels} feature maps", filters.compute(image.pixels)[0][0].maps)],
    following=Following(image, filters),
)
weights = kernels * 3 * k * k
lesson.formula(
    rf"K \times C \times k \times k = {kernels} \times 3 \times {k} \times {k} = {weights:,}, \quad \text{{with biases }} {weights + kernels:,}"
)

st.subheader("1 × 1, grouped and depthwise")
variants = {
    "every kernel sees every channel": Conv2d(48, 48, 3, padding=1),
    "1 × 1: mixes channels, sees no neighbours": Conv2d(48, 48, 1),
    "3 groups: three independent thirds": Conv2d(48, 48, 3, padding=1, groups=3),
    "depthwise: each channel alone": Conv2d(48, 48, 3, padding=1, groups=48),
}
lesson.table(
    {
        "48 channels to 48": list(variants),
        "weight": [formulas.shape_text(v.weight.shape) for v in variants.values()],
        "parameters": [f"{count_parameters([v]):,}" for v in variants.values()],
        "multiply-adds": [f"{count_macs([v], (48, *image.pixels.shape[1:])):,}" for v in variants.values()],
    }
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    c, n, side = int(rng.integers(1, 33)), int(rng.integers(2, 65)), int(rng.choice([1, 3, 5]))
    right = n * c * side * side + n
    return (
        f"**{n}** kernels of **{side} × {side}** on **{c}** channels, with biases: how many parameters?",
        right,
        f"{n}·{c}·{side}·{side} + {n} = {right}.",
    )


lesson.check_yourself("channels", question)
rows = ",\n                    ".join(str(part.tolist()) for part in slices.weight[0])
lesson.in_code(
    "channels",
    {
        "NumPy": f"import numpy as np\nfrom cnn_core import conv2d\n\nimage = np.random.rand(3, 64, 64)\nweight = np.array([[{rows}]])  # 1 x 3 x 3 x 3\nconv2d(image, weight, bias=[{bias:g}])",
        "PyTorch": f"import torch\nimport torch.nn.functional as F\n\nimage = torch.rand(1, 3, 64, 64)\nweight = torch.tensor([[{rows}]])  # 1 x 3 x 3 x 3\nF.conv2d(image, weight, bias=torch.tensor([{bias:g}]))",
    },
)
lesson.share("channels", total, "sum")
lesson.around("channels")
