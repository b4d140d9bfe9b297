"""A training held by one session: advanced a little at a time while its page is open, so that nothing freezes."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnn_core.arguments import Array
from cnn_core.mnist import Labels
from cnn_core.networks import digits_network
from cnn_core.optimisers import SGD, Adam
from cnn_core.training import Progress, jitter, one_cycle, train

CHECKED = 500  # unseen digits whose accuracy is followed
MAX_SECONDS = 600.0  # of arithmetic in one run
MAX_MACS = 400_000_000_000  # of one run: 20 to 60 s of arithmetic


@dataclass(frozen=True)
class Choice:
    """What a person sets before a run."""

    kernels: int = 8
    side: int = 3
    pool: int = 2
    digits: int = 2000
    epochs: int = 3
    batch: int = 64
    rate: float = 0.002
    optimiser: str = "adam"
    augment: bool = False
    seed: int = 0

    @property
    def macs(self) -> int:
        """Multiply-adds of the whole run: one forward and twice as much backward for each digit and epoch."""
        network = digits_network(self.kernels, self.side, self.pool, 64, self.seed)
        return 3 * network.macs() * self.digits * self.epochs


@dataclass
class Run:
    """One run: the network, its history, and the generator that goes on with it."""

    choice: Choice
    images: Array  # all digits, (N, 1, 28, 28)
    labels: Labels
    first_unseen: int
    history: list[Progress] = field(default_factory=list)
    checks: list[tuple[int, float]] = field(default_factory=list)  # (step, accuracy on unseen digits)
    spent: float = 0.0
    going: bool = True

    def __post_init__(self) -> None:
        c = self.choice
        self.network = digits_network(c.kernels, c.side, c.pool, 64, c.seed, logits=True)
        self.first_kernels = self.kernels().copy()
        make = Adam if c.optimiser == "adam" else SGD
        optimiser = make(self.network.parameters(), c.rate)
        schedule, augment = (one_cycle if c.optimiser == "adam" else None), (jitter if c.augment else None)
        images, labels = self.images[: c.digits], self.labels[: c.digits]
        self._steps: Iterator[Progress] | None = train(
            self.network, images, labels, optimiser, c.epochs, c.batch, c.seed, schedule, augment
        )

    @property
    def done(self) -> bool:
        return self._steps is None

    @property
    def diverged(self) -> bool:
        """The loss is no number any more, or four times that of guessing, ln 10."""
        if not self.history:
            return False
        loss = self.history[-1].loss
        return not math.isfinite(loss) or loss > 4 * math.log(10)

    def kernels(self) -> Array:
        """(K, kH, kW) as they are now."""
        return self.network.parameters()["conv1.weight"][:, 0]

    def advance(self, seconds: float) -> None:
        """Train for about this long, then return."""
        if self._steps is None or not self.going:
            return
        started = time.perf_counter()
        with np.errstate(all="ignore"):  # a diverging run overflows; `diverged` says so
            while time.perf_counter() - started < seconds:
                progress = next(self._steps, None)
                if progress is not None:
                    self.history.append(progress)
                if progress is None or self.diverged or self.spent > MAX_SECONDS:
                    self._steps = None
                    break
            self.spent += time.perf_counter() - started
            self.checks.append((len(self.history), float((self.predict() == self.unseen_labels).mean())))

    @property
    def unseen(self) -> Array:
        return self.images[self.first_unseen : self.first_unseen + CHECKED]

    @property
    def unseen_labels(self) -> Labels:
        return self.labels[self.first_unseen : self.first_unseen + CHECKED]

    def predict(self) -> NDArray[np.intp]:
        """Classes of the unseen digits."""
        return np.asarray(self.network.forward(self.unseen).argmax(axis=1))

    def confusion(self) -> NDArray[np.int64]:
        """(10, 10): rows are the right class, columns the answer."""
        table = np.zeros((10, 10), np.int64)
        np.add.at(table, (self.unseen_labels, self.predict()), 1)
        return table

    def mistakes(self, count: int = 8) -> list[tuple[Array, int, int]]:
        """(digit, right class, answer) of the unseen digits that it got most wrong."""
        logits = self.network.forward(self.unseen)
        right = self.unseen_labels
        margin = logits.max(axis=1) - logits[np.arange(len(right)), right]
        order = [int(n) for n in np.argsort(-margin)[:count] if margin[n] > 0]
        return [(self.unseen[n], int(right[n]), int(logits[n].argmax())) for n in order]
