"""The faces page's instrument: frames and dots where the boxes say, the pyramid's levels, one network's look at a candidate."""

import numpy as np
import pytest

from cnn_core import faces as core
from cnn_core import networks
from instruments import faces, samples
from instruments.fields import SettingError, resolve
from instruments.image import SHAPE

ASTRONAUT = samples.load("astronaut", 256)


def test_a_frame_is_two_orange_pixels_inside_a_black_one() -> None:
    photo = np.full((3, 30, 40), 0.5, np.float32)
    picture = faces.marked(photo, np.array([[10.0, 5, 30, 20, 0.9]]))
    orange = np.isclose(picture, np.reshape(faces.ORANGE, (3, 1, 1))).all(axis=0)
    black = (picture == 0).all(axis=0)
    assert np.argwhere(orange).min(axis=0).tolist() == [5, 10]
    assert np.argwhere(orange).max(axis=0).tolist() == [20, 30]
    assert np.argwhere(black).min(axis=0).tolist() == [4, 9]
    assert np.argwhere(black).max(axis=0).tolist() == [21, 31]
    assert (picture[:, 8:18, 13:28] == 0.5).all()
    assert (photo == 0.5).all()


def test_a_frame_larger_than_the_photo_stands_at_its_edges_and_nowhere_else() -> None:
    photo = np.full((3, 9, 12), 0.5, np.float32)
    expected = np.zeros((9, 12), bool)
    expected[[0, 1, 7, 8], :11] = True
    expected[:8, [0, 1, 10, 11]] = True
    for box in ([-5.0, -5, 50, 50], [0.0, 0, 11, 8]):
        changed = (faces.marked(photo, np.array([box])) != 0.5).any(axis=0)
        np.testing.assert_array_equal(changed, expected)


def test_a_dot_is_five_pixels_wide_in_a_black_one_of_seven_and_cut_at_the_edge() -> None:
    photo = np.full((3, 20, 20), 0.5, np.float32)
    none = np.zeros((0, 5))
    picture = faces.marked(photo, none, [(12.4, 8.6)])
    assert np.argwhere((picture != 0.5).any(axis=0)).min(axis=0).tolist() == [6, 9]
    assert (picture != 0.5).any(axis=0).sum() == 49
    assert np.isclose(picture[0], 1).sum() == 25
    assert (faces.marked(photo, none, [(0, 0)]) != 0.5).any(axis=0).sum() == 16
    assert (faces.marked(photo, none, [(-3, 5)]) != 0.5).any(axis=0).sum() == 7
    assert (faces.marked(photo, none, [(-4, 5)]) == 0.5).all()


def test_what_leaves_the_photo_is_marked_at_its_edge() -> None:
    photo = np.full((3, 20, 30), 0.5, np.float32)
    picture = faces.marked(photo, np.array([[-50.0, -9, 99, 99, 1]]), [(0, 0), (-40, -40), (400, 7)])
    assert picture.shape == photo.shape
    assert (picture[:, 10, 10] == 0.5).all()
    np.testing.assert_allclose(picture[:, 2, 2], faces.ORANGE, atol=1e-6)
    assert (faces.marked(photo, np.array([[31.0, 2, 40, 9, 1]])) == 0.5).all()


@pytest.mark.parametrize(("side", "smallest"), [(256, 20), (97, 31), (40, 40), (39, 40)])
def test_the_question_counts_the_levels_that_the_cascade_has(side, smallest) -> None:
    stages = core.cascade(np.zeros((3, side, side + 7)), smallest)
    sizes = faces.pyramid_sizes(side, smallest)
    assert len(sizes) == len(stages.levels)
    assert [size / side for size in sizes] == pytest.approx([level.scale for level in stages.levels])


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_a_network_is_shown_the_candidate_and_answers(name) -> None:
    stages = core.cascade(ASTRONAUT)
    boxes = faces.candidates(stages, name)
    inside = faces.look_inside(ASTRONAUT, name, boxes[0])
    side = {"pnet": 12, "rnet": 24, "onet": 48}[name]
    assert inside.crop.shape == (3, side, side)
    assert -1e-5 <= inside.crop.min() < inside.crop.max() <= 1 + 1e-5
    given = (inside.crop.astype(float) * 255 - 127.5) / 128
    face = networks.load(name).forward(given)["face"].ravel()
    assert inside.probability == pytest.approx(float(face[1]), abs=1e-5)
    assert len(faces.first_kernels(name)) == len(inside.maps["prelu1"])


def test_thresholds_and_too_much_work_are_refused_in_words() -> None:
    v = resolve(faces.FIELDS, {"faces_min": "11", "faces_p": "1.5"}, facts={SHAPE: (3, 40, 50)})
    assert v.problems == {
        "faces_min": "smallest face must be a whole number from 12 to 400.",
        "faces_p": "P-Net threshold must be a number from 0.3 to 1.",
    }
    assert faces.thresholds(v) == (0.6, 0.7, 0.7)
    with pytest.raises(SettingError, match="choose a smaller image or a larger smallest face"):
        faces.cost((3, 1024, 1024), 12)
    assert faces.cost((3, 512, 700), 20) == core.work(512, 700, 20)


def test_marks_are_orange_and_black_whatever_lies_below() -> None:
    photo = np.full((3, 30, 40), 0.5, np.float32)
    picture = faces.marked(photo, np.array([[10.0, 5, 30, 20, 0.9]]), [(35, 25)])
    for y, x in ((5, 10), (20, 20), (12, 30), (25, 35)):
        red, green, blue = picture[:, y, x].tolist()
        assert (red, blue) == (1, 0)
        assert 0.6 < green < 0.8
    for y, x in ((4, 9), (21, 20), (12, 31), (25, 38)):
        assert picture[:, y, x].tolist() == [0, 0, 0]
