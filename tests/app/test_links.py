"""Links that people have kept still give the picture they gave: defaults and ends of ranges are as recorded."""

import json

import pytest

from tests.app.record_links import RECORD, meaning
from tests.app.test_settings import LESSONS

KEPT = json.loads(RECORD.read_text("utf-8"))


@pytest.mark.parametrize("page", LESSONS)
def test_what_a_link_leaves_out_means_what_it_meant(page) -> None:
    for one in KEPT[page]:
        assert meaning(page, tuple(one["shape"]), one["codes"]) == one["meaning"]
