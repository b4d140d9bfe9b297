"""Shares in words."""

import pytest

from instruments.percent import percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"), (1, "100%"), (0.5, "50.0%"), (0.99949, "99.9%"), (0.9996, "> 99.9%"), (1 - 1e-12, "> 99.9%"),
        (0.0005, "0.1%"), (0.0004, "< 0.1%"), (1e-12, "< 0.1%"), (1.25, "125.0%"),
    ],
)  # fmt: skip
def test_shares_never_claim_to_be_all_or_nothing(share, text) -> None:
    assert percent(share) == text
