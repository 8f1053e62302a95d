"""`--events`: every change of a submission as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from taipy_exec.cli.streams import Streams
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.observers.events import begin_event, end_event, job_event
from taipy_exec.observers.watching import Step


def open_events(file: Path) -> IO[str]:
    """The file for the events. Raises UsageError if it cannot be written."""
    try:
        return file.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--events: {file} cannot be written: {error.strerror}") from None


class EventStream:
    """Writes to a file, or to stdout as data; the last line reports the end.

    If that fails (the reader has gone, the disk is full), a warning is printed, and the run
    continues without it.
    """

    def __init__(self, streams: Streams, file: IO[str] | None) -> None:
        self._streams = streams
        self._file = file
        self._is_lost = False

    def begun(self, plan: SubmissionPlan) -> None:
        self._write(begin_event(plan.record))

    def changed(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._write(job_event(step))

    def ended(self, submission: SubmissionRecord) -> None:
        self._write(end_event(submission))

    def close(self) -> None:
        if self._file is not None and not self._file.closed:
            try:
                self._file.close()
            except OSError as error:
                self._lose(error)

    def _write(self, event: Mapping[str, object]) -> None:
        if self._is_lost:
            return
        line = json.dumps(event, default=str)
        try:
            if self._file is None:
                self._streams.data(line)
            else:
                self._file.write(line + "\n")
                self._file.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._streams.warn(
                f"--events: no more can be written ({error.strerror or error}); the run continues"
            )
            self.close()
