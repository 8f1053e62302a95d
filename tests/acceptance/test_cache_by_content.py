"""`cache = "content"`: what makes a task run again, what does not, and what `plan` says."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from command_support import Application, Result

STEPS = """
FACTOR = 2

def clean(raw):
    return [n for n in raw if n > 0]

def total(cleaned):
    return FACTOR * sum(cleaned)

def unrelated():
    return 1
"""
CONFIG = """
[JOB]
mode = "{mode}"
cache = "content"
[DATA_NODE.raw]
storage_type = "json"
default_path = "raw.json"
[DATA_NODE.cleaned]
[DATA_NODE.sum]
storage_type = "json"
default_path = "sum.json"
[TASK.clean]
function = "steps.clean:function"
inputs = ["raw:SECTION"]
outputs = ["cleaned:SECTION"]
skippable = true
[TASK.total]
function = "steps.total:function"
inputs = ["cleaned:SECTION"]
outputs = ["sum:SECTION"]
skippable = true
depth = {depth}
[SCENARIO.s]
tasks = ["clean:SECTION", "total:SECTION"]
"""
BOTH = {"clean": "COMPLETED", "total": "COMPLETED"}
NONE = {"clean": "SKIPPED", "total": "SKIPPED"}


class Cached:
    """The application above, submitted once."""

    def __init__(self, app: Application, mode: str) -> None:
        self.app = app
        self.mode = mode
        (app.folder / "steps.py").write_text(STEPS)
        self.raw([1, -1, 2])
        self.configure()
        assert self.submit().statuses() == BOTH

    def configure(self, depth: int = 3) -> None:
        self.app.config(CONFIG.format(mode=self.mode, depth=depth))

    def raw(self, value: object, *, at: float | None = None) -> None:
        path = self.app.folder / "raw.json"
        path.write_text(json.dumps(value))
        if at is not None:
            os.utime(path, (at, at))

    def source(self, old: str, new: str) -> None:
        path = self.app.folder / "steps.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def submit(self, *arguments: str) -> Result:
        result = self.app.run("submit", ".", "--json", *arguments)
        assert result.code == 0, result.err
        return result

    def reasons(self) -> dict[str, str]:
        plan = self.app.run("plan", ".", "--json").json
        return {task["task"]: task["reason"] for task in plan["jobs"]}

    def sum(self) -> int:
        value: int = json.loads((self.app.folder / "sum.json").read_text())
        return value


@pytest.fixture(params=["development", "standalone"])
def cached(app: Application, request: pytest.FixtureRequest) -> Cached:
    return Cached(app, request.param)


def test_nothing_runs_while_nothing_changed(cached: Cached) -> None:
    assert cached.submit().statuses() == NONE
    assert cached.reasons() == {"clean": "up to date", "total": "up to date"}


def test_touching_files_and_editing_what_is_not_used_runs_nothing(cached: Cached) -> None:
    for name in ("raw.json", "sum.json", "steps.py"):
        os.utime(cached.app.folder / name)
    cached.source("return 1", "return 2")
    assert cached.submit().statuses() == NONE


def test_another_input_runs_what_depends_on_it(cached: Cached) -> None:
    cached.raw([1, 5])
    assert cached.reasons()["clean"] == "raw changed"
    assert cached.submit().statuses() == BOTH
    assert cached.sum() == 12


def test_another_input_with_the_same_size_and_time_is_noticed(cached: Cached) -> None:
    old = (cached.app.folder / "raw.json").stat().st_mtime
    cached.raw([1, -1, 3], at=old)
    assert cached.submit().statuses() == BOTH
    cached.raw([1, -1, 4], at=time.time() + 3600)
    assert cached.submit().statuses() == BOTH
    cached.raw([1, -1, 5], at=time.time() + 3600)
    assert cached.submit().statuses() == BOTH


def test_a_result_that_stays_the_same_stops_what_follows(cached: Cached) -> None:
    cached.raw([1, -7, 2])
    assert cached.reasons()["total"] == "cleaned is renewed by clean, and may stay the same"
    assert cached.submit().statuses() == {"clean": "COMPLETED", "total": "SKIPPED"}


def test_a_changed_function_runs_its_task(cached: Cached) -> None:
    cached.source("FACTOR = 2", "FACTOR = 3")
    assert cached.reasons() == {"clean": "up to date", "total": "the function steps.total changed"}
    assert cached.submit().statuses() == {"clean": "SKIPPED", "total": "COMPLETED"}
    assert cached.sum() == 9
    cached.source("FACTOR = 3", "FACTOR = 2")
    assert cached.submit().statuses() == {"clean": "SKIPPED", "total": "COMPLETED"}


def test_changed_properties_run_the_task(cached: Cached) -> None:
    cached.configure(depth=4)
    assert cached.reasons()["total"] == "the properties of the task changed"
    assert cached.submit().statuses() == {"clean": "SKIPPED", "total": "COMPLETED"}


def test_an_output_that_was_edited_or_removed_is_made_again(cached: Cached) -> None:
    path: Path = cached.app.folder / "sum.json"
    path.write_text("7")
    assert cached.reasons()["total"] == "sum was changed by somebody else"
    assert cached.submit().statuses() == {"clean": "SKIPPED", "total": "COMPLETED"}
    assert cached.sum() == 6
    path.unlink()
    assert cached.reasons()["total"] == "sum was never written"
    assert cached.submit().statuses() == {"clean": "SKIPPED", "total": "COMPLETED"}
    cached.app.run("data", "write", ".", "sum", "8")
    assert cached.reasons()["total"] == "it is not known what sum was made from"


def test_force_runs_all_and_counts_afterwards(cached: Cached) -> None:
    assert cached.submit("--force").statuses() == BOTH
    assert cached.submit().statuses() == NONE


def test_another_word_for_the_cache_is_an_error(app: Application) -> None:
    app.config(CONFIG.format(mode="development", depth=1).replace('"content"', '"contents"'))
    result = app.run("check", ".")
    assert result.code == 3
    assert "cache" in result.out + result.err
    assert "time or content" in result.out + result.err
