"""Read the keys of one entry: values of the right type, existing references, or problems."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

from taipy_exec.config.layers import Merged
from taipy_exec.config.mapped import MAP
from taipy_exec.config.problem import Level, Problem, nearest
from taipy_exec.config.run_options import OPTIONS
from taipy_exec.config.typed_text import EnvTemplate, Invalid, env_template, resolve_env
from taipy_exec.config.vocabulary import FORBIDDEN_IN_IDS, KEYS

# Keys that count only in [JOB]. A mode may be a property of any entry.
_OF_JOB = {*KEYS["JOB"]} - {"mode", *KEYS["TASK"], *OPTIONS}


class Entries:
    """The entries of `merged`. Their problems are added to `problems`."""

    def __init__(self, merged: Merged, problems: list[Problem], environ: Mapping[str, str]) -> None:
        self.merged = merged
        self.problems = problems
        self.environ = environ

    def report(
        self,
        section: str,
        id: str,
        key: str | None,
        message: str,
        level: Level = Level.ERROR,
        value: object = None,
    ) -> None:
        self.problems.append(
            self.merged.problem(section, id, key, message, level=level, value=value)
        )

    def values(self, section: str, id: str) -> dict[str, Any]:
        """The entry's keys, with ENV templates resolved. Invalid values are reported, left out."""
        found = {}
        for key, raw in self.merged.sections.get(section, {}).get(id, {}).items():
            value, wrong = self._resolve(raw)
            for invalid in wrong:
                self.report(section, id, key, invalid.message, value=invalid.text)
            if not wrong:
                found[key] = value
        return found

    def _resolve(self, raw: Any) -> tuple[Any, list[Invalid]]:
        if isinstance(raw, str):
            # Texts of a file are already parsed. Texts given in Python may also be templates.
            raw = env_template(raw) or raw
        if isinstance(raw, EnvTemplate):
            raw = resolve_env(raw, self.environ)
        if isinstance(raw, Invalid):
            return None, [raw]
        if type(raw) is dict:
            pairs = {key: self._resolve(item) for key, item in raw.items()}
            wrong = [w for _, bad in pairs.values() for w in bad]
            return {key: value for key, (value, _) in pairs.items()}, wrong
        if type(raw) is list:
            items = [self._resolve(item) for item in raw]
            return [value for value, _ in items], [w for _, bad in items for w in bad]
        return raw, []

    def take(
        self,
        section: str,
        id: str,
        values: dict[str, Any],
        key: str,
        kinds: type | tuple[type, ...],
        wanted: str,
        default: Any,
    ) -> Any:
        """Pop `key`. If its value is not of `kinds`, report it and return the default."""
        value = values.pop(key, default)
        if value is default or value is None:
            return default
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            hint = _typed_hint(value, kinds)
            self.report(
                section, id, key, f"must be {wanted}, not {shown(value)}{hint}", value=value
            )
            return default
        return value

    def ids(self, section: str) -> list[str]:
        """The valid ids of a section. The others are reported."""
        valid = []
        for id in self.merged.sections.get(section, {}):
            wrong = _id_problem(id)
            if wrong:
                self.report(section, id, None, f"{id!r} is not a valid identifier: {wrong}")
            else:
                valid.append(id)
        return valid

    def warn_near_misses(self, section: str, id: str, extra: Iterable[str]) -> None:
        """Warn about an additional property that looks like a known key."""
        known = (*KEYS[section], *((*OPTIONS, MAP) if section == "TASK" else ()))
        for key in extra:
            hint = nearest(key, known) if key not in known else ""
            if section == "JOB" and key in OPTIONS:
                hint = ": it is for tasks, and for all of them under [TASK.default]"
            if key in ("input", "output"):
                hint = f" (did you mean '{key}s'?)"
            elif section != "JOB" and key in _OF_JOB:
                hint = f": {key} belongs in [JOB]"
            if hint:
                self.report(
                    section,
                    id,
                    key,
                    f"unknown key {key!r} is kept as a property{hint}",
                    Level.WARNING,
                )

    def references(
        self,
        section: str,
        id: str,
        values: dict[str, Any],
        key: str,
        known: Mapping[str, Any],
        what: str,
        field: str | None = None,
    ) -> tuple[Any, ...]:
        """The entries that a list of ids names, each once, in order."""
        names = values.pop(key, None)
        if names is None:
            return ()
        if isinstance(names, str):
            names = [names]
            self.report(
                section,
                id,
                field or key,
                f'must be a list: write ["{names[0]}:SECTION"]',
                value=names[0],
            )
        if not isinstance(names, list | tuple | set):
            self.report(
                section, id, field or key, f"must be a list, not {shown(names)}", value=names
            )
            return ()
        found: dict[str, Any] = {}
        for name in names:
            name = getattr(name, "id", name)
            if isinstance(name, str) and name in known and name != "default":
                found[name] = known[name]
            else:
                self.report(
                    section,
                    id,
                    field or key,
                    f"there is no {what} {name!r}{nearest(str(name), set(known) - {'default'})}",
                    value=name if isinstance(name, str) else None,
                )
        return tuple(found.values())


def _id_problem(id: str) -> str | None:
    if not id.isidentifier():
        return "use letters, digits and underscores, and no digit first"
    if keyword.iskeyword(id):
        return "it is a word of the Python language"
    for word in FORBIDDEN_IN_IDS:
        if word in id:
            return f"it may not contain {word}"
    return None


def _typed_hint(value: object, kinds: type | tuple[type, ...]) -> str:
    if not isinstance(value, str):
        return ""
    names: dict[type, str] = {int: "int", float: "float", bool: "bool"}
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        if kind in names:
            return f'; add the type, as in "{value}:{names[kind]}" or "ENV[NAME]:{names[kind]}"'
    return ""


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
