"""How far running jobs are, read from the ends of their logs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from taipy_exec.execution.progress import TAIL, progress_in
from taipy_exec.model.job import JobRecord
from taipy_exec.store.logs import log_path
from taipy_exec.visible_text import one_line, uncoloured

# The result of reading a log is used again for so many seconds.
_LOOK_SECONDS = 0.5


class JobProgress:
    """Looks at the logs of jobs below a state folder, each at most twice a second."""

    def __init__(self, folder: Path, redacted: Callable[[str], str]) -> None:
        self._folder = folder
        self._redacted = redacted
        self._seen: dict[str, tuple[float, str]] = {}

    def __call__(self, job: JobRecord) -> str:
        """The progress that a running job reports, on one line; empty if it reports none."""
        now = time.monotonic()
        known = self._seen.get(job.id)
        if known is not None and now - known[0] < _LOOK_SECONDS:
            return known[1]
        tail = _tail(log_path(self._folder, job.submission, job.id))
        text = one_line(uncoloured(self._redacted(progress_in(tail))))
        self._seen[job.id] = now, text
        return text


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - TAIL, 0))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
