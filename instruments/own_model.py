"""A network of one's own: what is asked about its input, what is guessed, and the `Model` that comes of it.

A file says how many channels and pixels the network takes, and not what the numbers mean. So that is set here, guessed first; the
network is put behind the layers that turn pixels in [0, 1] into such numbers, and pages treat it as they treat the shipped ones.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from cnn_core.graph import INPUT, Graph
from cnn_core.layers import Transpose
from instruments import class_names, input_meaning
from instruments.class_names import NAMES
from instruments.classifier import LARGEST, SMALLEST, classes_of, first_shape, no_classes, trouble
from instruments.fields import Choice, Fact, SettingError, Values, Whole, whole
from instruments.input_meaning import RANGES, Meaning
from instruments.models import OWN, Model, shipped

MEANWHILE = "squeezenet"  # what is shown while a session's own network is not here


@dataclass(frozen=True, eq=False)
class Uploaded:
    """A network that someone gave to their session.

    Args:
        name: of its file.
        digest: of the file's bytes.
        graph: as it was read.
        names: of its classes, from a text file; () if there was none.
    """

    name: str
    digest: str
    graph: Graph
    names: tuple[str, ...] = ()
    _made: list[tuple[object, Model]] = field(default_factory=list)  # the last one
    _troubles: dict[tuple[int, int, int], str] = field(default_factory=dict)  # by shape of the picture

    @cached_property
    def channels(self) -> int:
        """Of the picture: 1 or 3."""
        channels = self.graph.input_shape[0]
        assert channels is not None
        return channels

    @cached_property
    def first_shape(self) -> tuple[int, int, int]:
        """(C, H, W) that is guessed."""
        return first_shape(self.graph)

    @cached_property
    def names_classes(self) -> bool:
        """Whether it answers with one number a class."""
        return self.no_classes(self.first_shape) == ""

    @cached_property
    def first_values(self) -> tuple[str, str]:
        """The meaning of pixels that is guessed, and why."""
        return input_meaning.guessed(self.graph, self.classes(self.first_shape))

    @cached_property
    def names_digits(self) -> bool:
        """Whether it seems to have been trained on digits."""
        _, height, _ = self.first_shape
        return class_names.guessed(self.classes(self.first_shape), self.channels, height)[1] == "the digits"

    def classes(self, shape: tuple[int, int, int]) -> int:
        """How many classes it names of pictures of this shape; 0 if it is no classifier."""
        return classes_of(self.graph, shape) if self.names_classes else 0

    def no_classes(self, shape: tuple[int, int, int]) -> str:
        """Why its answer to pictures of this shape is no choice of a class, as `classifier.no_classes`."""
        return no_classes(self.graph, self.graph.output_shapes(shape)[self.graph.output])

    def trouble(self, shape: tuple[int, int, int]) -> str:
        """Why pictures of this shape are no use, in a sentence; "" if they are."""
        if shape not in self._troubles:
            problem = trouble(self.graph, shape)
            if not problem and self.names_classes and (reason := self.no_classes(shape)):
                problem = f"With pictures of {shape[1]} x {shape[2]} pixels the model {reason}: choose another size."
            self._troubles[shape] = problem
            if len(self._troubles) > 100:
                del self._troubles[next(iter(self._troubles))]
        return self._troubles[shape]

    def model(self, meaning: Meaning, names: tuple[str, ...]) -> Model:
        """The network as pages use it.

        Args:
            meaning: of its input.
            names: of its classes that stand in the link; () where none do.
        """
        key = meaning, names
        if not self._made or self._made[0][0] != key:
            self._made[:] = [(key, _model(self, meaning, names))]
        return self._made[0][1]


UPLOADED: Fact[Uploaded | None] = Fact("uploaded")  # of this session


def uploaded(v: Values) -> Uploaded | None:
    """The session's own network, None if it is not here."""
    return v.known(UPLOADED)


# What can be set


class InputSide(Whole):
    """Pixels of a side of the picture: as the file says, or any with which the layers fit.

    Args:
        key, name: as of every field.
        height: the field of the other side, if it stands before.
    """

    def __init__(self, key: str, name: str, height: "InputSide | None" = None) -> None:
        self._height, self._axis = height, 1 if height is None else 2
        super().__init__(key, name, self._guess, SMALLEST, LARGEST)

    def fixed(self, before: Values) -> int | None:
        """What the file says; None where any size goes."""
        own = uploaded(before)
        return None if own is None else own.graph.input_shape[self._axis]

    def _guess(self, before: Values) -> int:
        own = uploaded(before)
        if self._height is not None and self._height.fixed(before) is None:
            return before[self._height]
        return 224 if own is None else own.first_shape[self._axis]

    def _trouble(self, value: int, before: Values) -> str:
        own = uploaded(before)
        if own is None:
            return ""
        width = own.graph.input_shape[2]
        sides = (value, width or value) if self._height is None else (before[self._height], value)
        return own.trouble((own.channels, *sides))

    def read(self, given: object, before: Values) -> int:
        if (fixed := self.fixed(before)) is not None:
            return fixed
        value = whole(self.name, given, (self.low, self.high(before)))
        if problem := self._trouble(value, before):
            raise SettingError(problem)
        return value

    def fit(self, value: int, before: Values) -> int:
        if (fixed := self.fixed(before)) is not None:
            return fixed
        value = super().fit(value, before)
        return self._guess(before) if self._trouble(value, before) else value


