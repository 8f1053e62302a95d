"""Jobs as objects for programs: views of the coordinator's own records, or of the store."""

from __future__ import annotations

import datetime as dt
import functools
import time
from typing import TYPE_CHECKING

from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.reasons import ReasonCollection
from taipy_exec.api.service import Service
from taipy_exec.config.mapped import whole_name
from taipy_exec.errors import NotFoundError
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.views.words import failure_text, shortened

if TYPE_CHECKING:
    from taipy_exec.api.submittable import Submittable
    from taipy_exec.api.task import Task


@functools.total_ordering
class Job(Entity):
    """One execution of a task. A callback gets it with the status of the reported change.

    `service` is the service that runs it, and owns its record. Without a service the record is
    read again from the store until the job has ended. Jobs are ordered by their creation time.
    """

    group = "job"

    def __init__(
        self,
        record: JobRecord,
        entity: Submittable,
        force: bool,
        service: Service | None = None,
        status: Status | None = None,
    ) -> None:
        self._held = record
        self._service = service
        self._status = status
        self._entity = entity
        self.id = record.id
        self.force = force
        self.submit_id = record.submission
        self.submit_entity = entity

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Job):
            return NotImplemented
        return (self._held.submitted_at or 0.0) < (other._held.submitted_at or 0.0)

    def __contains__(self, task: Task) -> bool:
        return self.task == task

    @property
    def _record(self) -> JobRecord:
        if not is_kept(self._service) and not self._held.status.is_final:
            try:
                self._held = Service.latest().store.find_job(self.id)
            except NotFoundError:
                pass  # it was deleted
        return self._held

    def _shown_status(self) -> str:
        failure = self._record.failure
        if failure is None:
            return self.status.name
        return f"{self.status.name} {shortened(Service.latest().redact(failure_text(failure)))}"

    @property
    def submit_entity_id(self) -> str:
        """The id of the submitted entity."""
        return self._entity.id

    @property
    def task(self) -> Task:
        """The task."""
        return self._entity._scenario._task(whole_name(self._held.task))

    @property
    def owner_id(self) -> str | None:
        """The task's id."""
        return self.task.id

    @property
    def status(self) -> Status:
        """The current status."""
        return self._status or self._record.status

    @property
    def reason(self) -> str | None:
        """The reason for its status."""
        return self._record.reason

    @property
    def history(self) -> tuple[Status, ...]:
        """The statuses that it has had, oldest first."""
        return self._record.history

    @property
    def stacktrace(self) -> list[str]:
        """The traceback of its exception, as a list of one text; empty if it raised none."""
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
        """Seconds from the time when it was ready to its start."""
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

    def is_deletable(self) -> ReasonCollection:
        """Whether it can be deleted: every job of its submission has ended."""
        from taipy_exec.api.permissions import is_deletable

        return is_deletable(self)

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


def is_kept(service: Service | None) -> bool:
    """Whether a service keeps records of jobs up to date. If not, read the store."""
    return service is not None and not service.is_over
