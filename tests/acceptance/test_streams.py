"""Data goes to stdout, everything else to stderr, whatever the jobs print and wherever it goes."""

from __future__ import annotations

import json
import re

import pytest
from command_support import COLOR, CURSOR, Application

NOISY = """
import os, subprocess, sys
print("by print")
os.write(1, b"by write\\n")
subprocess.run(["echo", "by echo"])
print("to stderr", file=sys.stderr)
return 1
"""
MODES = pytest.mark.parametrize("mode", ["development", "standalone"])


def noisy(app: Application, mode: str) -> None:
    app.one(NOISY, mode=mode)


@pytest.mark.one_variant
@MODES
def test_without_a_terminal_each_change_is_one_line_on_stderr(app: Application, mode: str) -> None:
    app.one("return 1", mode=mode)
    result = app.shell("$T submit | cat")
    assert result.code == 0
    changes = [line for line in result.err.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    for task in ("bad", "after", "good"):
        assert [line.split()[2] for line in changes if line.split()[1] == task] == [
            "RUNNING",
            "COMPLETED",
        ]
    assert not CURSOR.search(result.out + result.err)
    assert not COLOR.search(result.out + result.err)


@pytest.mark.one_variant
@MODES
def test_without_a_terminal_stdout_holds_the_table_and_the_summary(
    app: Application, mode: str
) -> None:
    app.one("return 1", mode=mode)
    lines = app.shell("$T submit 2>/dev/null | cat").out.splitlines()
    assert lines[0].split() == ["Task", "Status", "Time", "Reason"]
    assert [line.split()[0] for line in lines[2:5]] == ["bad", "good", "after"] or [
        line.split()[0] for line in lines[2:5]
    ] == ["bad", "after", "good"]
    assert re.match(r"SUBMISSION_[0-9a-f]{8} COMPLETED: 3 jobs \(3 completed\) in ", lines[5])
    assert len(lines) == 6


@pytest.mark.one_variant
@MODES
def test_what_jobs_print_never_gets_into_the_json(app: Application, mode: str) -> None:
    noisy(app, mode)
    result = app.shell(f"$T submit --json | {__import__('sys').executable} -m json.tool")
    assert result.code == 0
    assert json.loads(result.out)["submission"]["status"] == "COMPLETED"
    assert "by print" not in result.out


def test_what_jobs_print_in_a_process_of_their_own_is_in_their_log(app: Application) -> None:
    noisy(app, "standalone")
    job = app.run("submit", "--json").job("bad")["id"]
    assert sorted(app.run("logs", job).out.splitlines()) == [
        "by echo",
        "by print",
        "by write",
        "to stderr",
    ]


def test_what_jobs_print_in_development_mode_is_in_their_log_and_on_stderr(
    app: Application,
) -> None:
    noisy(app, "development")
    result = app.run("submit", "--json")
    for word in ("by print", "by write", "by echo", "to stderr"):
        assert word in result.err
    log = app.run("logs", result.job("bad")["id"]).out.splitlines()
    assert {"by print", "to stderr"} <= set(log)


@pytest.mark.one_variant
@MODES
def test_a_submission_runs_the_same_with_stderr_thrown_away(app: Application, mode: str) -> None:
    noisy(app, mode)
    result = app.shell("$T submit --json 2>/dev/null")
    assert (result.code, result.err) == (0, "")
    assert set(result.statuses().values()) == {"COMPLETED"}


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_disturb_the_jobs(app: Application, mode: str, closed: str) -> None:
    noisy(app, mode)
    result = app.shell(f"$T submit {closed}")
    assert result.code == 0
    assert "Traceback" not in result.err
    assert app.run("status", app.only_submission(), "--json").json["submission"]["status"] == (
        "COMPLETED"
    )


@pytest.mark.one_variant
@MODES
def test_a_closed_stderr_leaves_the_json_whole(app: Application, mode: str) -> None:
    noisy(app, mode)
    result = app.shell("$T submit --json 2>&-")
    assert result.code == 0
    assert set(result.statuses().values()) == {"COMPLETED"}


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize("arguments", ["submit", "submit --json", "submit --events -"])
def test_a_reader_that_goes_away_is_no_error_and_changes_no_job(
    app: Application, mode: str, arguments: str
) -> None:
    app.one("return 1", mode=mode)
    result = app.shell(f"$T {arguments} | head -1")
    assert result.code == 0
    assert len(result.out.splitlines()) == 1
    assert "Traceback" not in result.err
    assert "BrokenPipe" not in result.err
    assert "Exception ignored" not in result.err
    jobs = app.run("status", app.only_submission(), "--json").statuses()
    assert set(jobs.values()) == {"COMPLETED"}


@pytest.mark.one_variant
@MODES
def test_a_stderr_whose_reader_goes_away_changes_no_job(app: Application, mode: str) -> None:
    app.one("import sys\nprint('word ' * 1000)\nprint('word', file=sys.stderr)", mode=mode)
    result = app.shell("$T submit --json 2> >(head -c 1 >/dev/null; exec <&-)")
    assert result.code == 0
    assert set(result.statuses().values()) == {"COMPLETED"}


@pytest.mark.one_variant
@pytest.mark.parametrize(
    "arguments", ["status", "status --json", "plan", "graph", "check", "data list", "--help"]
)
def test_no_command_minds_a_reader_that_goes_away(app: Application, arguments: str) -> None:
    app.one("return 1")
    result = app.shell(f"$T {arguments} | true")
    assert result.code == 0
    assert result.err == "" or "Traceback" not in result.err
    assert "Exception ignored" not in result.err


@pytest.mark.one_variant
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"CI": "true"}, {}])
def test_neither_colours_nor_cursor_codes_go_into_a_pipe(
    app: Application, env: dict[str, str]
) -> None:
    app.one("return 1")
    result = app.run("submit", env=env)
    assert "\x1b" not in result.out + result.err


