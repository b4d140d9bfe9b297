"""Find a feature: cut an eye out of a photo and use it as a kernel."""

import numpy as np
import streamlit as st
from live.settings import SettingError, whole

from cnn_core import max_pool2d
from cnn_core.arguments import Array
from cnn_core.images import resize, to_grey
from ui import cache, image_source, lesson, samples
from ui.components.feature_viewer.component import Box, MapPanel, map_viewer
from ui.controls import number, one_of, say, selected, text_field

LARGEST = 65  # pixels a side of a template
PARTS = {"left_eye": "Left eye", "right_eye": "Right eye", "nose": "Nose", "mouth": "Mouth"}
ASTRONAUT = {
    "left_eye": (91, 190, 21, 29),
    "right_eye": (93, 232, 21, 29),
    "nose": (112, 213, 25, 25),
    "mouth": (131, 199, 21, 49),
}

lesson.begin(
    "Find a feature",
    "Any crop can be a kernel: subtract its mean, slide it over the image, and it answers most where the image looks like it.",
    "drag a box over an eye, or choose another part.",
)
image = image_source.chosen()
grey = to_grey(image.pixels)[0]  # (H, W)
height, width = grey.shape


def default_box(part: str) -> str:
    scaled = [max(3, round(v * max(height, width) / 512)) for v in ASTRONAUT[part]]
    h, w = min(scaled[2], height, LARGEST), min(scaled[3], width, LARGEST)
    return f"{min(scaled[0], height - h)} {min(scaled[1], width - w)} {h} {w}"


def read_box(text: str) -> Box:
    """Top, left, height, width within this image."""
    words = text.split()
    if len(words) != 4:
        raise SettingError("A box is four whole numbers: top, left, height, width.")
    h, w = whole("height", words[2], (3, min(LARGEST, height))), whole("width", words[3], (3, min(LARGEST, width)))
    return whole("top", words[0], (0, height - h)), whole("left", words[1], (0, width - w)), h, w


def box_of(part: str) -> tuple[Box, str | None]:
    key = f"features_{part}"
    try:
        return read_box(str(st.session_state.get(key, st.query_params.get(key, default_box(part))))), None
    except SettingError as error:
        return read_box(default_box(part)), f"{error} The first box of this part is used."


part = one_of("features_part", "Template", PARTS, "left_eye")


def drawn(box: object) -> None:
    if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int) for v in box):
        top, left, h, w = box
        st.session_state[f"features_{part}"] = f"{top} {left} {min(h, LARGEST)} {min(w, LARGEST)}"


boxes: dict[str, Box] = {}
for name, shown in PARTS.items():
    boxes[name], wrong = box_of(name)
    if name == part:
        text_field(f"features_{name}", f"{shown}: top, left, height, width", default_box(name), read_box)
        say(wrong)
top, left, h, w = boxes[part]
templates = {name: grey[y : y + b, x : x + a] for name, (y, x, b, a) in boxes.items()}
plain, normalised = cache.match(grey, templates[part], False), cache.match(grey, templates[part])


def peak(response: Array) -> tuple[int, int]:
    y, x = np.unravel_index(response.argmax(), response.shape)
    return int(y), int(x)


py, px = peak(plain)
ny, nx = peak(normalised)
map_viewer(
    "features_maps",
    [
        MapPanel("image", "Image (drag a box)", grey[np.newaxis], image=True),
        MapPanel("plain", "Plain cross-correlation", plain[np.newaxis]),
        MapPanel("normalised", "Normalised cross-correlation", normalised[np.newaxis], end=1.0),
    ],
    boxes={"image": (top, left, h, w), "plain": (py - 2, px - 2, 5, 5), "normalised": (ny - 2, nx - 2, 5, 5)},
    select="image",
    on_select=drawn,
)
st.markdown(
    f"The crop came from row **{top}**, column **{left}**. Plain cross-correlation answers most at ({py}, {px}); normalised at "
    f"({ny}, {nx}) with {normalised[ny, nx]:.3f}. The plain one also lights up wherever the image is bright and full of contrast, since larger "
    "pixel values make larger products; the normalised one divides by the window's own spread, so only the pattern counts."
)
lesson.formula(
    r"\text{plain} = \sum_{i,j} x_{ij}\,(t_{ij} - \bar t) \qquad "
    r"\text{normalised} = \frac{\sum_{i,j} (x_{ij} - \bar x)(t_{ij} - \bar t)}{\sqrt{\sum (x_{ij} - \bar x)^2 \sum (t_{ij} - \bar t)^2}}"
)

