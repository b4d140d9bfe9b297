"""Photos that are taken, at the size and in the colours that are wanted, and the maps that the live channel may read."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from cnn_core.images import encode_png
from instruments import image as chosen_by
from instruments.fields import resolve
from server import shares
from ui import cache, image_source, left_behind
from ui.image_source import Photo


@pytest.fixture
def state(monkeypatch):
    """A session's state, after the picker resolved these settings."""
    held: dict[str, object] = {"_image": resolve(chosen_by.FIELDS, {}), "_side": 96}
    monkeypatch.setattr(st, "session_state", held)
    return held


def choose(state, **given: str) -> None:
    state["_image"] = resolve(chosen_by.FIELDS, given)
    state["_side"] = int(state["_image"][chosen_by.SIZE])


def png(height: int, width: int, shade: int = 90) -> bytes:
    return encode_png(np.full((height, width), shade, np.uint8))


def file(name: str, data: bytes) -> SimpleNamespace:
    return SimpleNamespace(name=name, getvalue=lambda: data)


@pytest.mark.parametrize("way", ["upload", "camera"])
def test_a_photo_is_kept_and_chosen_whichever_way_it_comes(state, monkeypatch, way) -> None:
    asked = []
    monkeypatch.setattr(left_behind, "take", lambda key: asked.append(key) or file("mine.png", png(20, 31)))
    if way == "upload":
        image_source._take_upload("_upload_again")
    else:
        image_source._take_camera()
    photo = state["_photo"]
    assert asked == ["_upload_again" if way == "upload" else "_camera"]
    assert (photo.name, photo.pixels.shape[1:]) == ("mine.png" if way == "upload" else "camera", (20, 31))
    assert (photo.pixels == 90).all()
    assert state["_photo_given"] is True
    assert state["_settings"].given == {"image": "own"}
    assert state["_photo_wrong"] is None
    assert state["_photo_news"] == "Your photo is kept for the pages that use one."


def test_no_file_changes_nothing(state, monkeypatch) -> None:
    monkeypatch.setattr(left_behind, "take", lambda _: None)
    before = dict(state)
    image_source._take_upload("_upload")
    image_source._take_camera()
    assert state == before


@pytest.mark.parametrize(("height", "width", "fits"), [
    (chosen_by.SMALLEST, chosen_by.SMALLEST, True), (chosen_by.SMALLEST - 1, 40, False), (40, chosen_by.SMALLEST - 1, False),
])  # fmt: skip
def test_the_smallest_photo_fits_and_a_smaller_one_gets_a_sentence(state, height, width, fits) -> None:
    image_source._take("n" * 99, png(height, width))
    assert ("_photo" in state) == fits
    if fits:
        assert state["_photo"].name == "n" * 80
        assert image_source._wrong() is None
    else:
        least = chosen_by.SMALLEST
        expected = f"{'n' * 80}: The image has {height} x {width} pixels; at least {least} x {least} are needed."
        assert image_source._wrong() == expected == state["_photo_news"]
        assert "_settings" not in state or "image" not in state["_settings"].given
        choose(state, image="coins")  # another image: what was wrong with the file is over
        assert image_source._wrong() is None


def test_a_photo_is_decoded_within_its_share_of_the_memory_and_kept_at_most_so_large(state, monkeypatch) -> None:
    taken = []

    @contextmanager
    def take(size, *_):
        taken.append(size)
        yield

    monkeypatch.setattr(shares, "DECODING", SimpleNamespace(take=take))
    image_source._take("wide.png", png(40, 2048))
    assert state["_photo"].pixels.shape[1:] == (20, 1024)
    assert len(taken) == 1
    assert taken[0] >= 40 * 2048


@pytest.mark.parametrize(("side", "colour", "channels"), [("64", "grey", 1), ("128", "grey", 1), ("64", "colour", 3)])
def test_a_run_asks_for_twelve_copies_of_the_image(state, side, colour, channels) -> None:
    choose(state, size=side, colour=colour)
    image = np.zeros((channels, int(side), int(side)), np.float32)
    assert image_source.cost() == 12 * image.nbytes


