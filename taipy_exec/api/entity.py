"""The base of all entities of the API, with an id, a label and properties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self

from taipy_exec.api.properties import REMOVED, Properties, decoded, encoded
from taipy_exec.api.service import Service


def utc(seconds: float | None) -> dt.datetime | None:
    """A stored time as an aware datetime."""
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def entity_of(id: str) -> Any:
    """The entity with this id; None if it does not exist any more."""
    from taipy_exec.api.entities import find

    return find(id)


class Entity:
    """An entity, compared and hashed by its id.

    `with entity:` holds changes back until the block ends, and then stores them.
    """

    id: str
    # The name of entities of this type in `get_parents`.
    group: ClassVar[str]
    # Within a `with` block: the properties to change, and the other actions to take.
    _pending: dict[str, Any] | None = None
    _postponed: list[Callable[[], None]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        shown = self._shown_status()
        return f"<{type(self).__name__} {self.id}{f' {shown}' if shown else ''}>"

    def _shown_status(self) -> str:
        """The text that follows its id when a program prints it."""
        return ""

    # -- edit contexts ----------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._pending = {}
        self._postponed = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.save()
        self._pending = None

    def save(self) -> None:
        """Store the changes that a `with` block has held back so far."""
        if self._pending is None:
            return
        pending, self._pending = self._pending, {}
        postponed, self._postponed = self._postponed, []
        if pending:
            self._store_properties(pending)
        for act in postponed:
            act()

    def _do(self, act: Callable[[], None]) -> None:
        """Make a change now, or at the end of the `with` block."""
        if self._pending is None:
            act()
        else:
            self._postponed.append(act)

    # -- properties -------------------------------------------------------------------------

    @property
    def owner_id(self) -> str | None:
        """The id of the scenario or cycle that owns it."""
        return None

    @property
    def properties(self) -> Properties:
        """The properties of the configuration, with the changes that programs have made.

        A change is stored at once. Raises UsageError for a value that cannot be stored.
        """
        return Properties(self._properties(), self._change_properties)

    def _given_properties(self) -> dict[str, Any]:
        """The properties that the entity has by itself."""
        return {}

    def _properties(self) -> dict[str, Any]:
        found = self._given_properties()
        for name, text in Service.latest().store.properties(self.id).items():
            found[name] = REMOVED if text is None else decoded(text)
        found.update(self._pending or {})
        return {name: value for name, value in found.items() if value is not REMOVED}

    def _change_properties(self, changes: Mapping[str, Any]) -> None:
        if self._pending is None:
            self._store_properties(changes)
        else:
            self._pending.update(changes)

    def _store_properties(self, changes: Mapping[str, Any]) -> None:
        given = self._given_properties()
        stored = {
            name: None if value is REMOVED else encoded(name, value)
            for name, value in changes.items()
            if value is not REMOVED or name in given
        }
        forgotten = [name for name in changes if name not in stored]
        owner = self._property_owner
        Service.latest().store.change_properties(self.id, owner, stored, forgotten)

    @property
    def _property_owner(self) -> str:
        """The entity whose end removes its properties: scenario instance, cycle, or none ("")."""
        return self.owner_id or ""

    # -- labels -----------------------------------------------------------------------------

    def get_label(self) -> str:
        """The property `label`, or its simple label after that of its owner."""
        explicit = self._explicit_label
        if explicit:
            return explicit
        owner = entity_of(self.owner_id) if self.owner_id else None
        return f"{owner.get_label()} > {self._plain_label}" if owner else self._plain_label

    def get_simple_label(self) -> str:
        """The property `label`, or its name, or the id of its configuration."""
        return self._explicit_label or self._plain_label

    @property
    def _explicit_label(self) -> str | None:
        return self._properties().get("label")

    @property
    def _plain_label(self) -> str:
        name = getattr(self, "name", None) or self._properties().get("name")
        return str(name or getattr(self, "config_id", None) or self.id)
