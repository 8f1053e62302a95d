"""Layers of raw configuration and how a later one overrides an earlier one, key by key."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taipy_exec.config.problem import Level, Problem, nearest
from taipy_exec.config.secrets import masked
from taipy_exec.config.toml_file import TomlFile
from taipy_exec.config.typed_text import parse_all
from taipy_exec.config.vocabulary import (
    FLAT_SECTIONS,
    FOREIGN_SECTIONS,
    SECTIONS,
)

# section -> id ("" for TAIPY, JOB and CORE) -> key -> value with parsed typed strings
Sections = dict[str, dict[str, dict[str, Any]]]


@dataclass(slots=True)
class Layer:
    """The keys of one source, without defaults."""

    sections: Sections = field(default_factory=dict)
    file: TomlFile | None = None
    problems: list[Problem] = field(default_factory=list)

    def entry(self, section: str, id: str = "") -> dict[str, Any]:
        """The keys of one entry, made if absent."""
        return self.sections.setdefault(section, {}).setdefault(id, {})


@dataclass(slots=True)
class Merged:
    """All layers on top of each other, with the layer that each key came from."""

    sections: Sections = field(default_factory=dict)
    origin: dict[tuple[str, str, str], TomlFile | None] = field(default_factory=dict)
    files: list[TomlFile] = field(default_factory=list)

    def problem(
        self,
        section: str,
        id: str,
        key: str | None,
        message: str,
        *,
        level: Level = Level.ERROR,
        value: object = None,
    ) -> Problem:
        """A finding with the file and line that `section`, `id` and `key` came from."""
        file = self.origin.get((section, id, key or ""))
        if file is None and (section, id, key) not in self.origin:
            wanted = (section, id) if id else (section,)
            file = next((f for f in reversed(self.files) if wanted in f.lines), None)
        names = (section, id or None, key)
        return Problem(
            message=message,
            level=level,
            file=str(file.path) if file else None,
            line=file.line(*names) if file else None,
            section=section,
            id=id or None,
            field=key,
            value=masked(value, key),
        )


def layer_from_toml(file: TomlFile) -> Layer:
    """Sort a file's tables into sections. An unknown table becomes a warning."""
    layer = Layer(file=file)
    for section, content in file.values.items():
        if section in FOREIGN_SECTIONS:
            continue
        if section not in SECTIONS:
            layer.problems.append(_unknown_section(file, section, content))
        elif not isinstance(content, Mapping):
            layer.problems.append(
                Problem(
                    message=f"{section} must be a table, written [{section}]",
                    file=str(file.path),
                    line=file.line(section),
                    section=section,
                    value=content,
                )
            )
        elif section in FLAT_SECTIONS:
            layer.entry(section).update(_parsed(content))
        else:
            _add_entries(layer, file, section, content)
    return layer


def _parsed(content: Mapping[str, object]) -> dict[str, Any]:
    return {key: parse_all(value) for key, value in content.items()}


def _add_entries(layer: Layer, file: TomlFile, section: str, content: Mapping[str, object]) -> None:
    for id, keys in content.items():
        if isinstance(keys, Mapping):
            parsed = _parsed(keys)
            parsed.pop("id", None)
            layer.entry(section, id).update(parsed)
        else:
            layer.problems.append(
                Problem(
                    message=f"{id!r} is directly under [{section}]; "
                    f"put it into a table [{section}.name]",
                    file=str(file.path),
                    line=file.line(section, id),
                    section=section,
                    field=id,
                    value=keys,
                )
            )


def _unknown_section(file: TomlFile, section: str, content: object) -> Problem:
    if section == "PIPELINE":
        message = "[PIPELINE] is of Taipy 2 and is ignored; list tasks in [SCENARIO.name]"
    else:
        known = nearest(section, SECTIONS) or nearest(section.upper(), SECTIONS)
        message = f"unknown section {section!r} is ignored{known}"
    return Problem(
        message=message,
        level=Level.WARNING,
        file=str(file.path),
        line=file.line(section),
        section=section if isinstance(content, Mapping) else None,
        field=None if isinstance(content, Mapping) else section,
    )


def merge(layers: list[Layer]) -> Merged:
    """Apply `layers` in order: a later key replaces an earlier one, an absent key nothing.

    Lists and tables are replaced as a whole; CORE.repository_properties is merged, as in Taipy.
    """
    merged = Merged(files=[layer.file for layer in layers if layer.file])
    for layer in layers:
        for section, entries in layer.sections.items():
            for id, keys in entries.items():
                target = merged.sections.setdefault(section, {}).setdefault(id, {})
                for key, value in keys.items():
                    before = target.get(key)
                    if key == "repository_properties" and isinstance(before, dict):
                        value = {**before, **value}
                    target[key] = value
                    merged.origin[section, id, key] = layer.file
    return merged


def copy_layer(layer: Layer) -> Layer:
    """A layer whose entries can be changed without changing `layer`."""
    sections = {
        section: {id: copy.copy(keys) for id, keys in entries.items()}
        for section, entries in layer.sections.items()
    }
    return Layer(sections=sections, file=layer.file, problems=list(layer.problems))
