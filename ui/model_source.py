"""The network that pages look into: a shipped one, or the session's own from an ONNX file, held in memory only.

The file is read within the memory that is set apart for decoding, and what it leaves is counted among all sessions' networks as
long as this session holds it.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnn_core import attribution, onnx
from cnn_core.graph import Graph
from instruments import class_names, classifier, input_meaning, models, own_model
from instruments.class_names import NAMES
from instruments.fields import Choice, Field, SettingError, Values, format_number, resolve
from instruments.models import OWN, Model
from instruments.own_model import COLOURS, HEIGHT, PHOTO, UPLOADED, VALUES, WIDTH, Uploaded
from server import shares
from ui import cache, check_yourself, left_behind, settings
from ui.controls import buttons, lines, menu, plain, say, stepper
from ui.programs import Code, program

KEY, WRONG, UPLOADER = "_own_model", "_own_model_wrong", "_model"  # of the session state
RANDOM = "_own_random"  # where the session keeps its network with random weights
GROWING, ASKED = "_growing_maps", "_asked"  # where it keeps what is computed bit by bit, which holds on to a network
READING = 4  # bytes that reading takes at most, for each of the file
FULL = "All networks that people have given take what the server may hold: try again later, or choose a smaller model."


@dataclass(frozen=True, eq=False)
class Held:
    """A network of this session; when the session ends and this object goes, so does its share of the memory."""

    uploaded: Uploaded
    lease: shares.Lease
    bytes: int
    second_file: bool  # whether its weights came in one


def resolved(fields: Iterable[Field[Any]]) -> Values:
    """As `settings.resolved`, knowing the session's own network."""
    held: Held | None = st.session_state.get(KEY)
    return settings.resolved(fields, {UPLOADED: held.uploaded if held else None})


def with_weights(model: Model, weights: str) -> Graph:
    """The network as it was trained, or with random weights, made once; SettingError if there is no room for them."""
    if model.code != OWN:
        return models.shipped_with(model.code, weights)
    if weights == "none":
        return model.graph
    held: tuple[object, Graph, shares.Lease] | None = st.session_state.get(RANDOM)
    if held is None or held[0] != (model.digest, weights):
        st.session_state.pop(RANDOM, None)
        held = None
        lease = shares.Lease(shares.MODELS, _bytes(model.graph))
        if not lease.granted:
            raise SettingError(FULL)
        held = st.session_state[RANDOM] = (model.digest, weights), models.with_weights(model.graph, weights), lease
    return held[1]


def computing(macs: int, size: int) -> AbstractContextManager[None]:
    """Around what a network computes: its place and its memory, in this session's turn.

    Args:
        macs: multiply-adds.
        size: bytes.
    """
    return shares.computing(macs, size, _session(), shares.NETWORKS)


def _session() -> str | None:
    context = get_script_run_ctx()
    return context.session_id if context else None


def _bytes(graph: Graph) -> int:
    return sum(array.nbytes for array in graph.stored().values())


# Files


def _take(network: Choice, dependent: tuple[Field[Any], ...], any_answer: bool) -> None:
    """Read what was dropped; if that fails, a sentence says why, and what was there stays."""
    files = [(file.name[:80], file.getvalue()) for file in left_behind.take_all(UPLOADER)]
    if not files:
        return
    st.session_state[WRONG] = None
    try:
        _keep(files, network, dependent, any_answer)
    except (onnx.OnnxError, SettingError) as error:
        st.session_state[WRONG] = f"{files[0][0]}: {error}"


