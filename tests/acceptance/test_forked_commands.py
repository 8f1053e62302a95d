"""A forked command of the tests behaves as one that was started the usual way."""

from __future__ import annotations

import subprocess

import pytest
from command_support import MARK, SERVER, Application, environment_of
from forked_commands import ForkServer

TELL = """\
import os
import sys


def tell():
    print("out"), print("err", file=sys.stderr)
    environ = open("/proc/self/environ", "rb").read()
    mark = f"TAIPY_TEST_MARK={os.environ['TAIPY_TEST_MARK']}".encode()
    return [os.getcwd(), sys.path[0], sys.orig_argv[1:3], mark in environ]
"""


@pytest.fixture
def telling(app: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    """An application in development mode, where a job tells of the command's process."""
    monkeypatch.delenv("TEST_BY_EXEC", raising=False)
    app.module("steps", TELL)
    app.graph({"tell": ("steps.tell", [], ["told"])}, mode="development")
    return app


def outcome(app: Application) -> tuple[object, ...]:
    submitted = app.run("submit", "--quiet")
    told = app.run("data", "show", "told", "--json").json["value"]
    wrong = app.run("submit", "--nonsense")
    return submitted, app.run("logs", "tell").out, told, wrong


def test_both_ways_give_the_same(telling: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SERVER.takes(telling.environment())
    forked = outcome(telling)
    monkeypatch.setenv("TEST_BY_EXEC", "1")
    assert not SERVER.takes(telling.environment())
    assert outcome(telling) == forked
    here = str(telling.folder)
    assert forked[2] == [here, here, ["-m", "taipy_exec"], True]


def test_a_variable_that_python_reads_at_its_start_needs_the_usual_way(
    telling: Application,
) -> None:
    assert SERVER.takes(telling.environment({"TAIPY_EXEC_JSON": "1"}))
    for name in ("PYTHONUTF8", "LC_ALL", "TZ", "ANY"):
        assert not SERVER.takes(telling.environment({name: "1"})), name


def test_a_command_that_takes_too_long_is_killed(telling: Application) -> None:
    telling.graph({"wait": ("flow.gated", [], ["a"])}, mode="development")
    with pytest.raises(subprocess.TimeoutExpired):
        telling.run("submit", timeout=3)
    telling.nothing_runs()


def test_the_server_is_no_process_of_a_test(telling: Application) -> None:
    server = ForkServer(MARK, environment_of)
    environment = telling.environment()
    assert server.takes(environment)
    code, out, _ = server.run(
        ["--version"], folder=telling.folder, environment=environment, timeout=30
    )
    assert (code, out[:10]) == (0, b"taipy-exec")
    telling.nothing_runs()
