"""Example: find faces with a trained cascade of three networks."""

import streamlit as st

from instruments import faces
from instruments.image import SHAPE
from ui import faces_view, image_source, lesson, settings
from ui.beside import beside
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
stages, answer = faces_view.find(photo, smallest, thresholds), photo
picture, controls = beside("faces")
with controls:
    stepper(v, faces.SMALLEST, "Smallest face, in pixels")
    for field in faces.THRESHOLDS:
        slider(v, field, label=field.name)
if stages:
    with picture:
        answer = faces_view.show(photo, stages)
    with controls:
        faces_view.verdict(stages)
    st.markdown("The photo and what was computed from it stay in memory, never on disk, and go with this session.")
    faces_view.heat_maps(stages)
st.subheader("Inside the networks")
menu(v, faces.NETWORK)
if stages and len(boxes := faces.candidates(stages, name)):
    number = stepper(v, faces.CANDIDATE, high=len(boxes) - 1)
    faces_view.inside(photo, name, boxes[number])
else:
    lesson.formula(r"p(\text{face}) = \text{softmax}(z)_1")
kernels = faces.first_kernels(name)
title = f"The {len(kernels)} learned kernels of {faces.NETWORKS[name]}'s first layer (mean over red, green and blue)"
map_viewer("faces_kernels", [MapPanel("kernels", title, kernels.mean(axis=1))])
st.markdown(
    "On the page *Find a feature* an eye was cut out by hand, and it knew one size, one direction and one person. These "
    "kernels come from many thousands of faces."
)

page.check_yourself()
numpy = program("faces_numpy", min_face=smallest, thresholds=thresholds)
page.in_code(v, faces.CODE, {"NumPy": numpy, "PyTorch": program("faces_pytorch")})
page.share(answer, "faces")
page.around()
