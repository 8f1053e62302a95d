"""Times, enum members and dataclasses as Taipy's tags, with extra keys to restore them exactly."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import enum
import functools
import sys
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.data.json_tags import FOLD, TYPE, UNIT, VALUE, ZONE, class_named, member, untagged

_MISSING = object()


class Lost(Exception):
    """The value cannot be restored. The message gives the reason, and what to do."""


# -- times --------------------------------------------------------------------------------


def tagged_moment(value: dt.date) -> tuple[dict[str, Any], Any]:
    """A date or datetime with its tag, and the value that a reader gets: `value` if it is equal.

    Raises Lost if a reader would get another time.
    """
    tagged: dict[str, Any] = {TYPE: "Datetime", VALUE: value.isoformat()}
    if type(value) is dt.date or _is_simple(value):
        return tagged, value
    if isinstance(value, dt.datetime) and tagged[VALUE] != "NaT":
        _add_what_the_text_lacks(tagged, value)
    try:
        found = untagged(tagged)
        if found is value or (_shown(found), _detail(found)) == (_shown(value), _detail(value)):
            return tagged, value
        if _shown(found) == _shown(value):
            return tagged, found
    except Exception as error:  # the user's class
        raise Lost("which cannot be read from its text: convert it") from error
    raise Lost("which its text does not fully describe: convert it")


def _is_simple(value: dt.date) -> bool:
    is_exact = type(value) is dt.datetime and not value.fold
    return is_exact and (value.tzinfo is None or value.tzinfo is dt.UTC)  # type: ignore[attr-defined]


def _add_what_the_text_lacks(tagged: dict[str, Any], value: dt.datetime) -> None:
    zone = value.tzinfo
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        tagged[ZONE] = zone.key
    if type(value).__module__.partition(".")[0] == "pandas":
        tagged[UNIT] = value.unit  # type: ignore[attr-defined]
        if name := getattr(zone, "zone", None):  # of pytz
            tagged[ZONE] = name
    if value.fold:
        tagged[FOLD] = 1


def _shown(value: dt.date) -> tuple[Any, ...]:
    """The time on a clock and the day on a calendar."""
    if not isinstance(value, dt.datetime):
        return value.timetuple()[:3]
    return value.replace(tzinfo=None, fold=0), value.utcoffset()


def _detail(value: dt.date) -> tuple[Any, ...]:
    zone = getattr(value, "tzinfo", None)
    return type(value), type(zone), str(zone), getattr(value, "fold", 0)


# -- enums --------------------------------------------------------------------------------


def enum_tag(value: enum.Enum) -> str:
    """The tag of a member. Raises Lost if a reader cannot find the member by the tag."""
    kind, name = type(value), str(value.name)
    try:
        is_found = "-" not in name and member(kind, name, value.value) is value
    except Exception:  # the user's class
        is_found = False
    if not is_found:
        raise Lost("which its class does not find by its name: use its value")
    return f"Enum-{kind.__module__}-{kind.__qualname__}-{name}"


# -- dataclasses --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DataclassFacts:
    """Facts of a dataclass.

    `tag`: its tag. `names`: all fields. `given`: the fields that its `__init__` takes.
    `is_generated`: making an object runs no code of the user except default factories.
    """

    tag: str
    names: frozenset[str]
    given: tuple[str, ...]
    is_generated: bool


def facts_of(kind: type) -> DataclassFacts:
    """The facts of the dataclass `kind`. Raises Lost if a reader would not find the class."""
    check_class(kind)
    fields = dataclasses.fields(kind)
    return DataclassFacts(
        tag=f"dataclass-{kind.__module__}-{kind.__qualname__}",
        names=frozenset(field.name for field in fields),
        given=tuple(field.name for field in fields if field.init),
        is_generated=_is_generated(kind),
    )


def fields_to_set(
    value: Any, facts: DataclassFacts, held: Mapping[str, Any]
) -> tuple[list[str], str | None]:
    """The fields that must be set after the class has made the object again, and a lost attribute.

    `held` are the values of the fields. The object is made here to find these fields. If that runs
    code of the user, it gets copies. The second result is the name of an attribute that is no field
    and would be lost, None if there is none. Raises Lost if the object cannot be made.
    """
    for name in facts.given:
        if name not in held:
            raise Lost(f"whose field {name!r} is not set: set it")
    given = {name: held[name] for name in facts.given}
    try:
        made = type(value)(**(given if facts.is_generated else copy.deepcopy(given)))
    except Exception as error:  # the user's class
        raise Lost(
            f"which cannot be made again from its fields ({type(error).__name__}: {error}): "
            "convert it to a dict"
        ) from error
    for name in facts.names - held.keys():
        if hasattr(made, name):
            raise Lost(f"whose field {name!r} is not set: set it")
    later = [
        name
        for name, item in held.items()
        if name not in given or not _same(getattr(made, name, _MISSING), item)
    ]
    return later, _lost_attribute(value, made, facts.names)


def _is_generated(kind: type) -> bool:
    """Whether making an object of `kind` runs no code of the user except default factories."""
    if hasattr(kind, "__post_init__") or _overrides(kind, "__new__"):
        return False
    methods = (kind.__init__, kind.__setattr__)  # type: ignore[misc]
    return all(
        method in (object.__init__, object.__setattr__) or _is_of_dataclasses(method)
        for method in methods
    )


def _overrides(kind: type, name: str) -> bool:
    """Whether `kind` overrides the method of `object`."""
    return any(name in vars(base) for base in kind.__mro__[:-1])


def _is_of_dataclasses(method: Any) -> bool:
    """Whether `dataclasses` generated it. Generated code has no file."""
    return getattr(getattr(method, "__code__", None), "co_filename", "") == "<string>"


def _lost_attribute(value: Any, made: Any, fields: frozenset[str]) -> str | None:
    """An attribute of `value` that is no field and differs in `made`. Caches do not count."""
    for name, item in getattr(value, "__dict__", {}).items():
        is_cached = isinstance(getattr(type(value), name, None), functools.cached_property)
        if name in fields or name.startswith("_") or is_cached:
            continue
        other = vars(made).get(name, _MISSING)
        by_identity = not _overrides(type(item), "__eq__") and type(item) is type(other)
        if not by_identity and not _same(other, item):
            return str(name)
    return None


def _same(one: Any, other: Any) -> bool:
    try:
        return one is other or (type(one) is type(other) and bool(one == other))
    except Exception:  # the user's class
        return False


# -- classes ------------------------------------------------------------------------------


def check_class(kind: type) -> None:
    """Raises Lost if a reader would not find `kind` by its name."""
    if "<locals>" in kind.__qualname__:
        raise Lost("whose class is defined in a function: define it in a module")
    if kind.__module__ in MAIN_NAMES:
        return  # the reader's own script may have it
    try:
        found = class_named(kind.__module__, kind.__qualname__)
    except Exception:  # the import of a user's module
        found = None
    if not isinstance(found, type) or "-" in kind.__qualname__:
        raise Lost("whose class is not found by its name: define it in a module under that name")


def kind_of(value: Any) -> str:
    """The name of the type of `value` in a user's code: `int`, `pandas.Timestamp`."""
    kind = type(value)
    module, name = kind.__module__, kind.__qualname__
    top = module.partition(".")[0]
    if getattr(sys.modules.get(top), name, None) is kind:
        module = top
    return name if module == "builtins" else f"{module}.{name}"


def short(value: Any) -> str:
    """The repr of `value`, or its first 40 characters. Its type if its repr raises."""
    try:
        text = repr(value)
    except Exception:  # the user's class, or an int with too many digits
        text = f"<{kind_of(value)}>"
    return text if len(text) <= 40 else f"{text[:40]}..."
