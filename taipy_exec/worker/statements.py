"""What a worker says to coordinators and to whoever listens, as messages."""

from __future__ import annotations

from collections.abc import Iterable

from taipy_exec.config.application import AppConfig
from taipy_exec.execution.messages import (
    Asks,
    Holding,
    JobBegun,
    JobEnded,
    Order,
    Returned,
    Verdict,
)
from taipy_exec.execution.order import JobReport
from taipy_exec.execution.schema import Report
from taipy_exec.model.status import Reason
from taipy_exec.worker.held import Held


def begun(held: Held, worker_id: str) -> JobBegun:
    """The job is about to begin."""
    order = held.order
    return JobBegun(order.job, order.attempt, order.epoch, held.run, held.worker, worker_id)


def asks(held: Held, worker_id: str) -> Asks:
    """Does this run count? Before it begins, or before it writes."""
    order = held.order
    return Asks(
        job=order.job,
        attempt=order.attempt,
        epoch=order.epoch,
        run=held.run,
        worker=held.worker,
        worker_id=worker_id,
        begun=held.begun is not None,
    )


def ended(held: Held, worker_id: str, report: JobReport) -> JobEnded:
    """The job has ended."""
    order = held.order
    return JobEnded(
        job=order.job,
        attempt=order.attempt,
        epoch=order.epoch,
        run=held.run,
        worker=held.worker,
        worker_id=worker_id,
        # What its process became is this worker's business.
        report=Report.of(report._replace(spoiled="")),
    )


def returned(order: Order, worker: str, why: Reason, detail: str, *, run: str = "") -> Returned:
    """The order is not run here, or not run on."""
    return Returned(order.job, order.attempt, order.epoch, run, worker, why, detail)


def other_configuration(app: AppConfig, worker: str, order: Order) -> str:
    """Why a worker with this application does not run the order, in words."""
    return (
        f"worker {worker} has another configuration ({app.digest}) than the submitter "
        f"({order.digest}): bring {app.source or app.root} there up to date"
    )


def answered_late(verdict: Verdict, worker: str) -> Returned:
    """The answer came when the order had gone back already: it was not begun here."""
    return Returned(
        job=verdict.job,
        attempt=verdict.attempt,
        epoch="",
        run=verdict.run,
        worker=worker,
        why=Reason.HANDED_BACK,
        detail="the answer came too late",
    )


def holding(held: Iterable[Held], worker: str, worker_id: str) -> dict[str, Holding]:
    """Submission -> what is held of it."""
    jobs: dict[str, list[tuple[str, int, str]]] = {}
    for one in held:
        entry = (one.order.job, one.order.attempt, one.run)
        jobs.setdefault(one.order.submission, []).append(entry)
    return {
        submission: Holding(worker=worker, worker_id=worker_id, jobs=mine)
        for submission, mine in jobs.items()
    }
