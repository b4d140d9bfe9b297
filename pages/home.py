"""Home: a convolutional network at work on what is drawn; below it, the ways into the lesson."""

import streamlit as st

from instruments import home
from instruments.percent import percent
from ui import digit_source, home_view, image_source, settings
from ui.controls import buttons

FIRST = {"draw": "draw a digit where the 3 stands, then tap or click a map.", "image": "tap or click a map."}

home_view.title("CNN Visualiser")
if image_source.just_given():
    settings.give({home.SOURCE.key: "image"})
v = settings.resolved(home.FIELDS)
st.markdown(
    f"**This is a CNN: draw a digit or drop a photo.** :material/touch_app: **Try first:** {FIRST[v[home.SOURCE]]}"
)
with st.container(key="_home"):
    left, middle, right = st.columns([4, 11, 4.2])
with left:
    buttons(v, home.SOURCE)
    if v[home.SOURCE] == "draw":
        digit = digit_source.drawn("_home_pad")
        image_source.tell("Press **Photo** to use it here.")
    else:
        digit = digit_source.from_photo()
        home_view.photo()
trace = home.trace(digit)
probabilities = trace["softmax"]
best = int(probabilities.argmax())
with right:
    st.markdown(f"It says **{best}**, with {percent(probabilities[best])}.")
    digit_source.show(probabilities, narrow=True)
with middle:
    home_view.graph(v[home.SOURCE], digit, trace)
home_view.doors()
