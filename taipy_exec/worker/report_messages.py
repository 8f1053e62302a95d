"""The messages of a worker to coordinators and to all that listen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.model.status import Reason
from taipy_exec.protocol.level import USAGE_AND_PROCESS
from taipy_exec.protocol.messages import (
    Claim,
    ClaimReply,
    JobBegun,
    JobEnded,
    JobProcess,
    LeaseRenewal,
    Order,
    Returned,
)
from taipy_exec.protocol.order import JobReport
from taipy_exec.protocol.schema import Report
from taipy_exec.worker.assignment import Assignment


def begun(held: Assignment, worker_id: str) -> JobBegun:
    """Report that the job is about to begin."""
    return JobBegun(**_of_run(held, worker_id))


def claim(held: Assignment, worker_id: str) -> Claim:
    """Ask whether this run counts, before it begins or before it writes."""
    return Claim(**_of_run(held, worker_id), begun=held.begun is not None)


def process(held: Assignment, *, ready: bool) -> JobProcess:
    """Report that the job waits for a new process, or that this is ready."""
    order = held.order
    return JobProcess(job=order.job, attempt=order.attempt, run=held.run, ready=ready)


def ended(held: Assignment, worker_id: str, report: JobReport, level: int) -> JobEnded:
    """Report that the job has ended, to a coordinator of this level."""
    # The state of its process matters to this worker only.
    report = report._replace(spoiled="")
    if level < USAGE_AND_PROCESS:
        report = report._replace(cpu_seconds=None)
    return JobEnded(**_of_run(held, worker_id), report=Report.of(report))


def _of_run(held: Assignment, worker_id: str) -> dict[str, Any]:
    """The fields that name this run of the job."""
    order = held.order
    return {
        "job": order.job,
        "attempt": order.attempt,
        "epoch": order.epoch,
        "run": held.run,
        "worker": held.worker,
        "worker_id": worker_id,
    }


def returned(order: Order, worker: str, why: Reason, detail: str, *, run: str = "") -> Returned:
    """Report that the order is not run here, or not finished here."""
    return Returned(order.job, order.attempt, order.epoch, run, worker, why, detail)


def other_configuration(app: AppConfig, worker: str, order: Order) -> str:
    """Why a worker with this application does not run the order, in words."""
    return (
        f"worker {worker} has another configuration ({app.digest}) than the submitter "
        f"({order.digest}): update {app.source or app.root} on the worker"
    )


def answered_late(claim_reply: ClaimReply, worker: str) -> Returned:
    """Report that an answer came too late: the order had gone back and did not begin here."""
    return Returned(
        job=claim_reply.job,
        attempt=claim_reply.attempt,
        epoch="",
        run=claim_reply.run,
        worker=worker,
        why=Reason.HANDED_BACK,
        detail="the answer came too late",
    )


def lease_renewals(
    held: Iterable[Assignment], worker: str, worker_id: str
) -> dict[str, LeaseRenewal]:
    """Submission -> a report of its held jobs."""
    jobs: dict[str, list[tuple[str, int, str]]] = {}
    for one in held:
        entry = (one.order.job, one.order.attempt, one.run)
        jobs.setdefault(one.order.submission, []).append(entry)
    return {
        submission: LeaseRenewal(worker=worker, worker_id=worker_id, jobs=mine)
        for submission, mine in jobs.items()
    }
