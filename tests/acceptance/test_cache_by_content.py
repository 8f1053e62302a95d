"""`cache = "content"`: what makes a task run again, what does not, and what `plan` says."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
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


@pytest.mark.one_variant
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
    assert (
        cached.reasons()["total"]
        == "cleaned will be rewritten by task clean, and may stay the same"
    )
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


@pytest.mark.one_variant
def test_an_output_that_was_edited_or_removed_is_made_again(cached: Cached) -> None:
    path: Path = cached.app.folder / "sum.json"
    path.write_text("7")
    assert cached.reasons()["total"] == "sum was changed after its task wrote it"
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


ORDER = """
[JOB]
cache = "content"
[DATA_NODE.a]
default_data = 5
[DATA_NODE.b]
storage_type = "csv"
default_path = "b.csv"
{setting}
[DATA_NODE.c]
[TASK.sub]
function = "steps.{name}:function"
inputs = {inputs}
outputs = ["c"]
skippable = true
[SCENARIO.s]
tasks = ["sub"]
"""


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"inputs": '["b", "a"]'}, "the inputs or outputs of the task changed"),
        ({"setting": "has_header = false"}, "the properties of b changed"),
    ],
)
def test_the_order_of_inputs_and_how_they_are_read_count(
    app: Application, changed: dict[str, str], reason: str
) -> None:
    (app.folder / "steps.py").write_text("def count(a, b):\n    return [str(a), str(b)]\n")
    (app.folder / "b.csv").write_text("x\n1\n2\n")
    given = {"name": "count", "inputs": '["a", "b"]', "setting": ""}
    for extra, status in (({}, "COMPLETED"), ({}, "SKIPPED"), (changed, "COMPLETED")):
        app.config(ORDER.format(**{**given, **extra}))
        if extra:
            (job,) = app.run("plan", ".", "--json").json["jobs"]
            assert job["reason"] == reason
        assert app.run("submit", ".", "--json").statuses() == {"sub": status}


def test_a_process_that_may_have_former_code_is_not_believed(app: Application) -> None:
    (app.folder / "steps.py").write_text("def sub(a):\n    return a\n")
    script = app.folder / "long_lived.py"
    script.write_text(
        "import steps\n"
        "import taipy_exec as tp\n"
        "from taipy_exec import Config\n"
        "open('steps.py', 'w').write('def sub(a):\\n    return a + 1\\n')\n"
        "Config.load('config.toml')\n"
        "tp.Orchestrator().run()\n"
        "tp.create_scenario(Config.scenarios['s'], name='s').submit(wait=True)\n"
    )
    app.config(
        '[JOB]\ncache = "content"\n[DATA_NODE.a]\ndefault_data = 5\n[DATA_NODE.c]\n'
        '[TASK.sub]\nfunction = "steps.sub:function"\ninputs = ["a"]\noutputs = ["c"]\n'
        'skippable = true\n[SCENARIO.s]\ntasks = ["sub"]\n'
    )
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert app.run("data", "show", ".", "c").out.strip() == "5"
    (job,) = app.run("plan", ".", "--json").json["jobs"]
    assert job["reason"] == "it is not known what c was made from"
    assert app.run("submit", ".", "--json").statuses() == {"sub": "COMPLETED"}
    assert app.run("data", "show", ".", "c").out.strip() == "6"
    assert app.run("submit", ".", "--json").statuses() == {"sub": "SKIPPED"}


def test_tables_of_one_sqlite_file_are_data_of_their_own(app: Application) -> None:
    (app.folder / "steps.py").write_text(
        "def make():\n    return [{'n': 1}]\n\n"
        "def total(one, two):\n    return len(one) + len(two)\n"
    )
    with closing(sqlite3.connect(app.folder / "shop.db")) as connection:
        connection.execute("CREATE TABLE one (n INTEGER)")
        connection.execute("CREATE TABLE two (n INTEGER)")
    nodes = "".join(
        f'[DATA_NODE.{name}]\nstorage_type = "sql_table"\ndb_engine = "sqlite"\n'
        f'db_name = "shop"\ntable_name = "{name}"\n'
        for name in ("one", "two")
    )
    tasks = "".join(
        f'[TASK.make_{name}]\nfunction = "steps.make:function"\noutputs = ["{name}"]\n'
        "skippable = true\n"
        for name in ("one", "two")
    )
    app.config(
        f'[JOB]\ncache = "content"\n{nodes}[DATA_NODE.sum]\n{tasks}[TASK.total]\n'
        'function = "steps.total:function"\ninputs = ["one", "two"]\noutputs = ["sum"]\n'
        'skippable = true\n[SCENARIO.s]\ntasks = ["make_one", "make_two", "total"]\n'
    )
    first = app.run("submit", ".", "--json")
    assert set(first.statuses().values()) == {"COMPLETED"}, first.err
    assert set(app.run("submit", ".", "--json").statuses().values()) == {"SKIPPED"}
