"""Networks from ONNX files: what PyTorch, Keras and others export, as a `Graph` with the layers that were written; and back.

`read` and `write` are the doors. Within: `messages` knows the bytes, `tensors` the numbers, `folding` works out what does not depend on
the picture, `reader` walks, the `operators` make layers, `tidy` brings back what exporters took apart, `limits` says how much.

Source: https://onnx.ai/onnx/operators (what every operator means).
"""

from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.reading import read
from cnn_core.onnx.writing import write

__all__ = ["OnnxError", "read", "write"]
