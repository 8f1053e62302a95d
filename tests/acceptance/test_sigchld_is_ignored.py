"""A shell, a supervisor or a program that ignores SIGCHLD: nobody is told how processes end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_support import COMMAND, Application

IGNORING = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
STARTS = [sys.executable, "-c", f"{IGNORING}os.execv(sys.argv[1], sys.argv[1:])"]
JOBS = """
import subprocess
def look():
    return subprocess.run(["false"]).returncode
def dies(x):
    os._exit(3)
"""
PROGRAM = f"""
{IGNORING}
import taipy_exec.api as tp
from taipy_exec.api import Config, Core

def good():
    return 1

def dies():
    os._exit(3)

if __name__ == "__main__":
    Config.configure_job_executions(mode="standalone", max_nb_of_workers=2)
    a, b = Config.configure_data_node("a"), Config.configure_data_node("b")
    tasks = [Config.configure_task("t", good, [], [a]), Config.configure_task("u", dies, [], [b])]
    scenario = Config.configure_scenario("s", tasks)
    Core().run()
    tp.submit(tp.create_scenario(scenario), wait=True)
    for job in sorted(tp.get_jobs(), key=lambda job: job.id):
        print(job.status.name, *job.stacktrace)
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_command_that_was_started_so_runs_jobs_as_ever(app: Application, mode: str) -> None:
    app.module("jobs", JOBS)
    app.graph({"look": ("jobs.look", [], ["a"])}, mode=mode)
    result = app.end(app.start("submit", ".", "--json", command=[*STARTS, *COMMAND]), 60)
    assert (result.code, result.statuses()) == (0, {"look": "COMPLETED"}), result.err
    assert app.run("data", "show", ".", "a", "--json").json["value"] == 1


def test_a_job_that_dies_is_told_with_its_exit_code(app: Application) -> None:
    app.module("jobs", JOBS)
    app.graph({"look": ("jobs.look", [], ["a"]), "dies": ("jobs.dies", ["a"], ["b"])})
    result = app.end(app.start("submit", ".", "--json", command=[*STARTS, *COMMAND]), 60)
    assert result.code == 1
    assert "exit code 3" in result.err


def test_a_program_that_ignores_it_itself_gets_its_jobs_ends(app: Application) -> None:
    (app.folder / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "COMPLETED",
        "FAILED its process ended; its exit code is unknown, because this program ignores SIGCHLD",
    ], done.stderr
