"""The exit codes of the contract, and the same codes with a JSON object under --json."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

from taipy_exec.model.job import short_id

FULL = {
    "a": ("flow.work", [], ["x"]),
    "b": ("flow.work", ["x"], ["y"]),
    "c": ("flow.work", ["x", "y"], ["z"]),
}
BREAK = """
import importlib.abc, sys
class Breaker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "taipy_exec.engine.admission":
            raise RuntimeError("a planted bug")
sys.meta_path.insert(0, Breaker())
"""


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application that was run once; the tests that share it only look."""
    app = Application(tmp_path_factory.mktemp("shared") / "app")
    app.graph(FULL, mode="development")
    assert app.run("submit").code == 0
    return app


def error_of(result: Result) -> dict[str, str]:
    """The error object, which must be the whole of stdout and one sentence on stderr."""
    found = json.loads(result.out)
    assert found["schema"] == "taipy-exec/1"
    assert set(found["error"]) == {"kind", "message", "hint"}
    assert f"error: {found['error']['message']}" in result.err
    assert "Traceback" not in result.err
    return dict(found["error"])


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_0_where_every_job_completed(app: Application, mode: str) -> None:
    app.graph(FULL, mode=mode)
    result = app.run("submit", "--json")
    assert result.code == 0
    assert [job["task"] for job in result.json["jobs"]] == ["a", "b", "c"]


def test_the_json_of_a_submission_has_the_keys_of_the_contract(app: Application) -> None:
    app.graph(FULL)
    found = app.run("submit", "--json").json
    assert found["schema"] == "taipy-exec/1"
    assert {
        "id",
        "status",
        "mode",
        "scenario",
        "name",
        "created_at",
        "finished_at",
        "duration",
    } <= set(found["submission"])
    for job in found["jobs"]:
        assert {
            "id",
            "task",
            "status",
            "reason",
            "attempt",
            "worker",
            "submitted_at",
            "started_at",
            "finished_at",
            "duration",
            "error",
        } <= set(job)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\+00:00", job["finished_at"])
        assert re.fullmatch(rf"JOB_{job['task']}_[0-9a-f-]{{36}}", job["id"])
    same = app.status(found["submission"]["id"]).json
    assert same == found
    assert app.run("wait", found["submission"]["id"], "--json").json == found


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_1_where_a_job_failed_and_its_followers_are_abandoned(app: Application, mode: str) -> None:
    app.one("raise ValueError('no such luck')", mode=mode)
    result = app.run("submit", "--json")
    assert result.code == 1
    assert result.statuses() == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    error = result.job("bad")["error"]
    assert set(error) == {"kind", "type", "message", "traceback"}
    assert (error["kind"], error["type"], error["message"]) == (
        "raised",
        "ValueError",
        "no such luck",
    )
    assert "taipy_exec" not in error["traceback"]
    assert app.run("wait", result.json["submission"]["id"]).code == 1


def test_fail_fast_cancels_what_waits_and_still_exits_with_1(app: Application) -> None:
    app.graph(
        {"bad": ("flow.fail", [], ["a"]), "next": ("flow.work", [], ["b"])}, mode="development"
    )
    result = app.run("submit", "--json", "--fail-fast")
    assert result.code == 1
    assert result.statuses() == {"bad": "FAILED", "next": "CANCELED"}
    assert result.job("next")["reason"] == "fail_fast"


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit", "--no-such-option"],
        ["no-such-command"],
        ["submit", "--workers", "0"],
        ["submit", "--workers", "many"],
        ["submit", "--mode", "magic"],
        ["submit", "--set", "novalue"],
        ["submit", "--sequence", "q", "--task", "a"],
        ["submit", "one", "two"],
        ["submit", "--timeout", "-1"],
        ["wait", "one", "two"],
        ["graph", "--format", "png"],
        ["data", "show"],
        [],
    ],
)
def test_2_for_wrong_use(app: Application, arguments: list[str]) -> None:
    app.graph(FULL)
    if not arguments:
        assert app.run().code == 2
        return
    result = app.run(*arguments, "--json")
    assert result.code == 2
    assert error_of(result)["kind"] == "usage"


def test_2_where_the_choice_of_a_scenario_is_open(app: Application) -> None:
    app.graph(FULL)
    with (app.folder / "config.toml").open("a") as file:
        file.write('[SCENARIO.other]\ntasks = ["a:SECTION"]\n')
    result = app.run("submit", "--json")
    assert result.code == 2
    assert "s, other" in str(error_of(result)["hint"])
    assert app.run("submit", "--scenario", "other", "--json").statuses() == {"a": "COMPLETED"}


def test_3_for_an_invalid_configuration(app: Application) -> None:
    app.config("[JOB]\nmode = 'magic'\n")
    result = app.run("submit", "--json")
    assert result.code == 3
    assert error_of(result)["kind"] == "configuration"


def test_4_where_another_process_canceled_the_submission(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    process = app.start("submit", "--json")
    app.begun()
    submission = app.only_submission()
    assert app.run("cancel", submission).code == 0
    result = app.end(process)
    assert result.code == 4
    assert result.job("t")["status"] == "CANCELED"
    assert result.job("u")["status"] in ("CANCELED", "ABANDONED")
    assert result.json["submission"]["status"] == "CANCELED"
    assert app.run("wait", submission).code == 4
    app.nothing_runs()


def test_4_in_development_mode_once_the_running_job_has_ended(app: Application) -> None:
    app.graph(
        {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}, mode="development"
    )
    process = app.start("submit", "--json")
    app.begun()
    assert app.run("cancel", app.only_submission()).code == 0
    app.open_gate()
    result = app.end(process)
    assert result.code == 4
    assert result.statuses()["u"] in ("CANCELED", "ABANDONED")


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_5_where_the_time_of_a_submission_is_up(app: Application, mode: str) -> None:
    app.graph(
        {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])},
        mode=mode,
        job="grace = 0.5\n",
    )
    result = app.run("submit", "--json", "--timeout", "0.8")
    assert result.code == 5
    assert result.statuses()["t"] == "CANCELED"
    assert result.job("t")["reason"] == "timed_out"
    app.nothing_runs()


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_5_where_the_time_is_up_before_a_job_starts(app: Application, mode: str) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])}, mode=mode, job="grace = 0.5\n")
    result = app.run("submit", "--json", "--timeout", "0.001", timeout=30)
    assert result.code == 5
    assert result.job("t")["reason"] == "timed_out"


