"""Check properties of tables: exposed types, parquet's options, sheets of a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.problem import nearest
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES

EXPOSED_TYPES = ("pandas", "numpy", "polars", "pyarrow")
_WANTED = f'use {", ".join(EXPOSED_TYPES)} or a class such as "module.Name:class"'
_CHOICES = {
    "engine": ("pyarrow", "fastparquet"),
    "compression": ("snappy", "gzip", "brotli", "none"),
}
_LONGEST_NAME = 31
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")

Finding = tuple[str, str, Any]  # key, message, value


def table_problems(node: DataNodeConfig) -> Iterator[Finding]:
    """The problems of the properties of `node` that concern tables."""
    known = STORAGE_PROPERTIES.get(node.storage_type, {})
    if "exposed_type" in known:
        yield from _exposed_type(node)
    if "index" in known:
        yield from _index(node)
    if node.storage_type == "parquet":
        yield from _parquet(node)
    if node.storage_type == "excel":
        yield from _sheets(node)


def wrong_sheet_name(name: Any, others: Iterable[Any]) -> str | None:
    """The rule for names of sheets that `name` breaks. `others` are the names before it."""
    if not isinstance(name, str) or not name:
        return "a text of at least one character"
    if len(name) > _LONGEST_NAME:
        return f"at most {_LONGEST_NAME} characters long, not {len(name)}"
    if _NOT_IN_A_NAME.search(name):
        return r"without [ ] : * ? / \ and control characters"
    if name.startswith("'") or name.endswith("'"):
        return "without ' at its start and end"
    if name.casefold() in {str(other).casefold() for other in others}:
        return "different from the names before it: Excel ignores upper and lower case"
    return None


def _exposed_type(node: DataNodeConfig) -> Iterator[Finding]:
    exposed = node.properties.get("exposed_type")
    parts: Iterable[Any] = (exposed,)
    if node.storage_type == "excel" and isinstance(exposed, Mapping):
        parts = exposed.values()
    elif node.storage_type == "excel" and isinstance(exposed, list | tuple):
        parts = exposed
        named = node.properties.get("sheet_name")
        sheets = [named] if isinstance(named, str) else named
        if isinstance(sheets, list | tuple) and sheets and len(sheets) != len(exposed):
            yield (
                "exposed_type",
                f"{len(exposed)} types for {len(sheets)} sheets: give one each, or a table of "
                "sheet to type",
                exposed,
            )
    for part in parts:
        if isinstance(part, str) and part not in EXPOSED_TYPES:
            hint = nearest(part, EXPOSED_TYPES)
            yield "exposed_type", f"unknown exposed type {part!r}; {_WANTED}{hint}", part
        elif part is not None and not isinstance(part, str | type | ClassRef | FunctionRef):
            yield "exposed_type", f"{part!r} is no exposed type; {_WANTED}", part


def _index(node: DataNodeConfig) -> Iterator[Finding]:
    value = node.properties.get("index")
    if value is not None and (not isinstance(value, int) or value < 0):
        yield "index", f"must be true, false or how many levels the index has, not {value!r}", value


def _parquet(node: DataNodeConfig) -> Iterator[Finding]:
    for key, choices in _CHOICES.items():
        value = node.properties.get(key)
        if value is not None and value not in choices:
            hint = nearest(value, choices) if isinstance(value, str) else ""
            yield key, f"unknown {key} {value!r}; use {', '.join(choices)}{hint}", value
    for key in ("read_kwargs", "write_kwargs"):
        value = node.properties.get(key)
        if value is not None and not isinstance(value, Mapping):
            yield key, f"must be a table of arguments, not {value!r}", value


def _sheets(node: DataNodeConfig) -> Iterator[Finding]:
    value = node.properties.get("sheet_name")
    if value is None:
        return
    if not isinstance(value, str | list | tuple) or value == "":
        yield "sheet_name", f"must be the name of a sheet or a list of names, not {value!r}", value
        return
    names = [value] if isinstance(value, str) else value
    for place, name in enumerate(names):
        wrong = wrong_sheet_name(name, names[:place])
        if wrong:
            yield "sheet_name", f"{name!r} is no name of a sheet: it must be {wrong}", name
