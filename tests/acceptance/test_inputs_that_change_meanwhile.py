"""An input that changes while a job runs: the job's output is not up to date."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from command_support import Application, wait_until

JOBS = """
def copy(text):
    note(f"read {text}")
    wait_for("gate")
    return text
"""
CONFIG = """
[JOB]
mode = "MODE"
cache = "CACHE"
[DATA_NODE.src]
storage_type = "json"
path = "src.json"
[DATA_NODE.dst]
storage_type = "json"
path = "dst.json"
[TASK.copy]
function = "jobs.copy:function"
inputs = ["src"]
outputs = ["dst"]
skippable = true
[SCENARIO.s]
tasks = ["copy"]
"""


def by_file(app: Application) -> None:
    (app.folder / "src.json").write_text('"New"')


def by_command(app: Application) -> None:
    assert app.run("data", "write", ".", "src", "New").code == 0


@pytest.mark.one_variant
@pytest.mark.parametrize("change", [by_file, by_command])
@pytest.mark.parametrize("cache", ["time", "content"])
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_what_changes_while_a_job_runs_makes_its_output_stale(
    app: Application, mode: str, cache: str, change: Callable[[Application], None]
) -> None:
    app.module("jobs", JOBS)
    app.config(CONFIG.replace("MODE", mode).replace("CACHE", cache))
    (app.folder / "src.json").write_text('"Original"')
    running: subprocess.Popen[str] = app.start("submit", ".", "-q")
    wait_until(lambda: "read Original" in app.ledger(), what="the job")
    change(app)
    (app.folder / "gate").touch()
    assert app.end(running).code == 0
    assert json.loads((app.folder / "dst.json").read_text()) == "Original"

    assert "src changed" in app.run("plan", ".").out
    assert app.run("submit", ".", "--json").statuses() == {"copy": "COMPLETED"}
    assert json.loads((app.folder / "dst.json").read_text()) == "New"
    assert app.run("submit", ".", "--json").statuses() == {"copy": "SKIPPED"}


def test_an_output_that_somebody_wrote_since_is_left_alone(app: Application) -> None:
    app.module("jobs", JOBS)
    app.config(CONFIG.replace("MODE", "standalone").replace("CACHE", "time"))
    (app.folder / "src.json").write_text('"Original"')
    running: subprocess.Popen[str] = app.start("submit", ".", "-q")
    wait_until(lambda: "read Original" in app.ledger(), what="the job")
    by_file(app)
    (app.folder / "gate").touch()
    assert app.end(running).code == 0
    assert app.run("data", "write", ".", "dst", "by hand").code == 0
    assert app.run("submit", ".", "--json").statuses() == {"copy": "SKIPPED"}
    assert json.loads((app.folder / "dst.json").read_text()) == "by hand"
