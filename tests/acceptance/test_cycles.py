"""Scopes and cycles from the command line: which instance shares which data, and who edits it."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command_support import Application

from taipy_exec.store.rows import Lock
from taipy_exec.store.store import Store

CONFIG = """
[DATA_NODE.rate]
scope = "GLOBAL:SCOPE"
default_data = "2:int"
[DATA_NODE.month]
scope = "CYCLE:SCOPE"
[DATA_NODE.mine]
[TASK.compute]
function = "flow.work:function"
inputs = ["rate:SECTION"]
outputs = ["month:SECTION"]
skippable = true
[TASK.show]
function = "flow.work:function"
inputs = ["month:SECTION"]
outputs = ["mine:SECTION"]
[SCENARIO.s]
tasks = ["compute:SECTION", "show:SECTION"]
frequency = "MONTHLY:FREQUENCY"
"""


@pytest.fixture
def monthly(app: Application) -> Application:
    app.config(CONFIG)
    return app


def submit(app: Application, date: str, *arguments: str) -> dict[str, str]:
    result = app.run("submit", ".", "--json", "--creation-date", date, *arguments)
    assert result.code == 0, result.err
    return result.statuses()


def nodes(app: Application, *arguments: str) -> dict[str, Any]:
    listed = app.run("data", "list", ".", "--json", *arguments).json["nodes"]
    return {node["node"]: node for node in listed}


def plan(app: Application, date: str, *arguments: str) -> dict[str, str]:
    jobs = app.run("plan", ".", "--json", "--creation-date", date, *arguments).json["jobs"]
    return {job["task"]: f"{job['action']}: {job['reason']}" for job in jobs}


def test_instances_of_one_cycle_share_its_data_and_those_of_another_do_not(
    monthly: Application,
) -> None:
    assert submit(monthly, "2026-01-05")["compute"] == "COMPLETED"
    assert submit(monthly, "2026-01-31", "--name", "other")["compute"] == "SKIPPED"
    assert submit(monthly, "2026-02-01")["compute"] == "COMPLETED"
    january = nodes(monthly, "--creation-date", "2026-01-20")
    other = nodes(monthly, "--creation-date", "2026-01-20", "--name", "other")
    february = nodes(monthly, "--creation-date", "2026-02-20")
    assert january["rate"] == other["rate"] == february["rate"]
    assert january["rate"]["owner"] is None
    assert january["month"] == other["month"] != february["month"]
    assert january["month"]["owner"] == "CYCLE_MONTHLY_2026-01-01"
    assert january["mine"]["owner"] != other["mine"]["owner"] != february["mine"]["owner"]


def test_a_scenario_has_one_instance_of_a_name_in_each_cycle(monthly: Application) -> None:
    for date in ("2026-01-05", "2026-02-05", "2026-01-06T12:30:00"):
        submit(monthly, date)
    first = nodes(monthly, "--creation-date", "2026-01-07")["mine"]["owner"]
    assert nodes(monthly, "--creation-date", "2026-02-07")["mine"]["owner"] != first
    # Without a date, and with none of this month: the latest of that name.
    assert nodes(monthly)["mine"]["owner"] != first


def test_plan_knows_what_an_instance_that_is_to_be_made_shares(monthly: Application) -> None:
    assert plan(monthly, "2026-01-05")["compute"] == "run: first run"
    submit(monthly, "2026-01-05")
    assert plan(monthly, "2026-01-06", "--name", "other")["compute"] == "skip: up to date"
    assert plan(monthly, "2026-02-06")["compute"] == "run: first run"


def test_the_list_tells_who_shares_what(monthly: Application) -> None:
    submit(monthly, "2026-01-05", "--name", "draft")
    listed = monthly.run("data", "list", ".", "--name", "draft", "--creation-date", "2026-01-05")
    assert "SCENARIO draft" in listed.out
    assert "CYCLE MONTHLY 2026-01-01" in listed.out
    assert "GLOBAL" in listed.out


def test_a_date_that_is_none_is_wrong_use(monthly: Application) -> None:
    result = monthly.run("submit", ".", "--creation-date", "2026-13-01")
    assert result.code == 2
    assert "2026-13-01" in result.err


def test_a_job_whose_input_is_being_edited_waits_and_the_reason_is_told(
    monthly: Application,
) -> None:
    submit(monthly, "2026-01-05")
    rate = nodes(monthly, "--creation-date", "2026-01-05")["rate"]
    id = Path(rate["path"]).stem
    with closing(Store(monthly.folder / ".taipy-exec")) as store:
        assert store.lock(Lock(id, "ann", time.time() + 60), time.time()) is None
    result = monthly.run("submit", ".", "--creation-date", "2026-01-05", "--force")
    assert result.code == 3
    assert "needs data node rate, which is being edited" in result.err
    listed = monthly.run("data", "list", ".", "--creation-date", "2026-01-05")
    assert "TAIPY (now ann)" in listed.out
    assert nodes(monthly, "--creation-date", "2026-01-05")["rate"]["edited_by"] == "ann"
    with closing(Store(monthly.folder / ".taipy-exec")) as store:
        assert store.unlock(id, "ann", time.time()) is None
    assert submit(monthly, "2026-01-05", "--force")["compute"] == "COMPLETED"


def test_the_list_tells_which_job_is_writing(app: Application) -> None:
    app.graph({"slow": ("flow.gated", [], ["a"])})
    submit = app.start("submit", ".")
    app.begun()
    (node,) = app.run("data", "list", ".", "--json").json["nodes"]
    assert node["edited_by"].startswith("JOB_slow_")
    app.open_gate()
    assert app.end(submit).code == 0
    (node,) = app.run("data", "list", ".", "--json").json["nodes"]
    assert node["edited_by"] is None
