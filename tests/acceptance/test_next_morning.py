"""Last night's run has failed: what `status`, `logs` and `report` tell, asked from elsewhere."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path

import pytest
from command_support import Application

STEPS = """
def load():
    print("asking the server")
    raise ConnectionError("no answer from http://user:s3cr3t@weather.example/")

def check(numbers):
    assert not numbers

def numbers():
    return [1]
"""
CONFIG = """
[JOB]
mode = "standalone"
[DATA_NODE.weather]
[DATA_NODE.numbers]
[DATA_NODE.checked]
[DATA_NODE.page]
[TASK.load]
function = "steps.load:function"
outputs = ["weather"]
retries = 1
retry_delay = 0.01
[TASK.count]
function = "steps.numbers:function"
outputs = ["numbers"]
[TASK.check]
function = "steps.check:function"
inputs = ["numbers"]
outputs = ["checked"]
[TASK.publish]
function = "flow.work:function"
inputs = ["weather", "checked"]
outputs = ["page"]
[SCENARIO.nightly]
tasks = ["load", "count", "check", "publish"]
"""


@pytest.fixture
def elsewhere(app: Application, tmp_path: Path) -> Path:
    """A folder beside that of an application which failed last night."""
    folder = tmp_path / "else where"
    folder.mkdir()
    app.module("steps", STEPS)
    app.config(CONFIG)
    assert app.run("submit", ".").code == 1
    return folder


def commands(text: str) -> list[list[str]]:
    """Every command that hints of this text tell."""
    told = re.findall(r"^hint: taipy-exec (.*?)(?: shows .*| runs .*| lists .*)?$", text, re.M)
    return [shlex.split(line) for line in told]


def test_status_leads_to_the_jobs_that_failed_and_their_logs(
    app: Application, elsewhere: Path
) -> None:
    place = ("-a", str(app.folder))
    first = app.run("status", *place, cwd=elsewhere)
    (of_the_submission,) = commands(first.err)
    second = app.run(*of_the_submission, cwd=elsewhere)
    assert second.code == 0
    assert "ConnectionError: no answer from" in second.out
    assert re.search(r"check +✗ FAILED .*  AssertionError\s*$", second.out, re.M)
    assert "attempt" not in second.out
    logs_of_load, logs_of_check, report = commands(second.err)
    load = app.run(*logs_of_load, cwd=elsewhere)
    assert load.out.startswith("asking the server\ntaipy-exec: attempt 1 failed")
    assert "in check" in app.run(*logs_of_check, cwd=elsewhere).out
    assert app.run(*report, cwd=elsewhere).code == 0
    assert len(list(elsewhere.glob("report-*.html"))) == 1


def test_a_password_in_a_message_is_in_nothing_that_we_print(
    app: Application, elsewhere: Path
) -> None:
    id = app.only_submission()
    for command in (
        ("status", id),
        ("status", id, "--json"),
        ("status", id, "--watch"),
        ("logs", id),
        ("logs", id, "--json"),
        ("logs", id, "--follow"),
    ):
        result = app.run(*command)
        lines = [line for line in result.out.splitlines() if "raise ConnectionError" not in line]
        assert any("user:***@weather" in line for line in lines), command
        assert "s3cr3t" not in result.out + result.err, command


def test_the_hints_of_wrong_commands_can_be_pasted_as_they_are(
    app: Application, elsewhere: Path
) -> None:
    place = ("-a", str(app.folder))
    id = app.only_submission()
    for wrong in (("logs", "nothing"), ("resume",), ("resume", id), ("report", "nothing")):
        result = app.run(*wrong, *place, cwd=elsewhere)
        assert result.code in (2, 8)
        (told,) = commands(result.err.replace(" shows all of them", ""))
        assert app.run(*told, cwd=elsewhere).code in (0, 1), told


def test_of_several_jobs_that_begin_so_the_latest_is_named(
    app: Application, elsewhere: Path
) -> None:
    app.run("retry", app.only_submission())
    result = app.run("logs", "JOB_load", "-a", str(app.folder), cwd=elsewhere)
    assert result.code == 8
    found = re.search(
        r"more than one job begins with 'JOB_load'; the latest is (JOB_\S+)", result.err
    )
    assert found is not None
    newest = app.run("status", "--json").json["submissions"][0]["id"]
    assert found[1] == app.status(newest).job("load")["id"]
    ids = app.run("status", newest, "-v").out
    assert found[1][:17] in ids


def test_lines_say_that_another_attempt_follows(app: Application) -> None:
    app.module("steps", STEPS)
    app.config(CONFIG)
    result = app.run("submit", ".")
    assert "load PENDING: attempt 1 failed, attempt 2 follows\n" in result.err
    assert "retried" not in result.err


def test_a_job_that_completed_at_a_later_attempt_says_so(app: Application) -> None:
    lucky = (
        "def load():\n    note('run')\n    return 1 / (len(open('ledger').read().split()) - 1)\n"
    )
    app.module("steps", STEPS + lucky)
    app.config(CONFIG)
    result = app.run("submit", ".", "--task", "load")
    assert result.code == 0, result.err
    assert re.search(r"load +✓ COMPLETED +\S+ +attempt 2", result.out)


def test_paths_are_told_without_the_way_from_elsewhere(app: Application, elsewhere: Path) -> None:
    place = f"../{app.folder.name}"
    for command in (("doctor", "-a", place), ("logs", app.only_submission(), "-a", place)):
        assert str(app.folder) in app.run(*command, cwd=elsewhere).out
    again = app.run("submit", place, "--json", cwd=elsewhere)
    assert f'File "{app.folder}/steps.py", line' in again.job("check")["error"]["traceback"]
    assert app.run("doctor", "-a", "..", cwd=elsewhere).out.count("/..") == 0


def test_where_the_application_is_named_no_hint_says_to_name_it(
    app: Application, tmp_path: Path
) -> None:
    app.config(CONFIG)
    named = app.run("status", "-a", str(app.folder), cwd=tmp_path)
    assert "hint: submit it first\n" in named.err
    assert "hint: name the application with --application-path, or" in app.run("status").err


def test_a_report_tells_commands_that_work_from_any_folder(
    app: Application, elsewhere: Path
) -> None:
    page = elsewhere / "page.html"
    told = app.run(
        "report",
        app.only_submission(),
        "-a",
        f"../{app.folder.name}",
        "-o",
        "page.html",
        cwd=elsewhere,
    )
    assert told.code == 0, told.err
    text = html.unescape(page.read_text(encoding="utf-8"))
    found = re.findall(r"<code[^>]*>taipy-exec ((?:logs|retry) [^<]*)</code>", text)
    assert len(found) == 3
    for line in found:
        assert shlex.split(line)[-2:] == ["-a", str(app.folder)]
        assert app.run(*shlex.split(line), cwd=elsewhere).code in (0, 1), line


def test_a_folder_that_a_report_lacks_is_told_once(app: Application, elsewhere: Path) -> None:
    result = app.run("report", app.only_submission(), "-o", "nowhere/page.html")
    assert result.code == 2
    assert result.err == (
        f"error: there is no folder {app.folder / 'nowhere'}\n"
        "hint: make it, or name another file with -o\n"
    )
