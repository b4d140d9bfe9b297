"""How much one person may ask for at once, estimated before anything is computed."""

from typing import NamedTuple

from instruments.fields import SettingError

MAX_MACS = 2_000_000_000  # multiply-adds of one page run or live request: about 2 s on one core at the worst
MAX_BYTES = 96_000_000  # of arrays that one computation takes beside its input


class Cost(NamedTuple):
    """What a computation takes: multiply-adds, and bytes of arrays at the same time."""

    macs: int
    bytes: int

    def check(self, lower: str) -> "Cost":
        """Refuse what would take too long or too much memory.

        Args:
            lower: what to change, as the end of "choose ...".

        Raises:
            SettingError: the sentence holds the estimate and what to change.

        >>> Cost(3_000_000_000, 0).check("a smaller image or a smaller kernel")
        Traceback (most recent call last):
        instruments.fields.SettingError: This would take 3.0 billion multiply-adds, more than 2 billion: choose a smaller image or a smaller kernel.
        """
        if self.macs > MAX_MACS:
            amount, limit = f"{self.macs / 1e9:.1f} billion multiply-adds", f"{MAX_MACS / 1e9:.0f} billion"
        elif self.bytes > MAX_BYTES:
            amount, limit = f"{self.bytes / 1e6:.0f} MB of memory", f"{MAX_BYTES / 1e6:.0f} MB"
        else:
            return self
        raise SettingError(f"This would take {amount}, more than {limit}: choose {lower}.")
