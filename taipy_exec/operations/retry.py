"""Retrying: a new submission with only the jobs that did not complete in an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from taipy_exec.config.mapped import whole_name
from taipy_exec.engine.admission import Admission, admit
from taipy_exec.engine.forecast import Forecast, forecast
from taipy_exec.engine.mapping import predecessors
from taipy_exec.engine.retries import RETRIES, chain_of, left_of, newest_jobs, with_followers
from taipy_exec.engine.sweep import same_sweep, with_copies
from taipy_exec.errors import ConfigurationError, UsageError
from taipy_exec.model.status import DONE
from taipy_exec.operations.admission import admitted
from taipy_exec.operations.application import load_compiled, refuse_to_fail
from taipy_exec.operations.chosen import Latest, chosen_job
from taipy_exec.operations.state import refuse_program, submit_again
from taipy_exec.operations.sweep.admission import admitted_together
from taipy_exec.operations.sweep.stored import means_sweep, submissions_of_sweep
from taipy_exec.wiring import revoke

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.location import Location
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A submission to retry: its `chain` of retries, all its jobs, and those that are left."""

    chain: Sequence[SubmissionRecord]
    record: SubmissionRecord
    instance: Instance
    jobs: Sequence[JobRecord]
    left: Sequence[JobRecord]

    @property
    def target(self) -> str:
        """The tasks that the retry runs."""
        return f"task:{','.join(dict.fromkeys(whole_name(job.task) for job in self.left))}"

    def forecast(self, app: AppConfig) -> Forecast:
        """A forecast of the retry."""
        return forecast(
            app,
            app.scenario(self.record.scenario),
            self.target,
            self.instance.name,
            force=self.record.force,
            fresh=True,
            created=datetime.fromtimestamp(self.instance.created_at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRetry:
    """A checked request. `members` has one submission, or those of a sweep (`group`)."""

    app: AppConfig
    members: Sequence[Member]
    group: str | None = None
    combinations: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """The options of `retry`. `wanted`: an id, a name, or an empty text for the latest that failed.

    `followers`: with a job, also the jobs after it that did not complete.
    """

    wanted: str = ""
    followers: bool = True
    mode: str | None = None
    workers: int | None = None


def wanted_retry(
    location: Location, store: Store, request: RetryRequest, listener: Listener
) -> WantedRetry:
    """Find what is left and check the application, before anything is stored or started.

    Raises NotFoundError; UsageError if it has not ended or nothing is left; and ConfigurationError
    with every problem.
    """
    group, job = request.wanted, None
    if not means_sweep(store, request.wanted):
        record, job = chosen_job(store, request.wanted, Latest.FAILED)
        group = "" if request.wanted else record.group or ""
    records = submissions_of_sweep(store, group) if group else [record]
    record = records[0]
    refuse_program(record)
    location.take_from(record)
    again = submit_again(location, record.scenario)
    if group:
        members = _members_of_sweep(store, records, again)
    else:
        members = [_left_of_one(store, record, again)]
    mode = request.mode or record.mode
    compiled = load_compiled(location, mode=mode, workers=request.workers)
    app = compiled.config
    if job is not None:
        members = [_with_job(app, members[0], job, request, store.where, again)]
    _refuse_lost_data(app, record)
    scenario = app.scenario(record.scenario)
    for target in dict.fromkeys(member.target for member in members):
        same = [member for member in members if member.target == target]
        forecasts = partial(_forecasts, app, same)
        refuse_to_fail(listener, compiled, scenario, target, forecasts)
    return WantedRetry(
        app=app,
        members=members,
        group=str(record.group) if group else None,
        combinations=len(records),
    )


def retry(
    wanted: WantedRetry,
    engine: Engine,
    listener: Listener,
    *,
    fail_fast: bool = False,
    deadline: float | None = None,
) -> list[SubmissionPlan]:
    """Store the new submissions; those of a sweep take the places of the ones that they retry.

    Waits until no live process works on the same data. Raises TimedOutError after `deadline`
    (monotonic clock).
    """
    attempts = {
        member.record.name: partial(_admit, engine, member, fail_fast=fail_fast)
        for member in wanted.members
    }
    first = wanted.members[0]
    if wanted.group is None:
        plan = admitted(listener, attempts[first.record.name], deadline)
        newest = first.chain[-1]
        later = f", after its retry {newest.short_id}" if newest is not first.record else ""
        listener.note(
            f"retrying {len(first.left)} of {len(first.jobs)} jobs of {first.record.short_id}"
            f"{later}"
        )
        return [plan]
    admissions = admitted_together(listener, engine, attempts, deadline)
    plans = with_copies(engine.app, [admission.plan for admission in admissions.values()])
    jobs = sum(len(plan.jobs) for plan in plans)
    listener.note(
        f"retrying {len(wanted.members)} of {wanted.combinations} combinations of "
        f"{engine.store.short_id(wanted.group)}: {jobs} {'job' if jobs == 1 else 'jobs'}"
    )
    return plans


def _forecasts(app: AppConfig, members: Iterable[Member]) -> list[Forecast]:
    return [member.forecast(app) for member in members]


def _admit(engine: Engine, member: Member, *, fail_fast: bool) -> Admission:
    record = member.record
    return admit(
        engine.store,
        engine.app,
        engine.app.scenario(record.scenario),
        member.instance,
        target=member.target,
        force=record.force,
        fail_fast=fail_fast,
        fresh=True,
        identity=engine.identity,
        revoke=partial(revoke, engine.app),
        properties={RETRIES: member.chain[-1].id, **same_sweep(record)},
    )


# -- what is left ---------------------------------------------------------------------------


def _member(store: Store, record: SubmissionRecord) -> Member:
    chain = chain_of(record, store.submissions_of(record.instance))
    _refuse_unfinished(store, chain)
    jobs = newest_jobs(store.jobs(each.id) for each in chain)
    return Member(
        chain=chain,
        record=record,
        instance=store.instance(record.instance),
        jobs=jobs,
        left=left_of(jobs),
    )


def _left_of_one(store: Store, record: SubmissionRecord, again: str) -> Member:
    """Raises UsageError if there is nothing to retry."""
    member = _member(store, record)
    if not member.left:
        newest = member.chain[-1]
        by = f" ({newest.short_id} retried it)" if newest is not record else ""
        raise UsageError(
            f"every job of {record.short_id} is done{by}: there is nothing to retry",
            f"{again} --force runs all of them again",
        )
    return member


def _members_of_sweep(
    store: Store, records: Sequence[SubmissionRecord], again: str
) -> list[Member]:
    """Each combination with jobs that are left. Raises UsageError if there is nothing to retry."""
    _refuse_unfinished_sweep(store, records)
    members = [member for record in records if (member := _member(store, record)).left]
    if not members:
        id = store.short_id(str(records[0].group))
        raise UsageError(
            f"every job of {id} is done: there is nothing to retry",
            f"{again} --sweep ... --force runs all of them again",
        )
    return members


def _with_job(
    app: AppConfig, member: Member, job: JobRecord, request: RetryRequest, where: str, again: str
) -> Member:
    """The member with only this job left, or also the jobs after it."""
    graph = app.scenario(member.record.scenario).graph(member.chain[0].target)
    before = predecessors([newest.task for newest in member.jobs], graph)
    only = next(newest for newest in member.jobs if newest.task == job.task)
    _refuse_job(member, only, before.get(only.task, ()), where, again)
    left = with_followers(only, member.jobs, before) if request.followers else [only]
    return Member(
        chain=member.chain,
        record=member.record,
        instance=member.instance,
        jobs=member.jobs,
        left=left,
    )


def _refuse_unfinished(store: Store, chain: Sequence[SubmissionRecord]) -> None:
    """A submission of the chain that has not ended. Raises UsageError."""
    for record in chain:
        if record.finished_at is not None:
            continue
        if store.is_interrupted(record):
            why = "waits for data" if record.waits_for_data else "was interrupted"
            raise UsageError(
                f"{record.short_id} {why} and has not ended",
                f"taipy-exec resume {record.short_id}{store.where} continues it",
            )
        raise UsageError(
            f"{record.short_id} has not ended", f"taipy-exec wait {record.short_id}{store.where}"
        )


def _refuse_unfinished_sweep(store: Store, records: Sequence[SubmissionRecord]) -> None:
    """A sweep of which a submission has not ended. Raises UsageError."""
    left = [record for record in records if record.finished_at is None]
    if not left:
        return
    id = store.short_id(str(left[0].group))
    lost = [record for record in left if store.is_interrupted(record)]
    if lost:
        why = "waits for data" if lost[0].waits_for_data else "was interrupted"
        raise UsageError(
            f"{id} {why} and has not ended", f"taipy-exec resume {id}{store.where} continues it"
        )
    raise UsageError(f"{id} has not ended", f"taipy-exec wait {id}{store.where}")


def _refuse_job(
    member: Member,
    only: JobRecord,
    before: Iterable[str],
    where: str,
    again: str,
) -> None:
    """A job that is done, or one whose inputs are not. Raises UsageError."""
    if only.status in DONE:
        raise UsageError(
            f"{only.short_id} is done: there is nothing to retry",
            f"{again} --task {only.task} --force runs it again",
        )
    missing = [job.task for job in member.jobs if job.task in before and job.status not in DONE]
    if missing:
        raise UsageError(
            f"{only.short_id} reads what {', '.join(missing)} did not write",
            f"taipy-exec retry {member.record.short_id}{where} runs all that is left",
        )


def _refuse_lost_data(config: AppConfig, record: SubmissionRecord) -> None:
    """The results of completed jobs were in a process that is gone."""
    nodes = config.scenario(record.scenario).data_nodes
    if any(node.storage_type == "in_memory" for node in nodes):
        raise ConfigurationError(
            f"{record.short_id} cannot be retried: its in_memory data nodes are gone with their "
            "process",
            "submit again: all jobs run then",
        )
