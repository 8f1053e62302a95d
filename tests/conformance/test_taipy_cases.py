"""What Taipy 4.1.1 did in recorded cases, against what we do: both modes, both ways in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_support import environment_of, run_command

CASES = Path(__file__).parent / "cases"
RUN_CASE = Path(__file__).parent / "run_case.py"
MODES = ("development", "standalone", "cluster")

# Where Taipy's own outcome is a quirk, the outcome that its documentation promises.
INTENDED_VALUES: dict[str, dict[str, Any]] = {
    "case_22_env_templates": {"n": 42, "s": "hello", "out": {"n": 42, "s": "hello", "rows": 2}},
    "case_07_json": {"kinds": ["datetime", "Color", "Point", "set", "list"]},
}
INTENDED_STATUSES = {
    "case_31_task_raises": {
        "t_a": "COMPLETED",
        "t_bad": "FAILED",
        "t_after": "ABANDONED",
        "t_after2": "ABANDONED",
        "t_side": "COMPLETED",
        "t_side2": "COMPLETED",
    },
    "case_22_env_templates": {"show": "COMPLETED"},
    "case_07_json": {"build": "COMPLETED", "check": "COMPLETED"},
}
# The exit code of `check`. The four that Taipy accepts or breaks on by a quirk say why.
REFUSED = {
    "err_01_cycle": "t -> u -> t",
    "err_03_missing_function": "gone",
    "err_05_function_without_suffix": "app.same:function",
    "err_07_env_missing": "CASE_NOT_SET",  # Taipy takes the template for the data
    "err_08_env_bad_type": "CASE_BAD",  # the same
    "err_11_unknown_data_node": "ghost",  # Taipy drops the reference silently
    "err_13_bad_int": "one",
    "err_19_unknown_storage_type": "hdf5",
    "err_21_in_memory_standalone": "in_memory",
    "err_24_invalid_id": "my-x",
    "err_27_toml_syntax": "not valid TOML",
    "err_38_workers_env_untyped": "ENV[NAME]:int",
}
ACCEPTED = {
    "err_22_unknown_mode",  # it is "cluster", which Taipy's free edition lacks
    "err_29_section_order_task_first",  # any order of sections is accepted here
}


BROKER = "TAIPY_EXEC_BROKER_URL"


def case_names(kind: str) -> list[str]:
    return sorted(path.name for path in CASES.iterdir() if path.name.startswith(kind))


def cases_and_modes(way: int) -> list[Any]:
    """Every case in every mode. `make test` runs each in one of the two ways, by turns."""
    found = []
    for place, name in enumerate(case_names("case_")):
        for number, mode in enumerate(MODES):
            marks = [pytest.mark.xdist_group("broker")] if mode == "cluster" else []
            if (place + number) % 2 != way:
                marks.append(pytest.mark.long)
            found.append(pytest.param(name, mode, marks=marks))
    return found


def expected_of(name: str) -> dict[str, Any]:
    return json.loads((CASES / name / "expected.json").read_text())


@pytest.fixture
def scratch(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "app"
    shutil.copytree(CASES / request.node.callspec.params["name"], folder)
    return folder


@pytest.fixture
def served(
    request: pytest.FixtureRequest, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """In cluster mode: a broker, and a worker for the case."""
    params = request.node.callspec.params
    if params["mode"] != "cluster":
        yield
        return
    monkeypatch.setenv(BROKER, request.getfixturevalue("broker_url"))
    with subprocess.Popen(
        [sys.executable, "-m", "taipy_exec", "run-worker", "-a", "."],
        cwd=scratch,
        env=environment(params["name"]),
        stderr=subprocess.DEVNULL,
    ) as worker:
        yield
        worker.terminate()
        assert worker.wait(20) == 0


def environment(name: str) -> dict[str, str]:
    broker = {key: value for key, value in os.environ.items() if key == BROKER}
    return {**environment_of(uuid.uuid4().hex), **broker, **expected_of(name)["env"]}


def command(folder: Path, name: str, *arguments: str) -> tuple[int, Any]:
    done = run_command(
        *arguments, "--json", folder=folder, environment=environment(name), timeout=120
    )
    assert done.out, done.err
    return done.code, done.json


@pytest.mark.parametrize(("name", "mode"), cases_and_modes(0))
def test_python_gives_taipys_statuses_and_values(
    name: str, mode: str, scratch: Path, served: None
) -> None:
    done = subprocess.run(
        [sys.executable, str(RUN_CASE), str(scratch), mode],
        env=environment(name),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.splitlines()[-1])
    for step, mine in zip(expected_of(name)["steps"], results, strict=True):
        theirs = step.get("result")
        if step["op"] == "eval" and name != "case_22_env_templates":
            assert mine == theirs, step["expr"]
        elif step["op"] == "create":
            compare_creation(name, mine, theirs)
        elif step["op"].startswith("submit"):
            compare_submission(name, mine, theirs)


def compare_creation(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    keys = ["levels", "inputs", "outputs", "intermediate"]
    if name != "case_22_env_templates":
        keys.append("ready_to_run")
    assert {key: mine[key] for key in keys} == {key: theirs[key] for key in keys}
    if name != "case_22_env_templates":
        compare_nodes(name, mine["data_nodes"], theirs["data_nodes"])


def compare_submission(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    statuses = {task: job["status"] for task, job in mine["jobs"].items()}
    if name in INTENDED_STATUSES:
        assert statuses == INTENDED_STATUSES[name]
    else:
        assert mine["submission_status"] == theirs["submission_status"]
        assert mine["submission_is_finished"] == theirs["submission_is_finished"]
        assert statuses == {task: job["status"] for task, job in theirs["jobs"].items()}
        for task, job in theirs["jobs"].items():
            assert mine["jobs"][task]["history"] == job["history"], task
    values = INTENDED_VALUES.get(name)
    if values:
        found = {key: mine["data_nodes"][key]["value"] for key in values}
        assert found == values
    elif name != "case_31_task_raises":
        compare_nodes(name, mine["data_nodes"], theirs["data_nodes"])


def compare_nodes(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert set(mine) == set(theirs)
    for node, wanted in theirs.items():
        for key in ("storage_type", "scope", "ready", "valid", "path", "value"):
            if key in wanted:
                assert mine[node][key] == wanted[key], f"{node}.{key}"


@pytest.mark.parametrize(("name", "mode"), cases_and_modes(1))
def test_the_command_line_gives_taipys_statuses(
    name: str, mode: str, scratch: Path, served: None
) -> None:
    for step in expected_of(name)["steps"]:
        wanted = step.get("result")
        operation = step["op"]
        if operation == "write":
            value = json.dumps(step["value"])
            code, _ = command(scratch, name, "data", "write", ".", step["data_node"], value)
            assert code == 0
        if not operation.startswith("submit"):
            continue
        options = ["--mode", mode]
        if operation == "submit_sequence":
            options += ["--sequence", step["sequence"]]
        if operation == "submit_task":
            options += ["--task", step["task"]]
        if step.get("force"):
            options += ["--force"]
        code, shape = command(scratch, name, "submit", ".", *options)
        statuses = {job["task"]: job["status"] for job in shape["jobs"]}
        assert statuses == intended_statuses(name, wanted)
        failed = {"FAILED", "ABANDONED"} & set(statuses.values())
        assert code == (1 if failed else 0)
        for node, value in simple_values(name, wanted).items():
            _, shown = command(scratch, name, "data", "show", ".", node)
            assert shown["value"] == value, node


def intended_statuses(name: str, wanted: dict[str, Any]) -> dict[str, str]:
    """The statuses by task that Taipy gave, or should have given."""
    return INTENDED_STATUSES.get(name) or {
        task: job["status"] for task, job in wanted["jobs"].items()
    }


def simple_values(name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The recorded values that JSON holds as they are."""
    if name in INTENDED_VALUES:
        return INTENDED_VALUES[name]
    if name in INTENDED_STATUSES:
        return {}
    return {
        node: entry["value"]
        for node, entry in wanted["data_nodes"].items()
        if "value" in entry and "__type__" not in json.dumps(entry["value"])
    }


@pytest.mark.parametrize("name", case_names("err_"))
def test_check_refuses_what_is_wrong_and_names_it(name: str, scratch: Path) -> None:
    code, shape = command(scratch, name, "check")
    errors = [issue for issue in shape["issues"] if issue["level"] == "ERROR"]
    if name in ACCEPTED:
        assert (code, errors) == (0, [])
        return
    assert code == 3
    text = json.dumps(errors)
    assert REFUSED[name] in text
    if name != "err_01_cycle":
        assert all(re.search(r"config\.toml$", issue["file"]) for issue in errors)
        assert all(issue["line"] for issue in errors)


def test_every_recorded_error_is_listed_here() -> None:
    assert set(case_names("err_")) == set(REFUSED) | ACCEPTED
