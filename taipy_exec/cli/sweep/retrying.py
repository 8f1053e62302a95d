"""`retry` for a sweep: what did not complete in each combination, as one group again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from taipy_exec.cli.application import load_compiled, refuse_to_fail
from taipy_exec.cli.commands.retry import refuse_lost_data, refuse_unfinished
from taipy_exec.cli.metrics import detached_options, open_metrics
from taipy_exec.cli.running import open_engine
from taipy_exec.cli.state import refuse_program, submit_again
from taipy_exec.cli.sweep.admission import admitted_together
from taipy_exec.cli.sweep.running import run_sweep_on
from taipy_exec.cli.sweep.stored import submissions_of_sweep
from taipy_exec.config.mapped import whole_name
from taipy_exec.engine.admission import Admission, admit
from taipy_exec.engine.identity import is_interrupted
from taipy_exec.engine.retries import RETRIES, chain_of, left_of, newest_jobs
from taipy_exec.engine.sweep import same_sweep, with_copies
from taipy_exec.errors import UsageError
from taipy_exec.wiring import withdraw

if TYPE_CHECKING:
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A combination with jobs that are left: its submission, and the latest retry of that."""

    record: SubmissionRecord
    latest: SubmissionRecord
    left: Sequence[JobRecord]

    @property
    def target(self) -> str:
        return f"task:{','.join(dict.fromkeys(whole_name(job.task) for job in self.left))}"


def retry_sweep(
    streams: Streams,
    location: Location,
    store: Store,
    group: str,
    *,
    mode: str | None,
    workers: int | None,
    fail_fast: bool,
    begin: float,
    timeout: float | None,
    detach: bool,
    metrics_port: int | None,
    metrics_host: str,
) -> int:
    """Retry each combination of a sweep in which a job is left, all at once; the exit code.

    The new submissions belong to the same sweep, and take the places of those that they retry.
    Raises NotFoundError, and UsageError if the sweep has not ended or nothing is left.
    """
    records = submissions_of_sweep(store, group)
    record = records[0]
    refuse_program(record)
    location.take_from(record)
    _refuse_unfinished_sweep(store, records)
    members = [member for one in records if (member := _member(store, one))]
    id = store.short_id(str(record.group))
    if not members:
        again = submit_again(location, record.scenario)
        raise UsageError(
            f"every job of {id} is done: there is nothing to retry",
            f"{again} --sweep ... --force runs all of them again",
        )
    compiled = load_compiled(location, mode=mode or record.mode, workers=workers)
    scenario = compiled.config.scenario(record.scenario)
    refuse_lost_data(compiled.config, record)
    for target in dict.fromkeys(member.target for member in members):
        refuse_to_fail(compiled, scenario, target)
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, compiled.config, store, metrics)
    attempts = {
        member.record.name: partial(_admit, engine, member, fail_fast=fail_fast)
        for member in members
    }
    deadline = None if timeout is None else begin + timeout
    admissions = admitted_together(streams, engine, attempts, deadline)
    plans = with_copies(engine.app, [admission.plan for admission in admissions.values()])
    jobs = sum(len(plan.jobs) for plan in plans)
    streams.note(
        f"retrying {len(members)} of {len(records)} combinations of {id}: "
        f"{jobs} {'job' if jobs == 1 else 'jobs'}"
    )
    carried = detached_options(metrics, metrics_host)
    return run_sweep_on(
        engine, streams, plans, location.where, begin, timeout, detach=detach, carried=carried
    )


def _refuse_unfinished_sweep(store: Store, records: Sequence[SubmissionRecord]) -> None:
    """A sweep of which a submission has not ended. Raises UsageError."""
    left = [record for record in records if record.finished_at is None]
    if not left:
        return
    id = store.short_id(str(left[0].group))
    lost = [record for record in left if is_interrupted(store.folder, record)]
    if lost:
        why = "waits for data" if lost[0].waits_for_data else "was interrupted"
        raise UsageError(
            f"{id} {why} and has not ended", f"taipy-exec resume {id}{store.where} continues it"
        )
    raise UsageError(f"{id} has not ended", f"taipy-exec wait {id}{store.where}")


def _member(store: Store, record: SubmissionRecord) -> _Member | None:
    """A combination and the jobs that are left; None if none is. Raises UsageError."""
    chain = chain_of(record, store.submissions_of(record.instance))
    refuse_unfinished(store, chain)
    left = left_of(newest_jobs(store.jobs(each.id) for each in chain))
    return _Member(record=record, latest=chain[-1], left=left) if left else None


def _admit(engine: Engine, member: _Member, *, fail_fast: bool) -> Admission:
    record = member.record
    return admit(
        engine.store,
        engine.app,
        engine.app.scenario(record.scenario),
        engine.store.instance(record.instance),
        target=member.target,
        force=record.force,
        fail_fast=fail_fast,
        fresh=True,
        identity=engine.identity,
        withdraw=partial(withdraw, engine.app),
        properties={RETRIES: member.latest.id, **same_sweep(record)},
    )
