"""Without an id commands take the latest; `@2`, a scenario's and a task's name work too."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from command_support import Application, wait_until

from taipy_exec.model.job import short_id


@pytest.fixture
def two(app: Application) -> list[str]:
    """Two submissions, the newest first: one that failed, and one that completed after it."""
    app.module("jobs", "import os\ndef bad():\n    assert os.path.exists('gate')\n    return 1\n")
    app.graph({"bad": ("jobs.bad", [], ["b"]), "good": ("flow.work", [], ["g"])})
    first = app.run("submit", "--json")
    assert first.code == 1
    (app.folder / "gate").touch()
    second = app.run("submit", "--json", "--new")
    assert second.code == 0
    return [one.json["submission"]["id"] for one in (second, first)]


def test_without_an_id_it_is_the_latest(app: Application, two: list[str]) -> None:
    assert app.run("logs", "--json").code == 0
    assert {one["status"] for one in app.run("logs", "--json").json["logs"]} == {"COMPLETED"}
    assert two[0] in app.run("report", "-o", "-", "--format", "json").out
    assert app.run("wait", "--json").json["submission"]["id"] == two[0]
    assert app.run("attach", "--json").json["submission"]["id"] == two[0]


def test_a_number_counts_back(app: Application, two: list[str]) -> None:
    assert app.run("status", "@1", "--json").json["submission"]["id"] == two[0]
    assert app.run("status", "@2", "--json").json["submission"]["id"] == two[1]
    assert {one["status"] for one in app.run("logs", "@2", "--json").json["logs"]} == {
        "COMPLETED",
        "FAILED",
    }
    for wrong in ("@3", "@0"):
        result = app.run("status", wrong)
        assert result.code == 8
        assert f"there is no submission {wrong}" in result.err


def test_names_of_scenarios_and_tasks_mean_the_latest(app: Application, two: list[str]) -> None:
    assert app.run("status", "s", "--json").json["submission"]["id"] == two[0]
    (only,) = app.run("logs", "bad", "--json").json["logs"]
    assert only["task"] == "bad"
    assert only["status"] == "COMPLETED"


def test_retry_takes_the_latest_that_failed(app: Application, two: list[str]) -> None:
    result = app.run("retry", "--json")
    assert result.code == 0
    assert result.statuses() == {"bad": "COMPLETED"}
    assert short_id(two[1]) in app.run("status", result.json["submission"]["id"]).out


def test_cancel_and_pause_take_what_runs(app: Application) -> None:
    app.graph({"a": ("flow.gated", [], ["x"]), "b": ("flow.work", ["x"], ["y"])})
    for command in ("cancel", "pause", "continue"):
        assert app.run(command).code == 8
    running = app.start("submit", "--json")
    wait_until(lambda: any("begin" in line for line in app.ledger()), what="the job")
    assert app.run("pause").code == 0
    assert app.run("continue").code == 0
    assert app.run("cancel").code == 0
    assert app.end(running).code == 4
    result = app.run("cancel")
    assert result.code == 8
    assert "there is no running submission" in result.err


@pytest.mark.long
def test_a_folder_is_no_submission_and_the_hint_says_so(app: Application, two: list[str]) -> None:
    (app.folder / "demo").mkdir()
    result = app.run("status", "demo")
    assert result.code == 8
    assert "demo is a file or folder: -a demo" in result.err


def begin_alike(app: Application, one: str, other: str) -> str:
    """Give the second submission, and its jobs, ids that begin as those of the first; its id."""
    with closing(sqlite3.connect(app.folder / ".taipy-exec" / "state.db")) as state:
        new = f"{one[:-1]}{'1' if one[-1] == '0' else '0'}"
        state.execute("UPDATE submissions SET id = ? WHERE id = ?", (new, other))
        state.execute("UPDATE jobs SET submission = ? WHERE submission = ?", (new, other))
        jobs = state.execute("SELECT task, id FROM jobs WHERE submission = ?", (one,)).fetchall()
        for task, id in jobs:
            alike = f"{id[:-1]}{'1' if id[-1] == '0' else '0'}"
            state.execute(
                "UPDATE jobs SET id = ? WHERE submission = ? AND task = ?", (alike, new, task)
            )
        state.commit()
    return new


@pytest.mark.long
def test_ids_that_begin_the_same_are_shown_as_long_as_needed(
    app: Application, two: list[str]
) -> None:
    newest, failed = two[0], begin_alike(app, *two)
    for command in (["status"], ["history"], ["status", failed]):
        shown = app.run(*command)
        assert failed in shown.out.split()
        assert (newest in shown.out.split()) == (command != ["status", failed])
    hints = app.run("status", failed).err
    assert f"taipy-exec retry {failed}" in hints
    (job,) = re.findall(r"taipy-exec logs (JOB_bad_\S{36})", hints)
    assert app.run("logs", job, "--json").json["logs"][0]["status"] == "FAILED"
    retried = app.run("retry", failed)
    assert f"retrying 1 of 2 jobs of {failed}" in retried.err
    wide = app.run("status", env={"COLUMNS": "200"}).out
    assert f"of {failed.removeprefix('SUBMISSION_')}" in wide


@pytest.mark.long
def test_a_failure_of_a_submission_names_it_by_enough_of_its_id(
    app: Application, two: list[str]
) -> None:
    (app.folder / "gate").unlink()
    # As soon as the new job is stored, an old one gets an id that begins the same.
    with closing(sqlite3.connect(app.folder / ".taipy-exec" / "state.db")) as state:
        state.execute(
            "CREATE TRIGGER alike AFTER INSERT ON jobs WHEN NEW.task = 'bad' BEGIN "
            "UPDATE jobs SET id = substr(NEW.id, 1, length(NEW.id) - 1) || 'x' "
            f"WHERE task = 'bad' AND submission = '{two[0]}'; END"
        )
        state.commit()
    result = app.run("submit", "--new")
    assert result.code == 1
    (job,) = re.findall(r"all it printed: taipy-exec logs (JOB_bad_\S+)", result.err)
    assert len(job) == len("JOB_bad_") + 36
    assert app.run("logs", job, "--json").json["logs"][0]["status"] == "FAILED"
