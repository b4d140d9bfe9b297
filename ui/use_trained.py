"""Buttons that take a network that was trained here to the pages that look into networks."""

import streamlit as st

from cnn_core.networks import classes
from instruments import own_model
from instruments.fields import SettingError
from instruments.models import OWN
from instruments.overview_settings import MODEL
from instruments.own_model import Uploaded
from instruments.training import Training
from instruments.why_this_answer import NETWORK
from ui import model_source, own_digits
from ui.site import ROOT

NAME = "the network trained here"


def look_into(training: Training) -> None:
    """To the network page: with one convolution as a digits network, else as a model of the session's own."""
    pressed = st.button(
        "Use this network",
        icon=":material/account_tree:",
        type="primary",
        key="_use_trained",
        disabled=not training.history,
    )
    if pressed and training.plan.convolutions == 1:
        st.switch_page(ROOT / "pages" / "network.py", query_params=own_digits.keep(training))
    elif pressed and _keep(training):
        st.switch_page(ROOT / "pages" / "network.py", query_params={MODEL.key: OWN})


def ask_why(training: Training) -> None:
    """To the page that asks a network why it answered so."""
    pressed = st.button("Ask it why", icon=":material/help_center:", key="_ask_trained", disabled=not training.history)
    if pressed and _keep(training):
        st.switch_page(ROOT / "pages" / "why_this_answer.py", query_params={NETWORK.key: OWN})


def _keep(training: Training) -> bool:
    """Make it the session's own model, in place of one that was chosen before; says why not."""
    digest = own_model.digest(training.weights_file(), None)
    try:
        model_source.keep(Uploaded(NAME, digest, training.answering(), tuple(classes("digits"))))
    except SettingError as error:
        st.error(str(error))
        return False
    return True