def test_5_where_the_time_of_a_wait_is_up_and_nothing_is_changed(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit", "--json")
    app.begun()
    submission = app.only_submission()
    result = app.run("wait", submission, "--timeout", "0.2", "--json")
    assert result.code == 5
    assert result.statuses() == {"t": "RUNNING"}
    app.open_gate()
    assert app.end(process).code == 0
    assert app.run("wait", submission, "--timeout", "0").code == 0


def test_7_where_the_state_store_is_damaged(app: Application) -> None:
    app.graph(FULL)
    (app.folder / ".taipy-exec").mkdir()
    (app.folder / ".taipy-exec" / "state.db").write_bytes(b"this is no database\n" * 500)
    for command in (["submit"], ["status"], ["data", "list"]):
        result = app.run(*command, "--json")
        assert result.code == 7
        error = error_of(result)
        assert (error["kind"], "damaged" in error["message"]) == ("store", True)
        assert "mv " in error["hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "SUBMISSION_nope"],
        ["wait", "SUBMISSION_nope"],
        ["cancel", "SUBMISSION_nope"],
        ["cancel", "JOB_nope"],
        ["logs", "JOB_nope"],
        ["logs", "SUBMISSION_nope"],
        ["resume", "SUBMISSION_nope"],
        ["resume"],
        ["submit", "--scenario", "nope"],
        ["submit", "--sequence", "nope"],
        ["submit", "--task", "nope"],
        ["submit", "--set", "nope=1"],
        ["plan", "--scenario", "nope"],
        ["plan", "--task", "nope"],
        ["graph", "--scenario", "nope"],
        ["data", "show", ".", "nope"],
        ["data", "write", ".", "nope", "1"],
        ["data", "list", "--scenario", "nope"],
        ["data", "show", ".", "x", "--name", "nope"],
    ],
)
def test_8_for_what_is_not_there(submitted: Application, arguments: list[str]) -> None:
    result = submitted.run(*arguments, "--json")
    assert result.code == 8
    error = error_of(result)
    assert error["kind"] == "not_found"
    if arguments != ["resume"]:
        assert "nope" in error["message"]


@pytest.mark.parametrize("command", ["wait", "cancel", "logs", "status"])
def test_8_where_nothing_was_ever_submitted(app: Application, command: str) -> None:
    app.graph(FULL)
    result = app.run(command, "SUBMISSION_nope", "--json")
    assert result.code == 8
    assert "state.db" in error_of(result)["message"]


def test_70_for_a_bug_with_the_traceback_in_a_log_file(app: Application) -> None:
    app.graph(FULL)
    app.module("sitecustomize", BREAK.replace("from flow import *\n", ""))
    (app.folder / "sitecustomize.py").write_text(BREAK)
    env = {"PYTHONPATH": str(app.folder), "TMPDIR": str(app.folder)}
    result = app.run("submit", "--json", env=env)
    assert result.code == 70
    error = error_of(result)
    assert error["kind"] == "internal"
    assert "a planted bug" in error["message"]
    log = re.search(r"\S+taipy-exec-\S+\.log", error["message"])
    assert log is not None
    assert "RuntimeError: a planted bug" in Path(log[0]).read_text()


def test_json_from_the_environment_gives_json_errors_too(app: Application) -> None:
    app.graph(FULL)
    result = app.run("submit", "--task", "nope", env={"TAIPY_EXEC_JSON": "1"})
    assert result.code == 8
    assert error_of(result)["kind"] == "not_found"


@pytest.mark.parametrize("command", [["plan"], ["submit", "--dry-run"]])
def test_a_dry_run_tells_what_would_run_and_writes_nothing(
    app: Application, command: list[str]
) -> None:
    app.graph(FULL, skippable=True, data={"seed": 1})
    before = app.sources()
    result = app.run(*command, "--json")
    assert result.code == 0
    assert [(j["task"], j["action"]) for j in result.json["jobs"]] == [
        ("a", "run"),
        ("b", "run"),
        ("c", "run"),
    ]
    assert app.sources() == before
    assert not app.exists(".taipy-exec")
    assert app.run("submit").code == 0
    after = app.run(*command, "--json").json["jobs"]
    assert {job["action"] for job in after} == {"skip"}
    assert "3 up to date" in app.run(*command).out
    forced = app.run(*command, "--force", "--json").json["jobs"]
    assert {job["action"] for job in forced} == {"run"}
    assert app.run("submit", "--json").statuses() == dict.fromkeys("abc", "SKIPPED")


def test_wait_of_a_submission_that_nobody_works_on_says_how_to_resume_it(
    app: Application,
) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit")
    app.begun()
    process.kill()
    app.end(process)
    submission = app.only_submission()
    result = app.run("wait", submission, "--timeout", "0.3")
    assert result.code == 5
    assert f"taipy-exec resume {short_id(submission)}" in result.err
    wait_until(lambda: not app.processes())
