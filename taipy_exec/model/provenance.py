"""With what a submission was made: code, versions, machine, person and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# In the properties of a submission: what is known when it is made, and what is found out then.
COMMAND = "command"
PROVENANCE = "provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a submission was made with; a part that nobody knows is empty, or None.

    `commit` is that of the git repository that holds the application; `changed` names files there
    that differed from it, at most a few of them, `changes` counts them all, and is None where git
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
        """What stands in the properties of a submission; None for one of a former version."""
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
        """As it stands in the properties, beside the command."""
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
