"""Admit submissions: new ones, and interrupted ones whose coordinator has died."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.config.modes import capabilities
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.files import remove_leftovers
from taipy_exec.engine.circumstances import with_command
from taipy_exec.engine.origin import origin_properties
from taipy_exec.engine.plan import SubmissionPlan, plan_submission
from taipy_exec.errors import BusyError, ConfigurationError
from taipy_exec.model.decide import decide
from taipy_exec.model.event import CancelRequested, Lost
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Reason, Status
from taipy_exec.store.rows import Instance, JobUpdate
from taipy_exec.store.store import Store

# Takes unfinished jobs without a coordinator back from where they wait or run. The last argument
# says whether the submission ends with them.
Revoke = Callable[[SubmissionRecord, Sequence[JobRecord], bool], None]


def new_submission(
    app: AppConfig,
    scenario: ScenarioConfig,
    instance: Instance,
    *,
    target: str = "scenario",
    mode: str,
    force: bool = False,
    fail_fast: bool = False,
    identity: str,
    properties: dict[str, object] | None = None,
) -> SubmissionPlan:
    """The plan of a submission that is not stored yet."""
    record = SubmissionRecord(
        id=f"SUBMISSION_{uuid.uuid4()}",
        scenario=scenario.id,
        instance=instance.id,
        name=instance.name,
        target=target,
        mode=mode,
        force=force,
        fail_fast=fail_fast,
        config_digest=app.digest,
        created_at=time.time(),
        coordinator=identity,
    )
    plan = plan_submission(app, scenario, instance, record)
    record.properties = {
        **(properties or {}),
        **origin_properties(app),
        **with_command(app),
        **_shared_places(plan),
    }
    if not plan.jobs:
        record.finished_at = record.created_at
    return plan


def store_submission(store: Store, plan: SubmissionPlan) -> None:
    """Store a new submission, unless a live process works on the same data.

    Raises BusyError, which names that submission.
    """
    mine = plan.record

    def refuse(unfinished: list[SubmissionRecord]) -> None:
        for other in unfinished:
            if (
                other.coordinator != mine.coordinator
                and _collide(mine, other)
                and store.is_alive(other.coordinator)
            ):
                raise BusyError(
                    f"{other.short_id} works on the same data (process {_pid(other)})",
                    f"wait for it: taipy-exec wait {other.short_id}{store.where}",
                )

    mine.counts = {}
    for job in plan.jobs:
        mine.counts[job.status] = mine.counts.get(job.status, 0) + 1
    store.add_submission(mine, plan.jobs, refuse)
    mine.end_is_stored = mine.finished_at is not None


def _shared_places(plan: SubmissionPlan) -> dict[str, list[str]]:
    """The places outside the instance's own data that the submission reads and writes."""

    def shared(names: Iterable[str]) -> list[str]:
        found = {
            node.key
            for node in (plan.nodes[name] for name in names)
            if node.config.scope is not Scope.SCENARIO or not node.is_generated
        }
        return sorted(found)

    return {
        "reads": shared(n for task in plan.graph.tasks for n in task.inputs),
        "writes": shared(n for task in plan.graph.tasks for n in task.outputs),
    }


def _collide(one: SubmissionRecord, other: SubmissionRecord) -> bool:
    if one.instance == other.instance:
        return True
    places = [
        {key: set(record.properties.get(key, ())) for key in ("reads", "writes")}  # type: ignore[call-overload]
        for record in (one, other)
    ]
    first, second = places
    return bool(
        first["writes"] & (second["writes"] | second["reads"]) or second["writes"] & first["reads"]
    )


def _pid(record: SubmissionRecord) -> str:
    return (record.coordinator or ":?:").split(":")[1]


def interrupted_submissions(store: Store, instance: str) -> list[SubmissionRecord]:
    """The interrupted submissions of an instance, oldest first: no process works on them."""
    return [
        record
        for record in store.unfinished_submissions(instance=instance)
        if store.is_interrupted(record)
    ]


def why_not_resumable(app: AppConfig, record: SubmissionRecord) -> str | None:
    """Why an interrupted submission cannot be resumed, in words; None if it can."""
    if capabilities(record.mode).outlives_coordinator and app.job.mode != record.mode:
        return f"it was submitted in {record.mode} mode, and workers may be running its jobs"
    if record.config_digest != app.digest:
        return "the configuration has changed since"
    nodes = app.scenario(record.scenario).data_nodes
    if any(node.storage_type == "in_memory" for node in nodes):
        return "its in_memory data nodes were lost with their process"
    return None


def carried_on(
    app: AppConfig, former: Sequence[SubmissionRecord], target: str
) -> SubmissionRecord | None:
    """The interrupted submission that a submit of the same target resumes, if any."""
    same = [r for r in former if r.target == target and not why_not_resumable(app, r)]
    return same[-1] if same else None


