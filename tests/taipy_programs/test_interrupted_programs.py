"""Programs that are interrupted or killed: what runs ends, and what waits is given up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from command_support import wait_until
from taipy_support import ENABLE, Program

PROGRAM = """\
import sys
import time

import taipy as tp
from taipy import Config
from flow import gated, work

Config.configure_core(mode="experiment", version_number="1.0")
Config.configure_job_executions(mode="standalone", max_nb_of_workers=1)
a = Config.configure_data_node("a", default_data=1)
b = Config.configure_data_node("b")
c = Config.configure_data_node("c")
first = Config.configure_task("first", gated, a, b)
second = Config.configure_task("second", work, b, c)
chain = Config.configure_scenario("chain", [first, second])

if __name__ == "__main__":
    tp.Orchestrator().run()
    for job in tp.get_jobs():
        (output,) = job.task.output.values()
        print(job.task.config_id, job.status.name, output.edit_in_progress)
    if "submit" in sys.argv:
        tp.create_scenario(chain).submit()
    if "stay" in sys.argv:
        time.sleep(60)
"""
PYTHON, RUN = "python", "run"


def begun(program: Program, how: str, stays: str) -> subprocess.Popen[str]:
    """The program, whose first job runs; its main part is over, or stays."""
    arguments = ["main.py", "submit", *([stays] if stays else [])]
    if how == PYTHON:
        program.write(ENABLE + PROGRAM)
        process = program.start(*arguments, command=[sys.executable])
    else:
        program.write(PROGRAM)
        process = program.start(RUN, *arguments)
    program.begun()
    if not stays:
        # Until Python waits for nothing but the dispatcher.
        time.sleep(0.5)
    return process


def seen_by_the_next(program: Program) -> list[str]:
    """What the program sees of its jobs when it is started again: task, status, output locked."""
    result = program.go("main.py")
    assert result.code == 0, result.err
    return sorted(line for line in result.out.splitlines() if " " in line and line[0] in "fs")


BOTH = pytest.mark.parametrize("how", [PYTHON, RUN])
STAYS = pytest.mark.parametrize("stays", ["stay", ""])


@pytest.mark.long
@BOTH
@STAYS
def test_interrupted_once_what_runs_ends_and_what_waits_is_canceled(
    program: Program, how: str, stays: str
) -> None:
    process = begun(program, how, stays)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    program.open_gate()
    result = program.end(process)
    if how == RUN:
        assert result.code == 130
    program.nothing_runs()
    assert seen_by_the_next(program) == ["first COMPLETED False", "second CANCELED False"]


@pytest.mark.long
@BOTH
@STAYS
def test_interrupted_twice_what_runs_is_stopped(program: Program, how: str, stays: str) -> None:
    process = begun(program, how, stays)
    for _ in range(2):
        # Two signals at once would be one.
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    result = program.end(process, 15)
    if how == RUN:
        assert result.code == 130
    program.nothing_runs()
    assert seen_by_the_next(program) == ["first CANCELED False", "second CANCELED False"]


@pytest.mark.long
@STAYS
def test_terminated_a_program_that_is_run_stops_all_and_says_so(
    program: Program, stays: str
) -> None:
    process = begun(program, RUN, stays)
    process.terminate()
    assert program.end(process, 15).code == 143
    program.nothing_runs()
    assert seen_by_the_next(program) == ["first CANCELED False", "second CANCELED False"]


@pytest.mark.long
def test_what_a_killed_program_left_is_told_of_and_given_up_by_the_next_start(
    program: Program,
) -> None:
    process = begun(program, RUN, "stay")
    process.kill()
    program.end(process)
    program.nothing_runs(10)
    submission = program.only_submission()
    result = program.run("status", submission)
    assert "resume" not in result.out
    assert f"its program has ended. Cancel it: taipy-exec cancel {submission}" in result.out
    for command in ("wait", "logs", "resume", "retry"):
        options = ["--timeout", "0.1"] if command == "wait" else []
        told = program.run(command, submission, *options).err
        assert "Traceback" not in told
        assert "taipy-exec resume" not in told
    assert seen_by_the_next(program) == ["first CANCELED False", "second CANCELED False"]
    assert program.status(submission).json["submission"]["status"] == "CANCELED"


def test_what_a_killed_program_left_and_somebody_has_canceled_is_canceled_for_taipy_too(
    program: Program,
) -> None:
    process = begun(program, RUN, "stay")
    process.kill()
    program.end(process)
    assert program.run("cancel", program.only_submission()).code == 0
    assert seen_by_the_next(program) == ["first CANCELED False", "second CANCELED False"]


@pytest.mark.long
def test_a_task_whose_process_is_killed_from_outside_fails_and_the_next_one_runs(
    program: Program,
) -> None:
    process = begun(program, RUN, "")
    (pid,) = program.begun()
    wait_until(lambda: pid in program.processes(), 10, "the job's process")
    subprocess.run(["kill", "-9", str(pid)], check=True)
    assert program.end(process).code == 0
    assert seen_by_the_next(program) == ["first FAILED False", "second ABANDONED False"]
