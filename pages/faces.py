"""Example: find faces with a trained cascade of three networks."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.faces import FACTOR, WINDOW, Stages, cascade
from instruments import faces
from instruments.fields import SettingError
from instruments.image import SHAPE
from server.shares import COMPUTING
from ui import image_source, lesson, settings
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import menu, slider, stepper
from ui.programs import program

page = lesson.Page(
    "faces",
    "Three small networks, one after the other, look for faces of every size. Their kernels were not cut out by hand: they "
    "were learned.",
    "upload a photo of people, or lower a threshold and see what slips through.",
)
photo = image_source.in_colour().pixels
v = settings.resolved(faces.FIELDS, {SHAPE: photo.shape})
smallest, thresholds, name = v[faces.SMALLEST], faces.thresholds(v), v[faces.NETWORK]
columns = st.columns(4)
with columns[0]:
    stepper(v, faces.SMALLEST, "Smallest face, in pixels")
for column, field in zip(columns[1:], faces.THRESHOLDS, strict=True):
    with column:
        slider(v, field, label=field.name)


def find() -> Stages | None:
    """All three networks on the photo, or a sentence about why that is too much."""
    try:
        cost = faces.cost((3, *photo.shape[1:]), smallest)
    except SettingError as error:
        st.error(str(error))
        return None
    with COMPUTING.take(2 * cost.bytes):
        return cascade(photo, smallest, thresholds)


def show(stages: Stages, answer: MapPanel) -> None:
    """What each network left of the last one's boxes, and P-Net's answers on the way."""
    proposed, refined, found = stages.proposed, stages.refined, stages.faces
    marked = [
        MapPanel("p", f"P-Net proposes {len(proposed)}", faces.marked(photo, proposed), image=True),
        MapPanel("r", f"R-Net keeps {len(refined)}", faces.marked(photo, refined), image=True),
    ]
    map_viewer("faces_stages", [*marked, answer])
    if found:
        count = f"{len(found)} face{'s' if len(found) > 1 else ''} found, the surest with {found[0].score:.1%}."
        st.success(f"{count} Dots mark eyes, nose and the corners of the mouth.")
    else:
        st.info("No face passes all three thresholds.")
    st.markdown("The photo and what was computed from it stay in memory, never on disk, and go with this session.")
    if stages.levels:
        st.subheader("P-Net's heat maps over the pyramid")
        st.markdown(
            f"P-Net sees only {WINDOW} × {WINDOW} pixels, so the photo is shrunk step by step: large faces are found on "
            "small copies."
        )
        levels = stages.levels[:: max(1, len(stages.levels) // 4)][:4]
        titles = [f"Scale {level.scale:.2f}" for level in levels]
        heat = [MapPanel(f"h{n}", titles[n], level.heat[np.newaxis], end=1.0) for n, level in enumerate(levels)]
        map_viewer("faces_heat", heat)


def show_inside(boxes: Array) -> None:
    """One candidate through the network that is chosen."""
    number = stepper(v, faces.CANDIDATE, high=len(boxes) - 1)
    inside = faces.look_inside(photo, name, boxes[number])
    side = inside.crop.shape[1]
    panels = [MapPanel("crop", f"Candidate at {side} × {side}", inside.crop, image=True)]
    panels += [MapPanel(layer, f"{layer}: {len(maps)} maps", maps) for layer, maps in inside.maps.items()]
    map_viewer("faces_maps", panels)
    lesson.formula(rf"p(\text{{face}}) = \text{{softmax}}(z)_1 = {inside.probability:.4f}")


stages, picture = find(), photo
if stages:
    points = [point for face in stages.faces for point in face.landmarks]
    picture = faces.marked(photo, faces.face_boxes(stages.faces), points)
    show(stages, MapPanel("o", f"O-Net keeps {len(stages.faces)}", picture, image=True))
st.subheader("Inside the networks")
menu(v, faces.NETWORK)
if stages and len(boxes := faces.candidates(stages, name)):
    show_inside(boxes)
else:
    lesson.formula(r"p(\text{face}) = \text{softmax}(z)_1")
kernels = faces.first_kernels(name)
title = f"The {len(kernels)} learned kernels of {faces.NETWORKS[name]}'s first layer (mean over red, green and blue)"
map_viewer("faces_kernels", [MapPanel("kernels", title, kernels.mean(axis=1))])
st.markdown(
    "On the page *Find a feature* an eye was cut out by hand, and it knew one size, one direction and one person. These "
    "kernels come from many thousands of faces."
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    side, face = int(rng.choice([256, 400, 512])), int(rng.choice([20, 24, 40]))
    sizes = faces.pyramid_sizes(side, face)
    return (
        f"A photo of **{side} × {side}**, smallest face **{face}**, each level {FACTOR} times the last. How many levels has "
        f"the pyramid, down to {WINDOW} pixels?",
        len(sizes),
        f"{side}·{WINDOW}/{face} = {sizes[0]:.0f} pixels, times {FACTOR} until it is below {WINDOW}: {len(sizes)} levels.",
    )


page.check_yourself(question)
numpy = program("faces_numpy", min_face=smallest, thresholds=thresholds)
page.in_code(v, faces.CODE, {"NumPy": numpy, "PyTorch": program("faces_pytorch")})
page.share(picture, "faces")
page.around()
