"""Settings as data: what can be set, within which bounds, under which code in a link; and the one resolver of all that comes in.

A link, a settings file, a live message and a control's new value all go through `resolve`, in the order of the fields, before
anything is drawn. Bounds and defaults may depend on the fields before, and on facts such as the size of the image.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar, cast

import numpy as np

T = TypeVar("T")
LONGEST = 8_000  # characters of one value
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")


class SettingError(ValueError):
    """A value that cannot be used; the message is one sentence for the person who gave it."""


class Fact(Generic[T]):
    """Something that bounds depend on and nobody sets here, such as the size of the image."""

    def __init__(self, key: str) -> None:
        self.key = key


class Values:
    """What was resolved, by field; facts too. `problems` has a sentence for each key that could not be taken."""

    def __init__(self, facts: Mapping[Fact[Any], object] | None = None) -> None:
        self._values: dict[str, object] = {fact.key: value for fact, value in (facts or {}).items()}
        self.problems: dict[str, str] = {}
        self.refused: dict[str, object] = {}  # what could not be taken, as it was given

    def __getitem__(self, field: "Fact[T]") -> T:
        return cast(T, self._values[field.key])

    def known(self, fact: Fact[T]) -> T | None:
        """The value, None where nobody said it."""
        return cast("T | None", self._values.get(fact.key))

    def put(self, field: Fact[T], value: T) -> None:
        self._values[field.key] = value


Bound = float | Callable[[Values], float]


class Field(Fact[T], ABC):
    """One setting.

    Args:
        key: its name in links, files and messages.
        name: in words, as sentences about it use it.
        default: a value, or what makes one from the values before.
    """

    def __init__(self, key: str, name: str, default: T | Callable[[Values], T]) -> None:
        super().__init__(key)
        self.name, self._default = name, default

    def default(self, before: Values) -> T:
        """The value while nothing is set, moved into today's bounds."""
        made = self._default(before) if callable(self._default) else self._default
        return self.fit(made, before)

    @abstractmethod
    def read(self, given: object, before: Values) -> T:
        """Check what came from outside; raises SettingError with a sentence."""

    def fit(self, value: T, before: Values) -> T:
        """Move a value that is held into today's bounds."""
        return value

    def write(self, value: T) -> str:
        """The code in links and files, which `read` takes back."""
        return str(value)


class Whole(Field[int]):
    """A whole number from low to high, both included; an impossible high counts as low."""

    def __init__(self, key: str, name: str, default: int | Callable[[Values], int], low: int, high: Bound) -> None:
        super().__init__(key, name, default)
        self.low, self._high = low, high

    def high(self, before: Values) -> int:
        bound = self._high(before) if callable(self._high) else self._high
        return max(self.low, int(bound))

    def read(self, given: object, before: Values) -> int:
        return whole(self.name, given, (self.low, self.high(before)))

    def fit(self, value: int, before: Values) -> int:
        return min(max(value, self.low), self.high(before))


class Real(Field[float]):
    """A number from low to high in steps."""

    def __init__(
        self,
        key: str,
        name: str,
        default: float | Callable[[Values], float],
        low: float,
        high: float,
        step: float = 0.01,
    ) -> None:
        super().__init__(key, name, default)
        self.low, self.high, self.step = low, high, step

    def read(self, given: object, before: Values) -> float:
        value = real(self.name, given, (self.low, self.high))
        return float(format_number(value))  # what a link can hold: 32 bits

    def write(self, value: float) -> str:
        return format_number(value)


class Choice(Field[str]):
    """One of several; links hold the code, people see the words. Words are read too: links once held them."""

    def __init__(self, key: str, name: str, default: str | Callable[[Values], str], words: Mapping[str, str]) -> None:
        super().__init__(key, name, default)
        self.words = words

    def read(self, given: object, before: Values) -> str:
        codes = {words: code for code, words in self.words.items()}
        return choice(self.name, codes.get(given, given) if isinstance(given, str) else given, tuple(self.words))


class Switch(Field[bool]):
    """On or off."""

    def read(self, given: object, before: Values) -> bool:
        if isinstance(given, str) and given.lower() in ("true", "false"):
            return given.lower() == "true"
        return switch(self.name, given)

    def write(self, value: bool) -> str:
        return "true" if value else "false"


