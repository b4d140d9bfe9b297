"""What can be set and what comes out, one file per instrument: its fields, their checks, its results. No Streamlit."""
