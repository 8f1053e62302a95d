"""Show the progress of a submission while a notebook cell, or a program, waits for it."""

from __future__ import annotations

import sys
import time
from typing import Any

from taipy_exec.api.notebook import progress_html, progress_text
from taipy_exec.api.same_definition import in_notebook
from taipy_exec.api.terminal_progress import TerminalProgress
from taipy_exec.model.job import SubmissionRecord

_SECONDS = 0.25


class Progress:
    """One output of the cell, drawn again after each change. Outside a notebook, lines."""

    def __init__(self, record: SubmissionRecord) -> None:
        self._record = record
        self._display = _notebook_display()
        self._lines = TerminalProgress(record) if self._display is None else None
        self._output: Any = None
        self._drawn_at = 0.0
        self._drawn: object = None

    def show(self, *, last: bool = False) -> None:
        """Draw if it is time. The `last` state is drawn if any state was drawn before."""
        if self._lines is not None and not last:
            self._lines.show()
        if self._display is None or (last and self._output is None):
            return
        now = time.monotonic()
        state = (dict(self._record.counts), self._record.finished_at)
        if not last and (state == self._drawn or now - self._drawn_at < _SECONDS):
            return
        self._drawn_at, self._drawn = now, state
        shown = _Shown(self._record)
        if self._output is None:
            self._output = self._display(shown, display_id=True)
        else:
            self._output.update(shown)


class _Shown:
    """An object with its HTML, in the form that IPython displays."""

    def __init__(self, record: SubmissionRecord) -> None:
        self._record = record

    def __repr__(self) -> str:
        return progress_text(self._record)

    def _repr_html_(self) -> str:
        return progress_html(self._record)


def _notebook_display() -> Any:
    """IPython's `display`; None if no kernel runs this process. Imports no new module."""
    if not in_notebook():
        return None
    return sys.modules["IPython.display"].display
