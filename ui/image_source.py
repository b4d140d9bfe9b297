"""The image that all pages share: a sample, an upload or a camera picture; its size and colour mode."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from cnn_core.arguments import Array
from cnn_core.images import ACCEPTED, ImageError, decode_image, resize, to_bytes
from cnn_core.images import cost as decoding_cost
from instruments import image as chosen_by
from instruments import samples
from instruments.fields import Values
from instruments.image import COLOUR, IMAGE, MODEST, OWN, SIZE, SMALLEST
from live.store import Ticket
from server import shares
from ui import cache, left_behind, settings
from ui.components.photo_drop.component import photo_drop
from ui.controls import buttons, menu, plain, say

STAND_IN = "astronaut"  # what pages show while the photo is missing
LARGEST = 1024  # pixels on the long side of a photo that is kept


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that someone gave to this session: held in memory only, in eight bits."""

    name: str
    pixels: NDArray[np.uint8]  # (3, H, W), at most LARGEST on the long side


@dataclass(frozen=True, eq=False)
class ChosenImage:
    """What pages work on."""

    pixels: Array  # (C, H, W) float32 in [0, 1], C = 1 or 3
    digest: str
    label: str


def _take_upload(key: str) -> None:
    if (file := left_behind.take(key)) is not None:
        _take(file.name, file.getvalue())


def _take_camera() -> None:
    if (file := left_behind.take("_camera")) is not None:
        _take("camera", file.getvalue())


def _take(name: str, data: bytes) -> None:
    """Copy a photo into the session at once, since the widget forgets it on a page switch."""
    st.session_state["_photo_wrong"] = None
    try:
        with shares.DECODING.take(decoding_cost(data, LARGEST)):
            pixels = to_bytes(decode_image(data, LARGEST))
        if min(pixels.shape[1:]) < SMALLEST:
            raise ImageError(
                f"The image has {pixels.shape[1]} x {pixels.shape[2]} pixels; at least {SMALLEST} x {SMALLEST} are needed."
            )
        st.session_state["_photo"] = Photo(name[:80], pixels)
        st.session_state["_photo_given"] = True
        settings.give({IMAGE.key: OWN})
        st.session_state["_photo_news"] = "Your photo is kept for the pages that use one."
    except ImageError as error:
        st.session_state["_photo_wrong"] = f"{name[:80]}: {error}", _chosen_by()[IMAGE]
        st.session_state["_photo_news"] = f"{name[:80]}: {error}"


def _wrong() -> str | None:
    """What was wrong with the last file, until another image is chosen."""
    said: tuple[str, str] | None = st.session_state.get("_photo_wrong")
    return said[0] if said and said[1] == _chosen_by()[IMAGE] else None


def _missing() -> bool:
    """Whether a photo of one's own is chosen that this session does not hold: after a reload, or in somebody's link."""
    return _chosen_by()[IMAGE] == OWN and "_photo" not in st.session_state


def choose() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw the picker; returns the places beside it for what `say_unused` and `fit_memory` say."""
    v = settings.resolved(chosen_by.FIELDS)
    st.session_state["_image"] = v
    st.session_state["_side"] = int(v[SIZE])
    st.session_state["_photo_place"], st.session_state["_photo_used"] = None, False
    st.session_state["_photo_told"] = None
    st.session_state["_photo_new"] = st.session_state.pop("_photo_given", False)
    menu(v, IMAGE)
    unused = st.container(key="_photo_unused")
    unused.empty()  # its place is there from the start
    if _missing():
        say("Your photo is not here: photos are never stored. Choose it again below.")
    with st.expander("Your own photo", icon=":material/add_a_photo:"):
        words = f"Upload ({ACCEPTED}, up to 20 MB)"
        key = left_behind.fresh("_upload")
        st.file_uploader(words, key=key, on_change=_take_upload, args=("_upload",), max_upload_size=20)
        if st.toggle("Use the camera", key="_use_camera"):
            st.camera_input("Take a picture", key=left_behind.fresh("_camera"), on_change=_take_camera)
        st.markdown(
            "Or drop or paste it anywhere. Photos stay in memory, never on disk, and are gone soon after this page is closed."
        )
        if photo := st.session_state.get("_photo"):
            height, width = photo.pixels.shape[1:]
            st.markdown(f"Held now: {plain(photo.name)}, {width} × {height} pixels.")
    if wrong := _wrong():
        st.error(plain(wrong))
    colour, size = st.columns([3, 2])
    with colour:
        buttons(v, COLOUR)
    with size:
        menu(v, SIZE, "Long side", help="In pixels. Larger images are shrunk, smaller ones stay as they are.")
    photo_drop()
    return unused, st.empty()


def keep_place() -> None:
    """Keep a place here, above a page's instrument, where it is said if the photo that the page uses is missing."""
    st.session_state["_photo_place"] = st.container()


