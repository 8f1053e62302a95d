"""Reads Taipy's tags in JSON: `{"__type__": ..., "__value__": ...}` stands for an object.

Only taipy-exec writes other keys next to these two. Taipy and older versions ignore them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib
import json
import re
import zoneinfo
from typing import Any

TYPE = "__type__"
VALUE = "__value__"
ZONE = "__zone__"  # for a datetime: the name of its time zone
FOLD = "__fold__"  # for a datetime: 1 in the second of two hours that the clock shows twice
UNIT = "__pandas__"  # for a pandas.Timestamp: its unit
SET = "__set__"  # for a dataclass: the fields that are set after it is made

_MOMENT = "Datetime"
_ENUM = re.compile(r"Enum-(.+)-([^-]+)-([^-]+)")
_DATACLASS = re.compile(r"dataclass-(.+)-([^-]+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class TaggedDecoder(json.JSONDecoder):
    """Reads the tags of Taipy and of taipy-exec. Any other dict is not changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, object_hook=untagged, **kwargs)


def looks_tagged(table: dict[str, Any]) -> bool:
    """Whether `untagged` may convert `table`. Nothing is imported to find out."""
    tag = table.get(TYPE)
    if not isinstance(tag, str) or VALUE not in table:
        return False
    return tag == _MOMENT or bool(_ENUM.fullmatch(tag) or _DATACLASS.fullmatch(tag))


def untagged(table: dict[str, Any]) -> Any:
    """The time, enum member or dataclass that `table` describes, or `table` itself if none.

    Raises errors of the module's import, AttributeError if it has no such class, KeyError if an
    enum has no such member, and errors of the class.
    """
    tag, value = table.get(TYPE), table.get(VALUE)
    if not isinstance(tag, str) or VALUE not in table:
        return table
    if tag == _MOMENT and isinstance(value, str):
        return moment(table)
    if parts := _ENUM.fullmatch(tag):
        found = class_named(parts[1], parts[2])
        if isinstance(found, type) and issubclass(found, enum.Enum):
            return member(found, parts[3], value)
    elif parts := _DATACLASS.fullmatch(tag):
        found = class_named(parts[1], parts[2])
        if isinstance(found, type) and dataclasses.is_dataclass(found) and isinstance(value, dict):
            return _object(found, value, table.get(SET, {}))
    return table


def class_named(module: str, name: str) -> Any:
    """The object `name` of `module`; the name may have dots. Raises as `untagged` does."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def moment(table: dict[str, Any]) -> Any:
    """The date, datetime, pandas.Timestamp or pandas.NaT. Raises ValueError for another text."""
    text, zone = table[VALUE], table.get(ZONE)
    if _DAY.fullmatch(text):
        return dt.date.fromisoformat(text)  # a datetime is written with its time
    if text == "NaT" or UNIT in table:
        return _of_pandas(table)
    made = dt.datetime.fromisoformat(text)
    if zone is not None:
        made = _in_zone(made, zoneinfo.ZoneInfo(zone), table.get(FOLD, 0))
    return made.replace(fold=1) if table.get(FOLD) else made


def _in_zone(made: dt.datetime, zone: zoneinfo.ZoneInfo, fold: int) -> dt.datetime:
    """The same clock time in the zone. If the zone's rules have changed, the same instant."""
    shown = made.replace(tzinfo=zone, fold=fold)
    return shown if shown.utcoffset() == made.utcoffset() else made.astimezone(zone)


def _of_pandas(table: dict[str, Any]) -> Any:
    import pandas

    if table[VALUE] == "NaT":
        return pandas.NaT
    made = pandas.Timestamp(table[VALUE]).as_unit(table[UNIT])
    if ZONE in table:
        zoneinfo.ZoneInfo(table[ZONE])  # it is the name of a zone, not of a file
        made = made.tz_convert(table[ZONE])
    return made.replace(fold=1) if table.get(FOLD) else made


def member(found: type[enum.Enum], name: str, value: Any) -> enum.Enum:
    """The member of that name. Several flags, or none, by their value. Raises KeyError."""
    if name not in found.__members__ and issubclass(found, enum.Flag):
        return found(value)
    return found[name]


def _object(found: type, value: dict[str, Any], later: Any) -> Any:
    made = found(**value)
    names = {field.name for field in dataclasses.fields(found)}
    for name in names.intersection(later if isinstance(later, dict) else ()):
        object.__setattr__(made, name, later[name])
    return made
