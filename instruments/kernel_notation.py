"""Notations in which people keep kernels, brought down to one: numbers, separators and brackets, and what they group.

No pattern here tries a text more than once from the same place: all are linear in its length.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from instruments.fields import SettingError

NUMBER = r"[-+]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]+)?"
FRACTION = rf"(?P<number>{NUMBER})(?:/(?P<divisor>{NUMBER}))?"
CALL = "\x01"  # stands for the bracket of np.array( and its like, which groups nothing

_CHARACTERS = str.maketrans(
    dict.fromkeys("\N{MINUS SIGN}\u2010\u2011\u2012\N{EN DASH}\N{EM DASH}\ufe63\uff0d", "-")
    | dict.fromkeys("\v\f\r\x1c\x1d\x1e\x85\u2028\u2029", "\n")
    | dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}\N{DIVISION SIGN}", "/")
    | dict.fromkeys("\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{DOT OPERATOR}", "*")
    | dict.fromkeys("\x00\x01\u200b\ufeff$", " ")
    | {"|": "&"}
)
_FIXED = str.maketrans({c: " " for c in map(chr, range(0x80, 0x3001)) if unicodedata.category(c) == "Zs"})
_PREFIX = r"(?:(?:np|numpy|torch|tf|jnp|cv2|cv)(?:[.]|::))?"
_TYPES = r"(?:float|double|int|uint|half|bfloat)(?:16|32|64|8)?_?"
_LATEX = (
    (re.compile(r"\\begin\s?\{(?:[a-zA-Z]?matrix|smallmatrix|array)[*]?\}(?:\{[clr|&]{0,20}\})?"), "("),
    (re.compile(r"\\end\s?\{(?:[a-zA-Z]?matrix|smallmatrix|array)[*]?\}"), ")"),
    (re.compile(r"\\[dt]?frac\{([^{}\\]{0,30})\}\{([^{}\\]{0,30})\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac ?([0-9])([0-9])"), r" \1/\2"),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?)\b"), " "),
    (re.compile(r"\\(?:cdot|times|ast)\b"), "*"),
    (re.compile(r"\\(?:quad|qquad|hline|displaystyle)\b|\\[,;:! ]"), " "),
)
_PYTHON = (
    (re.compile(r"\b(?:dtype|device|requires_grad|grad_fn|copy|order|ndmin)\s?=\s?[^,)\s]{0,40}"), " "),
    (re.compile(rf"\b{_PREFIX}{_TYPES}\(([^()\[\]{{}},]{{0,40}})\)"), r" \1 "),
    (re.compile(rf"\b{_PREFIX}Fraction\(([-+0-9]{{1,20}}), ?([0-9]{{1,20}})\)"), r" \1/\2 "),
    (re.compile(rf"\b(?:np|numpy|torch|tf|jnp)[.]{_TYPES}(?![\w(])|,\s?CV_[0-9A-Z]{{2,6}}\b"), " "),
    (re.compile(r"['\"][<>=|&]?[A-Za-z]{1,8}[0-9]{0,2}['\"]"), " "),
    (
        re.compile(
            rf"\b{_PREFIX}(?:(?:as)?array|Array|matrix|Matrix|(?:as_)?tensor|(?:Float)?Tensor|constant|mat|Mat)\s?\("
        ),
        CALL,
    ),
    (re.compile(rf"\(\s?({NUMBER}(?:\s?/\s?{NUMBER})?)\s?\)"), r" \1 "),  # one number in brackets of its own
    (re.compile(r"([0-9.])[fF](?![\w.])"), r"\1"),  # C's 0.5f
)
_DECLARED = re.compile(r"[A-Za-z_][\w \[\]*:\n]{0,80}")  # float k[3][3], what stands before "="
_CLOSES = {"(": ")", "[": "]", "{": "}", CALL: ")"}
_FACTOR = re.compile(rf"(?P<times>[*/])?\s?{FRACTION}\s?(?P<behind>[*])?")


@dataclass
class Group:
    """What stands between two brackets, or the whole text: groups, and what is written before, between and behind them."""

    opened: str = ""
    groups: "list[Group]" = field(default_factory=list)
    between: list[str] = field(default_factory=lambda: [""])


def plain(text: str) -> str:
    """One kind of minus, of line end and of fraction; LaTeX, NumPy, PyTorch, MATLAB and C as brackets and numbers.

    >>> plain(r"\\begin{pmatrix} 1 & ½ \\\\ 3 & −4 \\end{pmatrix}").split()
    ['(', '1', '&', '1/2', ';', '3', '&', '-4', ')']
    """
    text = text.replace("\r\n", "\n").translate(_CHARACTERS).translate(_FIXED)
    text = "".join(map(_vulgar, text, " " + text))
    if "\\" in text:
        for pattern, other in _LATEX[:5]:
            text = pattern.sub(other, text)
        if "\\\\" in text:
            text = text.replace("\n", " ").replace("\\\\", ";")  # rows end where LaTeX says
        for pattern, other in _LATEX[5:]:
            text = pattern.sub(other, text)
        text = text.replace("{,}", ".")
    for pattern, other in _PYTHON:
        text = pattern.sub(other, text)
    head, equals, tail = text.partition("=")
    if equals and _DECLARED.fullmatch(head.strip()):
        text = tail
    text = text.replace("...\n", "\n")  # MATLAB goes on in the next line
    return text.replace("./", "/").replace(".*", "*")  # element by element, and "1./16"


def _vulgar(character: str, before: str) -> str:
    """½ as 1/2, but not behind a digit; any other character as it is."""
    if unicodedata.category(character) != "No" or before.isalnum():
        return character
    written = unicodedata.normalize("NFKC", character)
    return written.replace("\N{FRACTION SLASH}", "/") if "\N{FRACTION SLASH}" in written else character


def grouped(text: str) -> Group:
    """What the brackets group; SettingError if they do not match."""
    open_groups = [Group()]
    for character in text:
        top = open_groups[-1]
        if character in _CLOSES:
            if len(open_groups) > 8:
                raise SettingError("The kernel stands in too many brackets: two rows are written [[1, 2], [3, 4]].")
            open_groups.append(Group(character))
        elif character in ")]}":
            if _CLOSES.get(top.opened) != character:
                raise SettingError(f"A bracket does not match: “{character}” closes none.")
            open_groups.pop()
            open_groups[-1].groups.append(top)
            open_groups[-1].between.append("")
        else:
            top.between[-1] += character
    if len(open_groups) > 1:
        opened = open_groups[-1].opened.replace(CALL, "(")
        raise SettingError(f"A bracket does not match: “{opened}” is not closed.")
    return open_groups[0]


def factor(before: str, behind: str) -> float | None:
    """What a kernel in brackets is multiplied by: "1/16 *" before, "/ 16" behind, or nothing; None if it is neither.

    >>> factor("1/16 *", ""), factor("", "/ 4;"), factor("", ""), factor("2 3", "")
    (0.0625, 0.25, 1.0, None)
    """
    before, behind = _tight(before), _tight(behind)
    product = 1.0
    for text, is_before in ((before, True), (behind, False)):
        if not text:
            continue
        match = _FACTOR.fullmatch(text)
        if match is None or bool(match["times"]) == is_before or (match["behind"] and not is_before):
            return None
        value, divisor = float(match["number"]), float(match["divisor"] or 1)
        if match["times"] == "/":
            value, divisor = 1.0, value * divisor  # / 2/3 divides twice
        if divisor == 0:
            raise SettingError("The kernel is divided by 0: write another factor.")
        product *= value / divisor
    return product


def _tight(text: str) -> str:
    """Without what ends a statement, and without spaces around a slash."""
    return re.sub(r" ?/ ?", "/", " ".join(text.split())).strip(" ;,.")
