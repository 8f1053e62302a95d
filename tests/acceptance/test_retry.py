"""`retry`: only what did not complete runs, on the results of what did."""

from __future__ import annotations

import pytest
from command_support import Application, Result

from taipy_exec.model.job import short_id

TASKS = {
    "first": ("steps.first", [], ["a"]),
    "broken": ("steps.broken", ["a"], ["b"]),
    "after": ("steps.after", ["b"], ["c"]),
    "aside": ("steps.first", ["a"], ["d"]),
}
STEPS = """
def first(*inputs):
    note("first")
    return 1

def broken(a):
    note("broken")
    raise ValueError("not yet")

def after(b):
    note("after")
    return b + 1
"""


@pytest.fixture(params=["development", "standalone"])
def failed(app: Application, request: pytest.FixtureRequest) -> tuple[Application, str]:
    """An application of which a submission failed, with its id."""
    app.module("steps", STEPS)
    app.graph(TASKS, mode=request.param)
    result = app.run("submit", ".", "--json")
    assert result.code == 1
    assert result.statuses() == {
        "first": "COMPLETED",
        "broken": "FAILED",
        "after": "ABANDONED",
        "aside": "COMPLETED",
    }
    return app, result.json["submission"]["id"]


def mend(app: Application) -> None:
    app.module("steps", STEPS.replace('raise ValueError("not yet")', "return a + 1"))


def retry(app: Application, id: str, *arguments: str) -> Result:
    return app.run("retry", id, "--json", *arguments)


def test_what_failed_and_what_was_abandoned_run_again(failed: tuple[Application, str]) -> None:
    app, id = failed
    before = app.ledger()
    mend(app)
    result = retry(app, id)
    assert result.code == 0, result.err
    assert result.statuses() == {"broken": "COMPLETED", "after": "COMPLETED"}
    assert app.ledger()[len(before) :] == ["broken", "after"]
    assert result.json["submission"]["retries"] == id
    assert app.run("data", "show", ".", "c").out.strip() == "3"
    shown = app.run("status", result.json["submission"]["id"])
    assert f"retries {short_id(id)}" in shown.out


def test_what_a_retry_has_completed_is_not_run_once_more(failed: tuple[Application, str]) -> None:
    app, id = failed
    mend(app)
    first = retry(app, id)
    second = retry(app, id)
    assert second.code == 2
    former = short_id(first.json["submission"]["id"])
    assert f"({former} retried it): there is nothing to retry" in second.json["error"]["message"]


def test_a_job_brings_the_jobs_that_wait_for_it(failed: tuple[Application, str]) -> None:
    app, id = failed
    mend(app)
    result = retry(app, job_of(app, id, "broken"))
    assert result.statuses() == {"broken": "COMPLETED", "after": "COMPLETED"}


def test_after_only_a_job_any_id_of_the_chain_goes_on_from_there(
    failed: tuple[Application, str],
) -> None:
    app, id = failed
    mend(app)
    first = retry(app, job_of(app, id, "broken"), "--only")
    assert first.statuses() == {"broken": "COMPLETED"}
    second = retry(app, id)
    assert second.code == 0, second.err
    assert second.statuses() == {"after": "COMPLETED"}
    assert second.json["submission"]["retries"] == first.json["submission"]["id"]
    assert app.ledger().count("broken") == 2
    assert retry(app, first.json["submission"]["id"]).code == 2


def test_status_shows_who_retried_whom(failed: tuple[Application, str]) -> None:
    app, id = failed
    mend(app)
    again = retry(app, id).json["submission"]["id"]
    assert f"retried by {short_id(again)}" in app.run("status", id).out
    assert f"retries {short_id(id)}" in app.run("status", again).out


def job_of(app: Application, id: str, task: str) -> str:
    jobs = app.run("status", id, "--json").json["jobs"]
    return next(job["id"] for job in jobs if job["task"] == task)


def test_a_retry_can_fail_and_be_retried(failed: tuple[Application, str]) -> None:
    app, id = failed
    again = retry(app, id)
    assert again.code == 1
    assert again.statuses() == {"broken": "FAILED", "after": "ABANDONED"}
    assert f"taipy-exec retry {short_id(again.json['submission']['id'])}" in again.err
    mend(app)
    assert retry(app, again.json["submission"]["id"]).code == 0


def test_where_all_is_done_there_is_nothing_to_retry(failed: tuple[Application, str]) -> None:
    app, id = failed
    mend(app)
    done = retry(app, id).json["submission"]["id"]
    result = retry(app, done)
    assert result.code == 2
    assert "nothing to retry" in result.json["error"]["message"]
    assert app.run("retry", "SUBMISSION_x").code == 8


def test_a_task_that_is_no_more_is_named(failed: tuple[Application, str]) -> None:
    app, id = failed
    app.graph({name: task for name, task in TASKS.items() if name != "broken"})
    result = retry(app, id)
    assert result.code == 8
    assert "has no task 'broken'" in result.json["error"]["message"]


def test_one_that_runs_is_waited_for_or_resumed(app: Application) -> None:
    app.graph({"slow": ("flow.gated", [], ["a"])})
    submit = app.start("submit", ".", "--json")
    app.begun()
    (record,) = app.run("status", "--json").json["submissions"]
    result = retry(app, record["id"])
    assert result.code == 2
    assert "wait" in result.json["error"]["hint"]
    submit.kill()
    submit.wait(10)
    result = retry(app, record["id"])
    assert result.code == 2
    assert "resume" in result.json["error"]["hint"]


def test_data_in_memory_is_gone(app: Application) -> None:
    app.module("steps", STEPS)
    app.config(
        '[DATA_NODE.a]\nstorage_type = "in_memory"\n[DATA_NODE.b]\n'
        '[TASK.first]\nfunction = "steps.first:function"\noutputs = ["a"]\n'
        '[TASK.broken]\nfunction = "steps.broken:function"\ninputs = ["a"]\noutputs = ["b"]\n'
        '[SCENARIO.s]\ntasks = ["first", "broken"]\n'
    )
    id = app.run("submit", ".", "--json").json["submission"]["id"]
    result = retry(app, id)
    assert result.code == 3
    assert "in_memory" in result.json["error"]["message"]


def test_several_tasks_may_be_named(failed: tuple[Application, str]) -> None:
    app, _ = failed
    mend(app)
    result = app.run("submit", ".", "--task", "broken,after", "--json")
    assert result.statuses() == {"broken": "COMPLETED", "after": "COMPLETED"}
