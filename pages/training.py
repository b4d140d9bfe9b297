"""Training: the network learns while you watch."""

import streamlit as st

from instruments import training
from instruments.fields import SettingError
from instruments.training import Training
from ui import lesson, settings, training_place, training_view
from ui.beside import beside
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.controls import buttons, marks, stepper, toggle
from ui.programs.training import programs
from ui.training_place import HELD

TURN, PAUSE = 0.25, 0.4  # seconds: of arithmetic at a time, and from one turn to the next

page = lesson.Page(
    "training",
    "A network starts with random kernels. Each step shows it some digits, measures how wrong it is, and moves every weight a "
    "little against its gradient.",
    "press Start and watch the loss fall; then again with a rate of 0.05: it learns more, and the kernels move further.",
)
v = settings.resolved(training.FIELDS)
picture, controls = beside("training")
with controls:
    marks(v, training.RATE, training.RATES, "Learning rate η")
    st.markdown(
        "0.005 to 0.05 is good for Adam, 0.05 to 0.2 for SGD; less, as 0.002, learns more slowly, much more breaks it."
    )
    buttons(v, training.OPTIMISER)
    buttons(v, training.SCHEDULE)
    buttons(v, training.LAYERS)
    left, right = st.columns(2)
    with left:
        stepper(v, training.KERNELS)
        stepper(v, training.POOL)
        stepper(v, training.EPOCHS)
    with right:
        stepper(v, training.KERNEL_SIDE)
        stepper(v, training.BATCH)
        stepper(v, training.SEED)
    stepper(v, training.DIGITS, "Digits to learn from")
    toggle(v, training.AUGMENT)
plan = training.plan(v)
try:
    plan.check()
    fits = True
except SettingError as error:
    fits = False
    with controls:
        st.error(str(error))


def start() -> None:
    before: Training | None = st.session_state.get(HELD)
    st.session_state[HELD] = Training(plan, before=before.curves if before and before.history else None)


def pause() -> None:
    st.session_state[HELD].going = not going  # as it was drawn: a click that meets a turn may be told twice


def reset() -> None:
    st.session_state.pop(HELD, None)


held: Training | None = st.session_state.get(HELD)
running = held is not None and not held.done
going = held is None or held.going
kernels = held.kernels() if held else plan.first_kernels()
with picture, st.container(horizontal=True):
    again, pause_text = "Start again" if held else "Start", "Pause" if going else "Resume"
    st.button(again, type="primary", key=f"{HELD}_start", on_click=start, disabled=not fits)
    st.button(pause_text, key=f"{HELD}_pause", on_click=pause, disabled=not running)
    st.button("Stop and reset", key=f"{HELD}_reset", on_click=reset, disabled=held is None)


@st.fragment(run_every=PAUSE if running and going else None)
def watch() -> None:
    """Train a little, show it all; called again and again only while this page is open."""
    held: Training | None = st.session_state.get(HELD)
    if held is None:
        st.info(
            "Nothing is trained yet. The loss of pure guessing is ln 10 = 2.303, its accuracy 10%. "
            "To see a network learn by heart: 100 digits, 20 epochs, rate 0.01."
        )
        map_viewer("training_random_maps", [MapPanel("before", "Kernels at the start: random numbers", kernels)])
        return
    was_done = held.done
    training_place.advance(held, TURN)
    if held.history:
        training_view.progress(held, changed=held.plan != plan)
    if held.done and not was_done:
        st.rerun()


with picture:
    watch()
if fits:
    work = f"This run: {plan.steps:,} steps, {plan.macs / 1e9:.3g} billion multiply-adds."
    st.markdown(f"{work} {training_view.said(plan)} {training_view.sees(plan)}")
if held and held.done:
    training_view.to_keep(held)
if held and held.done and not held.diverged:
    training_view.mistakes(held)
lesson.formula(training_view.update(plan))

page.check_yourself()
page.in_code(v, training.CODE, programs(plan))
page.share(kernels, "kernels")
page.around()