@pytest.mark.one_variant
@MODES
def test_force_color_in_a_pipe_gives_colours_but_no_cursor_codes(
    app: Application, mode: str
) -> None:
    app.one("return 1", mode=mode)
    result = app.run("submit", env={"FORCE_COLOR": "1"})
    assert COLOR.search(result.out)
    assert not CURSOR.search(result.out + result.err)
    assert re.search(r"\d\d:\d\d:\d\d bad RUNNING", COLOR.sub("", result.err))


@pytest.mark.long
def test_color_always_gives_colours_and_color_never_gives_none(app: Application) -> None:
    app.one("raise ValueError(1)")
    always = app.run("submit", "--color", "always", env={"NO_COLOR": "1"})
    assert COLOR.search(always.out)
    assert COLOR.search(always.err)
    assert not CURSOR.search(always.out + always.err)
    never = app.run("submit", "--force", "--color", "never", env={"FORCE_COLOR": "1"})
    assert "\x1b" not in never.out + never.err


def test_an_unknown_word_for_color_is_wrong_use(app: Application) -> None:
    app.one("return 1")
    result = app.run("submit", "--color", "perhaps")
    assert result.code == 2
    assert "--color" in result.err
    assert "'perhaps'" in result.err


@pytest.mark.one_variant
@pytest.mark.parametrize("columns", [60, 40])
def test_tables_in_a_pipe_keep_to_the_width_that_columns_gives(
    app: Application, columns: int
) -> None:
    app.module("jobs", "def bad():\n    raise ValueError('long ' * 40)\n")
    app.graph(
        {
            "a_task_with_a_rather_long_name_to_show": ("jobs.bad", [], ["b"]),
            "another_one_that_follows_the_first": ("flow.work", ["b"], ["c"]),
        }
    )
    env = {"COLUMNS": str(columns)}
    table = app.run("submit", env=env).out
    lists = [app.run(name, env=env).out for name in ("status", "plan")]
    lists.append(app.run("data", "list", env=env).out)
    for line in "".join([table, *lists]).splitlines():
        # A summary is one line for grep; a full id alone has 47 characters.
        is_summary = line.startswith("SUBMISSION_") or " to run, " in line
        assert len(line) <= columns or is_summary


