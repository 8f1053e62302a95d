"""`retry` for a sweep: what is left of its combinations runs as one group again."""

from __future__ import annotations

from collections import Counter

import pytest
from command_support import Application, Result, wait_until
from test_sweep import configure, of_task, statuses, sweep


def group_of(result: Result) -> str:
    return str(result.json["group"])


def fix(app: Application, broken: str, fixed: str) -> None:
    """Change the tasks' module."""
    file = app.folder / "steps.py"
    file.write_text(file.read_text().replace(broken, fixed))


@pytest.mark.one_variant
@pytest.mark.parametrize("named", ["by its id", "by nothing"])
def test_what_failed_runs_again_as_one_group(app: Application, named: str) -> None:
    configure(app, mode="standalone")
    first = sweep(app, "--sweep", "window=7,13,14")
    assert statuses(first) == ["COMPLETED", "FAILED", "COMPLETED"]
    group = group_of(first)
    fix(app, "window == 13", "window == 99")
    retried = app.run("retry", *([group[:14]] if named == "by its id" else []), "--json")
    assert retried.code == 0, retried.err
    assert f"retrying 1 of 3 combinations of {group[:14]}: 2 jobs" in retried.err
    assert group_of(retried) == group
    assert [one["values"] for one in retried.json["submissions"]] == [{"window": 13}]
    assert [job["task"] for job in retried.json["submissions"][0]["jobs"]] == ["fit", "score"]
    # Nothing ran twice but the job that failed.
    assert Counter(app.ledger()) == Counter({"load": 1, "fit 7 a": 1, "fit 14 a": 1, "fit 13 a": 2})
    # The sweep consists of the latest submission for each combination.
    whole = app.run("status", group, "--json")
    assert statuses(whole) == ["COMPLETED"] * 3
    assert app.run("wait", group).code == 0
    again = app.run("retry", group)
    assert again.code == 2
    assert f"every job of {group[:14]} is done: there is nothing to retry" in again.err


def test_a_shared_job_that_failed_runs_once_again(app: Application) -> None:
    configure(app, mode="standalone", load="broken")
    first = sweep(app, "--sweep", "window=7,14,28")
    assert of_task(first, "load") == ["FAILED", "ABANDONED", "ABANDONED"]
    assert f"taipy-exec retry {group_of(first)[:14]}" in first.err
    configure(app, mode="standalone")
    retried = app.run("retry", group_of(first), "--json")
    assert retried.code == 0, retried.err
    assert statuses(retried) == ["COMPLETED"] * 3
    assert of_task(retried, "load") == ["COMPLETED", "SKIPPED", "SKIPPED"]
    assert Counter(app.ledger())["load"] == 2


@pytest.mark.long
def test_a_retry_that_fails_can_be_retried(app: Application) -> None:
    configure(app, mode="standalone")
    first = sweep(app, "--sweep", "window=7,13")
    (failed,) = [
        one["submission"]["id"]
        for one in first.json["submissions"]
        if one["submission"]["status"] == "FAILED"
    ]
    assert app.run("retry", group_of(first), "--json").code == 1
    fix(app, "window == 13", "window == 99")
    # By one of its submissions: it keeps its place in the sweep.
    assert app.run("retry", failed).code == 0
    assert statuses(app.run("status", group_of(first), "--json")) == ["COMPLETED"] * 2


@pytest.mark.long
def test_a_sweep_that_has_not_ended_is_not_retried(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    process = app.start("submit", ".", "--sweep", "window=7,14,28")
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    group = "SWEEP_"
    running = app.run("retry", group)
    assert running.code == 2
    assert "has not ended" in running.err
    assert "taipy-exec wait SWEEP_" in running.err
    process.kill()
    app.end(process)
    app.nothing_runs()
    lost = app.run("retry", group)
    assert lost.code == 2
    assert "was interrupted and has not ended" in lost.err
    app.open_gate()
    assert app.run("resume").code == 0
    assert app.run("retry", "SWEEP_abc").code == 8


def test_a_retry_of_a_sweep_can_be_detached(app: Application) -> None:
    configure(app, mode="standalone")
    group = group_of(sweep(app, "--sweep", "window=7,13"))
    fix(app, "window == 13", "window == 99")
    detached = app.run("retry", group, "--detach")
    assert detached.code == 0, detached.err
    assert detached.out.strip() == group
    result = app.run("wait", group, "--json")
    assert result.code == 0
    assert statuses(result) == ["COMPLETED"] * 2
