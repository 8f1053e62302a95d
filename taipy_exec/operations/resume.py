"""Resuming interrupted submissions: choose them, then take them over with an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.engine.admission import resume_plan
from taipy_exec.engine.given import write_given
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.operations.state import refuse_program
from taipy_exec.operations.sweep.admission import resumed_sweep
from taipy_exec.operations.sweep.stored import interrupted_of_sweep, means_sweep

if TYPE_CHECKING:
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine


def interrupted_submissions(store: Store, wanted: str | None) -> list[SubmissionRecord]:
    """The submission that is meant (None: the latest interrupted one), or those of its sweep.

    Raises NotFoundError and UsageError if there is none that can be resumed.
    """
    records = _interrupted(store, wanted)
    refuse_program(records[0])
    return records


def is_whole_sweep(store: Store, wanted: str | None, record: SubmissionRecord) -> bool:
    """Whether the sweep of `record` is meant, and not that submission alone."""
    return record.group is not None and (wanted is None or means_sweep(store, wanted))


def resume(
    engine: Engine, records: list[SubmissionRecord], *, whole_sweep: bool
) -> list[SubmissionPlan]:
    """Take over submissions that no process works on. Raises BusyError if another one was faster,
    and ConfigurationError if the configuration has changed since."""
    if whole_sweep:
        return resumed_sweep(engine, records)
    plan = resume_plan(engine.store, engine.app, records[0], engine.identity)
    write_given(engine.store, plan, engine.identity)
    return [plan]


def _interrupted(store: Store, wanted: str | None) -> list[SubmissionRecord]:
    if wanted is None:
        waiting = [r for r in store.unfinished_submissions() if store.is_interrupted(r)]
        if not waiting:
            raise NotFoundError(
                "no submission was interrupted",
                f"taipy-exec status{store.where} shows all of them",
            )
        group = waiting[-1].group
        return interrupted_of_sweep(store, group) if group is not None else waiting[-1:]
    if means_sweep(store, wanted):
        return interrupted_of_sweep(store, wanted)
    record = store.submission(wanted)
    if record.finished_at is not None:
        again = f"taipy-exec retry {record.short_id}{store.where} runs what did not complete"
        raise UsageError(
            f"{record.short_id} has ended ({record.status.name}): there is nothing to resume",
            None if record.status.name == "COMPLETED" else again,
        )
    if not store.is_interrupted(record):
        raise UsageError(
            f"{record.short_id} is running", f"taipy-exec wait {record.short_id}{store.where}"
        )
    return [record]
