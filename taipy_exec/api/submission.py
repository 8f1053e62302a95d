"""Submissions as objects for programs: views of the coordinator's records or the store."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.api.cell_progress import Progress
from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.failures import summary
from taipy_exec.api.job import Job, is_kept
from taipy_exec.api.notebook import table_html
from taipy_exec.api.reasons import ReasonCollection
from taipy_exec.api.service import Service
from taipy_exec.engine.given import GIVEN
from taipy_exec.errors import NotFoundError, SubmissionFailed
from taipy_exec.model.job import APPLICATION, PROGRAM, SWEEP, JobRecord, SubmissionRecord
from taipy_exec.model.provenance import COMMAND, PROVENANCE
from taipy_exec.model.status import SubmissionStatus

if TYPE_CHECKING:
    from taipy_exec.api.submittable import Submittable

log = logging.getLogger("taipy_exec")

# A property of a submission's row: the id of the submitted sequence.
ENTITY = "entity"
# The properties of a row that are not the user's own.
OURS = frozenset(
    {APPLICATION, COMMAND, ENTITY, GIVEN, PROGRAM, PROVENANCE, "reads", "writes", "retries", SWEEP}
)
# How often `wait` reads a submission of another process.
_LOOK_SECONDS = 0.05


@functools.total_ordering
class Submission(Entity):
    """The jobs that one submit has created. Submissions are ordered by their creation time.

    `service` is the service that runs it, and owns `record` and `jobs`. Without a service they
    are read again from the store until the submission has ended.
    """

    group = "submission"

    def __init__(
        self,
        record: SubmissionRecord,
        entity: Submittable,
        jobs: Sequence[JobRecord] | None = None,
        service: Service | None = None,
    ) -> None:
        self._held = record
        self._service = service
        self.id = record.id
        self.entity = entity
        self.entity_id = entity.id
        self.entity_type = entity.entity_type
        # A sequence has none, as in Taipy.
        self.entity_config_id = None if entity.entity_type == "SEQUENCE" else entity.config_id
        # The coordinator adds the jobs of a mapped task's elements to this list.
        self._records = jobs
        self._jobs: dict[str, Job] = {}

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Submission):
            return NotImplemented
        return self._held.created_at < other._held.created_at

    @property
    def _record(self) -> SubmissionRecord:
        if not is_kept(self._service) and not self._held.end_is_stored:
            try:
                self._held = Service.latest().store.submission(self.id)
            except NotFoundError:
                pass  # it was deleted
        return self._held

    @property
    def jobs(self) -> list[Job]:
        """Its jobs, in the order of the graph."""
        records, service = self._records, self._service
        if records is None:
            records, service = Service.latest().store.jobs(self.id), None
            if self._held.end_is_stored:
                self._records = records
        entity, force = self.entity, self._held.force
        for job in records:
            if job.id not in self._jobs:
                self._jobs[job.id] = Job(job, entity, force, service)
        return [self._jobs[job.id] for job in records]

    def _given_properties(self) -> dict[str, Any]:
        return {n: value for n, value in self._held.properties.items() if n not in OURS}

    @property
    def _property_owner(self) -> str:
        return self._held.instance

    def keep(self, properties: Mapping[str, Any]) -> None:
        """Store the given properties that its row does not hold."""
        given = self._given_properties()
        left = {n: v for n, v in properties.items() if n not in given or given[n] != v}
        if left:
            self._store_properties(left)

    def _repr_html_(self) -> str:
        jobs = [job._record for job in self.jobs]
        entity = self.entity
        redact = Service.latest().redact
        return table_html(entity._shown_name, self._record, jobs, entity._graph(), redact)

    def _shown_status(self) -> str:
        return self.submission_status.name

    @property
    def submission_status(self) -> SubmissionStatus:
        """The status by Taipy's rules, at this moment."""
        return self._record.status

    @property
    def is_completed(self) -> bool:
        return self.submission_status is SubmissionStatus.COMPLETED

    @property
    def is_canceled(self) -> bool:
        return self.submission_status is SubmissionStatus.CANCELED

    @property
    def is_abandoned(self) -> bool:
        return any(job.is_abandoned() for job in self.jobs)

    def is_finished(self) -> bool:
        """Whether it is COMPLETED, FAILED or CANCELED, also while other jobs run, as in Taipy."""
        return self.submission_status in (
            SubmissionStatus.COMPLETED,
            SubmissionStatus.FAILED,
            SubmissionStatus.CANCELED,
        )

    def is_deletable(self) -> ReasonCollection:
        """Whether every job has ended, with the reasons if not."""
        from taipy_exec.api.permissions import is_deletable

        return is_deletable(self)

    @property
    def creation_date(self) -> dt.datetime | None:
        """When it was made, in UTC."""
        return utc(self._record.created_at)

    submitted_at = creation_date

    @property
    def run_at(self) -> dt.datetime | None:
        """When its first job was started, in UTC."""
        return min((job.run_at for job in self.jobs if job.run_at), default=None)

    @property
    def finished_at(self) -> dt.datetime | None:
        """When its last job ended, in UTC."""
        return utc(self._record.finished_at)

    @property
    def execution_duration(self) -> float | None:
        """Seconds from the first start to the end, so far."""
        if self.run_at is None:
            return None
        end = self.finished_at or dt.datetime.now(dt.UTC)
        return (end - self.run_at).total_seconds()

    def raise_for_status(self) -> None:
        """Raise SubmissionFailed if it FAILED or was CANCELED. While it runs, do nothing."""
        record = self._record
        if record.status is SubmissionStatus.FAILED:
            jobs = [job._record for job in self.jobs]
            what = summary(jobs, Service.latest().redact)
            hint = f"retry what did not complete: taipy-exec retry {record.short_id}"
            raise SubmissionFailed(f"{record.short_id} FAILED: {what}", hint)
        if record.status is SubmissionStatus.CANCELED:
            raise SubmissionFailed(f"{record.short_id} was CANCELED")

    def wait(self, timeout: float | None = None) -> bool:
        """Block until every job has ended, or no job can run; return whether all have ended.

        `timeout` is in seconds. In a notebook, the cell shows the progress.
        """
        service = self._service
        if service is None:
            return self._wait_for_others(timeout)
        if service.is_driven_here:
            log.warning("a callback cannot wait for %s: its own thread runs the jobs", self.id)
            return self._record.end_is_stored
        deadline = None if timeout is None else time.monotonic() + timeout
        stuck = 0
        progress = Progress(self._record)
        # Stored, not only decided: later calls read from the store.
        while not self._record.end_is_stored:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            if service.engine is None and left is None:
                log.warning("waiting needs Orchestrator().run(): %s stays as it is", self.id)
                break
            # Twice in a row: between two steps the coordinator may look idle for a moment.
            stuck = stuck + 1 if service.engine is not None and service.is_stuck else 0
            if stuck > 1:
                break
            progress.show()
            with service.changed:
                service.changed.wait(0.05 if left is None else min(left, 0.05))
        progress.show(last=True)
        return self._record.end_is_stored

    def _wait_for_others(self, timeout: float | None) -> bool:
        """`wait` for a submission of another process, while that process is alive."""
        deadline = None if timeout is None else time.monotonic() + timeout
        store = Service.latest().store
        while not self._record.end_is_stored:
            left = _LOOK_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0 or store.is_interrupted(self._record):
                break
            time.sleep(min(left, _LOOK_SECONDS))
        return self._record.end_is_stored
