"""Keeping the state open by a process of its own, where user code runs in the coordinator's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

from taipy_exec.store import keeper

_END_SECONDS = 5.0


class Keeper:
    """A child that holds SQLite's locks on the state; it ends with this process, however that ends.

    Where no process can be started there is none: it only protects from what jobs seldom do.
    """

    def __init__(self, database: Path) -> None:
        uri = f"{database.absolute().as_uri()}?mode=rw"
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, uri],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            self._process = None

    def wait(self) -> None:
        """Return once it holds the locks, or has ended because it could not."""
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.read(1)
            self._process.stdout.close()

    def close(self) -> None:
        """End it."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def pipe(self) -> IO[bytes] | None:
        """What ends it when it is closed: a copy of this process must not hold it open."""
        return None if self._process is None else self._process.stdin
