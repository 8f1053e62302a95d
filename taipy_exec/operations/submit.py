"""Submitting: store what is wanted, with its values, for an engine that runs it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taipy_exec.engine.given import write_given
from taipy_exec.engine.instances import named_instance
from taipy_exec.operations.admission import admit_wanted, admitted
from taipy_exec.operations.given_values import note_changed_inputs
from taipy_exec.operations.sweep.admission import admitted_sweep

if TYPE_CHECKING:
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.wanted import Wanted
    from taipy_exec.wiring import Engine


def submit(
    wanted: Wanted, engine: Engine, listener: Listener, deadline: float | None = None
) -> list[SubmissionPlan]:
    """Store a submission, or resume the interrupted one of the same instance; a sweep has several.

    Waits until no live process works on the same data. Raises TimedOutError after `deadline`
    (monotonic clock), and DataError for a value that cannot be written.
    """
    if wanted.combinations:
        return admitted_sweep(listener, engine, wanted, deadline)
    store = engine.store
    instance = named_instance(
        store, engine.app, wanted.scenario, wanted.name, new=wanted.new, created=wanted.created
    )
    former = store.submissions_of(instance.id, limit=1)
    attempt = partial(admit_wanted, engine, wanted, instance, wanted.given, {})
    plan = admitted(listener, attempt, deadline)
    for one in former:
        _note_other_file(listener, one, plan.record)
    write_given(store, plan, engine.identity)
    note_changed_inputs(listener, store, plan)
    return [plan]


def _note_other_file(
    listener: Listener, former: SubmissionRecord, record: SubmissionRecord
) -> None:
    """Say that another file of the same folder has the same scenario, and so the same data."""
    if former.file is None or record.file is None or former.file == record.file:
        return
    listener.note(
        f"scenario instance {record.name} was last submitted from {former.file}: "
        f"{record.file} uses the same data nodes and history"
    )
    listener.hint("submit --name NAME uses an instance of its own")
