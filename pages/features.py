"""Find a feature: cut an eye out of a photo and use it as a kernel."""

import numpy as np
import streamlit as st

from cnn_core.images import to_grey
from cnn_core.shapes import window_axes
from instruments import features
from instruments.image import SHAPE
from ui import cache, formulas, image_source, lesson, settings
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.controls import buttons, line, menu, say, slider
from ui.programs import program

page = lesson.Page(
    "features",
    "Any crop can be a kernel: subtract its mean, slide it over the image, and its answer is large where the image looks like it.",
    "drag a box over an eye, or choose another part.",
)
image = image_source.chosen()
grey = to_grey(image.pixels)[0]  # (H, W)
v = settings.resolved(features.FIELDS, {SHAPE: image.pixels.shape})
crop = features.CROPS[v[features.PART]]


def drawn(sent: object) -> None:
    if (text := features.drawn_box(sent)) is not None:
        settings.give({crop.key: text})
        st.session_state["_features_cut_off"] = features.cut_off(sent)


box = v[crop]
template = features.cut(grey, box)
plain, normalised = cache.match(grey, template, False), cache.match(grey, template)
windows = [Reads("image", "window", *window_axes((grey.shape[0], grey.shape[1]), (box[2], box[3]), 1, 0, 1))]
(py, px), (ny, nx) = features.peak(plain), features.peak(normalised)
elsewhere = ": at the crop" if (py, px) == (box[0], box[1]) else ", which is **not the crop**"
picture, controls = beside("features")
with controls:
    buttons(v, features.PART)
    line(v, crop, f"{crop.name}: top, left, height, width")
    say(st.session_state.pop("_features_cut_off", None))
with picture:
    map_viewer(
        "features_maps",
        [
            MapPanel("image", "Image (drag a box)", grey[np.newaxis], image=True),
            MapPanel("plain", "Plain cross-correlation", plain[np.newaxis], reads=windows),
            MapPanel("normalised", "Normalised cross-correlation", normalised[np.newaxis], end=1.0, reads=windows),
        ],
        boxes={"image": box, "plain": (py - 2, px - 2, 5, 5), "normalised": (ny - 2, nx - 2, 5, 5)},
        select="image",
        on_select=drawn,
    )
st.markdown(
    f"The crop came from row **{box[0]}**, column **{box[1]}**. Plain cross-correlation answers most at ({py}, {px}){elsewhere}; "
    f"normalised at ({ny}, {nx}) with {normalised[ny, nx]:.3f}. The template's mean is zero, so brightness alone answers nothing; "
    "but where the contrast is strong, even a pattern that fits badly makes the plain answer large. The normalised one divides by the "
    "window's own spread, so only the pattern counts."
)
lesson.formula(
    r"\text{plain} = \sum_{i,j} x_{ij}\,(t_{ij} - \bar t) \qquad "
    r"{\text{normalised} = \frac{\sum_{i,j} (x_{ij} - \bar x)(t_{ij} - \bar t)}{\sqrt{\sum (x_{ij} - \bar x)^2 \sum (t_{ij} - \bar t)^2}}}"
)

st.subheader("Votes for a face")
target = features.target(grey, v)
votes = features.votes(grey, target, v, cache.match)
row, column = votes.best
picture, controls = beside("features_votes")
with controls:
    menu(v, features.TARGET, "Try the templates on")
    slider(v, features.THRESHOLD, label="Threshold of a vote")
with picture:
    map_viewer(
        "features_votes",
        [
            MapPanel("target", "Target", target[np.newaxis], image=True),
            MapPanel(
                "votes",
                "Votes for the face's centre",
                votes.map[np.newaxis],
                end=float(len(features.PARTS)),
                scale="sequential",
            ),
        ],
        boxes={"target": (row - 40, column - 40, 80, 80)} if votes.found and features.is_other(grey, target) else {},
    )
parts = [features.PARTS[part] for part in votes.answers]
lesson.table({"part": parts, "best answer": [f"{formulas.number(answer)}" for answer in votes.answers.values()]})
if not features.is_other(grey, target):
    st.info(
        f"{votes.most} of 4 parts agree, but this is the picture from which they were cut: each finds itself, whatever it shows. "
        "Choose another picture for a verdict."
    )
elif votes.found:
    st.success(
        f"{votes.most} of 4 parts agree on row {row}, column {column}: if they were cut from a face, this looks like a face."
    )
else:
    st.info(
        f"At most {votes.most} of 4 parts agree: not found. A template knows one size, one direction and one person. "
        "That is why networks learn their kernels from many examples."
    )

page.check_yourself()
code = {
    "NumPy": program("features_numpy", box=box),
    "PyTorch": program("features_pytorch", box=box, size=grey.shape),
}
page.in_code(v, features.CODE, code)
page.share(normalised[np.newaxis], "response")
page.around()