@pytest.mark.parametrize(("shape", "side", "expected"), [
    ((40, 60), 64, (40, 60)), ((60, 64), 64, (60, 64)), ((90, 128), 64, (45, 64)), ((128, 90), 64, (64, 45)),
    ((32, 512), 64, (16, 256)),
])  # fmt: skip
@pytest.mark.usefixtures("state")
def test_a_photo_is_shrunk_to_the_long_side_and_a_strip_stays_thick_enough(shape, side, expected) -> None:
    photo = Photo("mine", np.full((3, *shape), 51, np.uint8))
    for grey in (False, True):
        pixels, digest = image_source._prepared(photo, side, grey)
        assert pixels.shape == (1 if grey else 3, *expected)
        np.testing.assert_allclose(pixels, 0.2, atol=1e-6)
        assert digest == cache.digest(pixels)
        assert image_source._prepared(photo, side, grey)[0] is pixels  # once


@pytest.mark.usefixtures("state")
def test_another_photo_or_size_is_prepared_anew() -> None:
    one, other = (Photo("a", np.full((3, 20, 30), shade, np.uint8)) for shade in (51, 102))
    first = image_source._prepared(one, 64, False)[0]
    assert image_source._prepared(one, 24, False)[0].shape == (3, 16, 24)
    assert image_source._prepared(other, 64, False)[0].max() == pytest.approx(0.4)
    assert image_source._prepared(one, 64, False)[0] is not first


def test_grey_and_missing_photos(state) -> None:
    state["_photo_used"] = True  # said already
    state["_photo_told"] = None
    choose(state, image="own", size="64", colour="grey")
    stand_in = image_source.chosen()
    assert stand_in.label == "Astronaut"
    assert stand_in.pixels.shape[0] == 1
    assert state["_photo_told"] is None
    colours = image_source.in_colour()
    assert colours.pixels.shape[0] == 3
    assert state["_photo_told"] == "This page shows it in colour."
    state["_photo_told"] = None
    choose(state, image="coffee", size="64", colour="colour")
    assert image_source.in_colour().label == "Coffee"
    assert state["_photo_told"] is None
    state["_photo"] = Photo("mine", np.full((3, 20, 30), 51, np.uint8))
    assert image_source.chosen().label == "Coffee"
    choose(state, image="own", size="64")
    assert image_source.chosen().label == "mine"


def test_maps_of_viewers_that_are_no_longer_drawn_are_let_go(state) -> None:
    maps = [(np.full((1, 2, 3), float(n), np.float32), f"d{n}") for n in range(3)]
    first = image_source.map_tickets("left", maps)
    image_source.map_tickets("right", maps[:1])
    assert len(set(first)) == 3
    assert [len(held) for held in state["_map_tickets"].values()] == [3, 1]
    image_source.drop_old_maps()
    fewer = image_source.map_tickets("left", maps[1:])
    assert len(fewer) == len(state["_map_tickets"]["left"]) == 2
    image_source.drop_old_maps()
    assert list(state["_map_tickets"]) == ["left"]
    image_source.drop_old_maps()
    assert state["_map_tickets"] == {}


@pytest.mark.parametrize(("side", "short", "expected"), [
    (512, True, chosen_by.MODEST), (chosen_by.MODEST, True, chosen_by.MODEST), (64, True, 64), (512, False, 512),
])  # fmt: skip
def test_large_images_are_shown_smaller_while_memory_is_short(state, monkeypatch, side, short, expected) -> None:
    monkeypatch.setattr(shares, "short_of_memory", lambda: short)
    said = []
    monkeypatch.setattr(image_source, "say", said.append)
    state["_side"] = side
    image_source.fit_memory()
    assert image_source.long_side() == expected
    assert len(said) == (expected != side)


@pytest.mark.parametrize(("told", "used", "shown"), [
    ("A word.", True, ":gray[A word.]"), ("A word.", False, ":gray[A word.]"),
    (None, False, ":gray[This page does not use the photo.]"), (None, True, "&nbsp;"),
])  # fmt: skip
@pytest.mark.parametrize("news", [None, "Kept *here*."])
def test_what_became_of_the_photo_is_said_once(state, monkeypatch, told, used, shown, news) -> None:
    lines, toasts = [], []
    monkeypatch.setattr(st, "markdown", lines.append)
    monkeypatch.setattr(st, "toast", toasts.append)
    state.update({"_photo_told": told, "_photo_used": used} | ({"_photo_news": news} if news else {}))
    image_source.say_unused()
    image_source.say_unused()
    assert lines == [shown, shown]
    assert toasts == ([r"Kept \*here\*\."] if news and not used else [])
