"""Properties of entities: a dictionary whose changes are stored at once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from typing import Any

from taipy_exec.config.problem import a
from taipy_exec.errors import UsageError

# The mark of a property to remove.
REMOVED: Any = object()
_TYPE = "__type__"
_VALUE = "__value__"


class Properties(dict[str, Any]):
    """The properties of an entity as they were when read. Changes are stored at once.

    `change` stores them. If it raises, nothing is changed.
    """

    def __init__(
        self, values: Mapping[str, Any], change: Callable[[Mapping[str, Any]], None]
    ) -> None:
        super().__init__(values)
        self._change = change

    def __setitem__(self, name: str, value: Any) -> None:
        self._change({name: value})
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._change({name: REMOVED})
        super().__delitem__(name)

    def __ior__(self, other: Any) -> Properties:  # type: ignore[misc,override]
        self.update(other)
        return self

    def update(self, *args: Any, **values: Any) -> None:
        """Set several, in one change."""
        changes = dict(*args, **values)
        if changes:
            self._change(changes)
            super().update(changes)

    # The operators of a plain dictionary would bypass the methods above.
    pop = MutableMapping.pop
    popitem = MutableMapping.popitem
    clear = MutableMapping.clear
    setdefault = MutableMapping.setdefault


def encoded(name: str, value: Any) -> str:
    """A property's value as JSON text. Raises UsageError if it cannot be stored."""
    try:
        return json.dumps(value, default=_encode)
    except (TypeError, ValueError):
        raise UsageError(
            f"the property {name!r} cannot be stored: its value is {a(type(value).__name__)}, or "
            "holds something like it",
            "give text, numbers, True, False, None, datetimes, timedeltas, or lists and "
            "dictionaries of these",
        ) from None


def decoded(text: str) -> Any:
    """A property's value from JSON text."""
    return json.loads(text, object_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return {_TYPE: "Datetime", _VALUE: value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {_TYPE: "Timedelta", _VALUE: value.total_seconds()}
    raise TypeError(type(value).__name__)


def _decode(found: dict[str, Any]) -> Any:
    kind = found.get(_TYPE)
    if kind == "Datetime":
        return dt.datetime.fromisoformat(found[_VALUE])
    if kind == "Timedelta":
        return dt.timedelta(seconds=found[_VALUE])
    return found
