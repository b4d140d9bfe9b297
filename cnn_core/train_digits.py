"""Train the digits network and write assets/digits.npz: `make weights`, or `python -m cnn_core.train_digits`.

The same machine gives the same bits. The last 1,000 of the 9,000 digits are never trained on; their accuracy is printed.
"""

import os
import time

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # the order of a sum must not depend on the number of cores

from cnn_core import weights
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from cnn_core.mnist import TRAINED, Labels, digits
from cnn_core.networks import ASSETS, digits_network
from cnn_core.optimisers import Adam
from cnn_core.training import jitter, one_cycle, train

EPOCHS, BATCH, PEAK, SEED = 20, 64, 2e-3, 0


def accuracy(network: Graph, images: Array, labels: Labels) -> float:
    """Share of images whose largest output is the right class."""
    return float((network.forward(images).argmax(axis=1) == labels).mean())


def main() -> None:
    images, labels = digits()
    network = digits_network(seed=SEED, logits=True)
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
