"""The page that shows one network in three libraries: its settings."""

from instruments.code import library
from instruments.digits import digit_fields, weights_field

DIGIT = digit_fields("code")
CODE = library("code", "NumPy", "PyTorch", "Keras", default="numpy")
WEIGHTS = weights_field("code")
FIELDS = (*DIGIT, WEIGHTS, CODE)
