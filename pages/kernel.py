"""Kernel: the live kernel on the whole image."""

import streamlit as st

from instruments import kernel
from instruments.fields import message
from instruments.image import SHAPE
from instruments.pixel import place_text
from instruments.stages import look
from ui import cache, formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import feature_viewer
from ui.controls import buttons, line
from ui.kernel_controls import kernel_controls, later_controls, text_controls
from ui.programs import kernel as programs

VIEWER = "kernel_viewer"
TITLES = {"input": "Input", "convolution": "Convolution", "relu": "ReLU", "pooling": "Pooling"}

page = lesson.Page(
    "kernel",
    "A kernel is a small grid of weights. It slides over the image, and at each place the products of weights and "
    "pixels are added up: one number of the feature map.",
    "drag the middle number of the grid up and down, or with a finger left and right.",
)
image = image_source.chosen()
size = image.pixels.shape[1:]
v = settings.resolved(kernel.FIELDS, {SHAPE: image.pixels.shape})
chosen = kernel.settings(v)
rows, columns = chosen.axes(size)
stages = cache.stages(image.digest, image.pixels, chosen)
middle = ("convolution", 0, rows.output_size // 2, columns.output_size // 2)
place = v[kernel.PIXEL] or middle
shown_stages = {"input", *(stage.name for stage in stages)}


def picked(sent: object) -> None:
    """Remember the pixel that was clicked."""
    if (text := place_text(sent)) is not None:
        settings.give({kernel.PIXEL.key: text})


picture, controls = beside("kernel")
with controls:
    kernel_controls(v, VIEWER)
    later_controls(v, VIEWER)
    buttons(v, kernel.VIEW)
    if len(image.pixels) > 1:
        buttons(v, kernel.CHANNELS)
    text_controls(v)
    hint = "tap or click a picture, or write: convolution 0 12 30"
    line(v, kernel.PIXEL, "Chosen pixel (stage channel row column)", placeholder=hint)
with picture:
    as_picture = {"auto": None, "picture": True, "values": False}[v[kernel.VIEW]]
    window = look(image.pixels, chosen, *(place if place[0] in shown_stages else middle))
    live = message(kernel.COMPUTED, v)
    feature_viewer(VIEWER, image, chosen, live, stages, TITLES, window, "", picked, as_picture)

st.subheader("Output size")
lesson.formula(formulas.output_size(rows, columns, lesson.dark()))
if lost := formulas.remainder(rows, columns):
    st.info(f"{lost} {formulas.frameworks(rows, columns)}")
if chosen.pool != "none":
    st.markdown("**Pooling** uses the same formula on the feature map.")
    pool_rows, pool_columns = chosen.pool_axes((rows.output_size, columns.output_size))
    lesson.formula(formulas.output_size(pool_rows, pool_columns, lesson.dark()))
    if lost := formulas.remainder(pool_rows, pool_columns):
        st.info(lost)

page.check_yourself()
code = {
    "NumPy": programs.numpy(chosen, len(image.pixels)),
    "PyTorch": programs.pytorch(chosen),
    "Keras": programs.keras(chosen),
}
page.in_code(v, kernel.CODE, code)
st.download_button(
    "Notebook with this image and kernel (.ipynb)",
    lambda: programs.notebook(chosen, image.pixels),
    "convolution.ipynb",
    "application/x-ipynb+json",
    on_click="ignore",
)
page.share(stages[-1].maps, stages[-1].name)
page.around()
