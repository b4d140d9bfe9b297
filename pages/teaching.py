"""For teachers: how to give a lesson with the app; the text is docs/teaching.md, whose links are relative to the app."""

import streamlit as st

from ui import lesson
from ui.site import ROOT, STEPS, info

with st.container(horizontal=True, horizontal_alignment="right", key="_teaching_way"):
    lesson.way(info("home"), STEPS[0])
guide = (ROOT / "docs" / "teaching.md").read_text("utf-8")
st.markdown(guide.replace("](/", "](./"))
