"""The store: what goes in comes out, what may not be is refused, and what is broken is told."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command_support import AS_OTHERS

from taipy_exec.engine.sweep import with_sweep
from taipy_exec.errors import BusyError, NotFoundError, StoreError
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import FINAL, Reason, Status, SubmissionStatus
from taipy_exec.store import schema
from taipy_exec.store.database import DATABASE
from taipy_exec.store.logs import log_path
from taipy_exec.store.rows import Edit, Instance, JobUpdate
from taipy_exec.store.store import Store

INSTANCE = Instance(id="SCENARIO_s_1", scenario="s", name="monday", created_at=10.0)
FAILURE = Failure(kind=Reason.RAISED, type="ValueError", message="né", traceback="line\nline")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder that holds one submission, and is closed."""
    opened = Store(tmp_path / "state")
    fill(opened)
    opened.close()
    return opened.folder


def submission(number: int = 1, **changes: object) -> SubmissionRecord:
    record = SubmissionRecord(
        id=f"SUBMISSION_{number}",
        scenario="s",
        instance=INSTANCE.id,
        name=INSTANCE.name,
        created_at=float(number),
    )
    return replace(record, **changes)


def job(
    number: int, submission: int = 1, status: Status = Status.PENDING, **changes: object
) -> JobRecord:
    record = JobRecord(
        id=f"JOB_t{number}_{submission}",
        task=f"t{number}",
        submission=f"SUBMISSION_{submission}",
        position=number,
        status=status,
        submitted_at=1.0,
        started_at=2.0,
        worker="w:1",
        finished_at=3.0 if status.is_final else None,
    )
    return replace(record, **changes)


def fill(store: Store, jobs: int = 3) -> list[JobRecord]:
    """One instance with one submission of some jobs."""
    store.add_instance(INSTANCE)
    made = [job(number) for number in range(jobs)]
    store.add_submission(submission(), made)
    return made


def update(
    job: JobRecord, status: Status, *, attempt: int | None = None, **changes: object
) -> JobUpdate:
    """`job` as `status`, if it is in the store as it is now."""
    after = replace(job, status=status, finished_at=9.0 if status.is_final else None, **changes)
    return JobUpdate(
        job=after, expected=job.status, expected_attempt=job.attempt if attempt is None else attempt
    )


# -- what goes in comes out ---------------------------------------------------------------


def test_an_instance_comes_back_as_it_was_stored(store: Store) -> None:
    instance = replace(INSTANCE, cycle="CYCLE_DAILY_2024-01-01", properties={"a": [1, None, "é"]})
    store.add_instance(instance)
    # The first one of its cycle is its primary one.
    assert store.instance(instance.id) == replace(instance, is_primary=True)
    assert store.instances() == [replace(instance, is_primary=True)]


@pytest.mark.parametrize("number", [math.inf, -math.inf])
def test_properties_with_numbers_that_json_does_not_have_come_back(
    store: Store, number: float
) -> None:
    store.add_instance(replace(INSTANCE, properties={"a": [number, {"b": number}], "c": 1.5}))
    assert store.instance(INSTANCE.id).properties == {"a": [number, {"b": number}], "c": 1.5}
    store.add_submission(submission(properties={"a": math.nan, "big": 10**5000}), [])
    store.add_property("SUBMISSION_1", "more", {"x": math.nan})
    (record,) = store.submissions()
    assert math.isnan(record.properties["a"])  # type: ignore[arg-type]
    assert str(record.properties["big"]).startswith("0x")
    valid = "SELECT min(json_valid(properties)) FROM "
    assert store.rows(valid + "instances") == store.rows(valid + "submissions") == [(1,)]


def test_a_sweep_over_nan_that_a_former_version_stored_is_found(store: Store) -> None:
    store.add_instance(INSTANCE)
    store.add_submission(submission(properties=with_sweep("SWEEP_1", 0, {"a": 7})), [])
    with store.transaction() as connection:
        connection.execute("UPDATE submissions SET properties = replace(properties, '7', 'NaN')")
    (record,) = store.swept_submissions()
    assert record.group == "SWEEP_1"
    assert store.swept_submissions("SWEEP")
    with pytest.raises(NotFoundError, match="no sweep"):
        store.swept_submissions("SWEEP_2")
    store.add_property(record.id, "more", 1)
    assert store.swept_submissions()[0].properties["more"] == 1


