"""Write a configuration as Taipy writes it, and keep the comments of an existing file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from taipy_exec.config.layers import Sections
from taipy_exec.config.typed_text import render
from taipy_exec.config.vocabulary import ENTRY_SECTIONS, FLAT_SECTIONS
from taipy_exec.errors import ConfigurationError

_LISTS = {
    "TASK": ("inputs", "outputs"),
    "SCENARIO": ("tasks", "additional_data_nodes"),
}


def as_toml_values(sections: Sections) -> dict[str, Any]:
    """Plain tables, lists and typed strings, in the order that Taipy needs to load them.

    Raises ConfigurationError for values that a file cannot name, such as a lambda.
    """
    document: dict[str, Any] = {"TAIPY": {}}
    for section in FLAT_SECTIONS:
        if section in sections:
            flat = _rendered(sections[section].get("", {}), f"[{section}]")
            document[section] = _tables_last(flat)
    for section in ENTRY_SECTIONS:
        entries = sections.get(section, {})
        if entries:
            document[section] = {id: _entry(section, id, keys) for id, keys in entries.items()}
    return document


def _entry(section: str, id: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in keys.items():
        if key in _LISTS.get(section, ()):
            found[key] = _references(value)
        elif section == "SCENARIO" and key == "sequences":
            found[key] = {name: _references(tasks) for name, tasks in value.items()}
        else:
            found[key] = _rendered(value, f"[{section}.{id}] {key}")
    for key in _LISTS.get(section, ()):
        found.setdefault(key, [])
    if section == "TASK":
        found.setdefault("skippable", render(False))
    if section == "SCENARIO":
        found.setdefault("comparators", {})
        found.setdefault("sequences", {})
    return _tables_last(found)


def _tables_last(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys before tables and lists of tables: a key after their header belongs to them."""
    pairs = [
        (key, _tables_last(value) if isinstance(value, Mapping) else value)
        for key, value in entry.items()
        if value is not None
    ]
    return dict(sorted(pairs, key=lambda item: _has_head(item[1])))


def _has_head(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _rendered(value: Any, place: str) -> Any:
    try:
        return render(value)
    except ValueError as error:
        raise ConfigurationError(
            f"{place}: {error}, and so cannot be written to a file",
            "give it a name at the top level of a module, and configure it by that name",
        ) from None


def _references(items: Any) -> list[str]:
    return [f"{getattr(item, 'id', item)}:SECTION" for item in items]


def write_toml(path: Path, sections: Sections) -> None:
    """Write `sections` to `path`. An existing file keeps its comments and its order.

    Raises ConfigurationError if the file cannot be written, or cannot name a value.
    """
    values = as_toml_values(sections)
    try:
        former = path.read_text(encoding="utf-8") if path.exists() else ""
        document = tomlkit.parse(former)
        _update(document, values)
        text = tomlkit.dumps(document)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.object[error.start : error.end]!r} is no character"
            " of a text file"
        ) from None
    except tomlkit.exceptions.TOMLKitError as error:
        raise ConfigurationError(
            f"{path} exists and is not valid TOML ({error})", "move it away first"
        ) from None


def _update(target: Any, values: Mapping[str, Any]) -> None:
    """Give `target` the contents of `values`, and change only the differences."""
    for key in [key for key in target if key not in values]:
        del target[key]
    for key, value in values.items():
        if isinstance(value, Mapping):
            if not isinstance(target.get(key), Mapping):
                target[key] = tomlkit.table(is_super_table=_only_tables(value))
            _update(target[key], value)
        elif key not in target or target[key] != value:
            target[key] = value


def _only_tables(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(item, Mapping) for item in value.values())
