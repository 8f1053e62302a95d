"""Submissions and jobs as spans of OpenTelemetry, which is imported only here."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from taipy_exec.data.extras import extra
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import Failure, SubmissionRecord
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.observers.once import Once
from taipy_exec.observers.span_export import make_provider
from taipy_exec.observers.watching import Step
from taipy_exec.version import __version__

# How long unsent spans may delay the end of a program.
_LAST_SECONDS = 2.0
_AFTER_FAILURE = 0.2
_PREFIX = "taipy_exec."


class _Attempt(NamedTuple):
    """A running attempt: its start, how long it waited, and its number."""

    at: float
    waited: float | None
    number: int


class Spans:
    """A span for each submission, and in it a span for each attempt of a job, made at its end.

    Raises ConfigurationError without OpenTelemetry. `redact` removes secrets from the errors of
    jobs; `tell` gets one sentence if spans cannot be sent.
    """

    def __init__(self, redact: Callable[[str], str], tell: Callable[[str], None]) -> None:
        self._trace = extra("opentelemetry.trace", "opentelemetry", "traces")
        self._redact = redact
        self._tell = Once(tell)
        self._provider, self._is_ours = make_provider(self._tell)
        self._tracer = self._provider.get_tracer("taipy-exec", __version__)
        # Also for a program that ends without closing its coordinator.
        atexit.register(self.close)
        self._open: dict[str, tuple[Any, Any]] = {}
        self._running: dict[str, _Attempt] = {}

    def begun(self, plan: SubmissionPlan) -> None:
        record = plan.record
        span = self._tracer.start_span(
            f"submission {record.scenario}",
            context=_parent(),
            attributes=_named(
                "submission",
                id=record.id,
                scenario=record.scenario,
                name=record.name,
                mode=record.mode,
                target=record.target,
                jobs=len(plan.jobs),
            ),
        )
        self._open[record.id] = (span, self._trace.set_span_in_context(span))

    def changed(self, steps: Sequence[Step]) -> None:
        for step in steps:
            change, job = step.change, step.job
            if change.after is Status.RUNNING:
                waited = None if job.pending_at is None else max(change.at - job.pending_at, 0.0)
                self._running[job.id] = _Attempt(change.at, waited, change.attempt)
            elif change.before is Status.RUNNING or change.after.is_final:
                self._add(step)

    def ended(self, submission: SubmissionRecord) -> None:
        span, _ = self._open.pop(submission.id)
        status = submission.status
        span.set_attributes(_named("submission", status=status.name))
        if status is SubmissionStatus.FAILED:
            span.set_status(self._trace.StatusCode.ERROR)
        at = submission.finished_at
        span.end(end_time=None if at is None else _nanoseconds(at))

    def close(self) -> None:
        atexit.unregister(self.close)
        finish = self._provider.shutdown if self._is_ours else self._provider.force_flush
        thread = threading.Thread(target=finish, name="taipy-exec-spans", daemon=True)
        thread.start()
        thread.join(_AFTER_FAILURE if self._tell.told else _LAST_SECONDS)
        if thread.is_alive():
            self._tell(
                "traces could not be sent in time (is OTEL_EXPORTER_OTLP_ENDPOINT right?); the run "
                "is not affected"
            )

    def _add(self, step: Step) -> None:
        """Add the span of an attempt that has ended, or a span without length if it never ran."""
        change, job = step.change, step.job
        begun = job.started_at if change.before is Status.RUNNING else None
        attempt = self._running.pop(
            job.id, _Attempt(change.at if begun is None else begun, None, change.attempt)
        )
        _, context = self._open[step.submission.id]
        span = self._tracer.start_span(
            f"job {job.task}",
            context=context,
            start_time=_nanoseconds(attempt.at),
            attributes=_named(
                "job",
                id=job.id,
                task=job.task,
                attempt=attempt.number,
                status=change.after.name,
                reason=change.reason,
                worker=job.worker,
                waited=attempt.waited,
                duration=change.duration,
                peak_memory=change.peak_memory,
            ),
        )
        if change.failure is not None:
            self._describe(span, change.failure)
        elif change.after is Status.PENDING:
            span.set_status(self._trace.StatusCode.ERROR, str(change.reason or ""))
        span.end(end_time=_nanoseconds(max(change.at, attempt.at)))

    def _describe(self, span: Any, failure: Failure) -> None:
        """Describe the failure by OpenTelemetry's names."""
        message = self._redact(failure.message)
        attributes = {"exception.type": failure.type or failure.kind, "exception.message": message}
        if failure.traceback:
            attributes["exception.stacktrace"] = self._redact(failure.traceback)
        span.add_event("exception", attributes)
        span.set_status(self._trace.StatusCode.ERROR, message)


def _named(what: str, **values: object) -> dict[str, Any]:
    """Attributes, without those that have no value."""
    return {f"{_PREFIX}{what}.{k}": v for k, v in values.items() if v is not None}


def _nanoseconds(at: float) -> int:
    return int(at * 1e9)


def _parent() -> Any:
    """The span that the environment names as this program's parent; without one, the current."""
    given = os.environ.get("TRACEPARENT")
    if not given:
        return None
    module = extra("opentelemetry.trace.propagation.tracecontext", "opentelemetry", "traces")
    carrier = {"traceparent": given, "tracestate": os.environ.get("TRACESTATE", "")}
    return module.TraceContextTextMapPropagator().extract(carrier)