def test_an_unknown_instance_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no scenario instance nobody"):
        store.instance("nobody")
    assert store.find_instance("s", "nobody") is None


def test_the_latest_instance_of_a_name_is_the_one_that_is_found(store: Store) -> None:
    for number, (scenario, name, at) in enumerate(
        [("s", "a", 1.0), ("s", "a", 3.0), ("s", "a", 2.0), ("s", "b", 4.0), ("r", "a", 5.0)]
    ):
        store.add_instance(Instance(id=f"i{number}", scenario=scenario, name=name, created_at=at))
    found = store.find_instance("s", "a")
    assert found is not None
    assert found.id == "i1"
    assert [instance.id for instance in store.instances()] == ["i0", "i2", "i1", "i3", "i4"]
    assert [instance.id for instance in store.instances("r")] == ["i4"]


def test_of_two_instances_made_at_the_same_moment_the_second_is_found(store: Store) -> None:
    for id in ("z", "a"):
        store.add_instance(Instance(id=id, scenario="s", name="n", created_at=1.0))
    found = store.find_instance("s", "n")
    assert found is not None
    assert found.id == "a"


def test_a_submission_comes_back_as_it_was_stored(store: Store) -> None:
    store.add_instance(INSTANCE)
    record = submission(
        target="sequence:q",
        mode="standalone",
        force=True,
        fail_fast=True,
        config_digest="abc",
        coordinator="host:1:2",
        properties={"reads": ["x"], "who": "é"},
        counts={Status.PENDING: 2, Status.BLOCKED: 1},
    )
    jobs = [job(0), job(1), job(2, status=Status.BLOCKED)]
    store.add_submission(record, jobs)
    found = store.submission(record.id)
    assert found == replace(record, stored_status=SubmissionStatus.PENDING)
    assert (found.status, found.unfinished) == (SubmissionStatus.PENDING, 3)


def test_a_submission_without_jobs_comes_back(store: Store) -> None:
    store.add_instance(INSTANCE)
    store.add_submission(submission(finished_at=1.0), [])
    found = store.submission("SUBMISSION_1")
    assert (found.counts, found.status, found.finished_at) == ({}, SubmissionStatus.SUBMITTED, 1.0)
    assert store.jobs("SUBMISSION_1") == []


def test_jobs_come_back_in_topological_order_as_they_were_stored(store: Store) -> None:
    store.add_instance(INSTANCE)
    full = job(
        0,
        status=Status.FAILED,
        reason=Reason.RAISED,
        attempt=3,
        failure=FAILURE,
        blocked_at=1.25,
        pending_at=1.5,
        duration=0.5,
        peak_memory=2**40,
        cpu_seconds=0.375,
    )
    jobs = [job(2), full, job(1, status=Status.SUBMITTED, started_at=None, worker=None)]
    store.add_submission(submission(), jobs)
    assert store.jobs("SUBMISSION_1") == [full, jobs[2], jobs[0]]
    assert store.find_job(full.id) == full


@pytest.mark.parametrize("status", Status)
def test_every_status_can_be_stored(store: Store, status: Status) -> None:
    store.add_instance(INSTANCE)
    store.add_submission(submission(), [job(0, status=status)])
    assert store.jobs("SUBMISSION_1")[0].status is status
    assert store.submission("SUBMISSION_1").counts == {status: 1}


def test_a_change_of_jobs_submissions_and_edits_is_stored_together(store: Store) -> None:
    first, second, _ = fill(store)
    done = update(first, Status.COMPLETED, duration=0.25, peak_memory=5, cpu_seconds=0.125)
    failed = update(second, Status.FAILED, reason=Reason.RAISED, failure=FAILURE)
    record = submission(
        counts={Status.COMPLETED: 1, Status.FAILED: 1}, finished_at=9.0, coordinator="h:1:1"
    )
    edit = Edit(node="n", at=9.0, job=first.id)
    store.save([done, failed], [record], [edit])
    assert store.jobs("SUBMISSION_1")[:2] == [done.job, failed.job]
    found = store.submission("SUBMISSION_1")
    assert (found.stored_status, found.finished_at, found.coordinator) == (
        SubmissionStatus.FAILED,
        9.0,
        "h:1:1",
    )
    assert store.edits("n") == [edit]


def test_what_is_stored_is_there_when_the_store_is_opened_again(folder: Path) -> None:
    store = Store(folder, create=False)
    assert [j.task for j in store.jobs("SUBMISSION_1")] == ["t0", "t1", "t2"]
    store.close()


