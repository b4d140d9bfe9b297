"""Whether a network can be shown pictures, of which size, and whether its answer names their class."""

import math

from cnn_core import attribution
from cnn_core.graph import Graph
from cnn_core.layers import AvgPool2d, Layer, LocalResponseNorm, MaxPool2d, Shape, Sigmoid
from instruments.fields import SettingError

SMALLEST, LARGEST = 8, 512  # pixels a side of what a network takes; no map on the way may be larger
MAX_MACS = 2_500_000_000  # multiply-adds of one answer, windows of pooling and norms counted like kernels
MAX_MEMORY = 200_000_000  # bytes of all values, forward and back
MAX_WINDOW = 64  # cells a side of a kernel or a pooling window, channels of a response norm
MAX_LAYERS, MAX_EDGES = 700, 2_000
FEWEST_CELLS = 16  # of the maps that a network answers with: fewer are a classifier's whose picture was too large


def classes_of(graph: Graph, shape: tuple[int, int, int]) -> int:
    """How many classes a network answers for; 0 if its answer for such a picture is not one number a class."""
    try:
        return _classes(graph.output_shapes(shape)[graph.output])
    except ValueError:
        return 0


def _classes(answer: Shape) -> int:
    """How many classes an answer of this shape is for; 0 if it is not one number a class."""
    return answer[0] if answer and math.prod(answer[1:]) == 1 else 0


def no_classes(graph: Graph, answer: Shape) -> str:
    """Why an answer of this shape is no choice of a class, in words that follow the network's name; "" if it is one."""
    if _classes(answer) == 0:
        return f"answers with {' x '.join(map(str, answer)) or '1'} numbers, not with one a class"
    if answer[0] < 2:
        return "answers with a single number"
    if isinstance(graph.layer(attribution.score_node(graph)), Sigmoid):
        return "ends in a sigmoid, which answers for each class alone"
    return ""


def trouble(graph: Graph, shape: tuple[int, int, int]) -> str:
    """Why pages cannot work with the network at this size of picture, in a sentence; "" if they can."""
    size = f"With pictures of {shape[1]} x {shape[2]} pixels"
    try:
        shapes = graph.output_shapes(shape)
    except ValueError as error:
        return f"{size} the model's layers do not fit: {str(error)[:200]}."
    if any(len(one) == 3 and max(one[1:]) > LARGEST for one in shapes.values()):
        return f"{size} the model has maps of more than {LARGEST} cells a side: choose a smaller one."
    if (work := _work(graph, shapes, shape)) > MAX_MACS:
        return f"{size} the model needs {work / 1e9:.1f} billion multiply-adds, more than {MAX_MACS / 1e9:g}: choose a smaller one."
    memory = 8 * sum(map(math.prod, shapes.values()))
    if memory > MAX_MEMORY:
        return f"{size} the model's maps take {memory / 1e6:.0f} MB, more than {MAX_MEMORY / 1e6:.0f}: choose a smaller one."
    return ""


def _work(graph: Graph, shapes: dict[str, Shape], shape: Shape) -> int:
    """Multiply-adds of one answer; a pooling window, or the channels of a norm, count as a kernel does."""
    return graph.macs(shape) + sum(_window(node.layer) * math.prod(shapes[node.name]) for node in graph.nodes)


def _window(layer: Layer) -> int:
    """Numbers that each output of a pooling or a response norm reads; 0 of other layers."""
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return math.prod(layer.kernel_size)
    return layer.size if isinstance(layer, LocalResponseNorm) else 0


def _expect_usual(graph: Graph) -> None:
    """Raises SettingError where a network is made in a way that would take long whatever its size."""
    edges = sum(len(node.inputs) for node in graph.nodes)
    if len(graph.nodes) > MAX_LAYERS or edges > MAX_EDGES:
        raise SettingError(f"The model has {len(graph.nodes):,} layers with {edges:,} inputs: choose a smaller one.")
    for node in graph.nodes:
        kernel = getattr(node.layer, "kernel_size", (1, 1))
        window = (*kernel, node.layer.size) if isinstance(node.layer, LocalResponseNorm) else kernel
        if max(window) > MAX_WINDOW:
            raise SettingError(
                f"The model's {node.layer.kind} reads {max(window)} cells a side: at most {MAX_WINDOW} can be shown."
            )


def expect_pictures(graph: Graph) -> None:
    """Raises SettingError, with a sentence, unless a network takes a picture and is no more work than pages can do."""
    channels, *sides = graph.input_shape
    if channels not in (1, 3):
        raise SettingError(
            f"The model takes pictures of {channels} channels: only 1, grey, or 3, colours, can be shown."
        )
    small = [side for side in sides if side is not None and side < SMALLEST]
    if small:
        raise SettingError(
            f"The model takes pictures of {small[0]} pixels a side: at least {SMALLEST} are needed here."
        )
    large = [side for side in sides if side is not None and side > LARGEST]
    if large:
        raise SettingError(f"The model takes pictures of {large[0]} pixels a side: at most {LARGEST} can be shown.")
    _expect_usual(graph)
    if problem := trouble(graph, first_shape(graph)):
        raise SettingError(problem)


def expect_classifier(graph: Graph) -> None:
    """Raises SettingError, with a sentence, unless a network answers with one number a class."""
    shape = first_shape(graph)
    if reason := no_classes(graph, graph.output_shapes(shape)[graph.output]):
        size = f"With pictures of {shape[1]} x {shape[2]} pixels the" if "numbers" in reason else "The"
        raise SettingError(
            f"{size} model {reason}: choose one that names classes; this one can be seen on the page The whole network."
        )


def first_shape(graph: Graph) -> tuple[int, int, int]:
    """The shape that is guessed: as the file says, and where it leaves a side open, what such networks are trained on.

    Of several that fit it is one with which the network names classes, unless the likeliest makes maps of it.
    """
    channels, height, width = graph.input_shape
    assert channels is not None
    guessed = 224 if _stride(graph) >= 16 else 28 if channels == 1 else 32
    shapes = [
        (channels, side if height is None else height, side if width is None else width)
        for side in dict.fromkeys((guessed, 224, 128, 96, 64, 32, 28))
    ]
    fit = [shape for shape in shapes if not trouble(graph, shape)]
    answers = [graph.output_shapes(shape)[graph.output] for shape in fit]
    if fit and len(answers[0]) == 3 and math.prod(answers[0][1:]) >= FEWEST_CELLS:
        return fit[0]
    named = (shape for shape, answer in zip(fit, answers, strict=True) if _classes(answer) > 1)
    return next(named, fit[0] if fit else shapes[0])


def _stride(graph: Graph) -> int:
    """By how much the smallest maps are smaller than the picture, at most."""
    most = 1
    for side in (224, 96, 32, 28):
        shape = [side if given is None else given for given in graph.input_shape]
        try:
            shapes = graph.output_shapes([int(one) for one in shape])
        except ValueError:
            continue
        maps = [one for one in shapes.values() if len(one) == 3 and one[1] * one[2] > 1]
        return max(most, round(max(shape[1] / one[1] for one in maps)))
    return most
