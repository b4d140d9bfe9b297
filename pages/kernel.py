"""Kernel: the live kernel on the whole image."""

import numpy as np
import streamlit as st

from cnn_core.shapes import conv_output_size
from live.settings import Settings
from live.stages import look
from ui import cache, code_text, formulas, image_source, lesson
from ui.components.feature_viewer.component import feature_viewer
from ui.kernel_controls import convolution_controls, kernel_controls, pooling_controls
from ui.pixel import chosen_pixel, picked

VIEWER = "kernel_viewer"
TITLES = {"input": "Input", "convolution": "Convolution", "relu": "ReLU", "pooling": "Pooling"}

lesson.begin(
    "Kernel",
    "A kernel is a small grid of weights. It slides over the image, and at each place the products of weights and "
    "pixels are added up: one number of the feature map.",
    "drag the middle number of the grid up and down.",
)
image = image_source.chosen()
size = image.pixels.shape[1:]
picture_side, kernel_side = st.columns([5, 2], gap="medium")

with kernel_side:
    settings = kernel_controls(VIEWER)
settings = convolution_controls(settings, size, VIEWER)
try:
    rows, columns = settings.axes(size)
    settings = pooling_controls(settings, (rows.output_size, columns.output_size))
    stages, note = cache.stages(image.digest, image.pixels, settings), ""
    st.session_state["_kernel_last"] = settings
except ValueError as error:
    note = f"{error} The last picture stays."
    settings = st.session_state.get("_kernel_last", Settings())
    rows, columns = settings.axes(size)
    stages = cache.stages(image.digest, image.pixels, settings)
place = chosen_pixel("kernel_pixel", [stage.name for stage in stages])
with picture_side:
    middle = ("convolution", 0, rows.output_size // 2, columns.output_size // 2)
    window = look(image.pixels, settings, *(place or middle))
    feature_viewer(VIEWER, image, settings, stages, TITLES, window, note, picked("kernel_pixel"))

st.subheader("Output size")
lesson.formula(formulas.output_size(rows, columns, lesson.dark()))
if lost := formulas.remainder(rows, columns):
    st.info(f"{lost} {formulas.frameworks(rows, columns)}")
if settings.pool != "none":
    st.markdown("**Pooling** uses the same formula on the feature map.")
    pool_rows, pool_columns = settings.pool_axes((rows.output_size, columns.output_size))
    lesson.formula(formulas.output_size(pool_rows, pool_columns, lesson.dark()))
    if lost := formulas.remainder(pool_rows, pool_columns):
        st.info(lost)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, k, s, p = (int(rng.integers(*bounds)) for bounds in ((12, 65), (2, 8), (1, 4), (0, 4)))
    answer = conv_output_size(i, k, s, p)
    asked = f"An input of **{i} × {i}** pixels, kernel **{k} × {k}**, stride **{s}**, padding **{p}**. How wide is the output?"
    return asked, answer, f"⌊({i} − {k} + 2·{p}) / {s}⌋ + 1 = ⌊{(i - k + 2 * p) / s:g}⌋ + 1 = {answer}."


lesson.check_yourself("kernel", question)
lesson.in_code(
    "kernel",
    {
        "NumPy": code_text.numpy_code(settings),
        "PyTorch": code_text.torch_code(settings),
        "Keras": code_text.keras_code(settings),
    },
)
st.download_button(
    "Notebook with this image and kernel (.ipynb)",
    lambda: code_text.notebook(settings, image.pixels),
    "convolution.ipynb",
    "application/x-ipynb+json",
    on_click="ignore",
)
lesson.share("kernel", stages[-1].maps, stages[-1].name)
lesson.around("kernel")
