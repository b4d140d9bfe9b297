"""Work at its limit is done, and above it refused; an image of 0 to 255 is told to be divided."""

import numpy as np
import pytest

from cnn_core import faces
from instruments import training
from instruments.fields import SettingError
from instruments.training import Plan


def test_a_plan_at_the_limit_is_trained(monkeypatch) -> None:
    plan = Plan(kernels=3, side=4, pool=3, digits=250, epochs=2, batch=40)
    monkeypatch.setattr(training, "MAX_MACS", plan.macs)
    plan.check()
    monkeypatch.setattr(training, "MAX_MACS", plan.macs - 1)
    with pytest.raises(SettingError, match="choose fewer digits or epochs"):
        plan.check()


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0, 2.5, True), (0, 255, True), (0, 2, False), (0, 256, False), (-1, 255, False)]
)
def test_only_an_image_of_bytes_is_told_to_be_divided(low, high, told) -> None:
    image = np.zeros((3, 20, 30))
    image[0, 0, 0], image[1, 1, 1] = low, high
    with pytest.raises(ValueError, match="image") as error:
        faces.cascade(image)
    assert ("divide by 255" in str(error.value)) is told
