import torch
from torch import nn

kernels = 8
side = 3
pool = 2
hidden = 64
count = 2000  # digits to learn from
epochs = 3
batch = 64
rate = 0.002
seed = 0

torch.manual_seed(seed)
images = torch.rand(count, 1, 28, 28)  # put your digits here, N x C x H x W in [0, 1]
labels = torch.randint(10, (count,))

maps = kernels
pooled = (28 - side + 1) // pool  # rows and columns of the pooled maps
maps = 2 * kernels  # if deep
pooled = (pooled - side + 1) // pool  # if deep
net = nn.Sequential(
    nn.Conv2d(1, kernels, side),
    nn.ReLU(),
    nn.MaxPool2d(pool),
    nn.Conv2d(kernels, 2 * kernels, side),  # if deep
    nn.ReLU(),  # if deep
    nn.MaxPool2d(pool),  # if deep
    nn.Flatten(),
    nn.Linear(maps * pooled * pooled, hidden),
    nn.ReLU(),
    nn.Linear(hidden, 10),
)
optimiser = torch.optim.Adam(net.parameters(), lr=rate)
steps = epochs * -(-count // batch)  # if cycle
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, cycle_momentum=False)  # if cycle
for _ in range(epochs):
    for chosen in torch.randperm(count).split(batch):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(images[chosen]), labels[chosen])
        loss.backward()
        optimiser.step()
        schedule.step()  # if cycle
    print(loss.item())
