"""`submit --sweep`: one submission for each combination, one table, one exit code."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from command_support import Application, Result, Terminal, wait_until

STEPS = """
def load(raw):
    note("load")
    return raw

def fit(clean, window, model):
    note(f"fit {window} {model}")
    if window == 13:
        raise ValueError("unlucky window")
    return {"window": window, "model": model, "clean": clean}

def score(fitted):
    return {"mae": 100 / fitted["window"], "model": fitted["model"]}

def broken(raw):
    note("load")
    raise ValueError("no data today")

def gated_load(raw):
    note("load")
    wait_for("gate")
    return raw

def gated_fit(clean, window, model):
    note(f"fit {window} {model}")
    wait_for("gate")
    return {"window": window, "model": model}

def best(*scores):
    return min(score["mae"] for score in scores)
"""
CONFIG = """
[JOB]
mode = "{mode}"
max_nb_of_workers = {workers}
[DATA_NODE.raw]
storage_type = "json"
default_data = 5
scope = "GLOBAL:SCOPE"
[DATA_NODE.clean]
scope = "GLOBAL:SCOPE"
[DATA_NODE.window]
storage_type = "json"
default_data = 1
[DATA_NODE.model]
default_data = "a"
[DATA_NODE.fitted]
[DATA_NODE.scores]
storage_type = "json"
[TASK.load]
function = "steps.{load}:function"
inputs = ["raw:SECTION"]
outputs = ["clean:SECTION"]
skippable = {skippable}
[TASK.fit]
function = "steps.{fit}:function"
inputs = ["clean:SECTION", "window:SECTION", "model:SECTION"]
outputs = ["fitted:SECTION"]
skippable = {skippable}
[TASK.score]
function = "steps.score:function"
inputs = ["fitted:SECTION"]
outputs = ["scores:SECTION"]
skippable = {skippable}
[SCENARIO.sales]
tasks = ["load:SECTION", "fit:SECTION", "score:SECTION"]
[SCENARIO.sales.comparators]
scores = ["steps.best:function"]
"""
SWEEP = ("--sweep", "window=7,14", "--sweep", "model=a,b")


def configure(
    app: Application,
    *,
    mode: str = "development",
    workers: int = 2,
    load: str = "load",
    fit: str = "fit",
    skippable: bool = False,
) -> None:
    app.module("steps", STEPS)
    flag = '"True:bool"' if skippable else '"False:bool"'
    app.config(CONFIG.format(mode=mode, workers=workers, load=load, fit=fit, skippable=flag))


def sweep(app: Application, *arguments: str) -> Result:
    return app.run("submit", ".", *arguments, "--json")


def statuses(result: Result) -> list[str]:
    return [one["submission"]["status"] for one in result.json["submissions"]]


def of_task(result: Result, task: str) -> list[str]:
    return [
        job["status"]
        for one in result.json["submissions"]
        for job in one["jobs"]
        if job["task"] == task
    ]


# -- running ------------------------------------------------------------------------------


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_each_combination_is_a_submission_and_what_all_share_runs_once(
    app: Application, mode: str
) -> None:
    configure(app, mode=mode)
    result = sweep(app, *SWEEP)
    assert result.code == 0, result.err
    found = result.json
    assert found["schema"] == "taipy-exec/1"
    assert found["group"].startswith("SWEEP_")
    assert [one["values"] for one in found["submissions"]] == [
        {"window": 7, "model": "a"},
        {"window": 7, "model": "b"},
        {"window": 14, "model": "a"},
        {"window": 14, "model": "b"},
    ]
    assert [one["submission"]["name"] for one in found["submissions"]] == [
        "window=7,model=a",
        "window=7,model=b",
        "window=14,model=a",
        "window=14,model=b",
    ]
    assert statuses(result) == ["COMPLETED"] * 4
    assert of_task(result, "load") == ["COMPLETED", "SKIPPED", "SKIPPED", "SKIPPED"]
    assert Counter(app.ledger()) == Counter(["load", "fit 7 a", "fit 7 b", "fit 14 a", "fit 14 b"])
    for name, mae in (("window=7,model=a", 100 / 7), ("window=14,model=b", 100 / 14)):
        shown = app.run("data", "show", ".", "scores", "--name", name, "--json")
        assert shown.json["value"]["mae"] == pytest.approx(mae)


def test_the_result_is_one_table_and_one_line(app: Application) -> None:
    configure(app)
    result = app.run("submit", ".", *SWEEP)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split() == ["window", "model", "Status", "Jobs", "Time", "Submission"]
    assert [line.split()[:3] for line in lines[2:6]] == [
        ["7", "a", "COMPLETED"],
        ["7", "b", "COMPLETED"],
        ["14", "a", "COMPLETED"],
        ["14", "b", "COMPLETED"],
    ]
    assert lines[6].startswith("SWEEP_")
    assert ": 4 combinations (4 completed) in " in lines[6]
    assert "window=7,model=a: fit COMPLETED in " in result.err
    assert "hint: taipy-exec compare" in result.err


def test_the_hint_names_the_application_of_the_sweep(app: Application) -> None:
    configure(app)
    (app.folder / "config.toml").rename(app.folder / "other.toml")
    configure(app)
    result = app.run("submit", "other.toml", *SWEEP)
    assert "hint: taipy-exec compare other.toml shows them side by side" in result.err


def test_the_same_sweep_again_skips_what_is_up_to_date(app: Application) -> None:
    configure(app, skippable=True)
    assert sweep(app, *SWEEP).code == 0
    before = app.ledger()
    again = sweep(app, *SWEEP)
    assert of_task(again, "fit") == ["SKIPPED"] * 4
    assert app.ledger() == before
    wider = sweep(app, "--sweep", "window=7,14,28", "--sweep", "model=a,b")
    assert of_task(wider, "fit") == ["SKIPPED"] * 4 + ["COMPLETED"] * 2
    assert app.ledger() == [*before, "fit 28 a", "fit 28 b"]


def test_with_force_everything_runs_and_what_is_shared_still_once(app: Application) -> None:
    configure(app, skippable=True)
    assert sweep(app, *SWEEP).code == 0
    again = sweep(app, *SWEEP, "--force")
    assert of_task(again, "fit") == ["COMPLETED"] * 4
    assert Counter(app.ledger())["load"] == 2


def test_new_makes_other_instances_and_a_name_comes_before_the_values(app: Application) -> None:
    configure(app)
    first = sweep(app, "--sweep", "window=7,14", "--name", "june")
    assert [one["submission"]["name"] for one in first.json["submissions"]] == [
        "june window=7",
        "june window=14",
    ]
    assert sweep(app, "--sweep", "window=7,14", "--name", "june", "--new").code == 0
    names = [one["name"] for one in app.run("instances", "--json").json["instances"]]
    assert names == ["june window=7", "june window=14"] * 2


def test_values_of_set_count_for_every_combination(app: Application) -> None:
    configure(app)
    result = sweep(app, "--sweep", "window=7,14", "--set", "model=c")
    assert result.code == 0, result.err
    assert Counter(app.ledger()) == Counter(["load", "fit 7 c", "fit 14 c"])


def test_a_sequence_can_be_swept_by_what_it_reads(app: Application) -> None:
    configure(app)
    result = sweep(app, "--sweep", "window=7,14", "--task", "load,fit")
    assert result.code == 0, result.err
    assert of_task(result, "score") == []


# -- failures -----------------------------------------------------------------------------


def test_one_combination_that_fails_leaves_the_others_and_gives_exit_code_1(
    app: Application,
) -> None:
    configure(app, mode="standalone")
    result = sweep(app, "--sweep", "window=7,13,14")
    assert result.code == 1
    assert statuses(result) == ["COMPLETED", "FAILED", "COMPLETED"]
    assert "error: task fit (window=13) failed: ValueError: unlucky window" in result.err


def test_a_shared_job_that_fails_does_so_once(app: Application) -> None:
    configure(app, load="broken")
    result = sweep(app, *SWEEP)
    assert result.code == 1
    assert of_task(result, "load") == ["FAILED", "ABANDONED", "ABANDONED", "ABANDONED"]
    assert app.ledger() == ["load"]
    assert "3 combinations were abandoned: a job failed that all of them share" in result.err


def test_fail_fast_starts_nothing_more_in_any_combination(app: Application) -> None:
    configure(app)
    result = sweep(app, "--sweep", "window=7,13,14,28", "--fail-fast")
    assert result.code == 1
    assert "fit 28 a" not in app.ledger()
    assert statuses(result)[1:] == ["FAILED", "CANCELED", "CANCELED"]


def test_a_value_that_cannot_be_written_stops_the_sweep_before_anything_runs(
    app: Application,
) -> None:
    configure(app)
    text = (app.folder / "config.toml").read_text()
    table = '[DATA_NODE.window]\nstorage_type = "csv"'
    app.config(text.replace('[DATA_NODE.window]\nstorage_type = "json"\ndefault_data = 1', table))
    result = sweep(app, "--sweep", "window=[[1]],7")
    assert result.code != 0
    assert "window" in result.json["error"]["message"]
    assert app.ledger() == []
    stored = app.run("status", "--json").json["submissions"]
    assert {one["status"] for one in stored} == {"CANCELED"}


def test_one_place_for_the_results_of_all_combinations_is_warned_of(app: Application) -> None:
    configure(app)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[DATA_NODE.fitted]", '[DATA_NODE.fitted]\ndefault_path = "fit.p"'))
    result = sweep(app, "--sweep", "window=7,14")
    assert result.code == 0, result.err
    assert "warning: all combinations write to the same place" in result.err
    assert "fit.p" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--sweep", "windw=1"], 8, "has no data node 'windw' (did you mean 'window'?)"),
        (["--sweep", "clean=1"], 2, "is not an input of scenario sales: task load writes it"),
        (["--sweep", "raw=1,2"], 2, "as its scope is GLOBAL"),
        (["--sweep", "window="], 2, "gives data node window no values"),
        (["--sweep", "window=7,7"], 2, "the value 7 twice"),
        (["--sweep", "window"], 2, "--sweep takes NODE=VALUE,VALUE"),
        (["--sweep", "window=1", "--sweep", "window=2"], 2, "names data node window twice"),
        (["--sweep", "window=1", "--set", "window=2"], 2, "--set and --sweep both give"),
        (
            ["--sweep", f"window={','.join(map(str, range(10_000)))}"],
            2,
            "the sweep has 10,000 combinations",
        ),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused_in_a_sentence(
    app: Application, arguments: list[str], code: int, message: str
) -> None:
    configure(app)
    result = sweep(app, *arguments)
    assert result.code == code
    assert message in result.json["error"]["message"]
    assert not (app.folder / ".taipy-exec").exists()


# -- before, during and after -------------------------------------------------------------


def test_a_dry_run_shows_a_plan_for_each_combination_and_writes_nothing(app: Application) -> None:
    configure(app, skippable=True)
    result = app.run("submit", ".", *SWEEP, "--dry-run", "--json")
    assert result.code == 0, result.err
    assert not (app.folder / ".taipy-exec").exists()
    plans = result.json["plans"]
    assert [one["name"] for one in plans][:2] == ["window=7,model=a", "window=7,model=b"]
    actions = [{job["task"]: job["action"] for job in one["jobs"]} for one in plans]
    assert actions[0] == {"load": "run", "fit": "run", "score": "run"}
    assert actions[1:] == [{"load": "skip", "fit": "run", "score": "run"}] * 3
    reasons = {job["task"]: job["reason"] for job in plans[1]["jobs"]}
    assert reasons["load"] == "runs once, in window=7,model=a"
    assert sweep(app, *SWEEP).code == 0
    after = app.run("submit", ".", *SWEEP, "--dry-run", "--check")
    assert after.code == 0, after.out
    assert "4 combinations: 0 jobs to run, 12 up to date" in after.out
    more = app.run("submit", ".", "--sweep", "window=7,9", "--dry-run", "--check")
    assert more.code == 10


@pytest.mark.long
def test_a_dry_run_shows_how_long_all_combinations_take_together(app: Application) -> None:
    configure(app, mode="standalone", workers=2)
    values = ("--sweep", "window=7,14,28")
    unknown = app.run("submit", ".", *values, "--dry-run")
    assert "3 combinations: 7 jobs to run, 2 up to date; duration unknown" in unknown.out
    assert app.run("submit", ".", *values, "--dry-run", "--json").json["expected_duration"] is None
    assert sweep(app, "--sweep", "window=7").code == 0
    with closing(sqlite3.connect(app.folder / ".taipy-exec" / "state.db")) as state:
        for task, seconds in (("load", 10), ("fit", 60), ("score", 5)):
            state.execute("UPDATE jobs SET duration = ? WHERE task = ?", (seconds, task))
        state.commit()
    # The shared task runs once; then two combinations at once, and the third one.
    known = app.run("submit", ".", *values, "--dry-run")
    assert "7 jobs to run, 2 up to date; about 2m15s with 2 workers" in known.out
    shape = app.run("submit", ".", *values, "--dry-run", "--json").json
    assert (shape["expected_duration"], shape["workers"]) == (135, 2)
    alone = app.run("submit", ".", *values, "--dry-run", "--json", "--workers", "1").json
    assert alone["expected_duration"] == 10 + 3 * 65


def test_events_tell_of_every_combination(app: Application) -> None:
    configure(app)
    result = app.run("submit", ".", "--sweep", "window=7,14", "--events", "-")
    events: list[dict[str, Any]] = [json.loads(line) for line in result.out.splitlines()]
    assert len({event["submission"] for event in events}) == 2
    assert [event["event"] for event in events].count("end") == 2


def test_the_live_table_has_a_row_for_each_combination(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    terminal = Terminal(app, "submit", ".", "--sweep", "window=7,14,28")
    running = r"^{} +RUNNING +1/3 .*fit *\n"
    pattern = f"{running.format(7)}{running.format(14)}28 +PENDING +1/3"
    assert "3 combinations" in terminal.screen_with(pattern)
    app.open_gate()
    assert terminal.finish() == 0


def test_ctrl_c_lets_what_runs_end_and_cancels_the_rest_of_all(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    process = app.start("submit", ".", "--sweep", "window=7,14,28", "--json")
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    process.send_signal(signal.SIGINT)
    wait_until(
        lambda: "CANCELED" in str(app.run("status", "--json").json), what="the rest to be canceled"
    )
    app.open_gate()
    result = app.end(process)
    assert result.code == 130
    assert sorted(of_task(result, "fit")) == ["CANCELED", "COMPLETED", "COMPLETED"]
    assert of_task(result, "score") == ["CANCELED"] * 3


def test_a_timeout_holds_for_all_combinations(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    result = sweep(app, "--sweep", "window=7,14,28", "--timeout", "2")
    assert result.code == 5
    assert set(of_task(result, "score")) <= {"CANCELED", "ABANDONED"}


@pytest.mark.long
def test_a_sweep_that_is_left_to_itself_is_waited_for_by_its_id(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    started = app.run("submit", ".", "--sweep", "window=7,14", "--detach")
    group = started.out.strip()
    assert group.startswith("SWEEP_")
    assert f"taipy-exec wait {group[:14]}" in started.err
    assert app.run("wait", group, "--timeout", "0", "--json").code == 5
    app.open_gate()
    result = app.run("wait", group[:14], "--json")
    assert result.code == 0, result.err
    assert statuses(result) == ["COMPLETED"] * 2
    assert app.run("status", group, "--json").json == result.json


def test_a_sweep_is_canceled_by_its_id(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    group = app.run("submit", ".", "--sweep", "window=7,14", "--detach").out.strip()
    assert app.run("cancel", group).code == 0
    result = app.run("wait", group, "--json")
    assert result.code == 4
    assert statuses(result) == ["CANCELED"] * 2
    assert app.run("cancel", group).code == 2


@pytest.mark.one_variant
@pytest.mark.parametrize("command", ["resume", "again"])
def test_a_killed_sweep_is_carried_on_as_a_whole(app: Application, command: str) -> None:
    configure(app, mode="standalone", fit="gated_fit", skippable=True)
    process = app.start("submit", ".", "--sweep", "window=7,14,28")
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    process.kill()
    app.end(process)
    app.nothing_runs()
    app.open_gate()
    arguments = ["resume"] if command == "resume" else ["submit", ".", "--sweep", "window=7,14,28"]
    result = app.run(*arguments, "--json")
    assert result.code == 0, result.err
    assert len(result.json["submissions"]) == 3
    assert statuses(result) == ["COMPLETED"] * 3
    assert Counter(app.ledger())["load"] == 1
    assert len(app.run("status", "--json").json["submissions"]) == 3


@pytest.mark.long
def test_one_combination_of_a_killed_sweep_can_be_resumed_alone(app: Application) -> None:
    configure(app, mode="standalone", fit="gated_fit")
    process = app.start("submit", ".", "--sweep", "window=7,14,28")
    wait_until(lambda: len(app.ledger()) == 3, what="two jobs to run")
    process.kill()
    app.end(process)
    app.open_gate()
    stored = app.run("status", "--json").json["submissions"]
    one = next(each["id"] for each in stored if each["name"] == "window=28")
    result = app.run("resume", one, "--json")
    assert result.code == 0, result.err
    assert result.json["submission"]["id"] == one
    left = app.run("status", "--json").json["submissions"]
    assert sorted(each["status"] for each in left).count("COMPLETED") == 1


# -- a task over a list -------------------------------------------------------------------


def test_a_shared_task_over_a_list_runs_once_for_all_combinations(app: Application) -> None:
    app.module(
        "steps",
        """
def region(name):
    note(name)
    return name

def total(names, factor):
    return len(names) * factor
""",
    )
    app.config(
        """
[JOB]
mode = "standalone"
[DATA_NODE.regions]
default_data = ["north", "south"]
scope = "GLOBAL:SCOPE"
[DATA_NODE.names]
scope = "GLOBAL:SCOPE"
[DATA_NODE.factor]
[DATA_NODE.result]
[TASK.region]
function = "steps.region:function"
inputs = ["regions:SECTION"]
outputs = ["names:SECTION"]
map = "regions"
[TASK.total]
function = "steps.total:function"
inputs = ["names:SECTION", "factor:SECTION"]
outputs = ["result:SECTION"]
[SCENARIO.s]
tasks = ["region:SECTION", "total:SECTION"]
"""
    )
    result = sweep(app, "--sweep", "factor=2,3,4")
    assert result.code == 0, result.err
    assert sorted(app.ledger()) == ["north", "south"]
    assert of_task(result, "region") == ["COMPLETED", "SKIPPED", "SKIPPED"]
    values = app.run("compare", "--json").json["instances"]
    assert [one["nodes"]["result"] for one in values] == [4, 6, 8]
