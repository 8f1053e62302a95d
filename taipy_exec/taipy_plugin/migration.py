"""Turns a Taipy program into an equivalent config.toml, which needs no Taipy."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.export import write_toml
from taipy_exec.config.layers import Sections, layer_from_toml
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.secrets import is_secret
from taipy_exec.config.taipy_program import imports_taipy
from taipy_exec.config.toml_file import TomlFile
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.data.node import DataNodeRef
from taipy_exec.data.registry import storage_type
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.extraction import extract

_FOLDER = "defaults"
# Keys that belong to one run or to Taipy's version.
_DROPPED = {"CORE": ("core_version", "version_number")}
_PLAIN = (bool, int, float, str, dt.datetime, dt.timedelta)


@dataclass(slots=True, kw_only=True)
class Migration:
    """The files that were written, and notes for the user."""

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def planned_files(main: Path, folder: Path) -> list[Path]:
    """The files that a migration may replace."""
    return [folder / "config.toml", folder / _tasks_file(main)]


def migrate(main: Path, folder: Path) -> Migration:
    """Write the configuration of the program, which is imported already, to `folder`.

    Raises ConfigurationError if a file cannot be written.
    """
    found = Migration()
    sections = _sections(main)
    module = _module_of_functions(main, folder, sections, found)
    for section in sections.values():
        for entry in section.values():
            for key, value in entry.items():
                entry[key] = _renamed(value, module)
    _add_default_data(sections, folder, found)
    found.notes += _told_secrets(sections)
    write_toml(folder / "config.toml", sections)
    found.files.insert(0, folder / "config.toml")
    return found


def _sections(main: Path) -> Sections:
    """The configuration that applies, without Taipy's own defaults."""
    values, unsaid = internals.configuration_values(), internals.default_values()
    said = {
        name: _without(section, unsaid.get(name, {}), _DROPPED.get(name, ()))
        for name, section in values.items()
    }
    return layer_from_toml(
        TomlFile(path=main, values={name: section for name, section in said.items() if section})
    ).sections


def _without(
    section: Mapping[str, Any], unsaid: Mapping[str, Any], dropped: tuple[str, ...]
) -> dict[str, Any]:
    """The keys of a section, or of its entries, that differ from Taipy's own `default`."""
    found: dict[str, Any] = {}
    default = unsaid.get("default", {})
    for key, value in section.items():
        if isinstance(value, dict) and not (key == "default" and value == default):
            found[key] = {
                name: item
                for name, item in value.items()
                if name != "default_data" and (key == "default" or default.get(name) != item)
            }
        elif not isinstance(value, dict) and key not in dropped and unsaid.get(key) != value:
            found[key] = value
    return found


def _told_secrets(sections: Sections) -> list[str]:
    """Notes on secrets: more people can read a file than the memory of a program."""
    return [
        f"config.toml holds {key} of {section}{f'.{id}' if id else ''} as it is: write "
        f'{key} = "ENV[NAME]" and set that variable'
        for section, entries in sections.items()
        for id, entry in entries.items()
        for key, value in entry.items()
        if is_secret(key) and isinstance(value, str) and value
    ]


def _module_of_functions(main: Path, folder: Path, sections: Sections, found: Migration) -> str:
    """The name of the module from which the functions of the program's own file are imported."""
    paths = [value.path for value in _references(sections)]
    names = {path.partition(".")[2] for path in paths if path.startswith(_MAIN_PREFIXES)}
    if not names:
        return main.stem
    source = main.read_text(encoding="utf-8")
    if not imports_taipy(ast.parse(source)):
        return main.stem
    text = extract(source, sorted(names))
    if text is None:
        found.notes.append(
            f"{', '.join(sorted(names))} use something of Taipy in {main.name}, and so need Taipy: "
            "move what they use to a module that does not import it"
        )
        return main.stem
    path = folder / _tasks_file(main)
    head = f'"""The functions of {main.name}, without Taipy; written by taipy-exec init."""\n\n'
    path.write_text(head + text, encoding="utf-8")
    found.files.append(path)
    return path.stem


_MAIN_PREFIXES = tuple(f"{name}." for name in MAIN_NAMES)


def _tasks_file(main: Path) -> str:
    return f"{main.stem}_tasks.py".replace("-", "_").replace(" ", "_")


def _references(value: Any) -> list[Any]:
    if isinstance(value, FunctionRef | ClassRef):
        return [value]
    if isinstance(value, Mapping):
        return [ref for item in value.values() for ref in _references(item)]
    if isinstance(value, list | tuple):
        return [ref for item in value for ref in _references(item)]
    return []


def _renamed(value: Any, module: str) -> Any:
    """`value`, in which functions and classes of the main script belong to `module`."""
    if isinstance(value, FunctionRef | ClassRef):
        first, _, rest = value.path.partition(".")
        return type(value)(f"{module}.{rest}") if first in MAIN_NAMES else value
    if isinstance(value, Mapping):
        return {key: _renamed(item, module) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item, module) for item in value]
    return value


# -- default data ---------------------------------------------------------------------------


def _add_default_data(sections: Sections, folder: Path, found: Migration) -> None:
    nodes = sections.get("DATA_NODE", {})
    for id, value in internals.default_data().items():
        if id not in nodes:
            continue
        if _is_plain(value):
            nodes[id]["default_data"] = value
        else:
            _write_default(id, nodes[id], value, folder, found)


def _is_plain(value: Any) -> bool:
    """Whether a TOML file can hold the value and gives it back unchanged."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is dt.timedelta:
        return not value.microseconds
    return type(value) in _PLAIN


def _write_default(
    id: str, entry: dict[str, Any], value: Any, folder: Path, found: Migration
) -> None:
    """Store the value in a file, which the data node reads first."""
    kind = entry.get("storage_type", "pickle")
    extension = storage_type(kind).extension
    given = entry.get("path") or entry.get("default_path")
    path = Path(given) if given else Path(_FOLDER, f"{id}.{extension}")
    try:
        if extension is None:
            raise ValueError(f"a {kind} data node has no file")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        config = DataNodeConfig(id=id, storage_type=kind, properties=entry)
        DataNodeRef(id=id, config=config, path=folder / path).write(value)
    except Exception as error:
        found.notes.append(
            f"the default data of {id} is left out, because it cannot be written ({error}): write "
            f"it first with taipy-exec data write {id}, or let a task make it"
        )
        return
    found.files.append(folder / path)
    if not given:
        entry["default_path"] = str(path)
        found.notes.append(
            f"the default data of {id} is in {path}, which all scenarios share now: use --set to "
            "start a run with another value"
        )
