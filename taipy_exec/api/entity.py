"""What every entity of the API is: something with an id."""

from __future__ import annotations

import datetime as dt


def utc(seconds: float | None) -> dt.datetime | None:
    """A stored time as an aware datetime."""
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


class Entity:
    """Equal and hashed by its id."""

    id: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"
