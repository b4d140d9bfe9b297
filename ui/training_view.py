"""What is shown of a training while it goes on, and of its mistakes once it is done."""

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from cnn_core import onnx
from cnn_core.digits import SIDE
from cnn_core.networks import classes
from instruments.percent import percent
from instruments.training import CHECKED, GUESSING, WINDOW, Plan, Training
from ui import downloads, figures, formulas, lesson, use_trained
from ui.components.feature_viewer.component import MapPanel, map_viewer

MISTAKES = 4  # that are shown


def progress(training: Training, changed: bool) -> None:
    """How far it is, its curves, its kernels and what they make of the digit that it is worst at.

    Args:
        training: that has begun.
        changed: whether the settings are others by now.
    """
    last = training.history[-1]
    going = f"Step {last.step} of {last.steps}, epoch {last.epoch}, {last.seconds_left:.0f} s left"
    finished = f"Finished after {training.spent:.1f} s of arithmetic"
    st.progress(last.step / last.steps, finished if training.done else going)
    if changed:
        st.info("You have changed settings: this is the run before. Start again to train with the new ones.")
    if training.diverged:
        st.error(
            "It has diverged: the loss jumped up instead of falling. The learning rate is too large; try a tenth of it."
        )
    curves(training, changed)
    share, losses = training.checks[-1][1], training.losses()[1]
    batches = min(len(training.history), WINDOW)
    st.markdown(
        f"Loss, the mean of the last {batches} batches: **{formulas.number(losses[-1])}**. Accuracy on {CHECKED} digits it never saw: **{percent(share)}**."
    )
    if training.done and training.learnt_by_heart and not training.diverged:
        known = percent(training.learned()[-1])
        st.warning(
            f"It overfits: of the digits that it learns from it has {known} right. It has learnt them by heart; more digits, "
            "fewer epochs, or turning and shifting them, help."
        )
    if np.isfinite(training.kernels()).all():
        kernels(training)


def curves(training: Training, faded: bool) -> None:
    """Loss and accuracy over the steps, and those of the run before in grey."""
    dark, before = lesson.dark(), training.before
    steps, losses = training.losses()
    checked, count = [step for step, _ in training.checks], len(classes("digits"))
    loss = {"mean of 9 batches": losses, f"guessing: ln {count}": np.full(len(steps), GUESSING)}
    accuracy: dict[str, ArrayLike] = {
        "on digits it learns from": training.learned(),
        f"on {CHECKED} unseen digits": [share for _, share in training.checks],
        "guessing": np.full(len(checked), 1 / count),
    }
    old = (before.steps, before.losses) if before else None
    unseen = (before.checked, before.accuracies) if before else None
    charts = {
        "Loss over the steps": lambda: figures.lines(steps, loss, "step", "loss", dark, old, faded),
        "Accuracy over the steps, on digits it learns from and on unseen ones": lambda: figures.lines(
            checked, accuracy, "step", "accuracy", dark, unseen, faded
        ),
    }
    lesson.charts("_training", charts, 260)


def kernels(training: Training) -> None:
    """The kernels at the start and now, and what each makes of the digit that the network is worst at."""
    now, moved = training.kernels(), training.kernels() - training.first_kernels
    panels = [
        MapPanel("before", "Kernels at the start", training.first_kernels),
        MapPanel("now", "Kernels now", now),
        MapPanel("moved", "Moved by", moved),
    ]
    worst, names = training.mistakes(1), classes("digits")
    if worst:
        digit, right, answer = worst[0]
        title = f"Worst: a {names[right]}, says {names[answer]}"
        panels += [
            MapPanel("worst", title, digit, image=True),
        ]
        titles = ("Each kernel on it", "The second layer on it")
        panels += [
            MapPanel(f"maps{number}", title, maps, scale="sequential")
            for number, (title, maps) in enumerate(zip(titles, training.maps(digit), strict=False))
        ]
    map_viewer("training_kernels_maps", panels)
    size = float(np.linalg.norm(moved) / np.linalg.norm(training.first_kernels))
    st.markdown(f"The kernels have moved by **{percent(size)}** of their size since the start.")


UPDATES = {
    "adam": r"\begin{aligned} m &\leftarrow 0.9\, m + 0.1\, g \\ s &\leftarrow 0.999\, s + 0.001\, g^2 \\ "
    r"w &\leftarrow w - \eta_t\, \hat m / (\sqrt{\hat s} + 10^{-8}) \end{aligned}",
    "sgd": r"\begin{aligned} v &\leftarrow 0.9\, v + g \\ w &\leftarrow w - \eta_t\, v \end{aligned}",
}


def said(plan: Plan) -> str:
    """The optimiser and its learning rate over the steps, in words."""
    name = "Adam" if plan.optimiser == "adam" else "SGD with momentum 0.9"
    cycle = f"rises to {plan.rate:g} over the first 30% of the steps, then falls to nearly 0"
    return f"{name}; the learning rate *η* {cycle if plan.schedule == 'cycle' else f'stays at {plan.rate:g}'}."


def sees(plan: Plan) -> str:
    """How much of the digit the last convolution's units see, in words."""
    rows, columns = plan.network().receptive_field(f"pool{plan.convolutions}") or (SIDE, SIDE)
    return f"Each number that the dense layers read sees {rows} × {columns} pixels of the digit."


def update(plan: Plan) -> str:
    """What one step does to each weight, as a formula."""
    loss = r"{g = \frac{\partial L}{\partial w}}, \qquad {L = -\frac{1}{N} \sum_n \log p_{n, t_n}}"
    return rf"{UPDATES[plan.optimiser]} \qquad {loss}"


def to_keep(training: Training) -> None:
    """Use the network on other pages, or download it: its weights as they are now, or all of it as ONNX."""
    size, row = 4 * sum(array.nbytes for array in training.network.parameters().values()), st.columns(4)
    with row[0]:
        use_trained.look_into(training)
    with row[1]:
        use_trained.ask_why(training)
    files = {
        "Weights by name (NPZ)": (training.weights_file, "training-weights.npz"),
        "The network (ONNX)": (lambda: onnx.write(training.network), "training.onnx"),
    }
    for column, (words, (make, name)) in zip(row[2:], files.items(), strict=True):
        made = downloads.in_turn(make, size)
        column.download_button(words, made, name, on_click="ignore", disabled=not training.history)


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