def _keep(files: list[tuple[str, bytes]], network: Choice, dependent: tuple[Field[Any], ...], any_answer: bool) -> None:
    texts = [data for name, data in files if name.lower().endswith(".txt")]
    parts = sorted(
        (file for file in files if not file[0].lower().endswith(".txt")), key=lambda file: not _is_model(file[0])
    )
    if len(texts) > 1 or len(parts) > 2 or (len(parts) == 2 and _is_model(parts[1][0])):
        raise SettingError("These are too many files: choose one model, with its weights file if it has one.")
    names = class_names.read_file(texts[0]) if texts else ()
    before: Held | None = st.session_state.get(KEY)
    if parts:
        held = _read(*parts[0], parts[1][1] if len(parts) > 1 else None, names, before, any_answer)
        if before is None:
            settings.give_from_link((*own_model.FIELDS, *dependent))  # said of this network, which no other could take
        elif before.uploaded.digest != held.uploaded.digest:
            settings.reset(own_model.FIELDS)
        _let_go()
        st.session_state[KEY] = held
    elif before is None:
        raise SettingError("This is a text file: choose a model, too, or first.")
    else:
        st.session_state[KEY] = replace(before, uploaded=replace(before.uploaded, names=names, _made=[]))
    settings.give({network.key: OWN})


def _is_model(name: str) -> bool:
    return name.lower().endswith(".onnx")


def _read(
    name: str, model: bytes, weights: bytes | None, names: class_names.Names, before: Held | None, any_answer: bool
) -> Held:
    size = len(model) + len(weights or b"")
    with shares.LONG.take(1, _session()), shares.DECODING.take(READING * size):  # thousands of steps take their time
        graph = own_model.maps_first(onnx.read(model, weights))
        classifier.expect_pictures(graph)
        if not any_answer:
            classifier.expect_classifier(graph)
        digest = own_model.digest(model, weights)
    return _held(Uploaded(name, digest, graph, names), max(size, _bytes(graph)), weights is not None, before)


def keep(own: Uploaded) -> None:
    """Make a network that was made in this session its own one; SettingError if there is no room."""
    held = _held(own, _bytes(own.graph), False, st.session_state.get(KEY))
    settings.reset(own_model.FIELDS)
    _let_go()
    st.session_state[KEY] = held


def _held(own: Uploaded, size: int, second_file: bool, before: Held | None) -> Held:
    """The network with its share of the memory, in place of the one before."""
    _try_out(own)
    if before is not None:
        before.lease.give_back()  # a session holds one network
    lease = shares.Lease(shares.MODELS, size)
    if not lease.granted:
        if before is not None:
            st.session_state[KEY] = replace(before, lease=shares.Lease(shares.MODELS, before.bytes))
        raise SettingError(FULL)
    return Held(own, lease, size, second_file)


def _try_out(uploaded: Uploaded) -> None:
    """Raises SettingError if the network does not answer with numbers, or names classes and cannot be asked why."""
    v = resolve(own_model.FIELDS, {}, facts={UPLOADED: uploaded})
    model = own_model.as_set(v, uploaded)
    grey = np.full(model.shape, 0.5, np.float32)
    with computing(4 * model.macs, model.memory):
        try:
            if uploaded.names_classes:
                answer = attribution.scores(model.graph, grey)
                attribution.saliency(model.graph, grey, 0)
            else:
                answer = model.graph.forward(grey)
        except (ValueError, NotImplementedError) as error:
            raise SettingError(f"The model cannot be computed: {str(error)[:200]}.") from None
    if not np.isfinite(answer).all():
        raise SettingError(
            "The model answers a grey picture with numbers that are not finite: train or export it again."
        )


def _let_go() -> None:
    """Forget all that holds on to the network that was here, also what was computed for this session alone."""
    for key in (KEY, RANDOM, GROWING, ASKED):
        st.session_state.pop(key, None)
    check_yourself.forget_networks()
    cache.forget_own()


def _remove(network: Choice) -> None:
    _let_go()
    st.session_state[WRONG] = None
    settings.reset(own_model.FIELDS)
    settings.give({network.key: own_model.MEANWHILE})


# Programs


