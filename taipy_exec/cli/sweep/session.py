"""Driving all submissions of a sweep to their end on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from taipy_exec.cli.lines import Lines
from taipy_exec.cli.session import Session
from taipy_exec.cli.sweep.table import SweepTable
from taipy_exec.config.modes import capabilities
from taipy_exec.model.event import Change
from taipy_exec.operations.sweep.rows import CombinationRow


class SweepSession(Session):
    """The submissions of a sweep, which one coordinator runs at the same time."""

    @contextmanager
    def _display(self) -> Iterator[None]:
        app, coordinator = self._engine.app, self._engine.coordinator
        rows = [CombinationRow(record=plan.record, jobs=plan.jobs) for plan in self._plans]
        if self._streams.is_live:
            first = self._plans[0].record
            usual = self._engine.store.usual_durations(first.scenario, first.file)
            workers = capabilities(app.job.mode).slots(app.job.workers)
            self._table = SweepTable(
                self._streams,
                str(first.group),
                rows,
                usual,
                workers,
                self._redacted,
                coordinator.clock,
            )
            with self._table.shown():
                yield
            return
        if not self._streams.quiet:
            coordinator.observers.append(self._print_lines)
        yield

    def _print_lines(self, changes: Sequence[Change]) -> None:
        """A line for each change, with the combination before the task."""
        job_table = self._engine.coordinator.job_table
        for change in changes:
            job = job_table.jobs[change.job]
            name = job_table.submissions[job.submission].name
            named = replace(job, task=f"{name}: {job.task}")
            Lines(self._streams, [named], self._redacted).observe([change])
