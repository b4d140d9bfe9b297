"""Example: find faces with a trained cascade of three networks."""

import numpy as np
import streamlit as st
from live.settings import SettingError

from cnn_core import faces, networks
from cnn_core.arguments import Array
from live import limits
from ui import image_source, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import number, selected, whole_number

lesson.begin(
    "Find faces",
    "Three small networks, one after the other, look for faces of every size. Their kernels were not cut out by hand: they "
    "were learned.",
    "upload a photo of people, or lower a threshold and see what slips through.",
)
pixels = image_source.in_colour().pixels
height, width = pixels.shape[1:]
columns = st.columns(4)
with columns[0]:
    smallest = whole_number("faces_min", "Smallest face, in pixels", 20, 12, 400, name="smallest face")
thresholds = []
for column, (key, title, default) in zip(
    columns[1:],
    (("p", "P-Net threshold", 0.6), ("r", "R-Net threshold", 0.7), ("o", "O-Net threshold", 0.7)),
    strict=True,
):
    with column:
        thresholds.append(number(f"faces_{key}", title, default, (0.3, 1), "faces", "threshold"))


LOWER = "a smaller image or a larger smallest face"
macs, taken = faces.work(height, width, smallest)
try:
    limits.check(macs, taken, LOWER)
except SettingError as error:
    st.error(str(error))
    lesson.around("faces")
    st.stop()
with limits.TURNS.take(2 * taken):
    stages = faces.cascade(pixels, smallest, (thresholds[0], thresholds[1], thresholds[2]))


def with_boxes(boxes: Array, points: list[tuple[float, float]] | None = None) -> Array:
    """The photo with frames and dots drawn into it, orange on black so that they show on every ground."""
    picture = pixels.copy()
    orange = np.array([1.0, 0.69, 0.0], np.float32)[:, np.newaxis, np.newaxis]
    for grown, shade in ((1, 0 * orange), (0, orange)):
        for x1, y1, x2, y2 in np.asarray(boxes)[:, :4]:
            top, left, bottom, right = (round(float(v)) for v in (y1 - grown, x1 - grown, y2 + grown, x2 + grown))
            top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, height - 1), min(right, width - 1)
            if top >= bottom or left >= right:
                continue
            for rows, across in ((slice(top, top + 2), slice(left, right)), (slice(bottom - 1, bottom + 1), slice(left, right)),
                                 (slice(top, bottom), slice(left, left + 2)), (slice(top, bottom), slice(right - 1, right + 1))):  # fmt: skip
                picture[:, rows, across] = shade
    for x, y in points or []:
        row, across = round(y), round(x)
        picture[:, max(row - 3, 0) : row + 4, max(across - 3, 0) : across + 4] = 0
        picture[:, max(row - 2, 0) : row + 3, max(across - 2, 0) : across + 3] = orange
    return picture


found = stages.faces
final = np.array([[*face.box, face.score] for face in found], np.float32).reshape(-1, 5)
landmarks = [point for face in found for point in face.landmarks]
answer = with_boxes(final, landmarks)
map_viewer(
    "faces_stages",
    [
        MapPanel("p", f"P-Net proposes {len(stages.proposed)}", with_boxes(stages.proposed), image=True),
        MapPanel("r", f"R-Net keeps {len(stages.refined)}", with_boxes(stages.refined), image=True),
        MapPanel("o", f"O-Net keeps {len(found)}", answer, image=True),
    ],
)
if found:
    st.success(
        f"{len(found)} face{'s' if len(found) > 1 else ''} found, the surest with {found[0].score:.1%}. Dots mark eyes, nose and the corners of the mouth."
    )
else:
    st.info("No face passes all three thresholds.")
st.markdown("The photo and what was computed from it stay in memory, never on disk, and go with this session.")

if stages.levels:
    st.subheader("P-Net's heat maps over the pyramid")
    st.markdown(
        "P-Net sees only 12 × 12 pixels, so the photo is shrunk step by step: large faces are found on small copies."
    )
    shown = stages.levels[:: max(1, len(stages.levels) // 4)][:4]
    map_viewer(
        "faces_heat",
        [
            MapPanel(f"h{n}", f"Scale {level.scale:.2f}", level.heat[np.newaxis], end=1.0)
            for n, level in enumerate(shown)
        ],
    )

st.subheader("Inside the networks")
name = selected("faces_network", "Network", {"pnet": "P-Net", "rnet": "R-Net", "onet": "O-Net"}, "onet")
candidates = stages.refined if name == "onet" else stages.proposed
net = networks.load(name)
if len(candidates):
    pick = whole_number("faces_candidate", "Candidate", 0, 0, len(candidates) - 1, name="candidate")
    crop = faces.crops(pixels, faces.square(candidates[pick : pick + 1]), faces.CROP.get(name, 12))
    trace = net.trace(crop[0])
    maps = [
        MapPanel("crop", f"Candidate at {crop.shape[2]} × {crop.shape[2]}", (crop[0] * 128 + 127.5) / 255, image=True)
    ]
    maps += [
        MapPanel(key, f"{key}: {len(trace[key])} maps", trace[key])
        for key in ("prelu1", "prelu2", "prelu3")
        if trace[key].ndim == 3
    ]
    map_viewer("faces_maps", maps)
    probability = float(np.ravel(trace["face"])[1]) if trace["face"].size == 2 else float(trace["face"][1].max())
    lesson.formula(rf"p(\text{{face}}) = \text{{softmax}}(z)_1 = {probability:.4f}")
else:
    lesson.formula(r"p(\text{face}) = \text{softmax}(z)_1")
kernels = net.graph.parameters()["conv1.weight"]  # (K, 3, 3, 3)
map_viewer(
    "faces_kernels",
    [
        MapPanel(
            "kernels",
            f"The {len(kernels)} learned kernels of {name}'s first layer (mean over red, green and blue)",
            kernels.mean(axis=1),
        )
    ],
)
st.markdown(
    "On the page *Find a feature* an eye was cut out by hand, and it knew one size, one direction and one person. These kernels come from many thousands of faces."
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    side, smallest_face = int(rng.choice([256, 400, 512])), int(rng.choice([20, 24, 40]))
    count, scale = 0, 12 / smallest_face
    while side * scale >= 12:
        count, scale = count + 1, scale * 0.709
    return (
        f"A photo of **{side} × {side}**, smallest face **{smallest_face}**, each level 0.709 times the last. How many levels has the pyramid, down to 12 pixels?",
        count,
        f"{side}·12/{smallest_face} = {side * 12 / smallest_face:.0f} pixels, times 0.709 until it is below 12: {count} levels.",
    )


lesson.check_yourself("faces", question)
lesson.in_code(
    "faces",
    {
        "NumPy": f"from cnn_core import faces\nfrom cnn_core.images import decode_image\n\nphoto = decode_image(open('photo.png', 'rb').read())\nfor face in faces.detect(photo, min_face={smallest}, thresholds=({', '.join(f'{t:g}' for t in thresholds)})):\n    print(face.box, face.score, face.landmarks)",
        "PyTorch": "import torch\nfrom torch import nn\n\npnet = nn.Sequential(  # the first of the three\n    nn.Conv2d(3, 10, 3), nn.PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True),\n    nn.Conv2d(10, 16, 3), nn.PReLU(16), nn.Conv2d(16, 32, 3), nn.PReLU(32),\n)\npnet(torch.rand(1, 3, 12, 12)).shape",
    },
)
lesson.share("faces", answer, "faces")
lesson.around("faces")
