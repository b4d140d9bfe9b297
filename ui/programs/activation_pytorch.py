import torch
import torch.nn.functional as F

x = torch.linspace(-4, 4, 9)
y = F.relu(x)
print(y)
