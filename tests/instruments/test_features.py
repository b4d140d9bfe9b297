"""Crops, pictures they are tried on, and votes for a face, on a picture made so that the answer is known; operations on kernels."""

import numpy as np
import pytest

from cnn_core.matching import normalised_cross_correlation
from instruments import features, kernel_operations
from instruments.fields import SettingError, resolve
from instruments.image import SHAPE
from instruments.pixel import parse_place, place_text, write_place

RNG = np.random.default_rng(6)
IMAGE = RNG.random((60, 90)).astype(np.float32)
FACTS = {SHAPE: (1, *IMAGE.shape)}
BOXES = {"left_eye": (10, 20, 7, 9), "right_eye": (12, 50, 8, 5), "nose": (25, 33, 11, 6), "mouth": (40, 30, 5, 21)}


def values(**given: str):
    codes = {f"features_{part}": " ".join(map(str, box)) for part, box in BOXES.items()}
    v = resolve(features.FIELDS, codes | {f"features_{name}": value for name, value in given.items()}, facts=FACTS)
    assert v.problems == {}
    return v


CENTRE = tuple(sum(box[axis] + box[axis + 2] / 2 for box in BOXES.values()) / 4 for axis in (0, 1))


def test_a_face_is_found_where_it_was_cut_out() -> None:
    v = values(threshold="0.95")
    assert features.boxes(v) == BOXES
    votes = features.votes(IMAGE, IMAGE, v, normalised_cross_correlation)
    assert votes.map.shape == IMAGE.shape
    assert votes.answers == pytest.approx(dict.fromkeys(BOXES, 1.0), abs=1e-5)
    assert (votes.most, votes.found) == (4, True)
    all_agree = np.argwhere(votes.map == 4)
    assert np.abs(all_agree.mean(axis=0) - CENTRE).max() <= 1
    assert all_agree.max(axis=0).tolist() == (all_agree.min(axis=0) + 8).tolist() or len(all_agree) < 81
    assert features.peak(votes.map) == votes.best
    assert np.abs(np.subtract(votes.best, CENTRE)).max() <= 5


@pytest.mark.parametrize(("down", "across"), [(9, -13), (-7, 15), (0, 30)])
def test_a_moved_face_is_found_where_it_went(down, across) -> None:
    moved = np.roll(IMAGE, (down, across), (0, 1))
    votes = features.votes(IMAGE, moved, values(threshold="0.95"), normalised_cross_correlation)
    places = np.argwhere(votes.map == votes.most)
    assert votes.most >= 3
    assert np.abs(places.mean(axis=0) - np.add(CENTRE, (down, across))).max() <= 1.5


def test_nothing_is_found_in_noise_and_large_parts_do_not_vote() -> None:
    votes = features.votes(
        IMAGE, RNG.random((60, 90)).astype(np.float32), values(threshold="0.9"), normalised_cross_correlation
    )
    assert (votes.most, votes.found) == (0, False)
    low = RNG.random((9, 90)).astype(np.float32)
    answers = features.votes(IMAGE, low, values(), normalised_cross_correlation).answers
    assert set(answers) == {"left_eye", "right_eye", "mouth"}  # the nose is 11 high
    narrow = RNG.random((60, 8)).astype(np.float32)
    assert set(features.votes(IMAGE, narrow, values(), normalised_cross_correlation).answers) == {"right_eye", "nose"}


def test_three_parts_that_agree_are_enough() -> None:
    for hidden, found in ((1, True), (2, False)):
        spoiled = IMAGE.copy()
        for top, left, height, width in list(BOXES.values())[:hidden]:
            spoiled[top : top + height, left : left + width] = RNG.random((height, width))
        votes = features.votes(IMAGE, spoiled, values(threshold="0.95"), normalised_cross_correlation)
        assert (votes.most, votes.found) == (4 - hidden, found)


def test_pictures_on_which_the_templates_are_tried() -> None:
    assert features.target(IMAGE, values(where="same")) is IMAGE
    assert np.array_equal(features.target(IMAGE, values(where="turned")), IMAGE.T[::-1])
    assert np.array_equal(features.target(IMAGE, values(where="mirrored")), IMAGE[:, ::-1])
    scaled = features.target(IMAGE, values(where="scaled"))
    assert scaled.shape == (78, 117)
    assert scaled.mean() == pytest.approx(IMAGE.mean(), abs=0.01)
    other = features.target(IMAGE, values(where="cat"))
    assert max(other.shape) == 90
    assert np.array_equal(features.cut(IMAGE, (3, 5, 7, 11)), IMAGE[3:10, 5:16])


