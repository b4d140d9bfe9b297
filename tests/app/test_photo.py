"""A photo of one's own that is missing or was refused: each page that uses it says so in place, the others beside the picker."""

import numpy as np
import pytest

from tests.app.visits import sentences, visit
from ui.image_source import Photo
from ui.site import PAGES

ALL = [page.file for pages in PAGES.values() for page in pages]
WITHOUT = {"home", "code", "network", "shapes", "training"}  # as they open: digits, layers


@pytest.mark.parametrize("page", ALL)
def test_a_missing_photo_is_said_where_it_is_used(page) -> None:
    app = visit(page, image="own", size="64")
    said = [one.value for one in app.main.warning]
    expected = [] if page in WITHOUT else ["**Your photo is not here**: photos are never stored, and a link does not"]
    assert [one[: len(expected[0])] for one in said] == expected
    assert len(app.main.get("file_uploader")) == len(expected) + (page != "home")  # and the one of settings
    unused = [one.value for one in app.sidebar.markdown if "does not use" in one.value]
    assert unused == ([":gray[This page does not use the photo.]"] if page in WITHOUT - {"home", "network"} else [])


def test_what_becomes_of_the_photo_stands_beside_the_picker() -> None:
    def told(page: str, **query: str) -> list[str]:
        return [one.value for one in visit(page, size="64", **query).sidebar.markdown if one.value.startswith(":gray")]

    assert told("home") == [":gray[Press **Photo** to use it here.]"]
    assert told("network") == [":gray[Choose **Photos (SqueezeNet)** to use it here.]"]
    assert told("network", network_source="image") == told("network", network_model="squeezenet", colour="colour") == []
    assert told("home", home_source="image") == told("kernel") == told("skips", colour="colour") == []
    assert told("skips") == told("faces") == [":gray[This page shows it in colour.]"]


def test_the_photo_can_be_chosen_in_place() -> None:
    app = visit("kernel", image="own", size="64")
    titles = [one.value for one in app.main.title]
    order = [type(one).__name__ for one in app.main]
    assert titles == ["Kernel"]
    assert order.index("Warning") < order.index("UnknownElement", order.index("Warning") + 2)  # above the instrument
    app.session_state["_photo"] = Photo("mine.png", np.full((3, 20, 30), 200, np.uint8))
    app.run()
    assert not app.main.warning
    app.selectbox(key="image").select("Cat").run()
    assert not app.main.warning


def test_what_was_wrong_with_a_file_is_said_in_place_until_another_image_is_chosen() -> None:
    app = visit("pooling", image="cat", size="64")
    app.session_state["_photo_wrong"] = "notes_*.png*: This file is not an image.", "cat"
    app.run()
    assert [one.value.replace("\\", "") for one in app.main.error] == ["notes_*.png*: This file is not an image."]
    app.selectbox(key="image").select("Coins").run()
    assert not app.main.error
    assert "not an image" not in sentences(app)


def test_a_page_that_shows_digits_uses_the_photo_once_it_is_asked_to() -> None:
    app = visit("network", image="own", network_source="image")
    assert len(app.main.warning) == 1
    assert not [one for one in app.sidebar.markdown if "does not use" in one.value]
