"""Driving a worker on the command line: display, signals, exit code."""

from __future__ import annotations

import os
import signal
import time
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.streams import Streams
from taipy_exec.cli.worker_table import WorkerLines, WorkerTable
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.config.redaction import redaction
from taipy_exec.event_log import EventLog
from taipy_exec.protocol.order import JobReport
from taipy_exec.views.words import several
from taipy_exec.worker.assignment import Assignment
from taipy_exec.worker.prefetch import WorkerLimits
from taipy_exec.worker.service import WorkerService

if TYPE_CHECKING:
    from taipy_exec.observers.worker_metrics import WorkerMetrics

_REPEAT_SECONDS = 60.0


class WorkerSession:
    """One worker, attached to a terminal or not."""

    def __init__(
        self,
        streams: Streams,
        app: AppConfig,
        cluster: ClusterConfig,
        limits: WorkerLimits,
        metrics: WorkerMetrics | None,
    ) -> None:
        EventLog.keep_secret(app)
        self._streams = streams
        self._metrics = metrics
        self._app = app
        self._cluster = cluster
        self._limits = limits
        self._signals = 0
        self._told: dict[str, float] = {}
        self._service: WorkerService | None = None
        self._table: WorkerTable | None = None
        self._lines = WorkerLines(streams, redaction(app))
        self._untold = 0

    def run(self) -> int:
        """Work until the worker stops; 0, or 130/143 if a signal ended it at once."""
        service = self._service = WorkerService(
            self._app,
            self._cluster,
            self._limits,
            tell=self._tell,
            observe=self._observe,
            measures=self._metrics is not None,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            with self._display(service):
                while not service.is_over:
                    service.step()
                    if self._table is not None:
                        self._table.refresh()
                    if self._metrics is not None:
                        self._metrics.refresh(service)
        finally:
            service.close(self._app.job.grace)
            if self._metrics is not None:
                self._metrics.close()
        orders = service.orders
        if self._can_tell():
            ends = f"{orders.done} done, {orders.failed} failed"
            if orders.canceled:
                ends += f", {orders.canceled} canceled"
            self._streams.note(f"worker {service.name} stopped: {ends}")
        return 0

    # -- display --------------------------------------------------------------------------

    def _display(self, service: WorkerService) -> AbstractContextManager[None]:
        if self._streams.is_live:
            self._table = WorkerTable(self._streams, service, self._cluster.application)
            return self._table.shown()
        slots = several(self._limits.least, "slot")
        self._streams.note(
            f"worker {service.name} for application {self._cluster.application}, {slots}"
        )
        return nullcontext()

    def _tell(self, text: str) -> None:
        """One line; the same again once a minute at most."""
        now = time.monotonic()
        if now - self._told.get(text, float("-inf")) >= _REPEAT_SECONDS:
            self._told[text] = now
            if self._can_tell():
                self._streams.note(text)

    def _can_tell(self) -> bool:
        """Whether stderr takes a line now: a worker that waits for a reader would lose its jobs."""
        if self._streams.err_is_full:
            self._untold += 1
            return False
        if self._untold:
            self._streams.note(f"{self._untold} lines were left out: stderr was blocked")
            self._untold = 0
        return True

    def _observe(self, held: Assignment, report: JobReport | None) -> None:
        """A line for each job's start and end; above the table only for what failed."""
        if self._table is not None and report is not None:
            self._table.ended(held, report)
        if self._metrics is not None and report is not None:
            self._metrics.ended(held, report)
        is_told = self._table is None or (report is not None and report.failure is not None)
        if is_told and self._can_tell():
            self._lines.observe(held, report)

    # -- signals --------------------------------------------------------------------------

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 2:
            if self._table is not None:
                self._table.abandon()
            os._exit(outcome.INTERRUPTED if number == signal.SIGINT else outcome.TERMINATED)
        assert self._service is not None
        if self._table is not None:
            self._table.leaving = True
        self._service.leave()
