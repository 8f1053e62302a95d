"""`status` and `logs` of what one looks for: by status, task and time, and with times of lines."""

from __future__ import annotations

import re
import time

import pytest
from command_support import Application, Terminal

TIMED = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} "


@pytest.fixture
def ended(app: Application) -> Application:
    app.one("print('first')\nprint('second')\nraise ValueError('no such luck')")
    assert app.run("submit").code == 1
    return app


def test_status_shows_the_jobs_that_failed_or_are_named(ended: Application) -> None:
    failed = ended.run("status", "@1", "--failed").out
    assert re.search(r"^bad +✗ FAILED", failed, re.M)
    assert "good" not in failed
    assert failed.splitlines()[-1] == "1 of 3 jobs"
    named = ended.run("status", "@1", "--task", "good,after", "--status", "completed", "--json")
    assert named.statuses() == {"good": "COMPLETED"}
    assert ended.run("status", "@1", "--since", "1h").out.count("✓ COMPLETED") == 1
    assert ended.run("status", "@1", "--since", "2100-01-01").out.splitlines()[-1] == "0 of 3 jobs"


def test_the_list_shows_the_submissions_that_failed(ended: Application) -> None:
    ended.one("return 1")
    assert ended.run("submit", "--new").code == 0
    assert len(ended.run("status", "--json").json["submissions"]) == 2
    (failed,) = ended.run("status", "--failed", "--json").json["submissions"]
    assert failed["status"] == "FAILED"
    (latest,) = ended.run("status", "--limit", "1", "--json").json["submissions"]
    assert latest["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "@1", "--status", "broken"), "no job has the status 'BROKEN'"),
        (("status", "--status", "skipped"), "no submission has the status 'SKIPPED'"),
        (("status", "--task", "t"), "--task needs a submission"),
        (("logs", "--since", "yesterday"), "--since takes an age or a time, not 'yesterday'"),
        (("logs", "--follow", "--failed"), "--follow shows jobs that have not begun yet"),
    ],
)
def test_what_cannot_be_chosen_is_wrong_use(
    ended: Application, arguments: tuple[str, ...], words: str
) -> None:
    result = ended.run(*arguments)
    assert result.code == 2
    assert words in result.err


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_lines_begin_with_when_they_were_printed(app: Application, mode: str) -> None:
    app.one("import time\nprint('first')\ntime.sleep(0.3)\nprint('second')\nreturn 1", mode=mode)
    begin = time.time()
    assert app.run("submit").code == 0
    lines = app.run("logs", "@1", "--task", "bad", "--timestamps").out.splitlines()
    assert [re.sub(TIMED, "", line, count=1) for line in lines] == ["first", "second"]
    assert all(re.match(TIMED, line) for line in lines)
    (log,) = app.run("logs", "@1", "--task", "bad", "--timestamps", "--json").json["logs"]
    assert log["log"] == "first\nsecond\n"
    assert [line["text"] for line in log["lines"]] == ["first", "second"]
    first, second = (line["at"] for line in log["lines"])
    assert first < second
    assert app.run("logs", "@1", "--task", "bad", "--since", f"{time.time() - begin + 1:.0f}s").out


def test_lines_of_cluster_mode_have_times_too(app: Application, broker_url: str) -> None:
    app.module("jobs", "def bad():\n    print('by print')\n    return 1\n")
    app.graph({"bad": ("jobs.bad", [], ["a"])}, mode="cluster")
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    worker = app.start("run-worker", "--max-jobs", "1", env=env)
    assert app.end(app.start("submit", env=env), 60).code == 0
    assert app.end(worker, 60).code == 0
    assert re.fullmatch(f"{TIMED}by print\n", app.run("logs", "@1", "-t").out)


