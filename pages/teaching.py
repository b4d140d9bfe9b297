"""For teachers: how to give a lesson with the app; the text is docs/teaching.md, whose links are relative to the app."""

import streamlit as st

from ui.site import ROOT, STEPS, info

first = STEPS[0]
with st.container(horizontal=True, horizontal_alignment="right", key="_teaching_way"):
    st.page_link(info("home").path, label="Back: Home", icon=":material/arrow_back:")
    st.page_link(first.path, label=f"Next: {first.title}", icon=":material/arrow_forward:", icon_position="right")
guide = (ROOT / "docs" / "teaching.md").read_text("utf-8")
st.markdown(guide.replace("](/", "](./"))
