"""Skips and norms: what makes very deep networks trainable, on a small residual network."""

import streamlit as st

from cnn_core import networks
from instruments import models, skips
from instruments.skips import BLOCK, MAP, NORM, NORM_MAP
from ui import image_source, lesson, settings
from ui import skips_view as view
from ui import why_this_answer_view as why_view
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import buttons, menu, stepper
from ui.programs import program

page = lesson.Page(
    "skips",
    "A residual block adds what it computed to what it was given: the skip. A batch norm brings each map to a usual size.",
    "choose the image *Cat* in the menu, and cut the skip of block 2.",
)
v = settings.resolved(skips.FIELDS)
x, digest = why_view.given(models.shipped("resnet8"), image_source.in_colour())
cut = skips.cut_blocks(v)
net = skips.cut(networks.load("resnet8"), cut)
picture, controls = beside("skips", 3, 1)
with picture:
    photo, answers = st.columns(2)
with photo:
    map_viewer("skips_photo", [MapPanel("photo", "What the network sees", x, image=True)])
with answers:
    view.answers(net, x)
with controls:
    view.switches(v)
    st.markdown("**ResNet-8** knows ten classes and has three blocks.")
view.each_alone(digest, x)
st.markdown(
    f"A skip is also a short cut for training, whose gradients go back from the answer to the photo: with the skips that are left, the "
    f"shortest way is **{skips.shortest(net)} layers** long. With all three skips it is "
    f"{skips.shortest(networks.load('resnet8'))}, with none {skips.shortest(skips.cut(net, skips.BLOCKS))}. "
    "Each convolution, norm, ReLU, sum, mean, dense layer and softmax counts as one; on *The whole network* a card holds a "
    "convolution or a sum with the norm and ReLU after it. The 8 in the network's name counts only the convolutions and the dense "
    "layer, without the skips' own."
)

st.subheader("What a block adds")
picture, controls = beside("skips_block", 3, 1)
with controls:
    buttons(v, BLOCK)
    stepper(v, MAP)
found = skips.block(net, x, v)
with picture:
    view.through_a_block(v, found)
lesson.formula(view.block_formula(v))

st.subheader("What a norm does to a map")
picture, controls = beside("skips_norm", 3, 1)
with controls:
    menu(v, NORM)
    stepper(v, NORM_MAP)
norm = skips.norm(net, x, v)
with picture:
    view.around_a_norm(norm, v[NORM])
view.spread(norm)
lesson.formula(view.norm_formula(norm))
st.markdown(
    "*μ* and *σ²* are the map's mean and variance over all photos of the training; *γ* and *β* were learnt. On one photo the "
    "numbers therefore come near to mean *β* and deviation *γ*, but not quite."
)

page.check_yourself()
programs = {"NumPy": program("skips_numpy", blocks=cut), "PyTorch": program("skips_pytorch", skip=not cut)}
page.in_code(v, skips.CODE, programs)
page.share(found.added, "sum")
page.around()
