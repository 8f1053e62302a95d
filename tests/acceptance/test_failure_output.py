"""What a command prints about jobs that failed: here, in GitHub Actions and in GitLab CI."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until
from runner_support import commands_in

from taipy_exec.model.job import short_id

NASTY = """
print("::error::from the job")
print("  ##[set-output name=a]b", flush=True)
print("half a line", end="")
raise ValueError("::warning::no such luck ##[debug]x")
"""
MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
GITHUB = {"GITHUB_ACTIONS": "true"}


def pasted(result: Result, head: str) -> list[str]:
    """The command that a line of stderr offers, as the shell would read it."""
    (line,) = [line for line in result.err.splitlines() if line.strip().startswith(head)]
    words = shlex.split(line.partition(head)[2])
    assert words[0] == "taipy-exec"
    return words[1:]


@MODES
def test_a_failure_is_told_with_the_end_of_its_log_and_two_commands(
    app: Application, mode: str
) -> None:
    body = "for n in range(50): print('line', n)\nraise ValueError('no such luck')"
    app.one(body, mode=mode)
    result = app.run("submit", "--json")
    lines = result.err.splitlines()
    begin = lines.index("error: task bad failed: ValueError: no such luck")
    told = lines[begin:]
    assert told[1] == "  Traceback (most recent call last):"
    assert [line for line in told if line.startswith("  | ")] == [
        f"  | line {n}" for n in range(40, 50)
    ]
    log = app.run(*pasted(result, "all it printed: "))
    assert log.out.splitlines()[:50] == [f"line {n}" for n in range(50)]
    assert set(result.statuses()) == {"bad", "good", "after"}


def test_the_commands_can_be_pasted_where_the_submission_was_made(
    app: Application, tmp_path: Path
) -> None:
    app.one("note('bad')\nif not exists('mended'): raise ValueError('no')\nreturn 1")
    app.module("flow", (app.folder / "flow.py").read_text() + "from os.path import exists\n")
    place = tmp_path / "an other place"
    place.mkdir()
    (place / "my app").symlink_to(app.folder)
    state = str(place / "its state")
    result = app.run("submit", "my app", "--state-dir", state, "--json", cwd=place)
    assert result.code == 1
    (app.folder / "mended").touch()
    again = app.run(
        *pasted(result, "hint: retry everything that did not complete: "), "--json", cwd=place
    )
    assert again.code == 0, again.err
    assert again.statuses() == {"bad": "COMPLETED", "after": "COMPLETED"}
    assert again.json["submission"]["retries"] == result.json["submission"]["id"]
    assert app.ledger()[:2] == ["bad", "bad"]


def test_a_job_is_retried_in_the_mode_in_which_it_was_submitted(app: Application) -> None:
    app.one("raise ValueError('no')", mode="development")
    result = app.run("submit", "--mode", "standalone", "--json")
    again = app.run(*pasted(result, "hint: retry everything that did not complete: "), "--json")
    assert again.json["submission"]["mode"] == "standalone"
    other = app.run("retry", result.job("bad")["id"], "--mode", "development", "--json")
    assert other.json["submission"]["mode"] == "development"


def test_a_job_that_is_done_or_whose_inputs_are_missing_is_not_retried(app: Application) -> None:
    app.one("raise ValueError('no')")
    result = app.run("submit", "--json")
    done = app.run("retry", result.job("good")["id"])
    assert done.code == 2
    assert "is done: there is nothing to retry" in done.err
    early = app.run("retry", result.job("after")["id"])
    assert early.code == 2
    assert "reads what bad did not write" in early.err
    assert f"taipy-exec retry {short_id(result.json['submission']['id'])}" in early.err
    assert app.run("retry", "JOB_nothing").code == 8


def test_many_failures_take_a_bounded_number_of_lines(app: Application) -> None:
    app.module(
        "jobs",
        "def bad():\n    print('x' * 9_000)\n    deep(60)\n\n"
        "def deep(n):\n    if n: deep(n - 1)\n    else: raise ValueError('y' * 9_000)\n",
    )
    app.graph({f"t{n:02d}": ("jobs.bad", [], [f"d{n}"]) for n in range(30)})
    result = app.run("submit", "-v", "--json")
    told = result.err[result.err.index("error: task") :]
    assert told.count("error: task") == 3
    assert "27 more failed: t03, t04, t05, t06, t07, t08, t09, t10, t11, t12 and 17 others" in told
    assert len(told.splitlines()) < 180
    assert len(told) < 30_000
    github = app.run("retry", result.json["submission"]["id"], "--json", env=GITHUB)
    assert commands_in(github.err) == ["error", "group", "endgroup"] * 10
    assert "20 more failed: " in github.err


def test_what_a_job_printed_moves_no_cursor_and_quiet_leaves_the_error_only(
    app: Application,
) -> None:
    app.one("print('\\033[2Jcleared\\rover')\nraise ValueError('no')")
    result = app.run("submit", "--json")
    assert "  | over" in result.err
    assert "\x1b" not in result.err
    again = app.run("submit", "-q", "--json")
    assert again.err == "error: task bad failed: ValueError: no\n"


@MODES
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_in_github_failures_are_annotated_and_jobs_can_inject_no_command(
    app: Application, mode: str, arguments: list[str], tmp_path: Path
) -> None:
    app.one(NASTY, mode=mode)
    summary = tmp_path / "summary.md"
    env = {
        **GITHUB,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(app.folder),
    }
    result = app.run("submit", *arguments, env=env)
    assert result.code == 1
    assert commands_in(result.err) == ["error", "group", "endgroup"]
    assert commands_in(result.out) == []
    # The runner reads both streams at once: in no order must a job get through.
    assert commands_in(result.out + result.err) == ["error", "group", "endgroup"]
    assert re.search(r"^::error file=jobs.py,line=\d+,title=task bad failed::", result.err, re.M)
    inside = result.err.partition("::group::")[2].partition("::endgroup::")[0]
    assert "  | ::error::from the job\n" in inside
    assert "| bad | ✗ FAILED |" in summary.read_text()
    if arguments:
        assert result.job("bad")["error"]["message"].endswith("##[debug]x")


def test_in_github_wait_tells_what_a_detached_submission_did_and_once(
    app: Application, tmp_path: Path
) -> None:
    app.one(NASTY)
    summary = tmp_path / "summary.md"
    env = {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}
    submission = app.run("submit", "--detach", env=env).out.strip()
    result = app.run("wait", submission, env=env)
    assert result.code == 1
    assert commands_in(result.err) == ["error", "group", "endgroup"]
    assert commands_in(result.out) == []
    assert summary.read_text().count("### ") == 1
    attached = app.run("attach", submission, env=env)
    assert commands_in(attached.err) == ["error", "group", "endgroup"]
    app.nothing_runs()
    log = next((app.folder / ".taipy-exec" / "logs").rglob("coordinator.log"))
    assert "::" not in log.read_text().replace("::warning::no such luck", "")


def test_a_summary_that_cannot_be_written_is_a_warning(app: Application) -> None:
    app.one("return 1")
    result = app.run("submit", env={**GITHUB, "GITHUB_STEP_SUMMARY": "/nowhere/summary.md"})
    assert result.code == 0
    assert "warning: the step summary /nowhere/summary.md cannot be written: " in result.err


def test_in_gitlab_the_log_of_a_failed_job_is_a_section(app: Application) -> None:
    app.one(NASTY)
    result = app.run("submit", "--json", env={"GITLAB_CI": "true"})
    assert "error: task bad failed: " in result.err
    start = re.search(r"\x1b\[0Ksection_start:\d+:(\S+)\[collapsed=true\]\r\x1b\[0K", result.err)
    assert start
    end = result.err.index(f":{start[1]}\r", start.end())
    assert "  | half a line" in result.err[start.end() : end]
    assert result.err.count("section_") == 2


def test_elsewhere_there_is_nothing_of_it(app: Application, tmp_path: Path) -> None:
    app.one("raise ValueError('no')")
    summary = tmp_path / "summary.md"
    result = app.run("submit", env={"CI": "true", "GITHUB_STEP_SUMMARY": str(summary)})
    assert commands_in(result.err) == []
    assert "section_start" not in result.err
    assert not summary.exists()


@pytest.mark.parametrize("env", [{}, GITHUB, {"GITLAB_CI": "true"}], ids=["here", "hub", "lab"])
def test_secrets_of_the_configuration_are_masked(
    app: Application, env: dict[str, str], tmp_path: Path
) -> None:
    secret = "s3cr:et/wört"
    app.one(f"print('with {secret}')\nraise ValueError('with {secret} and amqp://me:hidden@host')")
    text = (app.folder / "config.toml").read_text()
    app.config(
        text
        + '[DATA_NODE.db]\nstorage_type = "sql_table"\ndb_name = "x.db"\ndb_engine = "sqlite"\n'
        + f'table_name = "t"\ndb_password = "{secret}"\n'
    )
    summary = tmp_path / "summary.md"
    summary.touch()
    env = {**env, "GITHUB_STEP_SUMMARY": str(summary)}
    result = app.run("submit", env=env)
    submission = app.only_submission()
    waited = app.run("wait", submission, "--json", env=env)
    for told in (result.out, result.err, waited.out, waited.err):
        assert secret not in told
        assert "hidden" not in told
    assert secret not in summary.read_text()
    assert "with ***" in result.err


def test_what_was_canceled_can_be_run_by_what_is_said(app: Application) -> None:
    app.module("jobs", "def slow():\n    note('began')\n    wait_for('gate')\n    return 1\n")
    app.graph({"a": ("jobs.slow", [], ["x"]), "b": ("flow.work", ["x"], ["y"])})
    running = app.start("submit")
    wait_until(lambda: "began" in app.ledger(), what="the job")
    running.send_signal(signal.SIGINT)
    wait_until(lambda: "1 canceled" in app.run("status").out, what="the end of what waits")
    (app.folder / "gate").touch()
    result = app.end(running)
    assert result.code == 130
    hint = re.search("hint: taipy-exec (retry SUBMISSION_\\S+) runs the 1 that was", result.err)
    assert hint, result.err
    assert app.run(*hint[1].split()).code == 0
