from cnn_core import optimisers
from cnn_core.mnist import digits
from cnn_core.networks import digits_network
from cnn_core.training import one_cycle, train

kernels = 8
side = 3
pool = 2
hidden = 64
count = 2000  # digits to learn from
epochs = 3
batch = 64
rate = 0.002
schedule = one_cycle  # the learning rate rises, then falls; None: it stays
augment = None  # jitter: turns and shifts digits
seed = 0

images, labels = digits()
net = digits_network(kernels, side, pool, hidden, seed, logits=True)
optimiser = optimisers.Adam(net.parameters(), rate)
for progress in train(net, images[:count], labels[:count], optimiser, epochs, batch, seed, schedule, augment):
    if progress.step % 10 == 0:
        print(progress.step, progress.loss)
