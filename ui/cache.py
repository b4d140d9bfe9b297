"""Remembers what was computed, keyed by content.

Results from the bundled images are shared by all sessions, so arrays are read-only, and forgotten after an hour. A session
that holds something of its own, a photo or a drawing, remembers for itself alone, and all of it goes when the session ends.
"""

import base64
import hashlib
import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st

from cnn_core.arguments import Array
from cnn_core.images import encode_jpeg, encode_png, to_bytes, to_grey
from cnn_core.matching import cross_correlation, normalised_cross_correlation
from instruments import samples
from instruments.kernel import Settings
from instruments.stages import Stage, compute, cost
from live.pictures import mosaic, picture
from server.shares import computing
from ui.results import RESULTS, Owner

PRIVATE = (
    "_photo",
    "_drawing",
    "_own_model",
    "_own_digits",
)  # keys of the session state that hold what nobody else may keep
P = ParamSpec("P")
T = TypeVar("T")


def remembered(compute: Callable[P, T]) -> Callable[P, T]:
    """Decorator: compute once for equal arguments, but for those whose names start with an underscore."""
    names = list(inspect.signature(compute).parameters)

    @wraps(compute)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (compute, *(value for name, value in zip(names, args, strict=True) if not name.startswith("_")))
        return RESULTS.get(key, lambda: compute(*args, **kwargs), _owner())

    return call


def _owner() -> Owner | None:
    """Who alone may see what is computed now: this session if it holds something of its own."""
    if not any(key in st.session_state for key in PRIVATE):
        return None
    if "_owner" not in st.session_state:
        st.session_state["_owner"] = Owner()
    return st.session_state["_owner"]


def forget_own() -> None:
    """Let go of all that this session keeps for itself alone."""
    st.session_state.pop("_owner", None)


def digest(array: Array) -> str:
    """Name of an array's content: shape and every byte."""
    return hashlib.blake2b(array.tobytes(), digest_size=16, person=repr(array.shape).encode()[:16]).hexdigest()


def sample(name: str, side: int, grey: bool) -> tuple[Array, str]:
    """A bundled image (C, H, W) and its digest, the same for everyone."""
    return RESULTS.get((sample, name, side, grey), lambda: prepare(samples.load(name, side), grey))


def prepare(image: Array, grey: bool) -> tuple[Array, str]:
    """Grey or colour, read-only, with its digest."""
    prepared = to_grey(image) if grey else image
    prepared.flags.writeable = False
    return prepared, digest(prepared)


@remembered
def _stages(name: str, settings: str, _image: Array, _settings: Settings) -> list[Stage]:
    taken = cost((_image.shape[0], _image.shape[1], _image.shape[2]), _settings)
    with computing(taken.macs, taken.bytes):
        return compute(_image, _settings)


def stages(name: str, image: Array, settings: Settings) -> list[Stage]:
    """`instruments.stages.compute` of the image with this digest, once."""
    return _stages(name, repr(settings), image, settings)


@remembered
def _stage_picture(name: str, settings: str, stage: str, end: float, _stage: Stage) -> tuple[str, tuple[int, int]]:
    grey, tiles = picture(_stage, end)
    return data_url(encode_png(grey), "png"), tiles


def stage_picture(name: str, settings: Settings, stage: Stage, end: float) -> tuple[str, tuple[int, int]]:
    """A stage's grey mosaic on the scale from -end to end as a lossless data URL, and its (rows, columns)."""
    return _stage_picture(name, repr(settings), stage.name, end, stage)


@remembered
def _input_picture(name: str, _image: Array) -> str:
    return data_url(encode_jpeg(_image, 92), "jpeg") if _image.size > 100_000 else data_url(encode_png(_image), "png")


def input_picture(name: str, image: Array) -> str:
    """The image itself as a data URL."""
    return _input_picture(name, image)


@remembered
def _map_picture(name: str, end: float, row: int, _maps: Array) -> tuple[str, tuple[int, int]]:
    grey, tiles = mosaic(_maps, row=row)
    return data_url(encode_png(to_bytes(grey, -end, end)), "png"), tiles


def map_picture(name: str, maps: Array, end: float, row: int = 0) -> tuple[str, tuple[int, int]]:
    """Maps with this digest on the scale from -end to end as a lossless data URL, and the mosaic's (rows, columns).

    A row of so many places takes the place of the mosaic, unless it is 0.
    """
    return _map_picture(name, end, row, maps)


@remembered
def _match(image: str, template: str, normalised: bool, _image: Array, _template: Array) -> Array:
    return (normalised_cross_correlation if normalised else cross_correlation)(_image, _template)


def match(image: Array, template: Array, normalised: bool = True) -> Array:
    """Template matching of two arrays (H, W), once for equal content."""
    return _match(digest(image), digest(template), normalised, image, template)


def data_url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