st.subheader("Votes for a face")
WHERE = {"same": "The same image", "scaled": "Scaled to 130 %", "turned": "Turned by 90°", "mirrored": "Mirrored"}
OTHERS = {name: samples.SAMPLES[name][0] for name in ("photographer", "cat", "astronaut")}
first, second = st.columns(2)
with first:
    where = selected("features_where", "Try the templates on", WHERE | OTHERS, "same", name="target")
with second:
    threshold = number("features_threshold", "Threshold of a vote", 0.6, (0, 1), "features", "threshold")
target = {
    "same": lambda: grey,
    "scaled": lambda: resize(grey[np.newaxis], round(height * 1.3), round(width * 1.3))[0],
    "turned": lambda: np.rot90(grey).copy(),
    "mirrored": lambda: grey[:, ::-1].copy(),
}.get(where, lambda: to_grey(samples.load(where, max(height, width)))[0])()
centre = [float(np.mean([b[axis] + b[axis + 2] / 2 for b in boxes.values()])) for axis in (0, 1)]
votes = np.zeros(target.shape, np.float32)
found = {}
for name, template in templates.items():
    y, x, b, a = boxes[name]
    if b > target.shape[0] or a > target.shape[1]:
        continue
    response = cache.match(target, template)
    found[name] = float(response.max())
    near = max_pool2d((response >= threshold).astype(np.float32)[np.newaxis], 9, 1, 4)  # a vote reaches 4 pixels
    assert isinstance(near, np.ndarray)
    down, across = round(centre[0] - y), round(centre[1] - x)  # from the part's corner to the face's centre
    rows, columns = (np.arange(size) + move for size, move in zip(response.shape, (down, across), strict=True))
    inside_rows, inside_columns = (rows >= 0) & (rows < len(votes)), (columns >= 0) & (columns < votes.shape[1])
    votes[np.ix_(rows[inside_rows], columns[inside_columns])] += near[0][np.ix_(inside_rows, inside_columns)]
best = peak(votes)
map_viewer(
    "features_votes",
    [
        MapPanel("target", "Target", target[np.newaxis], image=True),
        MapPanel("votes", "Votes for the face's centre", votes[np.newaxis], end=4.0),
    ],
    boxes={"target": (best[0] - 40, best[1] - 40, 80, 80)} if votes.max() >= 3 else {},
)
lesson.table({"part": [PARTS[name] for name in found], "best answer": [f"{value:.3f}" for value in found.values()]})
if votes.max() >= 3:
    st.success(f"This looks like a face: {votes.max():.0f} of 4 parts agree on row {best[0]}, column {best[1]}.")
else:
    st.info(
        f"At most {votes.max():.0f} of 4 parts agree: no face found. A template knows one size, one direction and one person. "
        "That is why networks learn their kernels from many examples."
    )


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    i, k = int(rng.integers(50, 300)), int(rng.integers(5, 40))
    return (
        f"A template of **{k} × {k}** slides over an image of **{i} × {i}** without padding. How wide is the response map?",
        i - k + 1,
        f"{i} − {k} + 1 = {i - k + 1}.",
    )


lesson.check_yourself("features", question)
lesson.in_code(
    "features",
    {
        "NumPy": f"from cnn_core.images import decode_image, to_grey\nfrom cnn_core.matching import normalised_cross_correlation\n\ngrey = to_grey(decode_image(open('photo.png', 'rb').read()))[0]\ntemplate = grey[{top}:{top + h}, {left}:{left + w}]\nresponse = normalised_cross_correlation(grey, template)\nresponse.argmax()",
        "PyTorch": f"import torch\nimport torch.nn.functional as F\n\nimage = torch.rand(1, 1, {height}, {width})\ntemplate = image[:, :, {top}:{top + h}, {left}:{left + w}]\nresponse = F.conv2d(image, template - template.mean())",
    },
)
lesson.share("features", normalised[np.newaxis], "response")
lesson.around("features")