def test_a_closed_store_opens_itself_again(store: Store) -> None:
    fill(store)
    store.close()
    assert len(store.jobs("SUBMISSION_1")) == 3


def test_edits_come_back_in_order_and_the_last_one_is_known(store: Store) -> None:
    edits = [
        Edit(node="a", at=5.0, editor="TAIPY", comment="Default data written.", digest="d"),
        Edit(node="b", at=6.0, job="JOB_1"),
        Edit(node="a", at=4.0, editor="me"),
    ]
    store.add_edits(edits[:2])
    store.add_edits(edits[2:])
    assert store.edits("a") == [edits[0], edits[2]]
    assert store.last_edits(["a", "b", "nobody"]) == {"a": edits[2], "b": edits[1]}
    assert store.last_edits([]) == {}


def test_the_last_edits_of_thousands_of_nodes_are_found(store: Store) -> None:
    nodes = [f"n{number}" for number in range(2_500)]
    store.add_edits([Edit(node=node, at=1.0) for node in nodes])
    assert set(store.last_edits(nodes)) == set(nodes)


def test_submissions_are_listed_newest_first(store: Store) -> None:
    store.add_instance(INSTANCE)
    for number in (2, 1, 3):
        store.add_submission(submission(number, finished_at=4.0 if number == 1 else None), [])
    assert [s.id[-1] for s in store.submissions()] == ["3", "2", "1"]
    assert [s.id[-1] for s in store.submissions(limit=2)] == ["3", "2"]
    assert store.submissions(limit=0) == []
    assert [s.id[-1] for s in store.unfinished_submissions()] == ["2", "3"]


def test_the_usual_duration_is_the_mean_of_the_latest_completed_jobs(store: Store) -> None:
    store.add_instance(INSTANCE)
    for number, seconds in enumerate([100.0, 1.0, 2.0, 3.0], 1):
        done = job(0, number, Status.COMPLETED, duration=seconds, finished_at=float(number))
        failed = job(1, number, Status.FAILED, duration=50.0)
        store.add_submission(submission(number), [done, failed])
    assert store.usual_durations("s", latest=3) == {"t0": 2.0}
    assert store.usual_durations("other") == {}


def test_usual_durations_are_those_of_the_same_file(store: Store) -> None:
    store.add_instance(INSTANCE)
    for number, (file, seconds) in enumerate([("a.toml", 1.0), ("b.toml", 100.0), (None, 3.0)], 1):
        done = job(0, number, Status.COMPLETED, duration=seconds, finished_at=float(number))
        properties = {} if file is None else {"application": {"file": file}}
        store.add_submission(submission(number, properties=properties), [done])
    assert store.usual_durations("s", "a.toml") == {"t0": 2.0}
    assert store.usual_durations("s", "c.toml") == {"t0": 3.0}


def test_the_log_of_a_job_lies_under_its_submission() -> None:
    assert log_path(Path("/s"), "SUBMISSION_1", "JOB_1") == Path("/s/logs/SUBMISSION_1/JOB_1.log")


# -- requests -----------------------------------------------------------------------------


def test_a_request_is_taken_once_and_by_the_submission_it_is_for(store: Store) -> None:
    store.add_instance(INSTANCE)
    for number in (1, 2):
        store.add_submission(submission(number), [])
    store.request_cancel("SUBMISSION_1", "JOB_a", 1.0)
    store.request_cancel("SUBMISSION_2", None, 2.0)
    store.request_cancel("SUBMISSION_1", None, 3.0)
    assert store.take_requests(["SUBMISSION_1"]) == [
        ("SUBMISSION_1", "JOB_a"),
        ("SUBMISSION_1", None),
    ]
    assert store.take_requests(["SUBMISSION_1"]) == []
    assert store.take_requests(["SUBMISSION_1", "SUBMISSION_2"]) == [("SUBMISSION_2", None)]


def test_the_data_version_changes_when_another_connection_has_committed(
    store: Store, tmp_path: Path
) -> None:
    fill(store)
    before = store.data_version()
    store.request_cancel("SUBMISSION_1", None, 1.0)
    assert store.data_version() == before
    other = Store(store.folder)
    other.request_cancel("SUBMISSION_1", None, 1.0)
    other.close()
    assert store.data_version() != before


# -- nobody writes over another's work ----------------------------------------------------


