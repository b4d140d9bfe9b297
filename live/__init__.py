"""The live channel: carries questions and answers while a hand moves. Knows instruments, not Streamlit."""
