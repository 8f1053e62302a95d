"""Taipy's typed strings: `"8:int"`, `"pkg.fn:function"`, `"ENV[NAME]:bool"` and back.

The rules are those of Taipy 4.1.1. docs/config.md lists the differences.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taipy_exec.config.reference import ClassRef, FunctionRef


class Scope(enum.Enum):
    """How far a data node is shared, with Taipy's values."""

    SCENARIO = 1
    CYCLE = 2
    GLOBAL = 3


class Frequency(enum.Enum):
    """How long a cycle of a scenario is, with Taipy's values."""

    DAILY = 1
    WEEKLY = 2
    MONTHLY = 3
    QUARTERLY = 4
    YEARLY = 5


@dataclass(frozen=True, slots=True)
class EnvTemplate:
    """`ENV[name]` or `ENV[name]:type`: the value of an environment variable, read at load."""

    name: str
    type: str | None = None

    def __str__(self) -> str:
        return f"ENV[{self.name}]" + (f":{self.type}" if self.type else "")


@dataclass(frozen=True, slots=True)
class Invalid:
    """A text that claims a type it does not have. `message` shows the right form."""

    text: str
    message: str


_TYPED = re.compile(
    r"(.+):(bool|int|float|str|datetime|timedelta|function|class|SECTION|SCOPE|FREQUENCY)"
)
_ENV = re.compile(r"ENV\[([a-zA-Z_]\w*)\](?::(bool|int|float|str))?")
_DELTA = re.compile(
    r"\s*(?:(-?[\d.]+)\s*d)?\s*(?:(-?[\d.]+)\s*h)?"
    r"\s*(?:(-?[\d.]+)\s*m)?\s*(?:(-?[\d.]+)\s*s)?\s*"
)


def parse(text: str) -> object:
    """The value of `text`; `Invalid` if the text cannot be converted."""
    template = env_template(text)
    if template:
        return template
    typed = _TYPED.fullmatch(text)
    if not typed:
        return text
    try:
        return _CONVERT[typed[2]](typed[1])
    except (ValueError, KeyError, OverflowError) as error:
        return Invalid(text, f"{typed[1]!r} is not {_WHAT[typed[2]]}{_detail(error)}")


def env_template(text: str) -> EnvTemplate | None:
    """The template, if the whole of `text` is one."""
    found = _ENV.fullmatch(text)
    return EnvTemplate(found[1], found[2]) if found else None


def parse_all(value: object) -> object:
    """`parse` for every text in `value`, through arrays and tables."""
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, list):
        return [parse_all(item) for item in value]
    if isinstance(value, Mapping):
        return {key: parse_all(item) for key, item in value.items()}
    return value


def resolve_env(template: EnvTemplate, environ: Mapping[str, str]) -> object:
    """The value of the variable that `template` names, or `Invalid` with the problem."""
    text = environ.get(template.name)
    if text is None:
        return Invalid(str(template), f"the environment variable {template.name} is not set")
    if template.type is None:
        return text
    try:
        return _CONVERT[template.type](text)
    except ValueError:
        return Invalid(
            str(template),
            f"the environment variable {template.name} holds {text!r}, "
            f"which is not {_WHAT[template.type]}",
        )


def render(value: object) -> Any:
    """The inverse of `parse_all`, as Taipy writes it: a value that TOML can hold.

    As in Taipy's own files, None entries of tables are left out, a None in a list becomes the
    text "None", and tuples and sets become arrays. A text that only looks typed gets `:str`. A
    timedelta keeps its parts of a second, which Taipy can read. A date stays a date.

    Raises ValueError for a callable that has no name, such as a lambda.
    """
    if isinstance(value, str):
        return f"{value}:str" if _TYPED.fullmatch(value) and not env_template(value) else value
    if value is None or type(value) is dt.date or (type(value) is dt.time and not value.tzinfo):
        return value
    if isinstance(value, Mapping):
        return {str(k): render(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return ["None" if item is None else render(item) for item in value]
    for kind, write in _RENDER:
        if isinstance(value, kind):
            return write(value)
    if callable(value):
        return _named(FunctionRef.of(value))
    return str(value)


def _named(function: FunctionRef) -> str:
    """A callable by its name. Raises ValueError if another process cannot find it by name."""
    if not function.is_importable:
        raise ValueError(f"{function.path} has no name in a module")
    return f"{function.path}:function"


def _named_class(value: type) -> str:
    name = FunctionRef.of(value)
    if not name.is_importable:
        raise ValueError(f"the class {name.path} has no name in a module")
    return f"{name.path.replace(':', '.')}:class"


def _to_bool(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError
    return lowered == "true"


def _to_timedelta(text: str) -> dt.timedelta:
    match = _DELTA.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _from_timedelta(delta: dt.timedelta) -> str:
    hours, rest = divmod(delta.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    part = f".{delta.microseconds:06d}".rstrip("0") if delta.microseconds else ""
    return f"{delta.days}d{hours}h{minutes}m{seconds}{part}s:timedelta"


def _detail(error: Exception) -> str:
    text = str(error)
    return f" ({text})" if text.startswith("expected") else ""


_CONVERT: dict[str, Callable[[str], object]] = {
    "bool": _to_bool,
    "int": int,
    "float": float,
    "str": str,
    "datetime": dt.datetime.fromisoformat,
    "timedelta": _to_timedelta,
    "function": FunctionRef.parse,
    "class": ClassRef.parse,
    "SECTION": str,
    "SCOPE": lambda text: Scope[text],
    "FREQUENCY": lambda text: Frequency[text],
}

_WHAT = {
    "bool": "a boolean (True or False)",
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "datetime": "a date and time such as 2024-01-02T03:04:05",
    "timedelta": "a duration such as 1d2h3m4s",
    "function": "a function's full name",
    "class": "a class's full name",
    "SECTION": "an id",
    "SCOPE": "a scope (SCENARIO, CYCLE or GLOBAL)",
    "FREQUENCY": "a frequency (DAILY, WEEKLY, MONTHLY, QUARTERLY or YEARLY)",
}

_RENDER: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (EnvTemplate, str),
    (Invalid, lambda value: value.text),
    (FunctionRef, lambda value: _named(value)),
    (ClassRef, lambda value: f"{value.path}:class"),
    (Scope, lambda value: f"{value.name}:SCOPE"),
    (Frequency, lambda value: f"{value.name}:FREQUENCY"),
    (bool, lambda value: f"{value}:bool"),
    (int, lambda value: f"{value}:int"),
    (float, lambda value: f"{value}:float"),
    (dt.datetime, lambda value: f"{value.isoformat()}:datetime"),
    (dt.timedelta, _from_timedelta),
    (type, lambda value: _named_class(value)),
)
