"""What is computed bit by bit while somebody watches."""

import time
from collections.abc import Iterator

from cnn_core.arguments import Array


class Growing:
    """Maps that are computed bit by bit.

    Args:
        pieces: the maps, a little more of them each time, (targets, h, w).
        count: of the pieces.
    """

    def __init__(self, pieces: Iterator[Array], count: int) -> None:
        self._pieces, self.count, self.made = pieces, count, 0
        self.maps: Array | None = None
        self._stopped = False

    @property
    def done(self) -> bool:
        return self._stopped or self.made >= self.count

    def stop(self) -> None:
        """Leave it as it is now."""
        self._stopped = True

    def advance(self, seconds: float) -> None:
        """Compute for about this long, at least one piece, then return."""
        started = time.perf_counter()
        while not self.done:
            self.maps = next(self._pieces).copy()
            self.made += 1
            if time.perf_counter() - started >= seconds:
                break
