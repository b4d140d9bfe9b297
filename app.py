"""The server: Streamlit's app with the live channel beside it. Start it with `streamlit run app.py`."""

import os

# One BLAS thread a request, so that a class shares the cores fairly; must be set before NumPy is imported.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import streamlit as st

from live import channel

app = st.App("ui/shell.py", routes=channel.routes(st.get_option("server.baseUrlPath")))