def test_a_stale_writer_is_refused_and_nothing_is_stored(store: Store) -> None:
    first, second, third = fill(store)
    store.save([update(second, Status.RUNNING)])
    before = (store.jobs("SUBMISSION_1"), store.submission("SUBMISSION_1"))
    record = submission(counts={Status.CANCELED: 3}, finished_at=9.0)
    with pytest.raises(StoreError, match="another process changed the jobs") as caught:
        store.save(
            [
                update(first, Status.CANCELED),
                update(second, Status.CANCELED),
                update(third, Status.CANCELED),
            ],
            [record],
            [Edit(node="n", at=1.0)],
        )
    assert caught.value.hint
    assert caught.value.exit_code == 7
    assert (store.jobs("SUBMISSION_1"), store.submission("SUBMISSION_1")) == before
    assert store.edits("n") == []


def test_a_writer_of_an_older_attempt_is_refused(store: Store) -> None:
    first = fill(store)[0]
    running = update(first, Status.RUNNING, attempt=1)
    store.save([running])
    again = update(running.job, Status.PENDING)
    store.save([again._replace(job=replace(again.job, attempt=2))])
    with pytest.raises(StoreError, match="another process"):
        store.save([update(first, Status.COMPLETED, attempt=1)])
    assert store.jobs("SUBMISSION_1")[0].attempt == 2


def test_a_job_that_is_not_there_is_refused(store: Store) -> None:
    fill(store)
    with pytest.raises(StoreError):
        store.save([update(job(77), Status.RUNNING)])


def test_a_save_without_jobs_stores_the_rest(store: Store) -> None:
    fill(store)
    store.save([], [submission(coordinator="h:2:2")], [Edit(node="n", at=1.0)])
    assert store.submission("SUBMISSION_1").coordinator == "h:2:2"
    assert len(store.edits("n")) == 1


def test_only_one_process_takes_a_submission_over(store: Store) -> None:
    fill(store)
    assert store.take_over("SUBMISSION_1", None, "me:1:1", "standalone")
    assert not store.take_over("SUBMISSION_1", None, "you:2:2", "standalone")
    assert store.take_over("SUBMISSION_1", "me:1:1", "you:2:2", "standalone")
    assert store.submission("SUBMISSION_1").coordinator == "you:2:2"


def test_an_ended_submission_is_not_taken_over(store: Store) -> None:
    store.add_instance(INSTANCE)
    store.add_submission(submission(finished_at=2.0), [])
    assert not store.take_over("SUBMISSION_1", None, "me:1:1", "standalone")


def test_a_submission_that_is_refused_is_not_stored(store: Store) -> None:
    fill(store)
    seen: list[str] = []

    def refuse(unfinished: list[SubmissionRecord]) -> None:
        seen.extend(record.id for record in unfinished)
        raise BusyError("no")

    with pytest.raises(BusyError):
        store.add_submission(submission(2), [job(0, 2)], refuse)
    assert seen == ["SUBMISSION_1"]
    assert [record.id for record in store.submissions()] == ["SUBMISSION_1"]
    assert store.jobs("SUBMISSION_2") == []


def test_a_transaction_that_raises_leaves_nothing_behind_and_the_next_one_works(
    store: Store,
) -> None:
    store.add_instance(INSTANCE)
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        connection.execute("INSERT INTO edits (node, at) VALUES ('n', 1.0)")
        raise ZeroDivisionError
    assert store.edits("n") == []
    store.add_edits([Edit(node="n", at=1.0)])
    assert len(store.edits("n")) == 1


# -- what may not be ----------------------------------------------------------------------

IMPOSSIBLE = {
    "a running job without a worker": {"status": Status.RUNNING, "worker": None},
    "a running job that never started": {"status": Status.RUNNING, "started_at": None},
    "a completed job that never started": {"status": Status.COMPLETED, "started_at": None},
    "an error of a job that did not fail": {"status": Status.COMPLETED, "failure": FAILURE},
    "an error of a pending job": {"status": Status.PENDING, "failure": FAILURE},
    "attempt zero": {"status": Status.PENDING, "attempt": 0},
    "a negative duration": {"status": Status.COMPLETED, "duration": -1.0},
    "an unfinished job with an end": {"status": Status.PENDING, "finished_at": 3.0},
    "a job that was never submitted": {"status": Status.PENDING, "submitted_at": None},
    **{
        f"a job {status.name} without an end": {"status": status, "finished_at": None}
        for status in sorted(FINAL, key=lambda status: status.value)
    },
}


