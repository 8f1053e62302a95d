"""Jobs and submissions as a program holds them: views on the coordinator's own records."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.notebook import table_html
from taipy_exec.api.progress import Progress
from taipy_exec.api.service import Service
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status, SubmissionStatus

if TYPE_CHECKING:
    from taipy_exec.api.scenario import Submittable, Task

log = logging.getLogger("taipy_exec")


class Job(Entity):
    """One execution of a task. A callback gets it with the status of the change it is told."""

    def __init__(
        self,
        record: JobRecord,
        entity: Submittable,
        force: bool,
        service: Service,
        status: Status | None = None,
    ) -> None:
        self._record = record
        self._status = status
        self._entity = entity
        self._service = service
        self.id = record.id
        self.force = force
        self.submit_id = record.submission
        self.submit_entity = entity

    @property
    def submit_entity_id(self) -> str:
        """The id of what was submitted."""
        return self._entity.id

    @property
    def task(self) -> Task:
        """The task."""
        return self._entity._scenario.tasks[self._record.task]

    @property
    def owner_id(self) -> str:
        """The task's id."""
        return self.task.id

    @property
    def status(self) -> Status:
        """The status at this moment."""
        return self._status or self._record.status

    @property
    def reason(self) -> str | None:
        """Why it is in its status."""
        return self._record.reason

    @property
    def history(self) -> tuple[Status, ...]:
        """The statuses that it has been in, in order of time."""
        return self._record.history

    @property
    def stacktrace(self) -> list[str]:
        """The traceback of what it raised, as a list of one text; empty if it did not."""
        failure = self._record.failure
        if failure is None:
            return []
        return [failure.traceback or failure.message]

    @property
    def creation_date(self) -> dt.datetime | None:
        """When it was made, in UTC."""
        return utc(self._record.submitted_at)

    submitted_at = creation_date

    @property
    def run_at(self) -> dt.datetime | None:
        """When it was started, in UTC."""
        return utc(self._record.started_at)

    @property
    def finished_at(self) -> dt.datetime | None:
        """When it ended, in UTC."""
        return utc(self._record.finished_at)

    @property
    def execution_duration(self) -> float | None:
        """Seconds that it ran, so far."""
        record = self._record
        if record.duration is not None or record.started_at is None:
            return record.duration
        return time.time() - record.started_at

    @property
    def pending_duration(self) -> float | None:
        """Seconds from when it could run to when it was started."""
        record = self._record
        if record.pending_at is None:
            return None
        return (record.started_at or record.finished_at or time.time()) - record.pending_at

    @property
    def blocked_duration(self) -> float | None:
        """Seconds that it waited for its inputs."""
        record = self._record
        if record.blocked_at is None:
            return None
        return (record.pending_at or record.finished_at or time.time()) - record.blocked_at

    def is_deletable(self) -> bool:
        """Whether it has ended."""
        return self.is_finished()

    def is_finished(self) -> bool:
        """Whether it has reached a final status."""
        return self.status.is_final

    def is_submitted(self) -> bool:
        return self.status is Status.SUBMITTED

    def is_blocked(self) -> bool:
        return self.status is Status.BLOCKED

    def is_pending(self) -> bool:
        return self.status is Status.PENDING

    def is_running(self) -> bool:
        return self.status is Status.RUNNING

    def is_canceled(self) -> bool:
        return self.status is Status.CANCELED

    def is_failed(self) -> bool:
        return self.status is Status.FAILED

    def is_completed(self) -> bool:
        return self.status is Status.COMPLETED

    def is_skipped(self) -> bool:
        return self.status is Status.SKIPPED

    def is_abandoned(self) -> bool:
        return self.status is Status.ABANDONED


class Submission(Entity):
    """The jobs created together by one submit."""

    def __init__(
        self,
        service: Service,
        entity: Submittable,
        plan: SubmissionPlan,
        properties: Mapping[str, Any],
    ) -> None:
        self._service = service
        self._record = plan.record
        self.id = plan.record.id
        self.entity = entity
        self.entity_id = entity.id
        self.entity_type = entity.entity_type
        self.entity_config_id = entity.config_id
        self.properties = dict(properties)
        self.jobs = [Job(job, entity, plan.record.force, service) for job in plan.jobs]

    def _repr_html_(self) -> str:
        jobs = [job._record for job in self.jobs]
        entity = self.entity
        return table_html(entity._label, self._record, jobs, entity._graph(), self._service.redact)

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
        """As Taipy has it: COMPLETED, FAILED or CANCELED, also while other jobs still run."""
        return self.submission_status in (
            SubmissionStatus.COMPLETED,
            SubmissionStatus.FAILED,
            SubmissionStatus.CANCELED,
        )

    def is_deletable(self) -> bool:
        """Whether every job has ended."""
        return self._record.unfinished == 0

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

    def wait(self, timeout: float | None = None) -> bool:
        """Block until every job has ended, or nothing can run any more; whether all have ended.

        `timeout` is in seconds. In a notebook, the cell shows how far it is meanwhile.
        """
        service = self._service
        if service.is_driven_here:
            log.warning("a callback cannot wait for %s: its own thread runs the jobs", self.id)
            return self._record.end_is_stored
        deadline = None if timeout is None else time.monotonic() + timeout
        stuck = 0
        progress = Progress(self._record)
        # Stored, not only decided: what is asked for afterwards is read from the store.
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
