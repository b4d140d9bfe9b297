"""The live channel: answers a moving hand with a picture. Knows cnn_core, not Streamlit."""
