"""The training page's instrument: what is planned, and a training that one session advances a little at a time."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn_core import mnist, weights
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.mnist import Labels
from cnn_core.networks import classes, digits_network
from cnn_core.optimisers import SGD, Adam
from cnn_core.training import Progress, jitter, one_cycle, train
from instruments.code import library
from instruments.digits import all_digits
from instruments.fields import Choice, Real, SettingError, Switch, Values, Whole

CHECKED, CHECKS = 500, 16  # unseen digits whose accuracy is followed, and how often in a run at least
HIDDEN = 64  # units of the first dense layer: half the shipped network's, so that a run is short
MAX_SECONDS = 600.0  # of arithmetic in one training
MAX_MACS = 400_000_000_000  # of one training: 20 to 60 s of arithmetic
GUESSING = math.log(len(classes("digits")))  # the loss of who says that all classes are as likely
TOO_HIGH, GOOD_AGAIN = 4 * GUESSING, 0.8 * GUESSING  # losses: far on the wrong way, and back from there
OVERFITS = 0.08  # so much more accuracy on digits it learns from than on unseen ones
WINDOW = 9  # batches of which a curve shows the mean
WATCHED = 25  # steps on the wrong way, for all to see, before a training is given up

KERNELS = Whole("training_kernels", "kernels", 8, 1, 32)
KERNEL_SIDE = Whole("training_side", "kernel side", 3, 1, 9)
POOL = Whole("training_pool", "pooling window", 2, 1, 6)
LAYERS = Choice("training_layers", "Convolutions", "1", {"1": "One", "2": "Two"})
DIGITS = Whole("training_digits", "digits", 2000, 100, mnist.TRAINED)
EPOCHS = Whole("training_epochs", "epochs", 3, 1, 20)
BATCH = Whole("training_batch", "batch size", 64, 8, 256)
RATE = Real("training_rate", "learning rate", 0.002, 0, 2, 0.001)
RATES = tuple(round(digit * 10**power, 4) for power in range(-4, 1) for digit in (1, 2, 5) if digit * 10**power <= 2)
OPTIMISER = Choice("training_optimiser", "Optimiser", "adam", {"adam": "Adam", "sgd": "SGD"})
SCHEDULE = Choice(
    "training_schedule",
    "Rate over the steps",
    lambda v: "cycle" if v[OPTIMISER] == "adam" else "constant",
    {"constant": "Constant", "cycle": "One cycle"},
)
AUGMENT = Switch("training_augment", "Turn and shift digits", False)
SEED = Whole("training_seed", "seed", 0, 0, 9999)
CODE = library("training", "NumPy", "PyTorch")
FIELDS = (KERNELS, KERNEL_SIDE, POOL, LAYERS, DIGITS, EPOCHS, BATCH, RATE, OPTIMISER, SCHEDULE, AUGMENT, SEED, CODE)


@dataclass(frozen=True)
class Plan:
    """What a person sets before a training."""

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
    schedule: str = "cycle"
    convolutions: int = 1

    def network(self, logits: bool = True) -> Graph:
        """The network as it is before the first step; it ends in logits, as training wants it, or in probabilities."""
        return digits_network(self.kernels, self.side, self.pool, HIDDEN, self.seed, logits, self.convolutions)

    def first_kernels(self) -> Array:
        """Those of the first layer before the first step, (K, kH, kW); they are there even where a second layer does not fit."""
        return first_layer(replace(self, convolutions=1).network())

    @property
    def steps(self) -> int:
        """Batches over all epochs."""
        return self.epochs * -(-self.digits // self.batch)

    @property
    def macs(self) -> int:
        """Multiply-adds of all of it: one forward and twice as much backward for each digit and epoch."""
        return 3 * self.network().macs() * self.digits * self.epochs

    def check(self) -> None:
        """Refuse what does not fit or would take too long; raises SettingError."""
        try:
            self.network()
        except ValueError:
            raise SettingError(
                f"A second convolution with kernels of {self.side} x {self.side} and pooling of {self.pool} x {self.pool} does not "
                "fit on what the first one leaves: choose a smaller kernel side or pooling window."
            ) from None
        if self.macs > MAX_MACS:
            amount, limit = f"{self.macs / 1e9:.0f} billion multiply-adds", f"{MAX_MACS / 1e9:.0f} billion"
            raise SettingError(f"This run would take {amount}, more than {limit}: choose fewer digits or epochs.")


def plan(v: Values) -> Plan:
    """What is set."""
    sizes = v[KERNELS], v[KERNEL_SIDE], v[POOL]
    return Plan(
        *sizes, v[DIGITS], v[EPOCHS], v[BATCH], v[RATE], v[OPTIMISER], v[AUGMENT], v[SEED], v[SCHEDULE], int(v[LAYERS])
    )


def first_layer(network: Graph) -> Array:
    """Its kernels as they are now, (K, kH, kW)."""
    return network.layer("conv1").parameters["weight"][:, 0]


class Curves(NamedTuple):
    """The curves of a training."""

    steps: list[int]
    losses: list[float]
    checked: list[int]  # steps
    accuracies: list[float]  # on unseen digits


@dataclass
class Training:
    """One training under way: its network, its history, and the generator that goes on with it."""

    plan: Plan
    history: list[Progress] = field(default_factory=list)
    checks: list[tuple[int, float]] = field(default_factory=list)  # (step, accuracy on unseen digits)
    spent: float = 0.0  # seconds of arithmetic
    going: bool = True
    before: "Curves | None" = None  # of the run before it, to compare

    def __post_init__(self) -> None:
        self._left: int | None = None  # the step at which the loss left the chart, until it is good again
        plan, adam = self.plan, self.plan.optimiser == "adam"
        images, labels = all_digits()
        self.unseen = images[mnist.TRAINED : mnist.TRAINED + CHECKED]
        self.unseen_labels: Labels = labels[mnist.TRAINED : mnist.TRAINED + CHECKED]
        self.network = plan.network()
        self.first_kernels = self.kernels().copy()
        self._logits = self.network.forward(self.unseen)
        optimiser = (Adam if adam else SGD)(self.network.parameters(), plan.rate)
        self._steps: Iterator[Progress] | None = train(
            self.network,
            images[: plan.digits],
            labels[: plan.digits],
            optimiser,
            plan.epochs,
            plan.batch,
            plan.seed,
            one_cycle if plan.schedule == "cycle" else None,
            jitter if plan.augment else None,
        )

    @property
    def done(self) -> bool:
        return self._steps is None

    @property
    def diverged(self) -> bool:
        """The loss jumped far above that of guessing, or to no number, and did not come back: often every ReLU is dead then."""
        return self._left is not None and (self.done or len(self.history) - self._left >= WATCHED)

    def kernels(self) -> Array:
        """(K, kH, kW) as they are now."""
        return first_layer(self.network)

    def advance(self, seconds: float) -> None:
        """Train for about this long, then return."""
        if self._steps is None or not self.going:
            return
        started = time.perf_counter()
        with np.errstate(all="ignore"):  # a training that diverges overflows; `diverged` says so
            while time.perf_counter() - started < seconds:
                progress = next(self._steps, None)
                if progress is not None:
                    self.history.append(progress)
                    if progress.loss < GOOD_AGAIN:
                        self._left = None
                    elif self._left is None and not progress.loss <= TOO_HIGH:  # no number is not below either
                        self._left = progress.step
                    if progress.step % -(-progress.steps // CHECKS) == 0:
                        self._check()
                if progress is None or self.diverged or self.spent > MAX_SECONDS:
                    self._steps = None
                    break
            self.spent += time.perf_counter() - started
            self._check()

    def _check(self) -> None:
        """Ask for the unseen digits, once after a step."""
        if not self.checks or self.checks[-1][0] != len(self.history):
            self._logits = self.network.forward(self.unseen)
            right = self._logits.argmax(axis=1) == self.unseen_labels
            self.checks.append((len(self.history), float(right.mean())))

    def losses(self, window: int = WINDOW) -> tuple[list[int], Array]:
        """Steps, and the loss as the mean of so many batches up to each, drawn at most at TOO_HIGH, where it has left the chart."""
        steps = [one.step for one in self.history]
        losses = np.minimum(np.nan_to_num([one.loss for one in self.history], nan=np.inf), TOO_HIGH)
        if len(losses) > window:
            losses = np.convolve(losses, np.ones(window) / window, "valid")
        return steps[len(steps) - len(losses) :], losses

    def learned(self, window: int = WINDOW) -> list[float]:
        """The share that it had right of the batches up to each check, of so many of them: of digits that it learns from."""
        right = [one.accuracy for one in self.history]
        return [float(np.mean(right[max(0, step - window) : step])) for step, _ in self.checks]

    def answering(self) -> Graph:
        """A copy of the network as it is now that ends in probabilities; the training goes on without it."""
        net = self.plan.network(logits=False)
        net.store({name: array.copy() for name, array in self.network.stored().items()})
        return net

    def weights_file(self) -> bytes:
        """The weights as they are now, by name, as `cnn_core.weights` reads them."""
        return weights.encode(self.network)

    @property
    def curves(self) -> "Curves":
        """What is left of it when the next run begins."""
        steps, losses = self.losses()
        return Curves(steps, losses.tolist(), [step for step, _ in self.checks], [share for _, share in self.checks])

    @property
    def learnt_by_heart(self) -> bool:
        """Whether it is far better at the digits that it learns from than at unseen ones: it overfits."""
        return bool(self.checks) and self.learned()[-1] - self.checks[-1][1] > OVERFITS

    def logits(self) -> Array:
        """(CHECKED, classes) for the unseen digits, after the last step."""
        return self._logits

    def maps(self, digit: Array) -> list[Array]:
        """What each kernel of each convolution, with its ReLU, makes of a digit (1, 28, 28) now, (K, h, w)."""
        names = tuple(f"relu{number}" for number in range(1, self.plan.convolutions + 1))
        return list(self.network.values(digit, names).values())

    def confusion(self) -> NDArray[np.int64]:
        """(10, 10): rows are the right class, columns the answer."""
        logits = self.logits()
        table = np.zeros((logits.shape[1],) * 2, np.int64)
        np.add.at(table, (self.unseen_labels, logits.argmax(axis=1)), 1)
        return table

    def mistakes(self, count: int = 8) -> list[tuple[Array, int, int]]:
        """(digit, right class, answer) of the unseen digits that it got most wrong."""
        logits, right = self.logits(), self.unseen_labels
        margin = logits.max(axis=1) - logits[np.arange(len(right)), right]
        order = [int(n) for n in np.argsort(-margin)[:count] if margin[n] > 0]
        return [(self.unseen[n], int(right[n]), int(logits[n].argmax())) for n in order]
