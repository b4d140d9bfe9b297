"""The image that all pages share: which one, in which size, grey or in colour."""

from instruments.fields import Choice, Fact
from instruments.samples import SAMPLES

OWN = "own"  # a photo of the person's own
SIZES = ("32", "64", "128", "256", "512", "1024")
MODEST = 512  # pixels on the long side while the server is short of memory
SMALLEST = 16  # pixels on the short side, so that every default setting fits

SHAPE: Fact[tuple[int, int, int]] = Fact("shape")  # (C, H, W) of the image that the page works on

IMAGE = Choice(
    "image", "Image", "astronaut", {name: words for name, (words, _) in SAMPLES.items()} | {OWN: "Your photo"}
)
COLOUR = Choice("colour", "Channels", "grey", {"grey": "Grey", "colour": "Colour"})
SIZE = Choice("size", "Long side in pixels", "512", {size: size for size in SIZES})
FIELDS = (IMAGE, COLOUR, SIZE)
