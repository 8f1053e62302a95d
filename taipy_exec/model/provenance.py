"""The provenance of a submission: code, versions, machine, user and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# Keys in the properties of a submission: the command line, and the data found at the submit.
COMMAND = "command"
PROVENANCE = "provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The sources and the environment of a submission; an unknown part is empty, or None.

    `commit` is that of the git repository that holds the application; `changed` names files there
    that differed from it, at most a few of them. `changes` counts all of them; it is None if git
    did not answer. `packages` are the versions of the distributions that the application's own
    modules import.
    """

    command: str = ""
    user: str = ""
    host: str = ""
    python: str = ""
    taipy_exec: str = ""
    platform: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    branch: str | None = None
    changes: int | None = None
    changed: tuple[str, ...] = ()

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self | None:
        """Read it from the properties of a submission; None for one of an older version."""
        found = properties.get(PROVENANCE)
        command = properties.get(COMMAND)
        if not isinstance(found, Mapping):
            return cls(command=str(command)) if command else None
        packages, changed = found.get("packages"), found.get("changed")
        changes = found.get("changes")
        return cls(
            command=str(command or ""),
            **{name: str(found.get(name) or "") for name in _TEXTS},
            packages={str(k): str(v) for k, v in packages.items()}
            if isinstance(packages, Mapping)
            else {},
            commit=_maybe(found.get("commit")),
            branch=_maybe(found.get("branch")),
            changes=changes if isinstance(changes, int) else None,
            changed=tuple(map(str, changed)) if isinstance(changed, list | tuple) else (),
        )

    def as_property(self) -> dict[str, object]:
        """Its form in the properties, without the command."""
        fields: dict[str, object] = {name: getattr(self, name) for name in _TEXTS}
        fields |= {"packages": dict(self.packages), "commit": self.commit, "branch": self.branch}
        return {**fields, "changes": self.changes, "changed": list(self.changed)}

    def as_json(self) -> dict[str, object]:
        """The `provenance` object of the JSON contract."""
        git = None
        if self.commit:
            git = {
                "commit": self.commit,
                "branch": self.branch,
                "clean": None if self.changes is None else not self.changes,
                "changed": list(self.changed),
            }
        return {
            "command": self.command or None,
            **{name: getattr(self, name) or None for name in _TEXTS},
            "packages": dict(self.packages),
            "git": git,
        }


_TEXTS = ("user", "host", "python", "taipy_exec", "platform")


def _maybe(value: object) -> str | None:
    return str(value) if value else None
