"""The settings of a session: resolved before anything is drawn, held while the session lasts, written into the address.

One source of truth: what is held here. The address is read when a session begins, when another page opens with settings in its
link, and when someone goes back or forward; in each run it is written anew, with the codes of all that is not at its default.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from instruments.fields import LONGEST, Fact, Field, Values, resolve

MAX_FILE = 100_000  # bytes of a settings file


@dataclass
class _Session:
    held: dict[str, object] = field(default_factory=dict)  # values by key, of every page that was open
    given: dict[str, object] = field(default_factory=dict)  # what controls, files and buttons gave since the last run
    refused: dict[str, tuple[object, str]] = field(default_factory=dict)  # (as given, sentence), until it is given anew
    resolved: list[tuple[Field[Any], Values]] = field(default_factory=list)  # of this run, in order
    link: dict[str, str] = field(default_factory=dict)  # the address, when the page opened or history moved last
    read: set[str] = field(
        default_factory=set
    )  # keys that were resolved since: a run may be cut short before it comes to all
    page: str | None = None
    page_keys: set[str] = field(default_factory=set)  # all that the page's last whole run resolved
    runs: int = 0
    history: bool = False  # whether that address was reached by going back or forward
    file: list[str] = field(default_factory=list)  # sentences about the last settings file as a whole
    file_keys: list[str] = field(default_factory=list)  # what it set

    def keys(self) -> set[str]:
        """Of all that was resolved in this run."""
        return {one.key for one, _ in self.resolved}


def _session() -> _Session:
    session: _Session = st.session_state.setdefault("_settings", _Session())
    return session


def begin(page: str) -> None:
    """Start a run of this page; the shell calls it before anything is resolved."""
    session, context = _session(), get_script_run_ctx()
    history, opened = context is not None and context.is_history_navigation, page != session.page
    if opened or history:
        session.link, session.read, session.history = dict(st.query_params.items()), set(), history
    if opened:
        session.refused.clear()
        session.file.clear()
        session.file_keys.clear()
        session.page_keys = set()
    session.page, session.resolved = page, []
    session.runs += 1


def first_run() -> bool:
    """Whether this is the session's first: a browser that was open before brings what was clicked meanwhile."""
    return _session().runs == 1


def resolved(fields: Iterable[Field[Any]], facts: Mapping[Fact[Any], object] | None = None) -> Values:
    """The values of these fields for this run, held from now on, but for those at their default, which may depend on others."""
    session, fields = _session(), tuple(fields)
    keys = {one.key for one in fields}
    unread = keys - session.read
    linked = {key: session.link[key] for key in unread & session.link.keys()}
    clicked = {key: session.given.pop(key) for key in keys & session.given.keys()}
    whole = bool(unread) and (session.history or bool(linked))  # a link says all: what it leaves out is at its default
    values = resolve(fields, linked | clicked, {} if whole else session.held, facts)
    session.read |= keys
    for key in linked | clicked:
        session.refused.pop(key, None)
    for key, sentence in values.problems.items():
        from_link = key in linked and key not in clicked
        session.refused[key] = _short(values.refused[key]), f"In the link: {sentence}" if from_link else sentence
    session.held = {key: value for key, value in session.held.items() if key not in keys}
    session.held |= {one.key: values[one] for one in fields if not at_default(one, values)}
    session.resolved += [(one, values) for one in fields]
    if session.page_keys and session.page_keys <= session.keys():
        _write_link()  # nothing more will change it: it need not wait for the page to be drawn
    return values


def at_default(field: Field[Any], v: Values) -> bool:
    """Whether a field has its default value, so that links leave it out."""
    return field.write(v[field]) == field.write(field.default(v))


def _short(given: object) -> object:
    """What is kept of a value that was refused: enough to be mended, however much it was."""
    return str(given)[:LONGEST] if isinstance(given, str) or len(repr(given)) > LONGEST else given


def give(given: Mapping[str, object]) -> None:
    """Set settings by key, as they come: they are checked when the run that follows resolves them. For callbacks."""
    _session().given |= {key: value[: LONGEST + 1] if isinstance(value, str) else value for key, value in given.items()}


def only(given: Mapping[str, object]) -> None:
    """Set these settings, and their page's others to the default, as a link does. For callbacks."""
    session, prefixes = _session(), {key.split("_")[0] for key in given}
    session.held = {key: value for key, value in session.held.items() if key.split("_")[0] not in prefixes}
    give(given)


def reset(fields: Iterable[Field[Any]]) -> None:
    """Let these settings be at their default again. For callbacks."""
    for one in fields:
        _session().held.pop(one.key, None)


def give_from_link(fields: Iterable[Field[Any]]) -> None:
    """Set these settings once more as the page's link had them, now that what they depend on is here. For callbacks."""
    session = _session()
    give({one.key: session.link[one.key] for one in fields if one.key in session.link})


def giver(field: Field[Any]) -> Callable[[object], None]:
    """What takes a value for this field from a component, as it comes."""
    return lambda value: give({field.key: value})


def taken_back(key: str) -> tuple[object, str] | None:
    """What was given last for this key and refused, and the sentence why; None if all is well."""
    return _session().refused.get(key)


def codes() -> dict[str, str]:
    """What the link and a settings file hold: the code of each setting of this page that is not at its default."""
    session = _session()
    return {one.key: one.write(v[one]) for one, v in session.resolved if not at_default(one, v)}


def end() -> None:
    """End a run: all settings of its page are known now, and the address is brought up to date."""
    session = _session()
    session.page_keys = session.keys()
    _write_link()


def _write_link() -> None:
    wanted = codes()
    if wanted != dict(st.query_params.items()):
        st.query_params.from_dict(wanted)


def to_file() -> bytes:
    """Every setting of this page as JSON, as `give_file` reads it."""
    return json.dumps({one.key: one.write(v[one]) for one, v in _session().resolved}, indent=2).encode()


def give_file(data: bytes) -> None:
    """Take the settings of a file; `file_sentences` says what could not be taken."""
    session = _session()
    session.file.clear()
    session.file_keys.clear()
    try:
        if len(data) > MAX_FILE:
            raise ValueError
        values = json.loads(data)
        json.dumps(values, ensure_ascii=False).encode()  # half a character, \\ud800, is no text that can be shown
    except (ValueError, RecursionError):
        session.file.append("The file is not a settings file: it must be JSON, as saved here.")
        return
    if not isinstance(values, dict):
        session.file.append("The file must hold an object with names and values.")
        return
    known = session.keys()
    session.file += [
        f"This page has no setting named {str(key)[:40]}." for key in list(values)[:100] if key not in known
    ]
    taken = {key: value for key, value in list(values.items())[:1000] if key in known}
    session.file_keys += taken
    give(taken)


def file_sentences() -> list[str]:
    """What is wrong with the last settings file, a sentence each."""
    session = _session()
    return [*session.file, *(session.refused[key][1] for key in session.file_keys if key in session.refused)]
