import numpy as np

import cnn_core

x = np.ones((1, 6, 6))  # C x H x W, or N x features
weight = np.array([[[[1, 0.5], [-0.5, -1]]]])  # if weight
target = np.array([1])  # if target
grad_output = np.ones((1, 5, 5))  # if grad_output

grad_input = cnn_core.conv2d_backward(grad_output, x, weight)[0]
print(grad_input)