def code(name: str, model: Model, v: Values, **more: object) -> str:
    """A page's program in NumPy for the network that is chosen.

    Args:
        name: of the program, without what it runs on.
        model: the network.
        v: the values of this run.
        more: settings of the program.
    """
    if model.code != OWN:
        return program(f"{name}_numpy", chosen=model.code, side=model.shape[1], **more)
    held: Held = st.session_state[KEY]
    height, width = model.shape[1:]
    mean, deviation = input_meaning.pixels(model.shape[0], v[VALUES])
    given = {
        "height, width": Code(f"{height}, {width}"),
        "mean": [float(format_number(one)) for one in mean],
        "deviation": [float(format_number(one)) for one in deviation],
        "bgr": model.shape[0] == 3 and v[COLOURS] == "bgr",
        "digit": model.finds_digit,
        "second_file": held.second_file,
    }
    return program(f"{name}_own_numpy", **given, **more)


# Controls


def own(v: Values, network: Choice, *dependent: Field[Any], any_answer: bool = False) -> None:
    """Where one's own network is chosen: its uploader, and what its input means.

    Args:
        v: the values of this run.
        network: the page's field that chooses the network.
        dependent: settings that name parts of the network, which a link may hold before the network is here.
        any_answer: whether a network will do that names no classes.
    """
    if v[network] != OWN:
        return
    held: Held | None = st.session_state.get(KEY)
    if held is not None and not held.uploaded.names_classes and not any_answer:
        st.info(
            f"Your own model, {plain(held.uploaded.name)}, names no classes, so nothing can be asked about them: choose one that "
            "does. Until then SqueezeNet is shown here, and yours on the page *The whole network*."
        )
    elif held is None:
        st.info("Your own model is not here: models are never stored. Choose its file; until then SqueezeNet is shown.")
    else:
        _describe(v, held.uploaded)
    words = "Your own model" if held is None else "Your own model: what it is given, its classes, another file"
    with st.expander(words, icon=":material/deployed_code:", expanded=held is None):
        if held is not None:
            _meaning(v, held.uploaded)
        st.file_uploader(
            f"{'A model' if held is None else 'Another model'}: its .onnx file, with its .onnx.data if it has one, and a .txt of "
            "class names if you like; up to 48 MB together",
            accept_multiple_files=True,
            key=left_behind.fresh(UPLOADER),
            on_change=_take,
            args=(network, dependent, any_answer),
            max_upload_size=48,
        )
        if wrong := st.session_state.get(WRONG):
            st.error(plain(wrong))
        st.markdown("Models stay in memory, never on disk, and are gone soon after this page is closed.")
        if held is not None:
            st.button("Remove it", key="_own_remove", on_click=_remove, args=(network,))


def _describe(v: Values, own: Uploaded) -> None:
    model = own_model.as_set(v, own)
    sides, parameters = " × ".join(map(str, model.shape)), own.graph.parameter_count()
    gives = " × ".join(map(str, model.shapes[model.graph.output]))
    answers = f"knows {len(model.classes):,} classes" if own.names_classes else f"gives {gives} numbers"
    st.markdown(
        f"**{plain(own.name)}** takes {sides} numbers, {answers} and has {parameters:,} parameters. "
        f"{plain(own_model.said(own, v))}"
    )


def _meaning(v: Values, own: Uploaded) -> None:
    """What is asked about the network's input and classes."""
    sides = [side for side in (HEIGHT, WIDTH) if side.fixed(v) is None]
    columns = st.columns(2 + len(sides))
    with columns[0]:
        menu(v, VALUES)
    with columns[1]:
        buttons(v, COLOURS if own.channels == 3 else PHOTO)
    for column, side in zip(columns[2:], sides, strict=True):
        with column:
            stepper(v, side)
    if not own.names_classes:
        return
    lines(
        v,
        NAMES,
        "Class names, one a line or with commas",
        help="In the order of the model's answer; also as a .txt file.",
    )
    say(own_model.names_said(own, v))
    if own.names:
        st.markdown(
            f"{len(own.names):,} names came from a file, which is not in the link; names written here stand instead."
        )