def test_a_log_without_output_says_why_on_stderr(ended: Application) -> None:
    result = ended.run("logs", "@1", "--status", "abandoned")
    assert (result.code, result.out) == (0, "")
    assert result.err == "no output: after was abandoned (upstream failed)\n"
    assert ended.run("logs", "good").err == "no output: good completed\n"
    assert ended.run("logs", "@1", "--task", "good", "--failed").err == "no output: no such jobs\n"
    assert ended.run("logs", "bad", "--tail", "0").err == ""
    assert ended.run("logs", "--failed").out.startswith("first\nsecond\nTraceback")


def test_a_log_without_times_is_printed_with_a_warning(ended: Application) -> None:
    for path in (ended.folder / ".taipy-exec" / "logs").rglob("*.at"):
        path.unlink()
    result = ended.run("logs", "bad", "-t")
    assert result.out.startswith("first\nsecond\n")
    assert "warning: the times of some of these lines are not known" in result.err


def test_the_list_marks_retries(ended: Application) -> None:
    first = ended.only_submission()
    ended.module("jobs", "def bad():\n    return 1\n")
    assert ended.run("retry", first).code == 0
    rows = ended.run("status").out.splitlines()[2:]
    latest = ended.run("status", "--json").json["submissions"][0]["id"]
    assert f"of {first[11:19]}" in rows[0]
    assert f"by {latest[11:19]}" in rows[1]


def test_the_list_shows_how_far_a_submission_is(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"]), "u": ("flow.gated", ["a"], ["b"])})
    running = app.start("submit")
    app.begun()
    row = app.run("status").out.splitlines()[2]
    assert re.search(r" 1/2: 1 completed, 1 running .* [\d.]+m?s$", row.rstrip())
    app.open_gate()
    assert app.end(running).code == 0


def test_watch_of_a_submission_shows_the_live_table(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    running = app.start("submit")
    app.begun()
    terminal = Terminal(app, "status", "@1", "--watch")
    terminal.read_until("0/1")
    app.open_gate()
    assert terminal.finish() == 0
    assert app.end(running).code == 0
    screen = "\n".join(terminal.screen())
    assert re.search(r"^t +✓ COMPLETED", screen, re.M)
    assert "1/1" in screen
    assert "COMPLETED: 1 job" in screen


@pytest.fixture
def mapped(app: Application) -> Application:
    app.module("jobs", "def fit(region):\n    print('fit', region)\n    return region\n")
    app.config(
        """
        [DATA_NODE.regions]
        default_data = ["a", "b"]
        [DATA_NODE.fits]
        [TASK.fit]
        function = "jobs.fit:function"
        inputs = ["regions"]
        outputs = ["fits"]
        map = "regions"
        [TASK.fit_all]
        function = "jobs.fit:function"
        inputs = ["fits"]
        [SCENARIO.s]
        tasks = ["fit", "fit_all"]
        """
    )
    assert app.run("submit", ".").code == 0
    return app


def test_the_name_of_a_mapped_task_means_its_elements_too(mapped: Application) -> None:
    every = {"fit", "fit.split", "fit.0", "fit.1"}
    assert set(mapped.run("status", "@1", "--task", "fit", "--json").statuses()) == every
    for arguments in (("fit",), ("--task", "fit")):
        found = mapped.run("logs", *arguments, "--json").json["logs"]
        assert {one["task"] for one in found} == every
        assert "fit a" in mapped.run("logs", *arguments).out
    for name in ("fit.1", "fit.split"):
        assert set(mapped.run("status", "@1", "--task", name, "--json").statuses()) == {name}
        (only,) = mapped.run("logs", name, "--json").json["logs"]
        assert only["task"] == name
    (job,) = mapped.run("logs", "fit_all", "--json").json["logs"]
    (same,) = mapped.run("logs", job["job"], "--json").json["logs"]
    assert same == job


@pytest.mark.parametrize("task", ["nope", "fit.7", "fitt"])
def test_a_task_without_a_job_is_not_found(mapped: Application, task: str) -> None:
    for command in (("logs",), ("status", "@1")):
        result = mapped.run(*command, "--task", f"fit,{task}")
        assert result.code == 8
        assert f"has no job of task {task!r}" in result.err
    assert ("did you mean 'fit'?" in result.err) == (task != "nope")
