"""Check yourself: nothing is revealed before an answer is written; drawings come in as they were drawn."""

import numpy as np
import pytest

from tests.app.visits import visit
from ui.components.drawing_pad.component import MAX_POINTS, read_drawing


def test_an_answer_is_asked_for_then_judged_then_new_numbers_come() -> None:
    app = visit("kernel", size="64")

    def said() -> list[str]:
        return [one.value for kind in (app.info, app.success, app.error) for one in kind]

    before = said()
    question = [one.value for one in app.markdown]
    app.button(key="_kernel_check").click().run()
    assert [one for one in said() if one not in before] == ["Give your answer first, then check it."]
    app.number_input(key="_kernel_answer_1_1").set_value(-12345)
    app.button(key="_kernel_check").click().run()
    wrong = [one for one in said() if one not in before]
    assert [one.startswith("Not −12345. ") for one in wrong] == [True]
    app.button(key="_kernel_next").click().run()
    assert [one for one in said() if one not in before] == []
    assert [one.value for one in app.markdown] != question
    assert "_kernel_answer_1_1" not in [one.key for one in app.number_input]


def test_buttons_of_which_none_need_be_chosen() -> None:
    app = visit("kernel", size="64", kernel_pool="max")
    assert app.button_group(key="kernel_code").value is None
    app.button_group(key="kernel_code").set_value("numpy").run()
    assert app.query_params["kernel_code"] == "numpy"
    assert [block.language for block in app.code] == ["python"]
    app.button_group(key="kernel_code").set_value(None).run()
    assert "kernel_code" not in app.query_params
    assert len(app.code) == 0


STROKE = {"width": 22, "points": [[140, 90], [140, 200]]}


def test_a_drawing_keeps_its_pixels_and_strokes() -> None:
    drawn = read_drawing({"pixels": [255, 51, 0, *range(256), *[7] * 525], "strokes": [STROKE, STROKE]})
    assert drawn.pixels[0, :3].tolist() == pytest.approx([1, 0.2, 0])
    assert drawn.pixels.shape == (28, 28)
    np.testing.assert_allclose(drawn.pixels.ravel()[3:259], np.arange(256) / 255, rtol=1e-6)
    assert drawn.strokes == [STROKE, STROKE]
    full = {"width": 22, "points": [[1, 2]] * MAX_POINTS}
    assert read_drawing({"pixels": [0] * 784, "strokes": [full]})
    for pixels, strokes in (([0] * 783, [STROKE]), ([256] + [0] * 783, [STROKE]), ([-1] + [0] * 783, [STROKE]), ([0.5] + [0] * 783, []),
                            ([0] * 784, [full, STROKE]), ([0] * 784, [STROKE | {"width": 0}]), ([0] * 784, [{}]), ([0] * 784, None)):  # fmt: skip
        assert read_drawing({"pixels": pixels, "strokes": strokes}) is None
    assert read_drawing(None) is None


def test_a_drawing_may_leave_the_pad_by_its_side_and_no_further() -> None:
    def drawn(width=22, points=((1, 2),), strokes=1):
        stroke = {"width": width, "points": [list(point) for point in points]}
        return read_drawing({"pixels": [0] * 784, "strokes": [stroke] * strokes})

    for width in (1, 280):
        assert drawn(width)
    for point in ((-280, 560), (560, -280)):
        assert drawn(points=[point])
    assert drawn(strokes=4000)
    assert drawn(points=[(1, 2)] * 2000, strokes=2)
    assert not any(
        [
            drawn(0),
            drawn(281),
            drawn(True),
            drawn(1.5),
            drawn(points=[]),
            drawn(points=[(1,)]),
            drawn(points=[(1, 2, 3)]),
            drawn(strokes=4001),
        ]
    )
    assert not any(drawn(points=[point]) for point in ((-281, 0), (0, -281), (561, 0), (0, 561), (True, 0), (0.5, 0)))
    assert not any([drawn(points=[(1, 2)] * 2001, strokes=2), drawn(points=[(1, 2)] * 4001)])
    assert read_drawing({"pixels": [0] * 784, "strokes": []})