def resume_plan(
    store: Store, app: AppConfig, record: SubmissionRecord, identity: str
) -> SubmissionPlan:
    """Take over a submission whose coordinator died: its plan, with its jobs as stored.

    Raises ConfigurationError if it cannot be resumed, and BusyError if another process was
    faster.
    """
    why = why_not_resumable(app, record)
    if why is not None:
        raise ConfigurationError(
            f"{record.short_id} cannot be resumed: {why}",
            "submit again: its unfinished jobs are canceled then",
        )
    scenario = app.scenario(record.scenario)
    instance = store.instance(record.instance)
    plan = plan_submission(app, scenario, instance, record, store.jobs(record.id))
    if not store.take_over(record.id, record.coordinator, identity, app.job.mode):
        raise BusyError(f"another process has just taken over {record.short_id}")
    store.forget_coordinator(record.coordinator)
    record.coordinator = identity
    record.mode = app.job.mode
    _remove_leftovers(plan)
    return plan


def _remove_leftovers(plan: SubmissionPlan) -> None:
    """Remove half-written files of jobs that died with their process.

    Files of a live worker are locked, and stay.
    """
    for job in plan.jobs:
        if job.status is Status.RUNNING:
            for config in plan.tasks[job.task].outputs:
                path = plan.nodes[config.id].path
                if path is not None:
                    remove_leftovers(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A submission that this process coordinates now.

    `carried_on`: it was interrupted, and is resumed. `superseded`: the ids of the interrupted
    submissions that were canceled for it.
    """

    plan: SubmissionPlan
    carried_on: bool = False
    superseded: tuple[str, ...] = ()


def admit(
    store: Store,
    app: AppConfig,
    scenario: ScenarioConfig,
    instance: Instance,
    *,
    target: str,
    force: bool,
    fail_fast: bool,
    fresh: bool,
    identity: str,
    revoke: Revoke,
    properties: dict[str, object],
) -> Admission:
    """Resume the interrupted submission of the same instance and target, or store a new one.

    With `fresh`, or if the interrupted submission cannot be resumed, its unfinished jobs are
    canceled. Raises BusyError while a live process works on the same data.
    """
    former = interrupted_submissions(store, instance.id)
    chosen = None if fresh else carried_on(app, former, target)
    given_up = [record for record in former if record is not chosen]
    for record in given_up:
        supersede(store, record, identity, revoke)
    if chosen is not None:
        plan = resume_plan(store, app, chosen, identity)
    else:
        plan = new_submission(
            app,
            scenario,
            instance,
            target=target,
            mode=app.job.mode,
            force=force,
            fail_fast=fail_fast,
            identity=identity,
            properties=properties,
        )
        store_submission(store, plan)
    return Admission(
        plan=plan,
        carried_on=chosen is not None,
        superseded=tuple(record.id for record in given_up),
    )


def supersede(
    store: Store,
    record: SubmissionRecord,
    identity: str | None,
    revoke: Revoke,
    reason: Reason = Reason.SUPERSEDED,
) -> None:
    """Cancel the unfinished jobs of an interrupted submission, by default for a new one.

    Before the cancelation is stored, `revoke` makes sure that none of these jobs can run.
    """
    if not store.take_over(record.id, record.coordinator, identity, record.mode):
        return
    store.forget_coordinator(record.coordinator)
    now = time.time()
    updates: list[JobUpdate] = []
    jobs = store.jobs(record.id)
    revoke(record, [job for job in jobs if not job.status.is_final], True)
    counts: dict[Status, int] = {}
    for job in jobs:
        if not job.status.is_final:
            expected = job.status
            _cancel(job, now, reason)
            updates.append(JobUpdate(job=job, expected=expected, expected_attempt=job.attempt))
        counts[job.status] = counts.get(job.status, 0) + 1
    record.counts = counts
    record.finished_at = now
    record.coordinator = identity
    store.save(updates, [record])


def _cancel(job: JobRecord, at: float, reason: Reason) -> None:
    job.status = Status.CANCELED
    job.reason = reason
    job.finished_at = at


def cancel_lost_job(store: Store, plan: SubmissionPlan, wanted: str, revoke: Revoke) -> None:
    """Cancel one job of a submission that was taken over, and abandon the jobs after it.

    The decision is the same as in the coordinator. If the job ran, it was lost with its process.
    The job that collects the results of a mapped task is canceled with its elements.
    """
    job_table = JobTable()
    unwritten = frozenset(n.key for n in plan.input_nodes() if n.changed_at() is None)
    job_table.admit(plan.record, plan.jobs, plan.predecessors, unwritten, plan.unexpanded)
    parts = [job for job in plan.with_parts(job_table.jobs[wanted]) if not job.status.is_final]
    revoke(plan.record, parts, False)
    former = {job.id: (job.status, job.attempt) for job in plan.jobs}
    now = time.time()
    asked = CancelRequested(jobs=tuple(job.id for job in parts), reason=Reason.CANCELED, at=now)
    job_table.apply(*decide(job_table, asked))
    for job in parts:
        attempt = job.attempt
        lost = Lost(job=job.id, attempt=attempt, at=now, max_attempts=attempt)
        job_table.apply(*decide(job_table, lost))
    if not plan.record.unfinished:
        plan.record.finished_at = now
    updates = [
        JobUpdate(job=job, expected=former[job.id][0], expected_attempt=former[job.id][1])
        for job in plan.jobs
        if job.status is not former[job.id][0]
    ]
    store.save(updates, [plan.record])
