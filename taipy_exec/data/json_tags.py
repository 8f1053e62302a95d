"""Taipy's tags of JSON, read: `{"__type__": ..., "__value__": ...}` is what somebody wrote there.

Keys beside these two are ours. Taipy and older versions of ours pass over them.
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
ZONE = "__zone__"  # of a datetime: the name of its time zone
FOLD = "__fold__"  # of a datetime: 1 in the second of two hours that the clock shows twice
UNIT = "__pandas__"  # of a pandas.Timestamp: its unit
SET = "__set__"  # of a dataclass: the fields that are set when it is made

_MOMENT = "Datetime"
_ENUM = re.compile(r"Enum-(.+)-([^-]+)-([^-]+)")
_DATACLASS = re.compile(r"dataclass-(.+)-([^-]+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class TaggedDecoder(json.JSONDecoder):
    """Reads the tags of Taipy and ours; any other table stays as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, object_hook=untagged, **kwargs)


def looks_tagged(table: dict[str, Any]) -> bool:
    """Whether `untagged` may make something else of `table`; nothing is imported to tell."""
    tag = table.get(TYPE)
    if not isinstance(tag, str) or VALUE not in table:
        return False
    return tag == _MOMENT or bool(_ENUM.fullmatch(tag) or _DATACLASS.fullmatch(tag))


def untagged(table: dict[str, Any]) -> Any:
    """What `table` stands for; `table` itself if that is neither a time, an enum nor a dataclass.

    Raises what the import of a module raises, AttributeError if it has no such class, KeyError if
    an enum has no such member, and what the class raises.
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
    """What `module` knows as `name`, which may have dots. Raises as `untagged` does."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def moment(table: dict[str, Any]) -> Any:
    """The date, datetime, pandas.Timestamp or pandas.NaT. Raises ValueError if it is none."""
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
    """What the clock of the zone shows; the same instant, where the zone's rules have changed."""
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
    """The member of that name; several flags, or none, by their value. Raises KeyError."""
    if name not in found.__members__ and issubclass(found, enum.Flag):
        return found(value)
    return found[name]


def _object(found: type, value: dict[str, Any], later: Any) -> Any:
    made = found(**value)
    names = {field.name for field in dataclasses.fields(found)}
    for name in names.intersection(later if isinstance(later, dict) else ()):
        object.__setattr__(made, name, later[name])
    return made
