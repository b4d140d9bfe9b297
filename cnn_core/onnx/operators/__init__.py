"""One small function an operator: it takes the reader, the step and its inputs, and returns what the step answers.

Attributes are asked of the step, inputs come as arguments, as the specification tells them apart.
"""

from cnn_core.onnx.operators import kernels, normalising, pointwise, resizing, shaping, windows
from cnn_core.onnx.operators.registry import OPERATORS

__all__ = ["OPERATORS", "kernels", "normalising", "pointwise", "resizing", "shaping", "windows"]