class Text(Field[T]):
    """A value that is written as a line of text.

    Args:
        key, name: as of every field.
        default: the line.
        parse: from text to the value; raises SettingError.
        unparse: from the value to text that `parse` reads back.
    """

    def __init__(
        self, key: str, name: str, default: str, parse: Callable[[str], T], unparse: Callable[[T], str]
    ) -> None:
        super().__init__(key, name, lambda before: self.read(default, before))
        self._parse, self._unparse = parse, unparse

    def read(self, given: object, before: Values) -> T:
        if not isinstance(given, str):
            raise SettingError(f"{self.name} must be text.")
        if len(given) > LONGEST:
            raise SettingError(f"{self.name} is too long: at most {LONGEST:,} characters are read.")
        return self._parse(given)

    def write(self, value: T) -> str:
        return self._unparse(value)


def resolve(
    fields: Iterable[Field[Any]],
    given: Mapping[str, object],
    held: Mapping[str, object] | None = None,
    facts: Mapping[Fact[Any], object] | None = None,
) -> Values:
    """Turn what comes from outside into values, field by field, so that each is checked with the values before it.

    Args:
        fields: in order: a bound may depend only on fields before.
        given: from outside, by key: text, or what JSON holds. Keys of no field are left alone.
        held: values that are kept where nothing is given, or where what is given is refused.
        facts: what bounds depend on beside fields.

    Returns:
        A value for each field, and a sentence for each that was given and refused.

    >>> resolve([Whole("stride", "stride", 1, 1, 8)], {"stride": "2.5"}).problems
    {'stride': 'stride must be a whole number from 1 to 8.'}
    """
    values, held = Values(facts), held or {}
    for field in fields:
        values.put(field, field.fit(held[field.key], values) if field.key in held else field.default(values))
        if field.key not in given:
            continue
        try:
            values.put(field, field.read(given[field.key], values))
        except SettingError as error:
            values.problems[field.key], values.refused[field.key] = str(error), given[field.key]
    return values


def expect_known(given: object, fields: Iterable[Field[Any]]) -> Mapping[str, object]:
    """An object all of whose names are keys of these fields; raises SettingError."""
    if not isinstance(given, Mapping):
        raise SettingError("Settings must be an object with names and values.")
    known = {field.key for field in fields}
    unknown = [str(name)[:40] for name in given if name not in known]
    if unknown:
        raise SettingError(f"There is no setting named {unknown[0]} here.")
    return given


def strict(fields: Iterable[Field[Any]], given: object, facts: Mapping[Fact[Any], object] | None = None) -> Values:
    """As `resolve`, but the first value that cannot be taken raises SettingError: for messages, which a program writes."""
    fields = tuple(fields)
    values = resolve(fields, expect_known(given, fields), facts=facts)
    for sentence in values.problems.values():
        raise SettingError(sentence)
    return values


def message(fields: Iterable[Field[Any]], values: Values) -> dict[str, str]:
    """What `strict` reads back: the code of each field."""
    return {field.key: field.write(values[field]) for field in fields}


def whole(name: str, value: object, bounds: tuple[int, int]) -> int:
    """A whole number within bounds, both included.

    >>> whole("stride", "2", (1, 8))
    2
    """
    low, high = bounds
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        number = int(value)
    if number is None or not low <= number <= high:
        raise SettingError(f"{name} must be a whole number from {low} to {high}.")
    return number


def real(name: str, value: object, bounds: tuple[float, float]) -> float:
    """A finite number within bounds; a decimal comma is read as a point.

    >>> real("bias", "0,25", (-2, 2))
    0.25
    """
    low, high = bounds
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value if abs(value) < 1e300 else math.nan
    elif isinstance(value, str) and len(value) <= 40:
        text = value.strip().replace("\N{MINUS SIGN}", "-")
        try:
            number = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
        except ValueError:
            number = math.nan
    if not low <= number <= high:
        raise SettingError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(number)


def choice(name: str, value: object, options: tuple[str, ...]) -> str:
    """One of options."""
    if not isinstance(value, str) or value not in options:
        raise SettingError(f"{name} must be one of {', '.join(options)}.")
    return value


def switch(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false.")
    return value


def format_number(value: float) -> str:
    """Shortest text that reads back as the same float32.

    >>> format_number(1 / 9), format_number(-2.0), format_number(0.1 + 0.2)
    ('0.11111111', '-2', '0.3')
    """
    short = np.format_float_positional(np.float32(value), unique=True, trim="-")
    return "0" if short == "-0" else short
