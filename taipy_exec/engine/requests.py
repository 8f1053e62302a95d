"""Requests of other processes to a coordinator, sent through the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from taipy_exec.store.store import Store

_UNKNOWN = -1


class Asked(NamedTuple):
    """`cancels`: (submission, job) pairs, the job None for all. `paused`: ids of submissions."""

    cancels: list[tuple[str, str | None]]
    paused: set[str]


class Requests:
    """Reads requests only if another process has written to the store since the last time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = _UNKNOWN

    def take(self, submissions: Iterable[str], *, anyway: bool = False) -> Asked | None:
        """The new requests for these submissions, once; None if none can be new.

        `anyway`: read the requests even if no other process has written since.
        """
        version = self._store.data_version()
        if version == self._version and not anyway:
            return None
        self._version = version
        return Asked(self._store.take_requests(submissions), self._store.paused_submissions())
