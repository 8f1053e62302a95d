"""Plug-ins: other distributions add modes and storage types by entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any


@cache
def plug_ins(group: str) -> EntryPoints:
    """The entry points of a group, as they were at the first call for any group."""
    return _all().select(group=group)  # type: ignore[no-any-return]


@cache
def _all() -> Any:
    # This reads a file of every installed distribution, whatever the group.
    return entry_points()
