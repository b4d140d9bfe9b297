import torch
from torch.nn import functional as F

x = torch.ones((1, 6, 6), requires_grad=True)  # C x H x W, or N x features
weight = torch.tensor([[[[1, 0.5], [-0.5, -1]]]])  # if weight
target = torch.tensor([1])  # if target
grad_output = torch.ones((1, 5, 5))

y = F.conv2d(x, weight)  # PyTorch keeps the forward's steps
y.backward(grad_output)  # and runs them backwards
print(x.grad)
