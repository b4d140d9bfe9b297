"""What can be set on the overview of a network: which one, what is unfolded, and the map, place and part that are looked into.

Names are those of a graph that only the page knows, so a name that it does not have opens nothing.
"""

from typing import Any

from instruments.fields import Choice, Field, SettingError, Switch, Text, Whole
from instruments.models import OWN, WORDS

MOST_OPEN, LONGEST_NAME = 50, 200  # names in a link, and characters of one
LARGEST = 65_535  # number of a map, a row or a column, whatever the network
NONE = -1  # nobody has chosen: then the strongest is shown


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise SettingError(f"A name of a layer must be a line of at most {LONGEST_NAME} characters.")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_name(part.strip()) for part in text.split(",") if part.strip()))
    if len(names) > MOST_OPEN:
        raise SettingError(f"At most {MOST_OPEN} stages can be open at once.")
    return names


MODEL = Choice(
    "network_model", "Network", "digits", {code: WORDS[code] for code in ("digits", "squeezenet", "resnet8", OWN)}
)
OPEN: Text[tuple[str, ...]] = Text("network_open", "open stages", "", _names, ",".join)
NODE = Text("network_node", "layer", "", _name, str)
MAP = Whole("network_map", "map number", 0, 0, LARGEST)
MAP_ROW = Whole("network_map_y", "row in the map", NONE, NONE, LARGEST)
MAP_COLUMN = Whole("network_map_x", "column in the map", NONE, NONE, LARGEST)
PART = Whole("network_part", "input map", NONE, NONE, LARGEST)
NARROW = Switch("network_narrow", "Narrow cards", False)
FIELDS: tuple[Field[Any], ...] = (MODEL, OPEN, NODE, MAP, MAP_ROW, MAP_COLUMN, PART, NARROW)
