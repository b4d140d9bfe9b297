"""Training: the network learns while you watch."""

import numpy as np
import streamlit as st

from cnn_core import train_digits
from ui import digit_source, figures, lesson, training_place
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import number, one_of, switched, whole_number
from ui.training_run import CHECKED, MAX_MACS, Choice, Run

lesson.begin(
    "Training",
    "A network starts with random kernels. Each step shows it some digits, measures how wrong it is, and moves every weight a "
    "little against its gradient.",
    "press Start and watch the kernels change.",
)
columns = st.columns(5)
with columns[0]:
    kernels = whole_number("training_kernels", "Kernels", 8, 1, 32, name="kernels")
    optimiser = one_of("training_optimiser", "Optimiser", {"adam": "Adam", "sgd": "SGD"}, "adam")
with columns[1]:
    side = whole_number("training_side", "Kernel side", 3, 1, 9, name="kernel side")
    seed = whole_number("training_seed", "Seed", 0, 0, 9999, name="seed")
with columns[2]:
    pool = whole_number("training_pool", "Pooling window", 2, 1, 6, name="pooling window")
    augment = switched("training_augment", "Turn and shift digits")
with columns[3]:
    count = whole_number("training_digits", "Digits to learn from", 2000, 100, train_digits.TRAINED, name="digits")
    batch = whole_number("training_batch", "Batch size", 64, 8, 256, name="batch size")
with columns[4]:
    epochs = whole_number("training_epochs", "Epochs", 3, 1, 20, name="epochs")
rate = number(
    "training_rate",
    "Learning rate (0.002 is good for Adam, 0.02 for SGD)",
    0.002,
    (0, 2),
    "training",
    "learning rate",
    0.001,
)
choice = Choice(kernels, side, pool, count, epochs, batch, rate, optimiser, augment, seed)
macs, limit = choice.macs / 1e9, MAX_MACS / 1e9
fits = macs <= limit
if fits:
    st.markdown(f"This run: {epochs * -(-count // batch):,} steps, {macs:.3g} billion multiply-adds.")
else:
    st.error(
        f"This run would take {macs:.0f} billion multiply-adds, more than {limit:.0f} billion: choose fewer digits or epochs."
    )


def fresh() -> Run:
    images, labels = digit_source.all_digits()
    return Run(choice, images, labels, train_digits.TRAINED)


def start() -> None:
    st.session_state["_training"] = fresh()


def toggle() -> None:
    st.session_state["_training"].going = not st.session_state["_training"].going


def reset() -> None:
    st.session_state.pop("_training", None)


run: Run | None = st.session_state.get("_training")
running = run is not None and not run.done
kernels_now = (run or fresh()).kernels()
buttons = st.columns(3)
buttons[0].button(
    "Start" if run is None else "Start again", key="_training_start", on_click=start, disabled=not fits, width="stretch"
)
pause_text = "Pause" if run is None or run.going else "Resume"
buttons[1].button(pause_text, key="_training_pause", on_click=toggle, disabled=not running, width="stretch")
buttons[2].button("Stop and reset", key="_training_reset", on_click=reset, disabled=run is None, width="stretch")


