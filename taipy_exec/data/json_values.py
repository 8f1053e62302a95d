"""Values as JSON that a reader restores. A part that changes is reported, or refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from taipy_exec.config.problem import a
from taipy_exec.data.json_objects import (
    DataclassFacts,
    Lost,
    check_class,
    enum_tag,
    facts_of,
    fields_to_set,
    kind_of,
    short,
    tagged_moment,
)
from taipy_exec.data.json_tags import SET, TYPE, VALUE, looks_tagged
from taipy_exec.errors import DataError

_AS_THEY_ARE = frozenset({type(None), bool, float})
_SHORT = 1 << 1000  # no process can limit digits below this
_TWO_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_NO_LEAF = object()
_PICKLE = "or use a pickle data node"

# Types, or modules with a dot at the end, and the conversion that a message suggests.
_INSTEAD = {
    "set": "a list",
    "frozenset": "a list",
    "bytes": "a text, such as by hex()",
    "bytearray": "a text, such as by hex()",
    "complex": "a list of two numbers",
    "datetime.time": "a text, by isoformat()",
    "datetime.timedelta": "a number, by total_seconds()",
    "decimal.Decimal": "a text",
    "fractions.Fraction": "a text",
    "uuid.UUID": "a text",
    "pathlib.": "a text",
    "pandas.DataFrame": 'a list, by to_dict("records")',
    "pandas.Series": "a list, by tolist()",
    "pandas.Timedelta": "a number, by total_seconds()",
    "numpy.ndarray": "a list, by tolist()",
    "numpy.": "a Python value, by item()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """`tree` has only JSON's own types. `changes` describes parts that are read as another type."""

    tree: Any
    changes: tuple[str, ...]


class _Opened(NamedTuple):
    """The parts of a value, the step to each, and a function that joins the parts as JSON.

    There is one for each list and dict, so it must be made fast.
    """

    steps: Iterable[Any]
    parts: Iterable[Any]
    close: Callable[[list[Any]], Any]


class _Attribute(str):
    """A step to a field. Any other step is an index or a key."""


def encoded(value: Any) -> Encoded:
    """`value` as JSON. Raises DataError, with the place, for a part that cannot be restored."""
    walk = _Walk()
    try:
        tree = walk.plain(value)
    except RecursionError as error:
        raise DataError(f"value is nested too deeply for JSON: flatten it, {_PICKLE}") from error
    return Encoded(tree=tree, changes=tuple(walk.changes.values()))


