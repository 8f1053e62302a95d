"""Canceling a submission, a sweep or one job, whether or not a process works on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from taipy_exec.config.modes import capabilities
from taipy_exec.engine.admission import cancel_lost_job, resume_plan, supersede
from taipy_exec.errors import ConfigurationError, UsageError
from taipy_exec.model.job import JobRecord, SubmissionRecord, short_id
from taipy_exec.model.status import Reason
from taipy_exec.operations.application import load_compiled
from taipy_exec.operations.chosen import Latest, chosen_job
from taipy_exec.operations.state import refuse_program
from taipy_exec.operations.sweep.stored import means_sweep, unfinished_of_sweep
from taipy_exec.wiring import revoke

if TYPE_CHECKING:
    from taipy_exec.operations.location import Location
    from taipy_exec.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """The submission that was asked to end, or that of the job; `group` is a whole sweep's id."""

    submission: SubmissionRecord
    job: JobRecord | None = None
    group: str | None = None

    @property
    def short_id(self) -> str:
        """The short id of the thing that was canceled."""
        return short_id(self.group) if self.group else (self.job or self.submission).short_id


def cancel(location: Location, store: Store, wanted: str) -> Canceled:
    """Cancel `wanted`: an id, a name, or an empty text for the latest that runs.

    The process that coordinates the jobs does it soon; without one they are canceled when this
    returns. Raises NotFoundError, UsageError if there is nothing to cancel, and BrokerError.
    """
    if means_sweep(store, wanted):
        records = unfinished_of_sweep(store, wanted)
        location.take_from(records[0])
        for record in records:
            _cancel(store, record, location)
        return Canceled(submission=records[0], group=str(records[0].group))
    record, job = chosen_job(store, wanted, Latest.RUNNING)
    location.take_from(record)
    meant = job or record
    if record.finished_at is not None or (job is not None and job.status.is_final):
        raise UsageError(
            f"{meant.short_id} has ended ({meant.status.name}): there is nothing to cancel"
        )
    if job is None:
        _cancel(store, record, location)
    elif store.is_interrupted(record):
        _cancel_job(store, record, job, location)
    else:
        store.request_cancel(record.id, job.id, time.time())
    return Canceled(submission=record, job=job)


def _cancel(store: Store, record: SubmissionRecord, location: Location) -> None:
    """Ask the coordinator of a submission to cancel it; if there is none, cancel it here."""
    if store.is_interrupted(record):
        _cancel_lost(store, record, location)
        if store.submission(record.id).finished_at is not None:
            return
        # Another process has taken it over meanwhile.
    store.request_cancel(record.id, None, time.time())


def _cancel_lost(store: Store, record: SubmissionRecord, location: Location) -> None:
    """Cancel a submission without a coordinator. Jobs in a queue are withdrawn first."""

    def take_back(record: SubmissionRecord, jobs: Sequence[JobRecord], ended: bool) -> None:
        if capabilities(record.mode).outlives_coordinator:
            config = load_compiled(
                location,
                mode=record.mode,
                imports=False,
                takes_programs=record.program is not None,
                prefers_program=record.program is not None,
            ).config
            revoke(config, record, jobs, ended)

    supersede(store, record, None, take_back, Reason.CANCELED)


def _cancel_job(store: Store, record: SubmissionRecord, job: JobRecord, location: Location) -> None:
    """Cancel one job of a submission without a coordinator, and abandon the jobs after it.

    Only the configuration has the order of the jobs. Raises ConfigurationError if it is not the
    configuration of the submission any more.
    """
    where = location.where
    refuse_program(
        record, f"taipy-exec cancel {record.short_id}{where} cancels its whole submission"
    )
    with closing(store.coordinate()) as identity:
        try:
            config = load_compiled(location, mode=record.mode, imports=False).config
            plan = resume_plan(store, config, record, identity.name)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{job.short_id} cannot be canceled by itself: {error.message}",
                f"taipy-exec cancel {record.short_id}{where} cancels its whole submission",
            ) from None
        cancel_lost_job(store, plan, job.id, partial(revoke, config))
