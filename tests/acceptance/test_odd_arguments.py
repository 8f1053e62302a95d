"""Arguments and names that are not UTF-8, or 100,000 characters long: F52. One sentence each."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from command_support import Application

# In one process, which takes a second instead of half a minute.
EACH = """
import contextlib, io, json, os, sys
from taipy_exec.cli.main import run_command
odd = os.fsdecode(sys.stdin.buffer.read())
# A command leads descriptor 1 to stderr.
results = os.fdopen(os.dup(1), "w")
for line in json.loads(sys.argv[1]):
    arguments = [word.replace("ODD", odd) for word in line]
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
        code = run_command(arguments)
    print(json.dumps([line, code, told.getvalue()[:3000]]), file=results, flush=True)
"""
FIRST = (
    *("submit", "plan", "check", "graph", "status", "report", "logs", "cancel", "wait"),
    *("attach", "resume", "retry", "clean", "pause", "continue", "init", "run"),
)
OTHERS = (
    *(f"{command} . --name ODD" for command in ("submit", "plan", "data list")),
    *(f"submit . --{option} ODD" for option in ("scenario", "sequence", "task", "set")),
    *(f"submit . --{option} ODD" for option in ("mode", "events", "creation-date", "broker-url")),
    *(f"status --{option} ODD" for option in ("root", "state-dir", "application-path")),
    *("data show . ODD", "data show . a --name ODD", "data write . ODD 1", "report -o ODD"),
    *("graph . --output ODD", "history --scenario ODD", "history --name ODD", "ODD"),
    *("run-worker --application-path ODD", "workers --broker-url amqp://ODD", "submit --ODD"),
)
LINES = [*([command, "ODD"] for command in FIRST), *(line.split() for line in OTHERS)]
ODD = {
    "not UTF-8": b"\xff",
    "long": b"x" * 100_000,
    "long below a folder": b"y/" + b"x" * 100_000,
}


@pytest.mark.parametrize(
    "arguments",
    [
        "status --limit N",
        "logs --limit N",
        "logs --tail N",
        "history --limit N",
        "clean --keep N",
        "submit . --workers N",
        "run-worker --concurrency N",
        "queue dead show N",
    ],
)
def test_a_gigantic_number_is_wrong_use(app: Application, arguments: str) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run(*arguments.replace("N", "9" * 25).split())
    assert result.code == 2
    assert "error: Invalid value for " in result.err
    assert str(2**31 - 1) in result.err


@pytest.mark.one_variant
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_argument_gets_a_sentence(app: Application, kind: str) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    assert app.run("submit", ".").code == 0
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(LINES)],
        input=ODD[kind],
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        timeout=200,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(LINES), done.stderr
    bad = [(line, code, told) for line, code, told in found if code == 70 or "Traceback" in told]
    assert bad == []


def test_a_variable_that_is_not_utf8_is_named(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    result = app.run("status", env={"TAIPY_EXEC_STATE_DIR": os.fsdecode(b"\xff")})
    assert result.code == 2
    assert "TAIPY_EXEC_STATE_DIR is not UTF-8" in result.err


def test_a_value_of_any_length_can_be_given(app: Application) -> None:
    app.config(
        "[DATA_NODE.a]\n[DATA_NODE.b]\n[TASK.t]\nfunction = 'jobs.size:function'\n"
        "inputs = ['a:SECTION']\noutputs = ['b:SECTION']\n[SCENARIO.s]\ntasks = ['t:SECTION']\n"
    )
    app.module("jobs", "def size(text):\n    return len(text)\n")
    assert app.run("submit", ".", "--set", f"a={'x' * 100_000}").code == 0
    assert app.run("data", "show", ".", "b", "--json").json["value"] == 100_000


def test_a_path_with_a_nul_character_is_an_error_of_the_configuration(app: Application) -> None:
    app.config(
        '[DATA_NODE.a]\nstorage_type = "json"\ndefault_path = "a\\u0000b.json"\n'
        "[TASK.t]\nfunction = 'flow.work:function'\noutputs = ['a:SECTION']\n"
        "[SCENARIO.s]\ntasks = ['t:SECTION']\n"
    )
    for command in (["check", "."], ["data", "show", ".", "a"], ["submit", "."]):
        result = app.run(*command)
        assert result.code == 3
        assert "config.toml:3 [DATA_NODE.a] default_path" in result.err
        assert "NUL character" in result.err
