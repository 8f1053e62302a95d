"""A process that keeps the state open while user code runs in the coordinator's process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

from taipy_exec.store import keeper

_END_SECONDS = 5.0


class Keeper:
    """A child that holds SQLite's locks on the state; it ends when this process ends or dies.

    If no process can be started, there is none: it only protects from what jobs rarely do.
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
        """Return when the child holds the locks, or has ended because it could not get them."""
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.read(1)
            self._process.stdout.close()

    def close(self) -> None:
        """End the child."""
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
        """Closing this pipe ends the child: a copy of this process must not hold it open."""
        return None if self._process is None else self._process.stdin
