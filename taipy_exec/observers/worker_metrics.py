"""A worker's metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from taipy_exec.model.status import Reason, Status
from taipy_exec.observers.metrics import (
    JobNumbers,
    MetricsServer,
    broker_families,
    gauge,
    slot_families,
)
from taipy_exec.protocol.order import JobReport
from taipy_exec.worker.assignment import Assignment
from taipy_exec.worker.service import WorkerService


class _Look(NamedTuple):
    """The state of a worker at one moment."""

    slots: int = 0
    running: int = 0
    waiting: int = 0
    connected: bool = False
    reconnects: int = 0
    depth: int | None = None


class WorkerMetrics:
    """The worker's thread stores its latest state; the server's threads read it."""

    def __init__(self, server: MetricsServer) -> None:
        self._server = server
        self._numbers = JobNumbers(server)
        self._look = _Look()
        server.registry.register(self)

    def refresh(self, service: WorkerService) -> None:
        """Store the worker's current state: quick enough for each turn of its loop."""
        self._look = _Look(
            slots=service.pool.size,
            running=len(service.orders.current()),
            waiting=len(service.orders.waiting),
            connected=service.connection.startswith(("connected", "blocked")),
            reconnects=service.reconnects,
            depth=service.queue_depth,
        )

    def ended(self, held: Assignment, report: JobReport) -> None:
        """Count a job that has ended here."""
        failure = report.failure
        if failure is not None and held.stopping:
            self._numbers.ended(held.order.task, Status.CANCELED, report.duration)
        elif held.outdated or (failure is not None and failure.kind == Reason.PROCESS_DIED):
            self._numbers.lost.inc()
        elif not held.handing_back:
            status = Status.COMPLETED if failure is None else Status.FAILED
            self._numbers.ended(held.order.task, status, report.duration)

    def close(self) -> None:
        """Release the port."""
        self._server.close()

    def collect(self) -> Iterator[Any]:
        """The latest state."""
        look = self._look
        jobs = gauge(self._server, "jobs", "Jobs of this worker by their status.", ["status"])
        jobs.add_metric([Status.PENDING.name], look.waiting)
        jobs.add_metric([Status.RUNNING.name], look.running)
        yield jobs
        if look.depth is not None:
            yield gauge(
                self._server, "queue_depth", "Jobs that wait in the queue.", value=look.depth
            )
        yield from slot_families(self._server, look.slots, look.running)
        yield from broker_families(self._server, look.connected, look.reconnects)