class _Walk:
    """One walk through a value. `changes` has the first change of each kind."""

    def __init__(self) -> None:
        self.changes: dict[Any, str] = {}
        self._steps: list[Any] = []
        self._above: set[int] = set()
        self._found: set[type] = set()
        self._facts: dict[type, DataclassFacts] = {}

    def plain(self, value: Any) -> Any:
        """`value` in JSON's own types."""
        leaf = self._leaf(value)
        if leaf is not _NO_LEAF:
            return leaf
        if id(value) in self._above:
            raise DataError(f"{self._where()} contains itself: make it a tree, {_PICKLE}")
        opened = self._open(value)
        self._above.add(id(value))
        made = []
        for step, part in zip(opened.steps, opened.parts, strict=False):
            kind = type(part)
            if not (
                kind in _AS_THEY_ARE
                or (kind is str and part.isascii())
                or (kind is int and -_SHORT < part < _SHORT)
            ):
                self._steps.append(step)
                part = self.plain(part)
                self._steps.pop()
            made.append(part)
        self._above.discard(id(value))
        return opened.close(made)

    def _leaf(self, value: Any) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind is str or kind is int:
            return self._word(value)
        if isinstance(value, enum.Enum):
            return self._member(value)
        if isinstance(value, str | int | float):
            return self._word(value)
        if isinstance(value, dt.date):
            return self._moment(value)
        return _NO_LEAF

    def _open(self, value: Any) -> _Opened:
        if isinstance(value, dict):
            return self._table(value)
        if isinstance(value, list | tuple):
            if type(value) is not list:
                self._tell(value, "list")
            return _Opened(steps=range(len(value)), parts=value, close=_itself)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._object(value)
        raise self._refusal(value, f"which JSON cannot hold: convert it{_to(kind_of(value))}")

    # -- texts and numbers ----------------------------------------------------------------

    def _word(self, value: str | float) -> Any:
        """A text or a number, as JSON's own type."""
        if isinstance(value, str):
            self._check_text(value)
            return value if type(value) is str else self._tell(value, "str", str.__str__(value))
        if isinstance(value, float):
            return self._tell(value, "float", float.__float__(value))
        self._check_digits(value)
        return value if type(value) is int else self._tell(value, "int", int.__int__(value))

    def _check_text(self, text: str) -> None:
        if not text.isascii() and _TWO_HALVES.search(text):
            raise DataError(
                f"{self._where()} is a str with two surrogates that JSON joins to one character: "
                f"decode it, {_PICKLE}"
            )

    def _check_digits(self, number: int) -> None:
        if -_SHORT < number < _SHORT:
            return
        try:
            int.__repr__(number)
        except ValueError:
            raise DataError(
                f"{self._where()} is an int with more digits than Python reads: convert it to a "
                f"text, by hex(), {_PICKLE}"
            ) from None

    # -- tables ---------------------------------------------------------------------------

    def _table(self, value: dict[Any, Any]) -> _Opened:
        if type(value) is not dict:
            self._tell(value, "dict")
        texts = self._texts(value)
        if TYPE in texts and looks_tagged(dict(zip(texts, value.values(), strict=True))):
            raise DataError(
                f"{self._where()} is a dict with the keys {TYPE!r} and {VALUE!r}, which would be "
                f"read as the tag {short(value[texts[TYPE]])}: rename one, {_PICKLE}"
            )
        return _Opened(
            steps=value.keys(),
            parts=value.values(),
            close=lambda made: dict(zip(texts, made, strict=True)),
        )

    def _texts(self, value: dict[Any, Any]) -> dict[str, Any]:
        """The JSON text of each key, with the key."""
        keys: dict[str, Any] = {}
        for key in value:
            text = key if type(key) is str and key.isascii() else self._key(key)
            if text in keys:
                raise DataError(
                    f"{self._where()} has the keys {short(keys[text])} and {short(key)}, which "
                    f"are one key in JSON: rename one, {_PICKLE}"
                )
            keys[text] = key
        return keys

    def _key(self, key: Any) -> str:
        """The JSON text of a key."""
        if isinstance(key, str):
            self._check_text(key)
            text = str.__str__(key)
        elif key is None or isinstance(key, bool):
            text = {None: "null", True: "true", False: "false"}[key]
        elif isinstance(key, int):
            self._check_digits(key)
            text = int.__repr__(key)
        elif isinstance(key, float):
            text = float.__repr__(key)
            text = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)
        else:
            raise DataError(
                f"{self._where()} has the key {short(key)}, {a(kind_of(key))}: keys must be "
                f"texts. Convert it, {_PICKLE}"
            )
        if type(key) is not str and ("key", type(key)) not in self.changes:
            self.changes["key", type(key)] = (
                f"{self._where()} has the key {short(key)}, {a(kind_of(key))}, which comes back "
                f"as the text {short(text)}"
            )
        return text

    # -- times, enums and dataclasses -----------------------------------------------------

    def _moment(self, value: Any) -> Any:
        try:
            tagged, found = tagged_moment(value)
        except Lost as lost:
            raise self._refusal(value, str(lost)) from lost
        if type(found) is not type(value):
            return self._tell(value, kind_of(found), tagged)
        if found is not value:
            zone = short(value.tzinfo)
            self.changes["zone", zone] = (
                f"{self._where()} has the time zone {zone}, which comes back as {found.tzinfo!r}"
            )
        return tagged

    def _member(self, value: enum.Enum) -> Any:
        try:
            if type(value) not in self._found:
                check_class(type(value))
            tag = enum_tag(value)
        except Lost as lost:
            raise self._refusal(value, str(lost)) from lost
        self._found.add(type(value))
        try:
            shown = _Walk().plain(value.value)
        except (DataError, RecursionError):
            shown = short(value.value)  # only its name counts for the reader
        return {TYPE: tag, VALUE: shown}

    def _object(self, value: Any) -> _Opened:
        names = [field.name for field in dataclasses.fields(value)]
        held = {name: getattr(value, name) for name in names if hasattr(value, name)}

        def close(made: list[Any]) -> Any:
            try:
                facts = self._facts.get(type(value)) or facts_of(type(value))
                later, other = fields_to_set(value, facts, held)
            except Lost as lost:
                raise self._refusal(value, str(lost)) from lost
            if other is not None:
                self.changes["attribute", type(value)] = (
                    f"{self._where()} is {a(kind_of(value))} whose attribute {other!r} is no field "
                    "and does not come back"
                )
            self._facts[type(value)] = facts
            plain = dict(zip(held, made, strict=True))
            tagged = {TYPE: facts.tag, VALUE: {name: plain[name] for name in facts.given}}
            return tagged | {SET: {name: plain[name] for name in later}} if later else tagged

        return _Opened(steps=map(_Attribute, held), parts=held.values(), close=close)

    # -- changes and refusals -------------------------------------------------------------

    def _tell(self, value: Any, back: str, made: Any = None) -> Any:
        """Record that `value` comes back as type `back`. Returns `made`."""
        if type(value) not in self.changes:
            self.changes[type(value)] = (
                f"{self._where()} is {a(kind_of(value))}, which comes back as {a(back)}"
            )
        return made

    def _refusal(self, value: Any, why: str) -> DataError:
        return DataError(f"{self._where()} is {a(kind_of(value))}, {why}, {_PICKLE}")

    def _where(self) -> str:
        steps = (
            f".{step}" if isinstance(step, _Attribute) else f"[{short(step)}]"
            for step in self._steps
        )
        return f"value{''.join(steps)}"


def _itself(made: list[Any]) -> list[Any]:
    return made


def _to(kind: str) -> str:
    """` to a list`, or nothing if there is no known type to convert a `kind` to."""
    instead = _INSTEAD.get(kind) or _INSTEAD.get(kind.partition(".")[0] + ".")
    return f" to {instead}" if instead else ""