@pytest.mark.parametrize(
    ("code", "words"),
    [("1 2 3", "four whole numbers"), ("1 2 2 9", "height must be a whole number from 3 to 60"),
     ("1 2 9 2", "width must be a whole number from 3 to 65"), ("1 2 9 66", "width must be"), ("52 0 9 9", "top must be a whole number from 0 to 51"),
     ("0 82 9 9", "left must be a whole number from 0 to 81"), ("0 -1 9 9", "left must be")],
)  # fmt: skip
def test_a_box_outside_is_refused_in_words(code, words) -> None:
    v = resolve(features.FIELDS, {"features_nose": code}, facts=FACTS)
    assert words in v.problems["features_nose"]
    good = resolve(features.FIELDS, {"features_nose": "51 25 9 65"}, facts=FACTS)
    assert good.problems == {}


def test_a_box_that_was_kept_is_moved_into_a_smaller_image() -> None:
    small = {SHAPE: (1, 20, 30)}
    v = resolve(features.FIELDS, {}, {"features_nose": (51, 25, 9, 65), "features_mouth": (2, 3, 4, 5)}, small)
    assert features.boxes(v)["nose"] == (11, 0, 9, 30)
    assert features.boxes(v)["mouth"] == (2, 3, 4, 5)
    boxes = features.boxes(resolve(features.FIELDS, {}, facts={SHAPE: (1, 256, 200)}))
    assert boxes["left_eye"] == tuple(round(side / 2) for side in features.ASTRONAUT["left_eye"])
    assert boxes["mouth"] == (66, 100, 10, 24)


def test_what_a_viewer_draws() -> None:
    assert features.drawn_box([1, 2, 300, 40]) == "1 2 65 40"
    assert features.drawn_box([1, 2, 30, 400]) == "1 2 30 65"
    for wrong in (None, [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, 4.5], "1 2 3 4", {}):
        assert features.drawn_box(wrong) is None
    place = {"stage": "relu", "channel": 0, "y": 3, "x": 4}
    assert place_text(place) == "relu 0 3 4"
    assert parse_place("relu 0 3 4", ["relu"]) == ("relu", 0, 3, 4)
    assert parse_place("input,1,3,4", ["relu"]) == ("input", 1, 3, 4)
    assert write_place(("relu", 0, 3, 4)) == "relu 0 3 4"
    assert place_text("x") is None
    for wrong in ("relu 0 3", "pool 0 3 4", "relu 0 3 -4", "relu 0 3 1048577", "relu 0 3 4 5"):
        with pytest.raises(SettingError):
            parse_place(wrong, ["relu"])
    assert parse_place("relu 0 3 1048576", ["relu"]) == ("relu", 0, 3, 1 << 20)


KERNEL = np.array([[1.0, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("mirror", [[3, 2, 1], [6, 5, 4]]),
        ("upend", [[4, 5, 6], [1, 2, 3]]),
        ("rotate", [[4, 1], [5, 2], [6, 3]]),
        ("transpose", [[1, 4], [2, 5], [3, 6]]),
        ("clear", [[0, 0, 0], [0, 0, 0]]),
        ("normalise", (KERNEL / 21).tolist()),
    ],
)
def test_operations_on_a_kernel(operation, expected) -> None:
    assert np.array(kernel_operations.OPERATIONS[operation](KERNEL)).tolist() == expected
    written = kernel_operations.edited({"operation": operation}, "1 2 3; 4 5 6")
    rows = [[float(word) for word in row.split()] for row in written.split(";")]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


def test_normalising_edges_and_zeros() -> None:
    assert kernel_operations.normalise(np.array([[-1.0, 3, -2]])).tolist() == [[-1 / 6, 0.5, -1 / 3]]
    assert kernel_operations.normalise(np.zeros((2, 3))).tolist() == [[0, 0, 0]] * 2
    assert kernel_operations.edited({"kernel": "[1, 2]"}, "9") == "1 2"
    for wrong in ({"operation": "explode"}, {}, None, [1]):
        assert kernel_operations.edited(wrong, "9") is None
    with pytest.raises(SettingError, match="must be text"):
        kernel_operations.edited({"kernel": 3}, "9")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 5), (5, 2), (4, 4), (1, 6)])
def test_resized_kernels_keep_their_centre(height, width) -> None:
    kernel = RNG.normal(size=(3, 4))
    found = kernel_operations.resized(kernel, height, width)
    assert found.shape == (height, width)
    assert found[(height - 1) // 2, (width - 1) // 2] == kernel[1, 1]
    wide = np.zeros((21, 21))
    wide[9:12, 9:13] = kernel  # its centre at 10, 10
    top, left = 10 - (height - 1) // 2, 10 - (width - 1) // 2
    assert np.array_equal(found, wide[top : top + height, left : left + width])
