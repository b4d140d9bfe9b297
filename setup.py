"""Refuses `pip install .`: pages, components and assets are read from this folder, so an installed copy would not be whole."""

raise SystemExit("The CNN Visualiser is not installed but run from its folder: `make run`, or `streamlit run app.py`.")
