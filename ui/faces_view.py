"""What the cascade finds in a photo, and how each of its networks' answers is shown."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.faces import WINDOW, Stages, cascade
from instruments import faces
from instruments.fields import SettingError
from instruments.percent import percent
from server.shares import COMPUTING
from ui import formulas, lesson
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer

LEVELS = 4  # of the pyramid that are shown


def find(photo: Array, smallest: int, thresholds: tuple[float, float, float]) -> Stages | None:
    """All three networks on a photo (3, H, W), once there is memory for it; a sentence where that is too much work."""
    _, height, width = photo.shape
    try:
        cost = faces.cost((3, height, width), smallest)
    except SettingError as error:
        st.error(str(error))
        return None
    with COMPUTING.take(2 * cost.bytes):
        return cascade(photo, smallest, thresholds)


def show(photo: Array, stages: Stages) -> Array:
    """What each network left of the last one's boxes; returns the photo with the faces marked."""
    proposed, refined, found = stages.proposed, stages.refined, stages.faces
    points = [point for face in found for point in face.landmarks]
    answer = faces.marked(photo, faces.face_boxes(found), points)
    panels = [
        MapPanel("p", f"P-Net proposes {len(proposed)}", faces.marked(photo, proposed), image=True),
        MapPanel("r", f"R-Net keeps {len(refined)}", faces.marked(photo, refined), image=True),
        MapPanel("o", f"O-Net keeps {len(found)}", answer, image=True),
    ]
    map_viewer("faces_stages", panels)
    return answer


def verdict(stages: Stages) -> None:
    """How many faces were found, in words."""
    if found := stages.faces:
        count = f"{len(found)} face{'s' if len(found) > 1 else ''} found, the surest with {percent(found[0].score)}."
        st.success(f"{count} Dots mark eyes, nose and the corners of the mouth.")
    else:
        st.info("No face passes all three thresholds.")


def heat_maps(stages: Stages) -> None:
    """P-Net's answers over the pyramid."""
    if not stages.levels:
        return
    st.subheader("P-Net's heat maps over the pyramid")
    st.markdown(
        f"P-Net sees only {WINDOW} × {WINDOW} pixels, so the photo is shrunk step by step: large faces are found on small "
        "copies."
    )
    levels = stages.levels[:: max(1, len(stages.levels) // LEVELS)][:LEVELS]
    titles = [f"Scale {level.scale:.2f}" for level in levels]
    heat = [
        MapPanel(f"h{n}", titles[n], level.heat[np.newaxis], end=1.0, scale="sequential")
        for n, level in enumerate(levels)
    ]
    map_viewer("faces_heat", heat)


def inside(photo: Array, name: str, box: Array) -> None:
    """One candidate (5,) through the network of this name."""
    seen = faces.look_inside(photo, name, box)
    side = seen.crop.shape[1]
    panels = [MapPanel("crop", f"Candidate at {side} × {side}", seen.crop, image=True)]
    for layer, maps in seen.maps.items():
        reads = [Reads("crop", "window", *faces.windows(name, layer, maps), channels="all")]
        panels.append(MapPanel(layer, f"{layer}: {len(maps)} maps", maps, reads=reads))
    map_viewer("faces_maps", panels)
    lesson.formula(rf"p(\text{{face}}) = \text{{softmax}}(z)_1 = {formulas.number(seen.probability, 4)}")
