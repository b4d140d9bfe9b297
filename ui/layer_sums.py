"""What a layer made at one place of a map, with its numbers, in words."""

import math
from collections.abc import Sequence

import numpy as np

from cnn_core.arguments import Array, Pair, quiet
from cnn_core.layers import AvgPool2d, BatchNorm2d, GlobalAvgPool2d, GlobalMaxPool2d, Linear, MaxPool2d
from instruments.opened_map import Step
from ui.controls import plain
from ui.formulas import number

TERMS = 4  # of a sum that are written out one by one
EXACT = 7  # digits that float32 knows


def in_words(step: Step, place: Pair) -> str:
    """What a layer made at a place, and of what, as a sentence in Markdown."""
    with quiet():  # infinite less infinite is no number
        return _sum(step, place) if step.sums else _made(step, place)


def _sum(step: Step, place: Pair) -> str:
    """The largest terms of the sum at a place, the others together, the bias, and what they make."""
    sums = step.sums
    assert sums is not None
    terms = [(_term(part.made, place, step), f"map {part.number}") for part in sums.parts]
    terms.sort(key=lambda one: -abs(one[0]))
    others = sum(value for value, _ in terms[TERMS:]) + (
        _term(sums.rest, place, step) if sums.rest is not None else 0.0
    )
    count = max(0, len(terms) - TERMS) + sums.others
    told = [(value, f" ({name})" if len(sums.parts) > 1 else "") for value, name in terms[:TERMS]]
    told += [(others, f" (the {count} others)")] if count else []
    told += [(sums.bias, " (bias)")] if sums.bias else []
    total = float(step.made[place] if step.made.size > 1 else step.made[0, 0])
    written = zip(added([value for value, _ in told], total), told, strict=True)
    return f"{plain(step.node)} sums {_joined([value + name for value, (_, name) in written])} = **{number(total)}**."


def added(terms: Sequence[float], total: float) -> list[str]:
    """The terms of a sum, each with a decimal more than the written total has, so that who adds them up comes to it.

    >>> number(184.38), added([103.82, 54.75, 25.83, -0.0166], 184.38)
    ('184', ['103.8', '54.8', '25.8', '−0.0166'])
    """
    if not all(map(math.isfinite, (*terms, total))):
        return [number(value) for value in terms]
    decimals = max(0, 2 - _power(total)) + 1
    return [number(value, min(max(3, _power(value) + 1 + decimals), EXACT)) for value in terms]


def _power(value: float) -> int:
    """Of ten, that a number begins with; 0 has none, and counts as 1 does."""
    return math.floor(math.log10(abs(value))) if value else 0


def _joined(terms: Sequence[str]) -> str:
    """Terms of a sum with one sign between two of them.

    >>> _joined(["\N{MINUS SIGN}1 (map 2)", "3 (map 0)", "\N{MINUS SIGN}0.5"])
    '\u22121 (map 2) + 3 (map 0) \u2212 0.5'
    """
    return " + ".join(terms).replace("+ \N{MINUS SIGN}", "\N{MINUS SIGN} ")


def _term(made: Array, place: Pair, step: Step) -> float:
    """What a partial map, or the products of a dense layer, add at a place."""
    return float(made.sum()) if isinstance(step.layer, Linear) else float(made[place])


def _made(step: Step, place: Pair) -> str:
    """What a layer without weights made of what it read, at a place."""
    value = float(step.made[place] if step.made.size > 1 else step.made[0, 0])
    result = f"gives **{number(value)}**"
    if isinstance(step.layer, BatchNorm2d):
        stored, trained, c = step.layer.buffers, step.layer.parameters, step.reads[0].numbers[0]
        mean, deviation = stored["running_mean"][c], np.sqrt(stored["running_var"][c] + step.layer.eps)
        scale, shift = trained["weight"][c], trained["bias"][c]
        centred = _joined([number(float(step.reads[0].maps[0][place])), number(-mean)])
        what = _joined([f"({centred}) / {number(deviation)} × {number(scale)}", number(shift)])
        return f"{plain(step.node)}: {plain(what)} = **{number(value)}**."
    same = [read.maps[0] for read in step.reads if len(read.maps) == 1 and read.maps.shape[1:] == step.made.shape]
    if step.layer.kind == "add" and len(same) == len(step.reads):
        return f"{plain(step.node)} sums {_joined(added([float(one[place]) for one in same], value))} = **{number(value)}**."
    reason = _reason(step)
    return f"{plain(step.node)} {result}{': ' if reason else ''}{reason}."


def _reason(step: Step) -> str:
    """Why a layer without weights gives what it gives, in a few words."""
    layer = step.layer
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return f"the {'largest' if isinstance(layer, MaxPool2d) else 'mean'} of the values in its window"
    if isinstance(layer, GlobalAvgPool2d | GlobalMaxPool2d):
        return f"the {'mean' if isinstance(layer, GlobalAvgPool2d) else 'largest'} of the map's {step.reads[0].maps[0].size} values"
    if layer.kind == "softmax":
        return f"e to the power of its score, divided by the sum of all {step.reads[0].maps.size} such powers"
    if layer.kind == "concat" and len(step.reads) == 1:
        return f"it is map {step.reads[0].numbers[0]} of {plain(step.reads[0].node)}, as it was"
    return {"relu": "what is below 0 becomes 0"}.get(layer.kind, "")
