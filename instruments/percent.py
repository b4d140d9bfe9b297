"""Shares in words."""


def percent(share: float) -> str:
    """A share of 1 in percent, which never claims to be all or nothing when it is not.

    >>> percent(0.9997), percent(0.35), percent(0.0002), percent(1.0)
    ('> 99.9%', '35.0%', '< 0.1%', '100%')
    """
    if share in (0, 1):
        return f"{share * 100:.0f}%"
    if 0.9995 <= share < 1:
        return "> 99.9%"
    return "< 0.1%" if share < 0.0005 else f"{share * 100:.1f}%"
