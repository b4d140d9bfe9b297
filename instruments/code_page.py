"""The page that shows one network in three libraries: its settings."""

from instruments.code import library
from instruments.digits import digit_fields

DIGIT = digit_fields("code")
CODE = library("code", "NumPy", "PyTorch", "Keras", default="numpy")
FIELDS = (*DIGIT, CODE)
