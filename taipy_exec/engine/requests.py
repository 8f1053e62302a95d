"""What other processes ask of a coordinator, by way of the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from taipy_exec.store.store import Store

_UNKNOWN = -1


class Asked(NamedTuple):
    """`cancels` are (submission, job) pairs, the job None for all; `paused` all that are to be."""

    cancels: list[tuple[str, str | None]]
    paused: set[str]


class Requests:
    """Looks only where somebody else has written to the store since the last time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = _UNKNOWN

    def take(self, submissions: Iterable[str], *, anyway: bool = False) -> Asked | None:
        """What is asked of these submissions, once; None where nothing can be new.

        `anyway`: look also where nobody has written since.
        """
        version = self._store.data_version()
        if version == self._version and not anyway:
            return None
        self._version = version
        return Asked(self._store.take_requests(submissions), self._store.paused_submissions())
