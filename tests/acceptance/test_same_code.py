"""A worker whose copy of the application has other code than the submitter's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cluster_support import Cluster, assert_completed
from command_support import Application, Result, wait_until

from tools.private_broker import PrivateBroker

HELPER = "def answer():\n    return {}\n"
PROGRAM = """\
import sys
import taipy_exec as tp
from taipy_exec import Config
from flow import note
import helper


def run():
    note(f"ran {helper.answer()}")
    return 1


Config.configure_job_executions(mode="cluster")
a = Config.configure_data_node("a")
scenario = Config.configure_scenario("s", [Config.configure_task("only", run, [], a)])

if __name__ == "__main__":
    tp.Orchestrator().run()
    (job,) = tp.create_scenario(scenario).submit(wait=True).jobs
    print(job.status.name, *job.stacktrace)
"""
STEPS = "import helper\n\ndef run():\n    note(f'ran {helper.answer()}')\n    return 1\n"


class Copies:
    """The submitter's folder, and a worker's copy of it, whose ledger is its own."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.app = cluster.app
        self.copy = cluster.app.folder.parent / "copy" / "app"
        self.app.module("helper", HELPER.format(1))
        self.app.module("steps", STEPS)

    def deploy(self, job: str = "") -> None:
        """Bring what the worker needs into its folder."""
        self.cluster.graph({"only": ("steps.run", [], ["a"])}, job=job)
        shutil.copytree(self.app.folder, self.copy)

    def worker(self) -> subprocess.Popen[str]:
        """Start a worker in the copy."""
        return self.cluster.worker(cwd=self.copy)

    def submit(self) -> Result:
        """Submit in the submitter's folder, and wait for the end."""
        return self.cluster.end(self.cluster.submit())

    def leave(self, worker: subprocess.Popen[str]) -> str:
        """Have the worker leave; what it said."""
        worker.terminate()
        result = self.cluster.end(worker)
        assert result.code == 0, result.err
        return result.err

    def ran(self) -> list[str]:
        """What jobs noted in the worker's folder."""
        path = self.copy / "ledger"
        return path.read_text().splitlines() if path.exists() else []

    def log(self, result: Result) -> str:
        """The log of the only job."""
        return self.cluster.run("logs", result.job("only")["id"]).out


@pytest.fixture
def copies(app: Application, broker: PrivateBroker, broker_url: str) -> Copies:
    return Copies(Cluster(app, broker, broker_url))


@pytest.mark.long
def test_a_worker_with_another_helper_module_runs_nothing(copies: Copies) -> None:
    copies.deploy()
    (copies.copy / "helper.py").write_text(HELPER.format(2))
    (copies.copy / "extra.py").write_text("")
    worker = copies.worker()
    result = copies.submit()
    assert result.code == 1
    job = result.job("only")
    assert (job["status"], job["reason"], job["attempt"]) == ("FAILED", "config_mismatch", 1)
    assert re.fullmatch(
        r"worker \S+ has different code for task 'only' \([0-9a-f]{16}\) than the submitter "
        r"\([0-9a-f]{16}\): helper\.py differs; deploy the same code to the workers, or set "
        r'\[JOB\] check_code = "warn" there',
        job["error"]["message"],
    )
    assert copies.ran() == []
    assert "helper.py differs" in copies.leave(worker)
    copies.cluster.nothing_is_left()


def test_a_worker_that_has_the_same_code_elsewhere_runs_it(copies: Copies) -> None:
    copies.deploy()
    for name in ("helper.py", "steps.py"):
        path = copies.copy / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (copies.copy / "extra.py").write_text("raise RuntimeError\n")
    worker = copies.worker()
    assert_completed(copies.submit())
    assert copies.ran() == ["ran 1"]
    copies.leave(worker)


def test_warn_at_the_worker_runs_other_code_and_says_so(copies: Copies) -> None:
    copies.deploy('check_code = "warn"\n')
    (copies.copy / "helper.py").write_text(HELPER.format(2))
    worker = copies.worker()
    result = copies.submit()
    assert_completed(result)
    assert copies.ran() == ["ran 2"]
    sentence = r"worker \S+ has different code for task 'only' .*: helper\.py differs\n"
    assert re.search(f"taipy-exec: {sentence}", copies.log(result))
    assert re.search(sentence, copies.leave(worker))


def test_off_runs_other_code_and_says_nothing(copies: Copies) -> None:
    copies.deploy('check_code = "off"\n')
    (copies.copy / "helper.py").write_text(HELPER.format(2))
    worker = copies.worker()
    result = copies.submit()
    assert_completed(result)
    assert copies.ran() == ["ran 2"]
    assert "other code" not in copies.log(result) + copies.leave(worker)


def test_code_that_is_deployed_while_a_worker_runs_is_what_runs(copies: Copies) -> None:
    copies.deploy()
    worker = copies.worker()
    assert_completed(copies.submit())
    for folder in (copies.app.folder, copies.copy):
        (folder / "helper.py").write_text(HELPER.format(2))
    assert_completed(copies.submit())
    assert copies.ran() == ["ran 1", "ran 2"]
    copies.leave(worker)


@pytest.mark.long
def test_a_refused_job_runs_on_a_worker_that_has_the_code(copies: Copies) -> None:
    copies.deploy()
    (copies.copy / "helper.py").write_text(HELPER.format(2))
    other = copies.worker()
    wait_until(lambda: copies.cluster.run("workers", "--json").json["workers"], 30)
    same = copies.cluster.worker()
    wait_until(lambda: len(copies.cluster.run("workers", "--json").json["workers"]) == 2, 30)
    assert_completed(copies.submit())
    assert copies.app.ledger() == ["ran 1"]
    assert copies.ran() == []
    copies.cluster.leave(other, same)


@pytest.mark.long
def test_a_retry_compares_the_code_as_it_is_then(copies: Copies) -> None:
    copies.deploy()
    helper: Path = copies.app.folder / "helper.py"
    helper.write_text(HELPER.format(2))
    worker = copies.worker()
    result = copies.submit()
    assert result.job("only")["reason"] == "config_mismatch"
    shutil.copy(copies.copy / "helper.py", helper)
    assert_completed(copies.cluster.run("retry", result.json["submission"]["id"], "--json"))
    assert copies.ran() == ["ran 1"]
    copies.leave(worker)


@pytest.mark.long
def test_the_code_of_a_program_is_compared_with_its_main_script(copies: Copies) -> None:
    cluster = copies.cluster
    copies.app.module("program", PROGRAM)
    shutil.copytree(copies.app.folder, copies.copy)

    def submit() -> str:
        command = [sys.executable, "program.py"]
        result = cluster.end(copies.app.start(env=cluster.environment(), command=command))
        assert result.code == 0, result.err
        return result.out

    worker = copies.app.start(
        "run-worker", "-a", "program.py", cwd=copies.copy, env=cluster.environment()
    )
    assert submit() == "COMPLETED\n"
    assert copies.ran() == ["ran 1"]
    (copies.copy / "helper.py").write_text(HELPER.format(2))
    with (copies.copy / "program.py").open("a") as file:
        file.write("# changed\n")
    said = submit()
    assert said.startswith("FAILED")
    assert "helper.py and program.py differ" in said
    assert copies.ran() == ["ran 1"]
    copies.leave(worker)
