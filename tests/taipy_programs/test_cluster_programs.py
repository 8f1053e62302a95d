"""Taipy programs in cluster mode, with workers that Taipy's own command starts."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_support import wait_until
from taipy_support import PROGRAMS, Program, end_workers, ready_workers

from tools.private_broker import PrivateBroker

VALUES = {
    "number": 1,
    "numbers": [1, 2, 3, 4],
    "part0": 10,
    "part1": 20,
    "part2": 30,
    "part3": 40,
    "result": 100,
}


@pytest.fixture
def clustered(program: Program) -> Program:
    program.take("clustered")
    shutil.copy(PROGRAMS / "prelude.py", program.folder)
    return program


@pytest.fixture
def workers(clustered: Program, broker_url: str) -> Iterator[list[subprocess.Popen[str]]]:
    found = [clustered.worker(broker_url) for _ in range(2)]
    ready_workers(clustered, broker_url, 2)
    yield found


def start(program: Program, url: str) -> subprocess.Popen[str]:
    return program.start("run", "main.py", env={"TAIPY_EXEC_BROKER_URL": url})


def test_the_results_are_those_of_standalone_mode_with_two_workers(
    clustered: Program, broker_url: str, workers: list[subprocess.Popen[str]]
) -> None:
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    result = clustered.end(start(clustered, broker_url), 120)
    assert result.code == 0, result.err
    record = clustered.read()
    submission, status = record["submission"]
    assert (status, record["values"]) == ("COMPLETED", VALUES)
    assert set(record["all"].values()) == {"COMPLETED"} and len(record["edits"]) == 1

    shown = clustered.status(submission).json
    assert {job["status"] for job in shown["jobs"]} == {"COMPLETED"}
    assert len({job["worker"] for job in shown["jobs"]}) == 2
    assert "working at 3" in clustered.run("logs", submission).out
    seen = clustered.run("workers", "--json", env=env).json["workers"]
    assert sorted(worker["done"] > 0 for worker in seen) == [True, True]
    assert "2 workers" in clustered.run("queue", env=env).out
    report = clustered.run("report", submission, "-o", "report.html")
    assert report.code == 0 and "spread" in (clustered.folder / "report.html").read_text()
    for left in end_workers(clustered, workers):
        assert left.code == 0, left.err

    record_of_cluster = record["seen"]
    clustered.clean()
    (clustered.folder / "result.json").unlink()
    assert clustered.go("--mode", "standalone", "main.py").code == 0
    record = clustered.read()
    assert record["values"] == VALUES
    for name in record["all"]:
        of_job = [
            [entry for entry in seen if entry[0] == name]
            for seen in (record["seen"], record_of_cluster)
        ]
        assert of_job[0] == of_job[1]


@pytest.mark.long
def test_a_worker_that_dies_costs_no_job(
    clustered: Program, broker_url: str, workers: list[subprocess.Popen[str]]
) -> None:
    (clustered.folder / "hold").touch()
    program = start(clustered, broker_url)
    wait_until(lambda: len(clustered.ledger()) >= 2, 60, "two jobs to begin")
    workers[0].send_signal(signal.SIGKILL)
    workers.append(clustered.worker(broker_url))
    (clustered.folder / "hold").unlink()
    result = clustered.end(program, 120)
    assert result.code == 0, result.err
    record = clustered.read()
    assert (record["submission"][1], record["values"]) == ("COMPLETED", VALUES)
    shown = clustered.status(record["submission"][0]).json
    assert max(job["attempt"] for job in shown["jobs"]) == 2
    end_workers(clustered, workers[1:])


@pytest.mark.long
def test_jobs_are_canceled_from_another_terminal(
    clustered: Program, broker_url: str, workers: list[subprocess.Popen[str]]
) -> None:
    (clustered.folder / "hold").touch()
    program = start(clustered, broker_url)
    wait_until(lambda: len(clustered.ledger()) >= 2, 60, "two jobs to begin")
    assert clustered.run("cancel", clustered.only_submission()).code == 0
    result = clustered.end(program, 120)
    assert result.code == 0, result.err
    record = clustered.read()
    assert record["submission"][1] == "CANCELED"
    assert record["all"]["spread"] == "COMPLETED" and record["all"]["total"] == "CANCELED"
    assert record["values"]["part0"] is None
    end_workers(clustered, workers)


@pytest.mark.long
def test_a_worker_that_cannot_see_the_storage_says_what_to_change(
    make_program: Callable[[str], Program], broker_url: str
) -> None:
    program, elsewhere = make_program("app"), make_program("elsewhere/app")
    for one in (program, elsewhere):
        one.take("clustered")
        shutil.copy(PROGRAMS / "prelude.py", one.folder)
    worker = elsewhere.worker(broker_url)
    ready_workers(program, broker_url, 1)
    result = program.end(start(program, broker_url), 120)
    assert result.code == 0, result.err
    record = program.read()
    assert record["all"]["spread"] == "FAILED" and record["all"]["total"] == "ABANDONED"
    told = program.status(record["submission"][0]).json["jobs"][0]["error"]
    assert told["kind"] == "not_loaded"
    assert str(elsewhere.folder / ".taipy" / "tasks") in told["message"]
    assert "taipy_storage_folder" in told["message"]
    end_workers(elsewhere, [worker])


@pytest.mark.long
def test_a_program_started_in_another_folder_is_told_where_workers_look(
    clustered: Program, broker_url: str, tmp_path: Path
) -> None:
    clustered.enable()
    process = clustered.start(
        str(clustered.main),
        command=[sys.executable],
        env={"TAIPY_EXEC_BROKER_URL": broker_url},
        cwd=tmp_path,
    )
    seen = ""
    assert process.stdout is not None
    for line in process.stdout:
        seen += line
        if "workers look for" in line:
            break
    process.kill()
    assert f"in {clustered.folder}, and this program was started in {tmp_path}" in seen


@pytest.mark.long
def test_what_is_submitted_while_the_broker_is_away_runs_when_it_is_back(
    clustered: Program, own_broker: Callable[..., PrivateBroker]
) -> None:
    broker = own_broker()
    text = clustered.main.read_text(encoding="utf-8")
    text = text.replace('mode="cluster"', 'mode="cluster", broker_connect_timeout=1')
    hold = '    Path("ready").touch()\n    until(lambda: Path("go").exists())\n'
    clustered.write(text.replace("    submission = scenario", f"{hold}    submission = scenario"))
    workers = [clustered.worker(broker.url())]
    ready_workers(clustered, broker.url(), 1)
    program = start(clustered, broker.url())
    wait_until(lambda: clustered.exists("ready"), 60, "the program to start")
    broker.stop()
    (clustered.folder / "go").touch()
    wait_until(lambda: clustered.exists(".taipy-exec/state.db") and _submissions(clustered), 60)
    broker.start()
    result = clustered.end(program, 120)
    assert result.code == 0, result.err
    record = clustered.read()
    assert (record["submission"][1], record["values"]) == ("COMPLETED", VALUES)
    end_workers(clustered, workers)


def _submissions(program: Program) -> int:
    return len(program.run("status", "--json").json["submissions"])
