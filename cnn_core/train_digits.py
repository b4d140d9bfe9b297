"""Train the digits network and write assets/digits.npz: `make weights`, or `python -m cnn_core.train_digits`.

The same machine gives the same bits. The last 1,000 of the 9,000 digits are never trained on; their accuracy is printed.
"""

import os
import time

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # the order of a sum must not depend on the number of cores

import numpy as np

from cnn_core import weights
from cnn_core.arguments import Array
from cnn_core.layers import Sequential
from cnn_core.networks import ASSETS, digits_layers
from cnn_core.optimisers import Adam
from cnn_core.training import Labels, jitter, one_cycle, train

TRAINED = 8000
EPOCHS, BATCH, PEAK, SEED = 20, 64, 2e-3, 0


def digits() -> tuple[Array, Labels]:
    """All 9,000 digits as (9000, 1, 28, 28) in [0, 1], and their classes."""
    with np.load(ASSETS / "mnist9k.npz") as stored:
        return stored["images"][:, np.newaxis] / np.float32(255), stored["labels"].astype(np.int64)


def accuracy(network: Sequential, images: Array, labels: Labels) -> float:
    """Share of images whose largest output is the right class."""
    return float((network.forward(images).argmax(axis=1) == labels).mean())


def main() -> None:
    images, labels = digits()
    network = Sequential(digits_layers(seed=SEED))
    optimiser = Adam(network.parameters(), PEAK)
    started = time.perf_counter()
    steps = train(network, images[:TRAINED], labels[:TRAINED], optimiser, EPOCHS, BATCH, SEED, one_cycle, jitter)
    for progress in steps:
        if progress.step % 125 == 0:
            unseen = accuracy(network, images[TRAINED:], labels[TRAINED:])
            print(f"epoch {progress.epoch}: loss {progress.loss:.3f}, unseen digits {unseen:.2%}", flush=True)
    weights.save(ASSETS / "digits.npz", network)
    unseen = accuracy(network, images[TRAINED:], labels[TRAINED:])
    print(f"{unseen:.2%} of {len(images) - TRAINED} unseen digits, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