def _values(v: Values) -> str:
    own = uploaded(v)
    return "unit" if own is None else own.first_values[0]


def _photo(v: Values) -> str:
    own = uploaded(v)
    return "middle" if own is None or not own.names_digits else "digit"


VALUES = Choice("model_values", "pixel values", _values, {code: one.words for code, one in RANGES.items()})
COLOURS = Choice("model_colours", "Order of colours", "rgb", {"rgb": "RGB", "bgr": "BGR"})
PHOTO = Choice("model_photo", "Of the photo", _photo, {"middle": "The middle", "digit": "A digit in it, centred"})
HEIGHT = InputSide("model_height", "height in pixels")
WIDTH = InputSide("model_width", "width in pixels", HEIGHT)
FIELDS = (VALUES, COLOURS, PHOTO, HEIGHT, WIDTH, NAMES)


def chosen(v: Values, network: Choice, any_answer: bool = False) -> Model:
    """The network that is chosen; SqueezeNet while one's own is not here.

    Args:
        v: with `FIELDS` resolved, and the fact `UPLOADED`.
        network: the field that chooses, with the codes of `models.WORDS`.
        any_answer: whether a network will do that names no classes.
    """
    own = uploaded(v)
    if v[network] != OWN:
        return shipped(v[network])
    return shipped(MEANWHILE) if own is None or not (any_answer or own.names_classes) else as_set(v, own)


def as_set(v: Values, own: Uploaded) -> Model:
    """A network of one's own with what is set about it."""
    return own.model(Meaning(v[COLOURS], v[VALUES], v[PHOTO], v[HEIGHT], v[WIDTH]), v[NAMES])


def is_missing(v: Values, network: Choice) -> bool:
    """Whether one's own network is chosen and not here, or names no classes."""
    own = uploaded(v)
    return v[network] == OWN and (own is None or not own.names_classes)


def _model(own: Uploaded, meaning: Meaning, written: tuple[str, ...]) -> Model:
    graph, channels = own.graph, own.channels
    shape = (channels, meaning.height, meaning.width)
    taken = {node.name for node in graph.nodes}
    layers = {_free(name, taken): layer for name, layer in input_meaning.layers(channels, meaning).items()}
    count = own.classes(shape)
    classes = class_names.completed(written or own.names, count, channels, meaning.height)
    named = hashlib.blake2b(repr((own.digest, meaning, classes)).encode(), digest_size=16).hexdigest()
    finds_digit = channels == 1 and meaning.photo == "digit"
    return Model(OWN, named, graph.behind(layers), classes, shape, 0.0 if finds_digit else 0.5, finds_digit)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def maps_first(graph: Graph) -> Graph:
    """A network without what puts the channels of its answer last, as TensorFlow has them: pages show maps.

    >>> from cnn_core.graph import chain
    >>> from cnn_core.layers import Conv2d
    >>> graph = chain([Conv2d(3, 5, 1), Transpose((0, 2, 3, 1))], (3, 8, 9))
    >>> graph.output_shapes((3, 8, 9))[graph.output], maps_first(graph).output
    ((8, 9, 5), 'conv1')
    """
    end = graph.node(graph.output)
    last = isinstance(end.layer, Transpose) and end.layer.axes == (0, 2, 3, 1)
    if not last or INPUT in end.inputs or any(end.name in node.inputs for node in graph.nodes):
        return graph
    return Graph([node for node in graph.nodes if node != end], graph.input_shape, end.inputs[0])


def digest(model: bytes, weights: bytes | None) -> str:
    """Names a file, and its second one."""
    return hashlib.blake2b(model + b"\0" + (weights or b""), digest_size=16).hexdigest()


def said(own: Uploaded, v: Values) -> str:
    """What was guessed, in a sentence; what was set instead is left out."""
    channels, height, width = as_set(v, own).shape
    parts = []
    if v[VALUES] == VALUES.default(v):
        parts.append(f"pixel values are “{RANGES[v[VALUES]].words}”, as {own.first_values[1]}")
    if None in own.graph.input_shape and (v[HEIGHT], v[WIDTH]) == (HEIGHT.default(v), WIDTH.default(v)):
        parts.append(f"it wants {height} × {width} pixels, though it takes other sizes, too")
    if channels == 1 and v[PHOTO] == "digit" == PHOTO.default(v):
        parts.append("it wants a digit, centred")
    whose = class_names.guessed(own.classes((channels, height, width)), channels, height)[1]
    if whose and not v[NAMES] and not own.names:
        parts.append(f"its classes are {whose}")
    return f"Guessed: {'; '.join(parts)}." if parts else ""


def names_said(own: Uploaded, v: Values) -> str:
    """What does not fit about the names that were given, in a sentence; "" if all is well."""
    names, count = v[NAMES] or own.names, len(as_set(v, own).classes)
    if not names or not own.names_classes or len(names) == count:
        return ""
    rest = "the others are numbered" if len(names) < count else "the last are left out"
    return f"{len(names):,} names for {count:,} classes: {rest}."
