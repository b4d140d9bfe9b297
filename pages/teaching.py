"""For teachers: how to give a lesson with the app; the text is docs/teaching.md, whose links are relative to the app."""

import streamlit as st

from ui.site import ROOT

guide = (ROOT / "docs" / "teaching.md").read_text("utf-8")
st.markdown(guide.replace("](/", "](./"))
