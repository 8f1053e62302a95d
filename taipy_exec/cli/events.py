"""`--events`: every change of a submission as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from taipy_exec.cli.shapes import SCHEMA, when
from taipy_exec.cli.streams import Streams
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import UsageError
from taipy_exec.model.event import Change


def open_events(file: Path) -> IO[str]:
    """The file for the events. Raises UsageError where it cannot be written."""
    try:
        return file.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--events: {file} cannot be written: {error.strerror}") from None


class EventStream:
    """Writes to a file, or to stdout as data. A context: the last line tells the end.

    Where that fails (the reader has gone, the disk is full) a warning says so, and the run goes
    on without it.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        plan: SubmissionPlan,
        streams: Streams,
        file: IO[str] | None,
    ) -> None:
        self._plan = plan
        self._streams = streams
        self._file = file
        self._is_lost = False
        coordinator.observers.append(self._observe)

    def __enter__(self) -> EventStream:
        self._write(
            {
                "event": "submission",
                "submission": self._plan.record.id,
                "status": self._plan.record.status.name,
                "at": when(self._plan.record.created_at),
            }
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        record = self._plan.record
        self._write(
            {
                "event": "end",
                "submission": record.id,
                "status": record.status.name,
                "at": when(record.finished_at),
            }
        )
        self._close()

    def _observe(self, changes: Sequence[Change]) -> None:
        tasks = {job.id: job.task for job in self._plan.jobs}
        for change in changes:
            if change.job in tasks:
                self._write(
                    {
                        "event": "job",
                        "submission": self._plan.record.id,
                        "job": change.job,
                        "task": tasks[change.job],
                        "before": change.before.name,
                        "status": change.after.name,
                        "reason": change.reason,
                        "attempt": change.attempt,
                        "worker": change.worker,
                        "at": when(change.at),
                    }
                )

    def _write(self, fields: dict[str, object]) -> None:
        if self._is_lost:
            return
        line = json.dumps({"schema": SCHEMA, **fields}, default=str)
        try:
            if self._file is None:
                self._streams.data(line)
            else:
                self._file.write(line + "\n")
                self._file.flush()
        except OSError as error:
            self._lose(error)

    def _close(self) -> None:
        if self._file is not None and not self._file.closed:
            try:
                self._file.close()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._streams.warn(
                f"--events: no more can be written ({error.strerror or error}); the run goes on"
            )
            self._close()
