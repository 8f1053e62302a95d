"""Short ids: 8 digits, and more where another id of the state begins with the same 8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.model.job import SWEEP, JobRecord, SubmissionRecord, short_id
from taipy_exec.store.quick_read import quick_jobs, quick_submissions
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store

REST = "-0000-4000-8000-000000000000"
ONE, OTHER, THIRD = f"1b2c3d4e{REST}", f"1b2c3d4e{REST[:-1]}7", f"1b2c3d4e-1{REST[2:]}"
ALONE = f"9f8e7d6c{REST}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state")
    opened.add_instance(Instance(id="I", scenario="s", name="s", created_at=1.0))
    yield opened
    opened.close()


def submission(number: str, group: str = "") -> SubmissionRecord:
    properties = {SWEEP: {"group": group, "place": 0, "values": {}}} if group else {}
    return SubmissionRecord(
        id=f"SUBMISSION_{number}", scenario="s", instance="I", name="s", properties=properties
    )


def job(submission: str, number: str, task: str = "fit", position: int = 0) -> JobRecord:
    return JobRecord(
        id=f"JOB_{task}_{number}",
        task=task,
        submission=f"SUBMISSION_{submission}",
        position=position,
        submitted_at=1.0,
    )


def test_a_short_id_has_8_digits_and_more_if_another_begins_the_same() -> None:
    id = f"JOB_fit_{ONE}"
    assert short_id(id) == "JOB_fit_1b2c3d4e"
    assert short_id(id, None, f"JOB_fit_{ALONE}", f"JOB_a_{ONE}") == "JOB_fit_1b2c3d4e"
    assert short_id(id, f"JOB_fit_{THIRD}") == "JOB_fit_1b2c3d4e-0"
    assert short_id(id, f"JOB_fit_{OTHER}") == id


def test_records_of_the_state_have_short_ids_that_find_them(store: Store) -> None:
    numbers = (ONE, OTHER, THIRD, ALONE)
    made = [submission(number) for number in numbers]
    jobs = [job(ALONE, number, position=n) for n, number in enumerate(numbers)]
    jobs.append(job(ALONE, ONE, task="other", position=9))
    for record in made:
        store.add_submission(record, jobs if record is made[-1] else [])
    for record in (*made, *store.submissions()):
        assert store.submission(record.short_id).id == record.id
    for one in (*jobs, *store.jobs(f"SUBMISSION_{ALONE}")):
        assert store.find_job(one.short_id).id == one.id
    assert made[2].short_id == "SUBMISSION_1b2c3d4e-1"
    assert [len(one.short_id) - len("JOB_fit_") for one in jobs[:4]] == [36, 36, 10, 8]
    assert jobs[4].short_id == "JOB_other_1b2c3d4e"
    # And where ids are completed.
    glanced = [*quick_submissions(store.folder), *quick_jobs(store.folder, "JOB_fit")]
    assert {one.short_id for one in glanced} == {one.short_id for one in (*made, *jobs[:4])}


def test_ids_of_sweeps_grow_too(store: Store) -> None:
    groups = [f"SWEEP_{number}" for number in (ONE, THIRD, ALONE)]
    for number, group in enumerate((*groups, groups[0])):
        store.add_submission(submission(f"{number}{ALONE[1:]}", group), [])
    assert [store.short_id(group) for group in groups] == [
        "SWEEP_1b2c3d4e-0",
        "SWEEP_1b2c3d4e-1",
        "SWEEP_9f8e7d6c",
    ]
    assert {one.group for one in store.swept_submissions("SWEEP_1b2c3d4e-1")} == {groups[1]}


def test_a_closed_state_is_read_once_more_and_one_that_is_gone_is_not_made_again(
    store: Store,
) -> None:
    first, second = submission(ONE), submission(THIRD)
    store.add_submission(first, [])
    store.add_submission(second, [])
    store.close()
    assert first.short_id == "SUBMISSION_1b2c3d4e-0"
    assert sorted(path.name for path in store.folder.glob("state.db*")) == ["state.db"]
    store.path.unlink()
    assert first.short_id == "SUBMISSION_1b2c3d4e"
    assert not store.path.exists()


def test_a_short_id_of_one_of_very_many_jobs_is_found_by_the_index(store: Store) -> None:
    many = 30_000
    store.add_submission(
        submission(ALONE), (job(ALONE, f"{n:08x}{REST}", position=n) for n in range(many))
    )
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    store._connection().set_progress_handler(count, 1)
    assert store.short_id(f"JOB_fit_{many // 2:08x}{REST}") == f"JOB_fit_{many // 2:08x}"
    assert steps < 100
