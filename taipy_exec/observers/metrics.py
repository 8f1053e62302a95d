"""A coordinator's metrics for Prometheus. prometheus_client is imported here only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.config.modes import capabilities
from taipy_exec.data.extras import extra
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.observers.watching import Step
from taipy_exec.ports import Runner

PREFIX = "taipy_exec_"
# Tasks with their own numbers; the others share one name, so that the output stays small.
MOST_TASKS = 200
OTHERS = "(others)"
SECONDS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400)


class MetricsServer:
    """Answers at `url` until it is closed, also with the resource use of the process.

    Raises ConfigurationError without prometheus_client, OSError if the port is not free.
    """

    def __init__(self, host: str, port: int) -> None:
        self.client = extra("prometheus_client", "metrics", "metrics (--metrics-port)")
        self.families = extra("prometheus_client.core", "metrics", "metrics (--metrics-port)")
        self.registry = self.client.CollectorRegistry()
        self.client.ProcessCollector(registry=self.registry)
        self.client.PlatformCollector(registry=self.registry)
        self._server, self._thread = self.client.start_http_server(port, host, self.registry)
        self.port = int(self._server.server_port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}/metrics"

    def close(self) -> None:
        """Release the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class JobNumbers:
    """The numbers that coordinators and workers have in common."""

    def __init__(self, server: MetricsServer) -> None:
        client, registry = server.client, server.registry
        self._tasks: set[str] = set()
        self._ended = client.Counter(
            f"{PREFIX}jobs_ended", "Jobs that ended.", ["task", "status"], registry=registry
        )
        self._durations = client.Histogram(
            f"{PREFIX}job_duration_seconds",
            "How long the functions of jobs ran, in their last attempt.",
            ["task"],
            buckets=SECONDS,
            registry=registry,
        )
        self.lost = client.Counter(
            f"{PREFIX}lost_attempts", "Attempts lost with their process.", registry=registry
        )

    def ended(self, task: str, status: Status, duration: float | None) -> None:
        """Count a job that has ended. `duration` is in seconds, None if it did not run."""
        if task not in self._tasks:
            if len(self._tasks) < MOST_TASKS:
                self._tasks.add(task)
            else:
                task = OTHERS
        self._ended.labels(task, status.name).inc()
        if duration is not None:
            self._durations.labels(task).observe(duration)


class CoordinatorMetrics:
    """Counts events as they happen; reads the current state only at a request."""

    def __init__(self, server: MetricsServer, app: AppConfig, runner: Runner) -> None:
        client, registry = server.client, server.registry
        self._server = server
        self._runner = runner
        self._slots = capabilities(app.job.mode).slots(app.job.workers)
        self._records: list[SubmissionRecord] = []
        self._numbers = JobNumbers(server)
        self._waits = client.Histogram(
            f"{PREFIX}job_wait_seconds",
            "How long jobs waited after they could start.",
            buckets=SECONDS,
            registry=registry,
        )
        self._retries = client.Counter(
            f"{PREFIX}retries", "Attempts that followed a failed attempt.", registry=registry
        )
        registry.register(self)

    def begun(self, plan: SubmissionPlan) -> None:
        self._records.append(plan.record)

    def changed(self, steps: Sequence[Step]) -> None:
        for change, job, _ in steps:
            if change.after is Status.RUNNING:
                if job.pending_at is not None:
                    self._waits.observe(max(change.at - job.pending_at, 0.0))
            elif change.after is Status.PENDING:
                if change.reason == Reason.RETRIED:
                    self._retries.inc()
                elif change.reason == Reason.WORKER_LOST:
                    self._numbers.lost.inc()
            elif change.after.is_final:
                self._numbers.ended(job.task, change.after, change.duration)
                if change.reason == Reason.QUARANTINED:
                    self._numbers.lost.inc()

    def ended(self, submission: SubmissionRecord) -> None:
        """Do nothing: the numbers stay until the process ends."""

    def close(self) -> None:
        self._server.close()

    def collect(self) -> Iterator[Any]:
        """The current state. A thread of the server calls this; it reads copies."""
        counts: Counter[Status] = Counter()
        for record in list(self._records):
            counts.update(dict(record.counts))
        jobs = gauge(self._server, "jobs", "Jobs by their status.", ["status"])
        for status in Status:
            jobs.add_metric([status.name], counts[status])
        yield jobs
        yield gauge(
            self._server,
            "queue_depth",
            "Jobs that could start and wait for a slot or a worker.",
            value=counts[Status.PENDING],
        )
        if self._slots is not None:
            yield from slot_families(self._server, self._slots, counts[Status.RUNNING])
        queue = self._runner.queue
        if queue is not None:
            yield from broker_families(self._server, *queue.connection)


def slot_families(server: MetricsServer, size: int, used: int) -> Iterator[Any]:
    """The number of jobs that could run at once, and the number that do."""
    yield gauge(server, "slots", "Jobs that can run at once.", value=size)
    yield gauge(server, "slots_used", "Slots that run a job.", value=used)


def broker_families(server: MetricsServer, connected: bool, reconnects: int) -> Iterator[Any]:
    """The connection to the broker."""
    yield gauge(server, "broker_connected", "1 while connected to the broker.", value=connected)
    yield server.families.CounterMetricFamily(
        f"{PREFIX}broker_reconnects",
        "How often the connection to the broker was made again.",
        value=reconnects,
    )


def gauge(
    server: MetricsServer,
    name: str,
    help: str,
    labels: Sequence[str] | None = None,
    value: float | None = None,
) -> Any:
    """A family of numbers that go up and down: one `value`, or one for each of `labels`."""
    family = server.families.GaugeMetricFamily
    return family(f"{PREFIX}{name}", help, value=value, labels=labels)