@st.fragment(run_every=0.4 if running and run is not None and run.going else None)
def watch() -> None:
    """Train a little, show it all; called again and again only while this page is open."""
    run: Run | None = st.session_state.get("_training")
    if run is None:
        st.info("Nothing is trained yet. The loss of pure guessing is ln 10 = 2.303, its accuracy 10 %.")
        map_viewer("training_random_maps", [MapPanel("before", "Kernels at the start: random numbers", kernels_now)])
        return
    was_done = run.done
    training_place.advance(run, 0.25)
    if not run.history:
        return
    last = run.history[-1]
    told = (
        f"Step {last.step} of {last.steps}, epoch {last.epoch}, {last.seconds_left:.0f} s left"
        if not run.done
        else f"Finished after {run.spent:.1f} s of arithmetic"
    )
    st.progress(last.step / last.steps, told)
    if run.diverged:
        st.error(
            "It has diverged: the loss grows instead of falling. The learning rate is too large; try a tenth of it."
        )
    steps = [p.step for p in run.history]
    smooth = (
        np.convolve([p.loss for p in run.history], np.ones(9) / 9, "valid")
        if len(steps) > 9
        else [p.loss for p in run.history]
    )
    losses = {"loss, mean of 9 batches": np.nan_to_num(smooth, nan=0, posinf=100)}
    checked = {f"accuracy on {CHECKED} unseen digits": [accuracy for _, accuracy in run.checks]}
    lesson.charts(
        "_training",
        {
            "Loss over the steps": lambda: figures.lines(steps[-len(smooth) :], losses, "step", "loss", lesson.dark()),
            "Accuracy on unseen digits over the steps": lambda: figures.lines(
                [step for step, _ in run.checks], checked, "step", "accuracy", lesson.dark()
            ),
        },
        260,
    )
    st.markdown(f"Loss **{last.loss:.3f}**, accuracy on {CHECKED} digits it never saw: **{run.checks[-1][1]:.1%}**.")
    if not run.diverged:
        map_viewer(
            "training_kernels_maps",
            [
                MapPanel("before", "Kernels at the start", run.first_kernels),
                MapPanel("now", "Kernels now", run.kernels()),
            ],
        )
    if run.done and not was_done:
        st.rerun()


watch()
if run is not None and run.done and not run.diverged:
    st.subheader("What it confuses")
    table = run.confusion()
    lesson.table({"right class": list(range(10))} | {f"says {n}": table[:, n] for n in range(10)})
    if wrong := run.mistakes():
        map_viewer(
            "training_mistakes",
            [
                MapPanel(f"m{n}", f"{right_class}, says {answer}", digit, image=True)
                for n, (digit, right_class, answer) in enumerate(wrong[:4])
            ],
        )
    else:
        st.success("No mistakes among the unseen digits that are checked.")

lesson.formula(
    r"w \leftarrow w - \eta \, \frac{\partial L}{\partial w}, \qquad L = -\frac{1}{N} \sum_n \log p_{n, t_n}, \qquad \eta = "
    + f"{rate:g}"
)


def question(rng: np.random.Generator) -> tuple[str, int, str]:
    n, b, e = int(rng.integers(5, 60)) * 100, int(rng.choice([32, 50, 64, 100])), int(rng.integers(2, 11))
    return (
        f"**{n}** digits, batches of **{b}**, **{e}** epochs: how many steps?",
        -(-n // b) * e,
        f"⌈{n} / {b}⌉ · {e} = {-(-n // b)} · {e} = {-(-n // b) * e}.",
    )


lesson.check_yourself("training", question)
name = {"adam": "Adam", "sgd": "SGD"}[optimiser]
lesson.in_code(
    "training",
    {
        "NumPy": f"from cnn_core.layers import Sequential\nfrom cnn_core.networks import digits_layers\nfrom cnn_core.optimisers import {name}\nfrom cnn_core.train_digits import digits\nfrom cnn_core.training import train\n\nimages, labels = digits()\nnet = Sequential(digits_layers({kernels}, {side}, {pool}, 64, seed={seed}))\nsteps = train(net, images[:{count}], labels[:{count}], {name}(net.parameters(), {rate:g}), {epochs}, {batch}, {seed})\nprint(next(steps))",
        "PyTorch": f"import torch\n\noptimiser = torch.optim.{name}(net.parameters(), lr={rate:g})\nfor images, labels in batches:\n    optimiser.zero_grad()\n    torch.nn.functional.cross_entropy(net(images), labels).backward()\n    optimiser.step()",
    },
)
lesson.share("training", kernels_now, "kernels")
lesson.around("training")
