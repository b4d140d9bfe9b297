"""Home: the whole pipeline as one picture; each part opens its page."""

import streamlit as st

from cnn_core.images import encode_png
from instruments.kernel import Settings
from instruments.stages import scale_limits
from live.pictures import picture
from ui import cache, image_source
from ui.palette import colourise
from ui.site import PAGES, ROOT

SETTINGS = Settings(relu=True, pool="max", pool_size=4, pool_stride=4)
WINDOW = f"{SETTINGS.pool_size} × {SETTINGS.pool_size}"
STEPS = (  # stage, title, meaning, page
    ("convolution", "Convolution", "A kernel slides over the image and answers where it finds an edge.", "kernel"),
    ("relu", "ReLU", "Negative answers become 0.", "activation"),
    (
        "pooling",
        "Pooling",
        f"Each {WINDOW} window keeps its largest answer: smaller, less fussy about place.",
        "pooling",
    ),
)

st.title("CNN Visualiser")
st.markdown(
    "See what a convolutional network does to a picture, step by step, and change every number yourself. "
    ":material/touch_app: **Try first:** open the kernel page and drag a number."
)
image = image_source.chosen()
stages = {stage.name: stage for stage in cache.stages(image.digest, image.pixels, SETTINGS)}
end = scale_limits(stages["convolution"].low, stages["convolution"].high)[1]
first, *others = st.columns(4)
with first:
    shape = " × ".join(map(str, image.pixels.shape))
    st.image(cache.input_picture(image.digest, image.pixels), width="stretch", alt=f"The input: {image.label}")
    st.markdown(f"**Input** · {shape}  \nThe image, as numbers from 0 (black) to 1 (white).")
    st.page_link(ROOT / "pages" / "images.py", label="Open its page", icon=":material/arrow_forward:")
for column, (name, title, meaning, file) in zip(others, STEPS, strict=True):
    with column:
        stage = stages[name]
        coloured = encode_png(colourise(picture(stage, end)[0]))
        st.image(coloured, width="stretch", alt=f"{title} of {image.label}, blue below and orange above 0")
        st.markdown(f"**{title}** · {' × '.join(map(str, stage.maps.shape))}  \n{meaning}")
        st.page_link(ROOT / "pages" / f"{file}.py", label="Open its page", icon=":material/arrow_forward:")

st.markdown("Then two dense layers turn what is left into an answer: see **The whole network**.")
for section, pages in PAGES.items():
    listed = [page for page in pages if not page.default]
    if listed:
        st.subheader(section)
    for page in listed:
        st.page_link(ROOT / "pages" / f"{page.file}.py", label=f"**{page.title}**: {page.idea}", icon=page.icon)
