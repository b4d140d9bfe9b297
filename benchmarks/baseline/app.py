"""The same lesson built the usual way, to be measured against: sliders, SciPy, `st.image`, a rerun for every change."""

from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from scipy import ndimage

PHOTO = Path(__file__).resolve().parents[2] / "assets" / "images" / "astronaut.webp"

st.title("Kernel")
image = np.asarray(Image.open(PHOTO).convert("L").resize((512, 512)), np.float32) / 255
middle = st.slider("Middle of the kernel", -10.0, 10.0, 0.0, 0.1)
kernel = np.array([[-1, 0, 1], [-2, middle, 2], [-1, 0, 1]])
answer = ndimage.correlate(image, kernel, mode="constant")[1:-1, 1:-1]
end = np.abs(answer).max()
st.image((answer + end) / (2 * end), width="stretch")
