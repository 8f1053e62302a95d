"""The log of a command: on stderr, in a file, as JSON; off unless it is wanted."""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from command_support import Application, Terminal

TEXT = re.compile(r"\d{4}-\d\d-\d\dT\S+Z (DEBUG|INFO|WARNING) (\w+) ([a-z-]+) .*process=\S+:\d+")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def log_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if TEXT.fullmatch(line)]


def events(text: str) -> list[str]:
    return [found[3] for found in map(TEXT.fullmatch, text.splitlines()) if found]


def test_by_default_there_is_no_log(app: Application) -> None:
    app.one("return 1")
    for verbose in ((), ("-v",)):
        assert not log_lines(app.run("submit", *verbose).err)


def test_vv_logs_on_stderr_what_happens_to_a_job(app: Application) -> None:
    app.one("return 1")
    result = app.run("submit", "-vv", "--json")
    assert result.code == 0
    assert set(result.statuses().values()) == {"COMPLETED"}
    told = events(result.err)
    assert told[0] == "coordinator-began"
    assert told[-1] == "coordinator-ended"
    assert {"submission-added", "process-started", "process-ready", "submission-ended"} <= {*told}
    job, changed = result.job("bad"), r"status-changed submission=\S+ job={} attempt=1 task=bad "
    changes = [line for line in log_lines(result.err) if re.search(changed.format(job["id"]), line)]
    after = [found for line in changes for found in re.findall(r"after=(\w+)", line)]
    assert after == ["PENDING", "RUNNING", "COMPLETED"]


def test_v_twice_and_the_environment_are_the_same_as_vv(app: Application) -> None:
    app.one("return 1")
    assert log_lines(app.run("submit", "-v", "-v").err)
    assert log_lines(app.run("submit", "--verbose", "-v").err)
    assert log_lines(app.run("submit", env={"TAIPY_EXEC_VERBOSE": "2"}).err)
    plain = app.run("submit", env={"TAIPY_EXEC_VERBOSE": "true"})
    assert plain.code == 0
    assert not log_lines(plain.err)


def test_a_log_file_is_appended_and_stderr_stays_as_it_was(app: Application) -> None:
    app.one("return 1")
    for _ in range(2):
        result = app.run("submit", "--log-file", "run.log")
        assert result.code == 0
        assert not log_lines(result.err)
    path = app.folder / "run.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert events(path.read_text()).count("submission-added") == 2


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_json_has_one_object_a_line(app: Application, mode: str) -> None:
    app.one("import logging\nlogging.basicConfig()\nraise ValueError('no\\nluck')", mode=mode)
    result = app.run("submit", "--json", "--log-file", "run.log", env={"TAIPY_EXEC_LOG": "json"})
    assert result.code == 1
    assert "status-changed" not in result.err
    lines = read(app.folder / "run.log")
    assert all({"time", "level", "area", "event", "process"} <= set(line) for line in lines)
    changes = [line for line in lines if line["event"] == "status-changed"]
    last = [line for line in changes if line["task"] == "bad"][-1]
    assert (last["after"], last["attempt"]) == ("FAILED", 1)
    assert last["job"] == result.job("bad")["id"]


def test_the_environment_names_the_file_from_where_the_command_starts(app: Application) -> None:
    app.one("return 1")
    (app.folder / "below").mkdir()
    result = app.run(
        "submit", "..", cwd=app.folder / "below", env={"TAIPY_EXEC_LOG": "json:run.log"}
    )
    assert result.code == 0
    assert read(app.folder / "below" / "run.log")[-1]["event"] == "coordinator-ended"


def test_the_process_of_detach_keeps_the_log(app: Application) -> None:
    app.one("return 1")
    result = app.run("submit", "--detach", "--log-file", "run.log")
    assert app.run("wait", result.out.strip()).code == 0
    lines = log_lines((app.folder / "run.log").read_text())
    by = {line.rpartition("=")[2] for line in lines if " status-changed " in line}
    begun = {line.rpartition("=")[2] for line in lines if " coordinator-began " in line}
    assert len(begun) == 2
    assert len(by) == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("--log-file", "missing/run.log"), {}, "missing/run.log cannot be written: No such file"),
        (("--log-file", "."), {}, "cannot be written: Is a directory"),
        ((), {"TAIPY_EXEC_LOG": "xml"}, "TAIPY_EXEC_LOG takes text, json, text:FILE or json:FILE"),
        ((), {"TAIPY_EXEC_VERBOSE": "much"}, "'much' is neither a number nor true or false"),
    ],
)
def test_a_log_that_cannot_be_kept_is_wrong_use_and_nothing_runs(
    app: Application, arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    app.one("return 1")
    result = app.run("submit", *arguments, env=environment)
    assert result.code == 2
    assert told in result.err
    assert "Traceback" not in result.err
    assert not (app.folder / ".taipy-exec").exists()


def test_a_killed_process_and_a_timeout_are_in_the_log(app: Application) -> None:
    app.one("import os\nos.kill(os.getpid(), 9)")
    app.run("submit", "--log-file", "run.log")
    (died,) = [
        line for line in log_lines((app.folder / "run.log").read_text()) if "process-died" in line
    ]
    assert "its process was killed by SIGKILL" in died
    assert " task=bad " in died


def test_no_secret_of_the_configuration_is_in_the_log(app: Application) -> None:
    app.one("raise ValueError('cannot use hunter2secret at http://u:hunter3word@host/')")
    text = (app.folder / "config.toml").read_text()
    app.config(text + '\n[DATA_NODE.x]\npassword = "hunter2secret"\n')
    app.config((app.folder / "config.toml").read_text().replace("[TASK.bad]", RETRIES))
    result = app.run("submit", "--log-file", "run.log", "-vv")
    log = (app.folder / "run.log").read_text()
    (planned,) = [line for line in log_lines(log) if "retry-planned" in line]
    assert "cannot use *** at http://u:***@host/" in planned
    assert "hunter" not in log
    assert "hunter" not in result.err


RETRIES = "[TASK.bad]\nretries = 1\nretry_delay = 0.01\n"


def test_on_a_terminal_lines_take_the_place_of_the_live_table(app: Application) -> None:
    app.one("return 1")
    terminal = Terminal(app, "submit", "-vv")
    assert terminal.finish() == 0
    assert "status-changed" in terminal.plain()
    assert "\x1b[1A" not in terminal.text  # the cursor never goes up: nothing is redrawn


def test_a_program_logs_by_the_environment_or_its_own_logging(app: Application) -> None:
    app.module(
        "main",
        """
import logging, sys
import taipy_exec as tp
from taipy_exec import Config

if __name__ == "__main__":
    if sys.argv[1:]:
        logging.basicConfig(format="own %(name)s %(message)s")
        logging.getLogger("taipy_exec").setLevel(logging.INFO)
    Config.configure_job_executions(mode="development")
    total = Config.configure_data_node("total")
    demo = Config.configure_scenario("demo", [Config.configure_task("work", work, None, total)])
    tp.Orchestrator().run()
    tp.submit(tp.create_scenario(demo))
    tp.Orchestrator().stop()
""",
    )
    assert "submission" not in app.shell(f"{sys.executable} main.py").err
    own = app.shell(f"{sys.executable} main.py own").err
    assert "own taipy_exec.coordinator submission-added submission=SUBMISSION_" in own
    assert "status-changed" not in own
    logged = app.shell(f"{sys.executable} main.py", env={"TAIPY_EXEC_LOG": "text"}).err
    assert "status-changed" in events(logged)
