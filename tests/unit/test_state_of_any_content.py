"""Whatever stands in the columns of the state is read and shown, or refused by a sentence."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from taipy_exec.cli.render import jobs_table, submissions_table
from taipy_exec.errors import StoreError
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Edit, Instance
from taipy_exec.store.store import Store
from taipy_exec.views.json_objects import dump, past_submission_fields, submission_shape
from taipy_exec.views.words import summary_line

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
TABLES = ("instances", "submissions", "jobs", "edits", "cycles", "locks", "contents", "tags")

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(["[" * 3000, "{}", "[]", "1e999", '{"kind": ["x"]}', '{"a": NaN}', "\x1b[2J"]),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("state"))
    made.add_instance(Instance(id="i", scenario="s", name="n", created_at=1.0, cycle="CYCLE_x"))
    record = SubmissionRecord(
        id="SUBMISSION_x", scenario="s", instance="i", name="n", created_at=2.0, finished_at=4.0
    )
    about: dict[str, Any] = {
        "submission": record.id,
        "submitted_at": 2.0,
        "started_at": 2.0,
        "worker": "w",
    }
    failed = Failure(kind="raised", message="m")
    jobs = [
        JobRecord(id="JOB_a_1", task="a", position=0, status=Status.RUNNING, **about),
        JobRecord(
            id="JOB_b_1",
            task="b",
            position=1,
            status=Status.FAILED,
            failure=failed,
            finished_at=3.0,
            duration=1.0,
            **about,
        ),
    ]
    made.add_submission(record, jobs)
    made.add_edits([Edit("node", 3.0, notes="{}")])
    yield made
    made.close()


def printed(text: str) -> Any:
    def refused(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refused)


def read_all(store: Store) -> None:
    console = Console(file=io.StringIO(), width=100)
    records = store.submissions()
    store.unfinished_submissions()
    console.print(submissions_table(records, {}))
    for record in records:
        jobs = store.jobs(record.id)
        printed(dump(submission_shape(record, jobs)))
        printed(dump(past_submission_fields(record)))
        console.print(jobs_table(jobs), summary_line(record))
    for instance in store.instances():
        store.submissions_of(instance.id)
    store.usual_durations("s")
    store.cycles()
    store.edit_times()
    store.last_edits(["node"])
    store.edits("node")
    store.locks(["node"], 1.0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_state_with_any_values_is_read_or_refused(store: Store, data: st.DataObject) -> None:
    connection = store._connection()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("BEGIN")
    try:
        for _ in range(data.draw(st.integers(1, 4))):
            table = data.draw(st.sampled_from(TABLES))
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            column = data.draw(st.sampled_from(columns))
            try:
                connection.execute(f"UPDATE {table} SET {column} = ?", (data.draw(VALUES),))
            except Exception:  # NOT NULL, UNIQUE: SQLite itself keeps this one out
                continue
        try:
            read_all(store)
        except StoreError:
            pass
    finally:
        connection.execute("ROLLBACK")


def test_odd_values_are_read_as_the_nearest_that_can_be_meant(store: Store) -> None:
    connection = store._connection()
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("BEGIN")
    try:
        connection.execute("UPDATE jobs SET duration = 9e999, started_at = -9e999, error = '[1]'")
        first, _ = store.jobs("SUBMISSION_x")
        assert (first.duration, first.started_at) == (None, None)
        assert first.failure == Failure(kind="", message="")
        connection.execute("UPDATE jobs SET status = 'NEW'")
        with pytest.raises(StoreError, match="one of its rows cannot be read"):
            store.submissions()
    finally:
        connection.execute("ROLLBACK")