@pytest.mark.parametrize("changes", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_job_is_refused_when_it_is_added(
    store: Store, changes: dict[str, object]
) -> None:
    store.add_instance(INSTANCE)
    wrong = {**changes}
    status = wrong.pop("status")
    assert isinstance(status, Status)
    with pytest.raises(StoreError, match="refused a write"):
        store.add_submission(submission(), [job(0), job(1, status=status, **wrong)])
    assert store.submissions() == []


@pytest.mark.parametrize(
    "changes",
    [changes for name, changes in IMPOSSIBLE.items() if "submitted" not in name],
    ids=[name for name in IMPOSSIBLE if "submitted" not in name],
)
def test_an_impossible_job_is_refused_when_it_is_changed(
    store: Store, changes: dict[str, object]
) -> None:
    jobs = fill(store)
    status = changes["status"]
    assert isinstance(status, Status)
    after = replace(jobs[1], finished_at=3.0 if status.is_final else None)
    wrong = JobUpdate(job=replace(after, **changes), expected=Status.PENDING, expected_attempt=1)
    with pytest.raises(StoreError, match="refused a write"):
        store.save([update(jobs[0], Status.CANCELED), wrong])
    assert store.jobs("SUBMISSION_1") == jobs


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE jobs SET status = 'DONE'",
        "UPDATE submissions SET status = 'SKIPPED'",
        "UPDATE submissions SET force = 2",
        "UPDATE submissions SET instance = 'nobody'",
        "UPDATE jobs SET submission = 'nobody'",
        "UPDATE jobs SET position = 0",
        "UPDATE jobs SET attempt = 'many'",
    ],
)
def test_rows_that_the_model_does_not_know_are_refused(store: Store, sql: str) -> None:
    fill(store)
    with pytest.raises(StoreError, match="refused a write"), store.transaction() as connection:
        connection.execute(sql)


def test_a_submission_of_an_unknown_instance_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.add_submission(submission(), [])


def test_the_same_id_is_not_stored_twice(store: Store) -> None:
    fill(store)
    with pytest.raises(StoreError):
        store.add_instance(INSTANCE)
    with pytest.raises(StoreError):
        store.add_submission(submission(), [])


# -- ids by their beginning ---------------------------------------------------------------


@pytest.fixture
def named(store: Store) -> Store:
    store.add_instance(INSTANCE)
    for number, name in enumerate(["ab12", "ab34", "cd", "cd5", "x*y"]):
        record = submission(number, id=f"SUBMISSION_{name}")
        jobs = [replace(job(0), id=f"JOB_load_{name}", submission=record.id)]
        store.add_submission(record, jobs)
    return store


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("SUBMISSION_ab12", "ab12"),
        ("SUBMISSION_ab1", "ab12"),
        ("ab3", "ab34"),
        ("ab34", "ab34"),
        ("SUBMISSION_cd", "cd"),  # a whole id, though another one begins so
        ("cd5", "cd5"),
        ("x*", "x*y"),
    ],
)
def test_a_submission_is_found_by_the_beginning_of_its_id(
    named: Store, wanted: str, found: str
) -> None:
    assert named.submission(wanted).id == f"SUBMISSION_{found}"


@pytest.mark.parametrize("wanted", ["ab", "", "SUBMISSION_", "SUBMISSION_ab"])
def test_a_beginning_of_several_submissions_is_not_found_and_says_so(
    named: Store, wanted: str
) -> None:
    with pytest.raises(NotFoundError, match="more than one submission begins with") as caught:
        named.submission(wanted)
    assert caught.value.hint
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("wanted", ["zz", "AB1", "*", "?b12", "[ab]b12", "b12", "ab%", "x_y"])
def test_what_begins_no_id_is_not_found(named: Store, wanted: str) -> None:
    with pytest.raises(NotFoundError, match="there is no submission"):
        named.submission(wanted)


def test_a_job_is_found_by_the_beginning_of_its_id(named: Store) -> None:
    assert named.find_job("JOB_load_ab1").id == "JOB_load_ab12"
    assert named.find_job("JOB_load_cd").id == "JOB_load_cd"
    with pytest.raises(NotFoundError, match="more than one job begins with 'JOB_load_ab'"):
        named.find_job("JOB_load_ab")
    with pytest.raises(NotFoundError, match=r"there is no job 'JOB_\*'"):
        named.find_job("JOB_*")


