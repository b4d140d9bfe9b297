"""Images are numbers."""

import numpy as np
import streamlit as st

from cnn_core.images import resize, to_grey
from ui import cache, figures, image_source, lesson, samples
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import number, one_of, selected, whole_number

lesson.begin(
    "Images are numbers",
    "A computer sees a grid of numbers: one for each pixel and channel.",
    "drag the red, green and blue sliders, then move the mouse over the picture.",
)
image = image_source.chosen()
c, height, width = image.pixels.shape

st.subheader("Mix one pixel")
READY = {"Black": (0, 0, 0), "White": (255, 255, 255), "Very red": (255, 0, 0)}


def fill(values: tuple[int, int, int]) -> None:
    for name, value in zip("rgb", values, strict=True):
        st.session_state[f"images_{name}"] = str(value)


sliders, swatch = st.columns([3, 1])
with sliders:
    for column, (name, values) in zip(st.columns(3), READY.items(), strict=True):
        column.button(name, key=f"_images_{name}", on_click=fill, args=(values,), width="stretch")
    mixed = [
        round(number(f"images_{key}", name, value, (0, 255), "images", name.lower(), 1))
        for key, name, value in (("r", "Red", 220.0), ("g", "Green", 120.0), ("b", "Blue", 40.0))
    ]
with swatch:
    pixel = np.array(mixed, np.float32).reshape(3, 1, 1) / 255
    patch = np.broadcast_to(pixel, (3, 96, 96)).copy()
    st.image(
        cache.input_picture(cache.digest(patch), patch),
        width="stretch",
        alt=f"A pixel of red {mixed[0]}, green {mixed[1]}, blue {mixed[2]}",
    )
    st.markdown(
        f"({mixed[0]}, {mixed[1]}, {mixed[2]}) in 8 bits  \n({pixel[0, 0, 0]:.2f}, {pixel[1, 0, 0]:.2f}, {pixel[2, 0, 0]:.2f}) from 0 to 1"
    )

st.subheader("Split into channels")
names = ("Red", "Green", "Blue") if c == 3 else ("Grey",)
panels = [MapPanel("image", image.label, image.pixels, image=True)]
panels += [
    MapPanel(f"c{n}", f"Channel {n}: {name}", image.pixels[n : n + 1], image=True) for n, name in enumerate(names)
]
map_viewer("images_channels", panels)
if c == 1:
    st.markdown("Choose “Colour” in the sidebar to see red, green and blue apart.")

st.subheader("C × H × W")
lesson.formula(rf"C \times H \times W = {c} \times {height} \times {width} = {c * height * width:,}\ \text{{numbers}}")
columns = st.columns(3)
with columns[0]:
    at_c = whole_number("images_c", "Channel", 0, 0, c - 1, name="channel")
with columns[1]:
    at_y = whole_number("images_y", "Row", height // 2, 0, height - 1, name="row")
with columns[2]:
    at_x = whole_number("images_x", "Column", width // 2, 0, width - 1, name="column")
st.markdown(
    f"The value at channel {at_c}, row {at_y}, column {at_x} is **{image.pixels[at_c, at_y, at_x]:.4f}**. In memory it is number "
    f"**{(at_c * height + at_y) * width + at_x:,}** as C × H × W (PyTorch: whole channels one after the other), and number "
    f"**{(at_y * width + at_x) * c + at_c:,}** as H × W × C (Pillow, TensorFlow: the channels of a pixel side by side)."
)
lens = image.pixels[at_c, max(0, at_y - 3) : at_y + 4, max(0, at_x - 4) : at_x + 5]
lesson.table(
    {"row": np.arange(max(0, at_y - 3), max(0, at_y - 3) + len(lens))}
    | {f"column {max(0, at_x - 4) + n}": [f"{value:.3f}" for value in lens[:, n]] for n in range(lens.shape[1])}
)
st.markdown(f"The image is a stack of {height} row vectors; here is row {at_y}.")
values = {name: image.pixels[n, at_y] for n, name in enumerate(names)}
lesson.charts(
    "_images",
    {f"Values along row {at_y}": lambda: figures.lines(np.arange(width), values, "column", "value", lesson.dark())},
    220,
)

st.subheader("The resolution ladder")
ladder = [(16, 12), (32, 24), (64, 48), (128, 96), (256, 192), (1024, 768), (4096, 3072)]
steps = []
for across, _ in ladder[:5]:
    scale = across / max(height, width)
    shrunk = resize(image.pixels, max(1, round(height * scale)), max(1, round(width * scale)))
    steps.append(MapPanel(f"at{across}", f"{across} pixels", shrunk, image=True))
map_viewer("images_ladder", steps)
lesson.table(
    {
        "resolution": [f"{across} × {down}" for across, down in ladder],
        "numbers (RGB)": [f"{3 * across * down:,}" for across, down in ladder],
        "memory, 8 bits": [f"{3 * across * down / 1e6:.3g} MB" for across, down in ladder],
        "memory, float32": [f"{12 * across * down / 1e6:.3g} MB" for across, down in ladder],
    }
)

st.subheader("Walk through pixel space")
st.markdown(
    "Each image of this size is one point in a space with one axis for each value. Walk from one image to another."
)
left, middle, right = st.columns([1, 1, 2])
others = {name: shown for name, (shown, _) in samples.SAMPLES.items()}
with left:
    other = selected("images_other", "To", others, "cat", name="image")
with middle:
    way = one_of("images_way", "Way", {"blend": "Blend all", "one": "One at a time"}, "blend")
with right:
    share = number("images_share", "How far (percent)", 50.0, (0, 100), "images", "how far", 1) / 100
goal = samples.load(other, image_source.long_side())
goal = resize(goal if c == 3 else to_grey(goal), height, width)
if way == "blend":
    between = image.pixels * np.float32(1 - share) + goal * np.float32(share)
    told = f"All {between.size:,} values are {share:.0%} of the way."
else:
    changed = round(share * between_size) if (between_size := image.pixels.size) else 0
    order = np.random.default_rng(0).permutation(between_size)[:changed]
    between = image.pixels.copy()
    between.reshape(-1)[order] = goal.reshape(-1)[order]
    told = f"{changed:,} of {between_size:,} values have been changed."
map_viewer(
    "images_walk",
    [
        MapPanel("from", "From", image.pixels, image=True),
        MapPanel("between", "Between", between, image=True),
        MapPanel("to", "To", goal, image=True),
    ],
)
st.markdown(
    f"{told} Distance walked: {np.linalg.norm(between - image.pixels):.1f} of {np.linalg.norm(goal - image.pixels):.1f}."
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    h, w = (int(rng.integers(10, 200)) for _ in range(2))
    return (
        f"How many numbers has a colour image of height **{h}** and width **{w}**?",
        3 * h * w,
        f"3 · {h} · {w} = {3 * h * w}.",
    )


lesson.check_yourself("images", question)
lesson.in_code(
    "images",
    {
        "NumPy": f"from cnn_core.images import decode_image\n\nimage = decode_image(open('photo.png', 'rb').read())  # C x H x W\nimage[{at_c}, {at_y}, {at_x}]  # channel, row, column\nimage.transpose(1, 2, 0)  # H x W x C",
        "PyTorch": f"import torch\n\nimage = torch.from_numpy(image)  # C x H x W, as here\nimage[{at_c}, {at_y}, {at_x}]\nimage.permute(1, 2, 0)  # H x W x C",
    },
)
lesson.share("images", between, "between")
lesson.around("images")
