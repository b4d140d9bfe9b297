import torch
from torch import nn


def saliency(net, x, target):
    """Largest size, over the channels, of the gradient of the target's score: H x W."""
    x = x.clone().requires_grad_()
    net(x)[0, target].backward()
    return x.grad[0].abs().amax(0)


def class_activation(net, maps, x, target):
    """Of a network that ends in the mean of these maps, one for each class: h x w."""
    kept = []
    hook = maps.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    with torch.no_grad():
        net(x)
    hook.remove()
    return kept[0][0, target]


maps = nn.Conv2d(8, 10, 1)
net = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), maps, nn.AdaptiveAvgPool2d(1), nn.Flatten())
x = torch.rand(1, 3, 65, 81)  # your photo, as your network wants it
target = int(net(x).argmax())  # of the scores: a softmax would mix the classes
print(saliency(net, x, target).shape, class_activation(net, maps, x, target).shape)
