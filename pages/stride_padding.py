"""Stride and padding: a window walks over real numbers."""

import streamlit as st

from cnn_core.images import to_grey
from instruments import walk
from ui import formulas, image_source, lesson, settings
from ui.beside import ruling
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer, picture_scale
from ui.components.window_explorer.component import explorer_data, transposed_data, window_explorer
from ui.controls import say, stepper
from ui.programs import kernel as programs
from ui.walk_controls import walk_controls

page = lesson.Page(
    "stride_padding",
    "The window moves by the **stride**, and the **padding** lets it reach over the edge. Together they decide how large "
    "the output is.",
    "press play and watch the window walk; then set the stride to 2.",
)
pixels = to_grey(image_source.chosen().pixels)
v = settings.resolved(walk.FIELDS)

chosen = walk.settings(v)
small = walk.small(pixels, v)
rows, columns = walk.axes(v)
output, stamped = walk.convolved(small, v), walk.transposed(small, v)
kernel_title = "Kernel, turned" if chosen.flip else "Kernel"
if stamped is None:
    titles = "Input and padding", kernel_title, f"Output {rows.output_size} × {columns.output_size}"
    data = explorer_data(small[0], output[0], rows, columns, chosen.weight, chosen.padding_mode)
else:
    titles = "Input", kernel_title, f"Transposed output {stamped.shape[1]} × {stamped.shape[2]}"
    data = transposed_data(small[0], stamped[0], chosen.weight, chosen.stride, chosen.padding, chosen.dilation)
picture, controls, below = ruling("walk")
with controls:
    walk_controls(v)
    stepper(v, walk.AT, "Output shown (in row order)")
with picture:
    if v[walk.TRANSPOSED] and stamped is None:
        say("The padding cuts away the whole transposed output: choose a smaller padding. The plain walk is shown.")
    window_explorer("walk_explorer", data, titles, v[walk.AT], lesson.dark(), settings.giver(walk.AT))

with below:
    st.subheader("Output size")
    if stamped is not None:
        sizes = walk.size(v), chosen.kernel_size, chosen.stride, chosen.padding, chosen.dilation
        lesson.formula(formulas.transposed_size(*sizes, lesson.dark()))
        st.markdown("A transposed convolution undoes the change of size; below, the plain convolution it belongs to.")
    lesson.formula(formulas.output_size(rows, columns, lesson.dark()))
    if lost := formulas.remainder(rows, columns):
        st.info(f"{lost} {formulas.frameworks(rows, columns)}")
        if fits := list(walk.exact(v)):
            st.markdown("Settings close by that divide exactly:")
            for column, (words, given) in zip(st.columns(max(4, len(fits))), fits, strict=False):
                key = f"_walk_fit_{words.replace(' ', '_')}"
                column.button(words, key=key, on_click=settings.give, args=(given,))
    k, s = rows.kernel_size, rows.stride
    same = (k - 1) / 2
    st.markdown(
        f"With stride 1, padding *p* = (*k* − 1) / 2 keeps the size: for *k* = {k} that is *p* = {same:g}"
        + ("." if same.is_integer() else ", not a whole number: even kernels need one pixel more on one side.")
    )

    st.subheader("Output height over kernel and stride")
    heights = walk.heights(v)
    lines = [["**k \\ s**", *(f"**{stride}**" for stride in range(1, walk.LONGEST_STRIDE + 1))], ["---"] * 6]
    for side, row in heights.items():
        cells = ["–" if height is None else str(height) for height in row]
        if side == k:
            cells[s - 1] = f":green-background[**{cells[s - 1]}**]"
        lines.append([f"**{side}**", *cells])
    st.markdown("\n".join("|".join(line) for line in lines))

    st.subheader("The same setting on the whole image")
    full = walk.convolved(pixels, v)
    reads = [Reads("input", "window", *walk.axes(v, (pixels.shape[1], pixels.shape[2])))]
    convolution = MapPanel("convolution", "Convolution", full, scale=picture_scale(full), reads=reads)
    map_viewer("walk_maps", [MapPanel("input", "Input", pixels, image=True), convolution])

page.check_yourself()
page.in_code(v, walk.CODE, {"NumPy": programs.numpy(chosen), "PyTorch": programs.pytorch(chosen)})
page.share(output, "output")
page.around()
