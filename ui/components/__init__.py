"""Streamlit components: one folder each, with its Python, JavaScript and CSS. JavaScript draws and feels; Python counts."""