# -- files that cannot be used ------------------------------------------------------------


def refusal(folder: Path, *, create: bool = True) -> StoreError:
    """The error of opening and reading the store, which is a sentence with advice."""
    with pytest.raises(StoreError) as caught:
        opened = Store(folder, create=create)
        try:
            for record in opened.submissions():
                opened.jobs(record.id)
            opened.edits("n")
        finally:
            opened.close()
    assert caught.value.hint
    assert str(folder) in caught.value.message
    assert "Traceback" not in caught.value.message
    return caught.value


def test_a_store_of_a_newer_version_is_refused_and_left_alone(folder: Path) -> None:
    connection = sqlite3.connect(folder / DATABASE)
    connection.execute(f"PRAGMA user_version = {schema.LATEST + 1}")
    connection.close()
    before = (folder / DATABASE).read_bytes()
    error = refusal(folder)
    assert "was written by a newer taipy-exec" in error.message
    assert "upgrade" in str(error.hint)
    assert (folder / DATABASE).read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text("this is not a database, but a letter\n" * 100)
    error = refusal(tmp_path)
    assert "is damaged" in error.message
    assert "mv" in str(error.hint)
    assert "letter" in (tmp_path / DATABASE).read_text()


def test_a_store_with_a_damaged_head_is_refused(folder: Path) -> None:
    path = folder / DATABASE
    raw = bytearray(path.read_bytes())
    raw[100:1000] = b"\xff" * 900
    path.write_bytes(raw)
    assert "is damaged" in refusal(folder).message


