"""What is shown of a training while it goes on, and of its mistakes once it is done."""

import streamlit as st

from cnn_core.networks import classes
from instruments.training import CHECKED, Training
from ui import figures, formulas, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer

MISTAKES = 4  # that are shown


def progress(training: Training) -> None:
    """How far it is, its curves, and its kernels."""
    last, dark = training.history[-1], lesson.dark()
    going = f"Step {last.step} of {last.steps}, epoch {last.epoch}, {last.seconds_left:.0f} s left"
    finished = f"Finished after {training.spent:.1f} s of arithmetic"
    st.progress(last.step / last.steps, finished if training.done else going)
    if training.diverged:
        st.error(
            "It has diverged: the loss grows instead of falling. The learning rate is too large; try a tenth of it."
        )
    steps, losses = training.losses()
    loss = {"loss, mean of 9 batches": losses}
    accuracy = {f"accuracy on {CHECKED} unseen digits": [share for _, share in training.checks]}
    checked = [step for step, _ in training.checks]
    curves = {
        "Loss over the steps": lambda: figures.lines(steps, loss, "step", "loss", dark),
        "Accuracy on unseen digits over the steps": lambda: figures.lines(checked, accuracy, "step", "accuracy", dark),
    }
    lesson.charts("_training", curves, 260)
    share = training.checks[-1][1]
    st.markdown(
        f"Loss **{formulas.number(last.loss)}**, accuracy on {CHECKED} digits it never saw: **{formulas.percent(share)}**."
    )
    if not training.diverged:
        before = MapPanel("before", "Kernels at the start", training.first_kernels)
        map_viewer("training_kernels_maps", [before, MapPanel("now", "Kernels now", training.kernels())])


def mistakes(training: Training) -> None:
    """Which classes it takes for which, and the digits that it got most wrong."""
    st.subheader("What it confuses")
    names, table = classes("digits"), training.confusion()
    lesson.table({"right class": names} | {f"says {name}": table[:, n] for n, name in enumerate(names)})
    panels = [
        MapPanel(f"m{n}", f"{names[right]}, says {names[answer]}", digit, image=True)
        for n, (digit, right, answer) in enumerate(training.mistakes(MISTAKES))
    ]
    if panels:
        map_viewer("training_mistakes", panels)
    else:
        st.success("No mistakes among the unseen digits that are checked.")
