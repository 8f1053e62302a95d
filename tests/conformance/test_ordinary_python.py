"""A job is ordinary Python: each function gives what it gives in a plain script.

In all modes, and from whatever the functions come: a module that TOML names, a Python file, a
script that submits itself, a notebook, stdin.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cluster_support import Cluster
from command_support import Application
from ordinary_python_cases import (
    FOLDER,
    GROUPS,
    PRINTING,
    Case,
    Outcome,
    cases,
    plain_outcomes,
    source,
)

MODES = ("development", "standalone", "cluster")
# What comes with no file cannot reach a worker of another machine.
WAYS = [
    *((way, mode) for way in ("module", "file", "script") for mode in MODES),
    *((way, mode) for way in ("notebook", "stdin") for mode in MODES[:2]),
]

_DEFINE = """
from taipy_exec import Config

Config.configure_job_executions(mode=MODE, max_nb_of_workers=2)
Config.configure_scenario("ordinary", [
    Config.configure_task(f"t_{name}", globals()[name], [], Config.configure_generic_data_node(
        f"o_{name}", read_fct=record.read, write_fct=record.write,
        read_fct_args=[name], write_fct_args=[name],
    ))
    for name in NAMES
])
"""
_SUBMIT = """
import taipy_exec as tp

tp.Orchestrator().run()
scenario = tp.create_scenario(Config.scenarios["ordinary"])
scenario.submit(wait=True, timeout=300)
tp.Orchestrator().stop()
"""
_IN_A_NOTEBOOK = """
import json, sys
import nbclient, nbformat

cells = [nbformat.v4.new_code_cell(text) for text in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
"""


def _cases(way: str, mode: str) -> list[Case]:
    """All but what has no answer of plain Python: jobs of this mode are those of the kernel."""
    is_in_kernel = way == "notebook" and mode == "development"
    return [case for case in cases() if not (is_in_kernel and "notebook" in case.differences)]


def _toml(mode: str) -> str:
    nodes = "".join(
        f'[DATA_NODE.o_{case.name}]\nstorage_type = "generic"\n'
        'read_fct = "record.read:function"\nwrite_fct = "record.write:function"\n'
        f'read_fct_args = ["{case.name}"]\nwrite_fct_args = ["{case.name}"]\n'
        for case in cases()
    )
    tasks = "".join(
        f'[TASK.t_{case.name}]\nfunction = "{case.group}.{case.name}:function"\n'
        f'outputs = ["o_{case.name}:SECTION"]\n'
        for case in cases()
    )
    names = ", ".join(f'"t_{case.name}:SECTION"' for case in cases())
    job = f'[JOB]\nmode = "{mode}"\nmax_nb_of_workers = "2:int"\n'
    return f"{job}{nodes}{tasks}[SCENARIO.ordinary]\ntasks = [{names}]\n"


def _prepare(folder: Path) -> Path:
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "here.txt").write_text("here")
    (folder / "out").mkdir()
    return folder


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What plain Python gives."""
    return plain_outcomes(_prepare(tmp_path_factory.mktemp("plain") / "app"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    """The functions of the suite."""
    made = Application(tmp_path / "app")
    _prepare(made.folder)
    yield made
    made.kill_everything()


@pytest.mark.one_variant
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("way", "mode"), [pair for pair in WAYS if pair[1] != "cluster"])
def test_a_job_is_ordinary_python(
    way: str, mode: str, app: Application, plain: dict[str, Outcome]
) -> None:
    if way == "notebook" and not find_spec("nbclient") and "CI" not in os.environ:
        pytest.skip("nbclient is not installed")
    _run(app, way, mode, {})
    _compare(app, way, mode, plain)


@pytest.mark.one_variant
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", [way for way, mode in WAYS if mode == "cluster"])
def test_a_job_of_a_worker_is_ordinary_python(
    way: str, app: Application, plain: dict[str, Outcome], broker: Any
) -> None:
    cluster = Cluster(app, broker)
    _write(app, way, "cluster")
    worker = app.start(
        "run-worker", "--application-path", _application(way), env=cluster.environment()
    )
    _run(app, way, "cluster", cluster.environment())
    _compare(app, way, "cluster", plain)
    cluster.leave(worker)


def _application(way: str) -> str:
    return {"module": "config.toml", "notebook": ".", "stdin": "."}.get(way, "app.py")


def _write(app: Application, way: str, mode: str) -> str:
    """Write the application; what a script holds, where it is one."""
    if way == "module":
        app.config(_toml(mode))
        return ""
    names = [case.name for case in _cases(way, mode)]
    head = f"import record\n\nMODE = {mode!r}\nNAMES = {names!r}\n"
    text = "\n\n".join([*map(source, GROUPS), head + _DEFINE])
    if way != "file":
        text += _SUBMIT
    if way in ("file", "script"):
        (app.folder / "app.py").write_text(text, encoding="utf-8")
    return text


def _run(app: Application, way: str, mode: str, env: dict[str, str | None]) -> None:
    text = _write(app, way, mode)
    if way in ("module", "file"):
        done = app.run("submit", _application(way), "-q", env=env, timeout=400)
        assert done.code == 1, done.err
        return
    command, given = [sys.executable, "app.py"], ""
    if way == "stdin":
        command, given = [sys.executable, "-"], text
    elif way == "notebook":
        cells = [*map(source, GROUPS), text[text.index("import record\n\nMODE") :]]
        command, given = [sys.executable, "-c", _IN_A_NOTEBOOK], json.dumps(cells)
    own = {name: str(app.folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    ended = subprocess.run(
        command,
        input=given,
        cwd=app.folder,
        env=app.environment({**env, **own}),
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=400,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-5000:]


def _compare(app: Application, way: str, mode: str, plain: dict[str, Outcome]) -> None:
    submission = app.run("status", "--json").json["submissions"][0]["id"]
    jobs = app.run("status", submission, "--json").json["jobs"]
    logs = {one["task"]: one["log"] for one in app.run("logs", submission, "--json").json["logs"]}
    by_task = {job["task"]: job for job in jobs}
    differences = []
    for case in _cases(way, mode):
        if mode in case.differences:
            continue
        wanted = plain[case.name]
        got = _outcome(app, case, by_task[f"t_{case.name}"], logs[f"t_{case.name}"])
        if wanted != got:
            differences.append(f"{case.group}.{case.name}:\n  {wanted}\n  {got}")
    assert not differences, "plain Python, then the job:\n" + "\n".join(differences)


def _outcome(app: Application, case: Case, job: Any, log: str) -> Outcome:
    value = app.folder / "out" / case.name
    error = job["error"]["type"] or job["error"]["message"] if job["error"] else None
    # What we note there ourselves, such as the way of an order, is not the job's.
    lines = [line for line in log.splitlines() if not line.startswith("taipy-exec: ")]
    printed = lines if error is None and case.group in PRINTING else []
    return Outcome(
        value=value.read_text("utf-8") if value.exists() else None,
        error=error,
        printed=tuple(sorted(printed)),
    )
