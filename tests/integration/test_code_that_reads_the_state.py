"""Code in the coordinator's own process opens and closes the files of the state: it still lives."""

from __future__ import annotations

import sys

from command_support import Application, wait_until

READS = """\
import os
import shutil


def backup():
    shutil.copytree(".taipy-exec", "copy", ignore_dangling_symlinks=True)
    return 1


def work(x):
    note(f"begin {os.getpid()}")
    wait_for("gate")
    note("end")
    return x
"""
PROGRAM = """\
import shutil

import taipy_exec as tp
from flow import gated
from taipy_exec import Config

Config.configure_job_executions(mode="standalone", max_nb_of_workers=1)
out = Config.configure_data_node("out")
plan = Config.configure_scenario("plan", [Config.configure_task("work", gated, [], out)])

if __name__ == "__main__":
    tp.Orchestrator().run()
    scenario = tp.create_scenario(plan, name="plan")
    submission = scenario.submit()
    shutil.copytree(".taipy-exec", "copy")
    open("copied", "w").close()
    submission.wait()
    print(submission.submission_status)
"""


def test_a_job_that_copies_the_state_leaves_its_coordinator_alive_for_everybody(
    app: Application,
) -> None:
    app.module("jobs", READS)
    app.graph(
        {"backup": ("jobs.backup", [], ["a"]), "work": ("jobs.work", ["a"], ["b"])},
        mode="development",
    )
    first = app.start("submit", "--json")
    app.begun()
    id = app.only_submission()
    for _ in range(2):  # the first that looks must leave nothing spoilt for the second
        assert "interrupted" not in app.run("status").out
    assert app.run("resume").code == 8
    second = app.start("submit", "--json")
    stderr = second.stderr
    assert stderr is not None
    wait_until(lambda: "works on the same data" in stderr.readline(), what="a word about the first")
    (app.folder / "copy").rename(app.folder / "former copy")
    app.open_gate()
    assert app.end(first).json["submission"]["id"] == id
    result = app.end(second)
    assert (result.code, result.json["submission"]["id"] == id) == (0, False)
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    assert app.ledger().count("end") == 2  # once for each submission
    statuses = [s["status"] for s in app.run("status", "--json").json["submissions"]]
    assert statuses == ["COMPLETED", "COMPLETED"]
    app.nothing_runs()


def test_a_program_that_copies_the_state_while_jobs_run_goes_on_coordinating(
    app: Application,
) -> None:
    (app.folder / "main.py").write_text(PROGRAM)
    program = app.start(command=[sys.executable, "main.py"])
    wait_until(lambda: app.exists("copied"), 30, "the copy")
    app.begun()
    for _ in range(2):
        assert "interrupted" not in app.run("status").out
    assert app.run("resume").code == 8
    app.open_gate()
    result = app.end(program)
    assert (result.code, result.out.strip()) == (0, "SubmissionStatus.COMPLETED"), result.err
    assert len(app.begun()) == 1
    (submission,) = app.run("status", "--json").json["submissions"]
    assert submission["status"] == "COMPLETED"
    app.nothing_runs()


def test_what_keeps_the_state_open_ends_with_a_killed_command(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["x"])}, mode="development")
    process = app.start("submit")
    app.begun()
    assert len(app.processes()) == 2
    process.kill()
    process.wait(10)
    app.nothing_runs()
