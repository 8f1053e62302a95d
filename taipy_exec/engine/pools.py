"""Named limits: how many jobs of a pool may run at once, counted over a state folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from taipy_exec.errors import StoreError

# How long a pool counts as full after other processes have filled it, before the next look.
_LOOK_SECONDS = 0.1


class Pools:
    """A place in a pool is a locked file, so the places of a dead process are free again.

    `limits` maps a pool's name to the number of its places. Only one thread may use it.
    """

    def __init__(self, folder: Path, limits: Mapping[str, int]) -> None:
        self._folder = folder
        self._limits = limits
        self._places: dict[str, tuple[str, int]] = {}
        self._used: dict[str, int] = dict.fromkeys(limits, 0)
        self._look_at: dict[str, float] = {}

    def enter(self, pool: str, job: str) -> bool:
        """Give the job a place, if there is one. A pool without a limit has room for all.

        Raises StoreError if the pool's files cannot be opened or locked.
        """
        if job in self._places or pool not in self._limits:
            return True
        now = time.monotonic()
        if self._used[pool] >= self._limits[pool] or now < self._look_at.get(pool, 0.0):
            return False
        try:
            place = self._lock(pool)
        except OSError as error:
            raise StoreError(
                f"the places of pool {pool!r} in {self._folder} cannot be locked: {error.strerror}",
                "give a writable folder with --state-dir or TAIPY_EXEC_STATE_DIR",
            ) from None
        if place is None:
            self._look_at[pool] = now + _LOOK_SECONDS
            return False
        self._places[job] = (pool, place)
        self._used[pool] += 1
        return True

    def leave(self, job: str) -> None:
        """Free the job's place, if it has one."""
        pool, place = self._places.pop(job, ("", -1))
        if pool:
            self._used[pool] -= 1
            # A process that was forked in the meantime has the file open too, and with it the lock.
            fcntl.flock(place, fcntl.LOCK_UN)
            os.close(place)

    def close(self) -> None:
        """Free all places."""
        for job in list(self._places):
            self.leave(job)

    def _lock(self, pool: str) -> int | None:
        self._folder.mkdir(exist_ok=True)
        for number in range(self._limits[pool]):
            path = self._folder / f"{quote(pool, safe='')}.{number}"
            place = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(place)
            except BaseException:
                os.close(place)
                raise
            else:
                return place
        return None