def test_a_truncated_store_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    fill(store, jobs=2_000)
    store.close()
    path = store.folder / DATABASE
    os.truncate(path, path.stat().st_size // 2)
    assert "is damaged" in refusal(store.folder).message


def test_damaged_pages_in_the_middle_are_told_and_no_crash(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    fill(store, jobs=2_000)
    store.close()
    path = store.folder / DATABASE
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 4 :] = b"\xa5" * (len(raw) - len(raw) // 4)
    path.write_bytes(raw)
    assert "is damaged" in refusal(store.folder).message


def test_a_store_whose_tables_are_missing_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute(f"PRAGMA user_version = {schema.LATEST}")
    connection.close()
    assert "is damaged" in refusal(tmp_path).message


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).mkdir()
    assert "cannot be opened" in refusal(tmp_path).message


def test_a_state_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refusal(tmp_path / "file" / "state")
    assert "cannot be written: Not a directory" in error.message
    assert "--state-dir" in str(error.hint)


def test_a_state_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert "cannot be written" in refusal(tmp_path / "state").message


def test_a_missing_folder_that_may_not_be_made_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere", create=False)
    assert "cannot be opened" in error.message
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\nfrom taipy_exec.store.store import Store\n"
        "try:\n    Store(pathlib.Path(sys.argv[1]))\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    tmp_path.chmod(0o500)
    try:
        for folder in (tmp_path / "state", tmp_path):
            command = [*AS_OTHERS, sys.executable, "-c", program, str(folder)]
            told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            assert told.stdout.startswith("StoreError")
            assert "cannot be written" in told.stdout
    finally:
        tmp_path.chmod(0o700)


def test_a_store_that_is_locked_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taipy_exec.store.database._BUSY_SECONDS", 0.01)
    store = Store(folder)
    other = sqlite3.connect(folder / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreError, match="is locked by another process") as caught:
            store.add_edits([Edit(node="n", at=1.0)])
        assert caught.value.hint
        assert len(store.jobs("SUBMISSION_1")) == 3  # readers do not mind
    finally:
        other.close()
    store.add_edits([Edit(node="n", at=1.0)])
    store.close()


def test_a_full_disk_says_so_and_what_was_stored_is_intact(store: Store) -> None:
    fill(store)
    with store.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full") as caught:
        store.add_edits([Edit(node="n" * 1000, at=1.0) for _ in range(1000)])
    assert caught.value.hint
    assert store.edits("n" * 1000) == []
    assert len(store.jobs("SUBMISSION_1")) == 3


def test_an_emptied_store_file_starts_anew(folder: Path) -> None:
    for leftover in folder.glob(f"{DATABASE}*"):
        leftover.unlink()
    (folder / DATABASE).touch()
    store = Store(folder)
    assert store.submissions() == []
    store.close()


def test_a_new_state_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    Store(tmp_path / "deep" / "state").close()
    assert (tmp_path / "deep" / "state" / ".gitignore").read_text() == "*\n"
    assert Store.exists(tmp_path / "deep" / "state")
    assert not Store.exists(tmp_path)


def test_a_copy_of_the_folder_is_a_store(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    store = Store(tmp_path / "copy")
    assert len(store.jobs("SUBMISSION_1")) == 3
    store.close()


# -- several at once ----------------------------------------------------------------------


def test_many_threads_read_whole_submissions_while_one_writes(store: Store) -> None:
    jobs = fill(store, jobs=20)
    readers, rounds = 8, 40
    start = threading.Barrier(readers + 1, timeout=30)
    done = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        try:
            start.wait()
            while not done.is_set():
                statuses = {job.status for job in store.jobs("SUBMISSION_1")}
                if len(statuses) != 1:  # each write turns all jobs at once
                    wrong.append(statuses)
                store.submissions()
                store.last_edits(["n"])
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    start.wait()
    for number in range(rounds):
        after = Status.RUNNING if number % 2 == 0 else Status.PENDING
        updates = [update(job, after) for job in jobs]
        store.save(updates, (), [Edit(node="n", at=float(number))])
        jobs = [update.job for update in updates]
    done.set()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(store.edits("n")) == rounds


def test_threads_that_write_at_once_all_succeed(store: Store) -> None:
    writers, each = 6, 20
    start = threading.Barrier(writers, timeout=30)
    wrong: list[BaseException] = []

    def write(number: int) -> None:
        try:
            start.wait()
            for at in range(each):
                store.add_edits([Edit(node=f"n{number}", at=float(at))])
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    for number in range(writers):
        assert [edit.at for edit in store.edits(f"n{number}")] == [float(at) for at in range(each)]


OPENER = """
import sys
from pathlib import Path
from taipy_exec.store.rows import Edit
from taipy_exec.store.store import Store

print("ready", flush=True)
for line in sys.stdin:
    try:
        store = Store(Path(line.strip()))
        store.add_edits([Edit(node="n", at=1.0)])
        store.close()
        print("ok", flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""


def test_two_processes_at_once_make_the_store_from_an_empty_file(tmp_path: Path) -> None:
    pair = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(2)
    ]
    try:
        answers = [process.stdout.readline() for process in pair]
        assert answers == ["ready\n", "ready\n"]
        for number in range(40):
            folder = tmp_path / str(number)
            folder.mkdir()
            if number % 2:
                (folder / DATABASE).touch()
            for process in pair:
                process.stdin.write(f"{folder}\n")
            assert [process.stdout.readline() for process in pair] == ["ok\n", "ok\n"], folder
            store = Store(folder)
            assert len(store.edits("n")) == 2
            store.close()
    finally:
        for process in pair:
            process.stdin.close()
            process.stdout.close()
            process.wait(30)


def test_a_migration_that_fails_leaves_the_file_at_its_former_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "CREATE TABLE news (id TEXT) STRICT; CREATE TABLE jobs (id TEXT)"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    monkeypatch.setattr(schema, "LATEST", schema.LATEST + 1)
    connection = sqlite3.connect(folder / DATABASE, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(connection)
    assert schema.version_of(connection) == schema.LATEST - 1
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "news" not in names
    connection.close()


def test_a_migration_keeps_what_is_stored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = "ALTER TABLE jobs ADD COLUMN priority INTEGER"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "LATEST", schema.LATEST + 1)
    connection = sqlite3.connect(folder / DATABASE, isolation_level=None)
    schema.migrate(connection)
    schema.migrate(connection)  # nothing is left to do
    assert schema.version_of(connection) == schema.LATEST
    rows = connection.execute("SELECT task, priority FROM jobs ORDER BY position").fetchall()
    assert rows == [("t0", None), ("t1", None), ("t2", None)]
    connection.close()


def test_a_coordinator_that_lost_its_submission_stores_nothing_any_more(store: Store) -> None:
    fill(store)
    id, former = submission().id, submission().coordinator
    assert store.take_over(id, former, "second", "standalone")
    with pytest.raises(StoreError, match="another process has taken over"):
        store.save([], [submission(coordinator="first")], by="first")
    assert store.submission(id).coordinator == "second"
    store.save([], [submission(coordinator="second")], by="second")
