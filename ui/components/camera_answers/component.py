"""The camera's moving picture, and a network's likeliest answers to it as bars."""

import streamlit as st

from ui.components.files import component, mount

_mount = component("camera_answers", "pictures")


def camera_answers(key: str, network: str) -> None:
    """Draw the camera's button, and while it is on its picture and the answers.

    Args:
        key: key of the component in the session.
        network: a code of `instruments.models.SHIPPED`.
    """
    data = {"live": {"base": st.get_option("server.baseUrlPath")}, "network": network}
    mount(_mount, key, data, "pick", lambda _: None)