def _say_in_place() -> None:
    """What the page that uses the photo must say of it, once a run: where the page kept a place, else here."""
    state = st.session_state
    if state.get("_photo_used"):
        return
    state["_photo_used"], place = True, state.get("_photo_place")
    with place if place is not None else st.container():
        if _missing():
            standing_in = samples.SAMPLES[STAND_IN][0].lower()
            st.warning(
                f"**Your photo is not here**: photos are never stored, and a link does not carry them. Until you choose it "
                f"again, the {standing_in} stands in.",
                icon=":material/hide_image:",
            )
            again, key = f"Choose the photo ({ACCEPTED}, up to 20 MB)", "_upload_again"
            st.file_uploader(again, key=left_behind.fresh(key), on_change=_take_upload, args=(key,), max_upload_size=20)
        if wrong := _wrong():
            st.error(plain(wrong))


def tell(words: str) -> None:
    """What is said of the photo beside the picker in this run: Markdown, short enough for one line there."""
    st.session_state["_photo_told"] = words


def say_unused() -> None:
    """Say at the end of a run, beside the picker, what the page makes of the photo; a new one is confirmed if it has not used it."""
    news = st.session_state.pop("_photo_news", None)
    used = st.session_state["_photo_used"]
    told = st.session_state["_photo_told"] or (None if used else "This page does not use the photo.")
    st.markdown(f":gray[{told}]" if told else "&nbsp;")  # the list of pages stays where it is
    if news and not used:
        st.toast(plain(news))


def fit_memory() -> None:
    """Show large images smaller while the server is short of memory; asked when the run's turn has come, not before."""
    if long_side() > MODEST and shares.short_of_memory():
        say(f"The server is short of memory: the image is shown at {MODEST} pixels for now.")
        st.session_state["_side"] = MODEST


def just_given() -> bool:
    """Whether a photo came just now, while this page was open."""
    return bool(st.session_state["_photo_new"])


def shows(code: str) -> bool:
    """Whether the image of this code is the one that is chosen."""
    return bool(_chosen_by()[IMAGE] == code)


def long_side() -> int:
    """Pixels that the chosen image may have on its long side."""
    return int(st.session_state.get("_side", MODEST))


def cost() -> int:
    """Bytes that a page run may take with this image: about twelve copies of it."""
    return 12 * (1 if in_grey() else 3) * long_side() ** 2 * 4


def in_grey() -> bool:
    """Whether the person wants the image without colours."""
    return _chosen_by()[COLOUR] == "grey"


def _chosen_by() -> Values:
    v: Values = st.session_state["_image"]
    return v


def chosen() -> ChosenImage:
    """The image chosen last; while the session's own photo is missing, the page says so and shows another."""
    return _chosen(grey=in_grey())


def in_colour() -> ChosenImage:
    """The chosen image with three channels, whatever the colour mode; beside the picker that is said."""
    if in_grey():
        tell("This page shows it in colour.")
    return _chosen(grey=False)


def _chosen(grey: bool) -> ChosenImage:
    _say_in_place()
    side, name, photo = long_side(), _chosen_by()[IMAGE], st.session_state.get("_photo")
    if name == OWN and photo is not None:
        return ChosenImage(*_prepared(photo, side, grey), photo.name)
    name = STAND_IN if name == OWN else name
    pixels, digest = cache.sample(name, side, grey)
    return ChosenImage(pixels, digest, samples.SAMPLES[name][0])


def _prepared(photo: Photo, side: int, grey: bool) -> tuple[Array, str]:
    """The photo at this size and its digest, once for grey and once for colour."""
    held = st.session_state.get("_prepared")
    if held is None or held[:2] != (photo, side):
        held = st.session_state["_prepared"] = photo, side, dict[bool, tuple[Array, str]]()
    if grey not in held[2]:
        image: Array = photo.pixels / np.float32(255)
        height, width = image.shape[1:]
        if max(height, width) > side:
            scale = max(side / max(height, width), SMALLEST / min(height, width))  # a long strip stays thick enough
            image = resize(image, max(1, round(height * scale)), max(1, round(width * scale)))
        held[2][grey] = cache.prepare(image, grey)
    return held[2][grey]


def ticket(image: ChosenImage) -> str:
    """The token under which the live channel may read this session's image."""
    held: Ticket = st.session_state.setdefault("_ticket", Ticket())
    return held.show(image.pixels, image.digest)


def map_tickets(key: str, maps: list[tuple[Array, str]]) -> list[str]:
    """Tokens for the maps (array, digest) that a viewer shows now; those it showed before are let go."""
    tickets: list[Ticket] = st.session_state.setdefault("_map_tickets", {}).setdefault(key, [])
    st.session_state.setdefault("_drawn", set()).add(key)
    del tickets[len(maps) :]
    tickets.extend(Ticket() for _ in range(len(maps) - len(tickets)))
    return [one.show(array, digest) for one, (array, digest) in zip(tickets, maps, strict=True)]


def drop_old_maps() -> None:
    """Let go of the maps whose viewers were not drawn since the last call; to be called at the end of a run."""
    held, drawn = st.session_state.get("_map_tickets", {}), st.session_state.pop("_drawn", set())
    for key in held.keys() - drawn:
        del held[key]
