"""The digits network that this session trained or loaded: kept in memory only, and used on other pages in place of ours."""

import streamlit as st

from cnn_core.weights import WeightsError
from instruments import network, own_digits
from instruments.fields import Choice, Values
from instruments.network import SIZES
from instruments.own_digits import OwnDigits
from instruments.training import HIDDEN, Training
from ui import left_behind, settings, training_place
from ui.controls import buttons, say
from ui.site import ROOT

HELD, WRONG, UPLOAD = "_own_digits", "_own_digits_wrong", "_own_digits_file"  # where the session keeps it
LARGEST = 16  # MB of a weights file
MISSING = "Your network is not here: weights are never stored. Train one, or load its file;"
DEEP = "Your network has two convolutions: press *Use this network* where you trained it;"


def held() -> OwnDigits | None:
    """The session's own network, if it has one."""
    own: OwnDigits | None = st.session_state.get(HELD)
    return own


def _settings(own: OwnDigits) -> dict[str, str]:
    """What the network page must be set to, as a link holds it."""
    codes = {field.key: field.write(size) for field, size in zip(SIZES, own.sizes, strict=True)}
    return codes | {network.WEIGHTS.key: "yours"}


def _trained() -> Training | None:
    """What the session trains on the training page, once it has learned from something."""
    training: Training | None = st.session_state.get(training_place.HELD)
    return training if training and training.history else None


def _copied(training: Training) -> OwnDigits:
    """What was trained, with one convolution, as it is now."""
    plan, arrays = training.plan, training.network.stored()
    return own_digits.of_weights(plan.kernels, plan.side, plan.pool, HIDDEN, arrays)


def keep(training: Training) -> dict[str, str]:
    """Keep a copy of what was trained, with one convolution; returns the network page's settings with which it is used."""
    st.session_state[HELD] = own = _copied(training)
    return _settings(own)


def choose(v: Values, field: Choice) -> OwnDigits | None:
    """Draw the choice between our weights and the session's own, and where to get these; returns the own ones if chosen.

    Where none was kept, they are those of the session's training as it stands.
    """
    buttons(v, field)
    if v[field] != "yours":
        return None
    own, training = held(), _trained()
    if own is None and training and training.plan.convolutions == 1:
        own = _copied(training)
    if own is None:
        say(f"{DEEP if training else MISSING} until then you see ours.")
        st.page_link(ROOT / "pages" / "training.py", label="Train a network", icon=":material/model_training:")
    with st.expander("Load a weights file", icon=":material/upload_file:", expanded=own is None):
        words = "From the training page (NPZ)"
        st.file_uploader(words, key=left_behind.fresh(UPLOAD), on_change=_load, max_upload_size=LARGEST)
        if wrong := st.session_state.get(WRONG):
            say(wrong)
    return own


def fit_sizes(v: Values, own: OwnDigits) -> None:
    """Bring the network page's sizes to the own network's: they are its, not settings."""
    if own.sizes != tuple(v[field] for field in SIZES):
        settings.give(_settings(own))
        st.rerun()


def _load() -> None:
    if (file := left_behind.take(UPLOAD)) is None:
        return
    st.session_state[WRONG] = None
    try:
        st.session_state[HELD] = own_digits.from_file(file.getvalue())
    except WeightsError as error:
        st.session_state[WRONG] = f"{file.name[:80]}: {error}."