@pytest.mark.one_variant
@MODES
def test_an_ascii_locale_gets_ascii_and_no_error(app: Application, mode: str) -> None:
    app.one("print('grün')\nraise ValueError('schön')", mode=mode)
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    result = app.run("submit", env=env)
    assert result.code == 1
    assert result.out.isascii()
    assert result.err.isascii()
    assert "\\u" not in result.out
    assert "FAILED" in result.out
    assert app.run("graph", env=env).out.isascii()
    assert app.run("status", env=env).code == 0


def test_quiet_prints_nothing_when_all_is_well(app: Application) -> None:
    app.one("print('by print')\nreturn 1")
    result = app.run("submit", "-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_quiet_prints_what_failed(app: Application) -> None:
    app.one("raise ValueError('no such luck')")
    result = app.run("submit", "-q")
    assert result.code == 1
    assert re.fullmatch(r"SUBMISSION_\S+ FAILED: 3 jobs \(.*\) in \S+\n", result.out)
    assert "error: task bad failed: ValueError: no such luck" in result.err


def test_nothing_warns_where_warnings_are_errors(app: Application) -> None:
    noisy(app, "standalone")
    result = app.run("submit", "--json", env={"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"})
    assert result.code == 0
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert "Warning" not in result.err


def test_events_on_stdout_are_lines_of_json_that_tell_every_change(app: Application) -> None:
    noisy(app, "standalone")
    result = app.run("submit", "--events", "-")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["event"] for line in lines][:: len(lines) - 1] == ["submission", "end"]
    assert lines[-1]["status"] == "COMPLETED"
    told = [(line["task"], line["status"]) for line in lines if line["event"] == "job"]
    for task in ("bad", "after", "good"):
        assert [status for name, status in told if name == task][-2:] == ["RUNNING", "COMPLETED"]


def test_events_to_a_file_leave_stdout_to_the_json(app: Application) -> None:
    noisy(app, "standalone")
    result = app.run("submit", "--events", "events.jsonl", "--json")
    assert set(result.statuses().values()) == {"COMPLETED"}
    lines = (app.folder / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line)["schema"] == "taipy-exec/1" for line in lines)
    assert json.loads(lines[-1])["event"] == "end"


def test_events_and_json_together_are_lines_of_json_with_the_object_as_the_last(
    app: Application,
) -> None:
    app.one("return 1")
    result = app.run("submit", "--events", "-", "--json")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines[-2]["event"] == "end"
    assert lines[-1]["submission"]["status"] == "COMPLETED"


@pytest.mark.parametrize("arguments", [[], ["-q"]])
def test_bytes_that_a_job_writes_to_stdout_are_in_its_log_too(
    app: Application, arguments: list[str]
) -> None:
    app.one(
        "import subprocess, sys\nsys.stdout.buffer.write(b'by bytes\\n')\nsys.stdout.flush()\n"
        "subprocess.run(['echo', 'by echo'], stdout=sys.stdout, check=True)\nreturn 1",
        mode="development",
    )
    result = app.run("submit", "--json", *arguments)
    assert result.code == 0
    assert app.run("logs", result.job("bad")["id"]).out == "by bytes\nby echo\n"


def test_a_full_disk_under_stdout_is_told_and_the_run_is_stored(app: Application) -> None:
    app.one("return 1", mode="development")
    result = app.shell("$T submit > /dev/full")
    assert result.code == 2
    assert "stdout cannot be written: No space left on device" in result.err
    assert app.run("status", "--json").json["submissions"][0]["status"] == "COMPLETED"
