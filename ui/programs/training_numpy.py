from cnn_core import optimisers, training
from cnn_core.mnist import digits
from cnn_core.networks import digits_network

kernels = 8
side = 3
pool = 2
convolutions = 1  # 2: another one with twice as many kernels
hidden = 64
count = 2000  # digits to learn from
epochs = 3
batch = 64
rate = 0.002
schedule = training.one_cycle  # the learning rate rises, then falls; None: it stays
augment = None  # training.jitter: turns and shifts digits
seed = 0

images, labels = digits()
net = digits_network(kernels, side, pool, hidden, seed, True, convolutions)  # True: it ends in logits
optimiser = optimisers.Adam(net.parameters(), rate)
images, labels = images[:count], labels[:count]
for progress in training.train(net, images, labels, optimiser, epochs, batch, seed, schedule, augment):
    if progress.step % 10 == 0:
        print(progress.step, progress.loss)
