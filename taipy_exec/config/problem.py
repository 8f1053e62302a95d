"""A finding about the configuration, with its place."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Level(enum.StrEnum):
    """The severity of a finding: only an ERROR refuses the application."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. `file` and `line` are None for a configuration in Python.

    `excerpt` are lines of the file that show the place. `traceback` is that of the user's code.
    Both are for people only. `failed_module` is the module that cannot be imported.
    """

    message: str
    level: Level = Level.ERROR
    file: str | None = None
    line: int | None = None
    section: str | None = None
    id: str | None = None
    field: str | None = None
    value: object = None
    excerpt: str | None = None
    traceback: str | None = None
    failed_module: str | None = None

    def as_json(self) -> dict[str, object]:
        """The object of `check --json`; a value that JSON does not know is given as text."""
        plain = isinstance(self.value, str | int | float | bool | type(None))
        return {
            "level": self.level.value,
            "file": self.file,
            "line": self.line,
            "section": self.section,
            "id": self.id,
            "field": self.field,
            "value": self.value if plain else repr(self.value),
            "message": self.message,
        }

    @property
    def place(self) -> str:
        """Where it is: `config.toml:12 [TASK.t] function`."""
        parts = []
        if self.file:
            parts.append(self.file if self.line is None else f"{self.file}:{self.line}")
        if self.section:
            parts.append(f"[{self.section}{'.' + self.id if self.id else ''}]")
        if self.field:
            parts.append(self.field)
        return " ".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` if a known word is close to `word`; if not, nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""


def a(name: str) -> str:
    """`name` with its article."""
    return f"an {name}" if name[:1] in "aeioAEIO" else f"a {name}"
