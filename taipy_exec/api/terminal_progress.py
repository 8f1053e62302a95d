"""Show on a terminal that a program still waits for a submission."""

from __future__ import annotations

import sys
import time

from taipy_exec.api.notebook import progress_text
from taipy_exec.config.environment_flag import is_set
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.views.words import duration
from taipy_exec.visible_text import one_line

_SECONDS = 30.0
# The setting that also makes the command line quiet.
_QUIET = "TAIPY_EXEC_QUIET"


class TerminalProgress:
    """A plain line on stderr at long intervals, if that is a terminal and quiet is off."""

    def __init__(self, record: SubmissionRecord) -> None:
        self._record = record
        self._begin = self._shown_at = time.monotonic()
        self._is_shown = _is_terminal() and not is_set(_QUIET)

    def show(self) -> None:
        """Print a line if it is time."""
        now = time.monotonic()
        if not self._is_shown or now - self._shown_at < _SECONDS:
            return
        self._shown_at = now
        text = f"{self._record.short_id}: {progress_text(self._record)}"
        try:
            print(one_line(f"{text}, waiting for {duration(now - self._begin)}"), file=sys.stderr)
        except (OSError, ValueError):
            self._is_shown = False  # the terminal is gone


def _is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        return False  # it is closed
