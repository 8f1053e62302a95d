"""Which submission or job an argument of a command means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.engine.retries import RETRIES
from taipy_exec.engine.sweep import with_sweep
from taipy_exec.errors import NotFoundError
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.operations.chosen import Latest, chosen_job, chosen_submission
from taipy_exec.operations.sweep.stored import means_sweep
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    made.add_instance(Instance(id="I", scenario="s", name="s", created_at=1.0))
    yield made
    made.close()


def submitted(
    store: Store, number: int, status: Status, task: str = "t", **about: object
) -> SubmissionRecord:
    fields: dict[str, object] = {"scenario": "s", "name": "s", **about}
    record = SubmissionRecord(
        id=f"SUBMISSION_{number:04}",
        instance="I",
        created_at=float(number),
        finished_at=number + 0.5,
        counts={status: 1},
        **fields,  # type: ignore[arg-type]
    )
    about_job: dict[str, object] = {
        "submitted_at": 1.0,
        "started_at": 1.0,
        "worker": "h:1",
        "finished_at": number + 0.5,
        "task": task,
        "submission": record.id,
        "position": 0,
        "status": status,
    }
    store.add_submission(record, [JobRecord(id=f"JOB_{task}_{number}", **about_job)])  # type: ignore[arg-type]
    return record


def test_the_latest_that_failed_is_found_behind_any_number_of_others(store: Store) -> None:
    failed = submitted(store, 1, Status.FAILED)
    for number in range(2, 150):
        submitted(store, number, Status.COMPLETED)
    assert chosen_submission(store, "", Latest.FAILED).id == failed.id
    canceled = submitted(store, 150, Status.CANCELED)
    assert chosen_submission(store, "", Latest.FAILED).id == canceled.id


def test_one_that_a_retry_completed_is_not_the_latest_that_failed(store: Store) -> None:
    first = submitted(store, 1, Status.FAILED)
    second = submitted(store, 2, Status.FAILED)
    again = submitted(store, 3, Status.FAILED, properties={RETRIES: second.id})
    assert chosen_submission(store, "", Latest.FAILED).id == again.id
    submitted(store, 4, Status.COMPLETED, properties={RETRIES: again.id})
    assert chosen_submission(store, "", Latest.FAILED).id == first.id
    for number in range(5, 60, 2):
        failed = submitted(store, number, Status.FAILED)
        submitted(store, number + 1, Status.COMPLETED, properties={RETRIES: failed.id})
    assert chosen_submission(store, "", Latest.FAILED).id == first.id
    submitted(store, 100, Status.COMPLETED, properties={RETRIES: first.id})
    with pytest.raises(NotFoundError, match="no submission that failed or was canceled"):
        chosen_submission(store, "", Latest.FAILED)


def test_names_that_look_like_ids_are_names_if_there_is_no_such_id(store: Store) -> None:
    named = submitted(store, 1, Status.COMPLETED, scenario="SWEEP_june")
    jobs = submitted(store, 2, Status.COMPLETED, name="JOB_july")
    of_task = submitted(store, 3, Status.COMPLETED, task="JOB_fit")
    assert not means_sweep(store, "SWEEP_june")
    assert chosen_submission(store, "SWEEP_june").id == named.id
    assert chosen_job(store, "JOB_july")[0].id == jobs.id
    record, job = chosen_job(store, "JOB_fit")
    assert record.id == of_task.id
    assert job is not None and job.task == "JOB_fit"
    assert chosen_job(store, "JOB_t_1")[0].id == named.id
    with pytest.raises(NotFoundError, match="there is no job 'JOB_nope'"):
        chosen_job(store, "JOB_nope")


def test_a_sweep_is_meant_by_its_id_and_by_an_unknown_one(store: Store) -> None:
    submitted(store, 1, Status.COMPLETED, properties=with_sweep("SWEEP_june", 0, {"a": 1}))
    assert means_sweep(store, "SWEEP_ju")
    assert means_sweep(store, "SWEEP_nope")
    assert not means_sweep(store, "june")
