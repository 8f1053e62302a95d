"""What runs Taipy's own tests, on tests of ours: `tools/taipy_tests.py` and its plug-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OF_A_DISPATCHER = """
from taipy.common.config import Config
from taipy.core._orchestrator._orchestrator_factory import _OrchestratorFactory


def dispatcher():
    Config.unblock_update()
    Config.configure_job_executions(mode="standalone")
    _OrchestratorFactory._build_orchestrator()
    made = _OrchestratorFactory._build_dispatcher(force_restart=True)
    _OrchestratorFactory._remove_dispatcher()
    return made


def test_with_both():
    assert dispatcher() is not None


def test_with_theirs():
    assert type(dispatcher()).__module__.startswith("taipy.")


def test_with_neither():
    assert dispatcher() is None
"""

HANGING = """
import threading

import pytest


@pytest.fixture
def hanging():
    yield
    threading.Event().wait(60)


def test_hangs():
    threading.Event().wait(60)


def test_hangs_at_its_end(hanging):
    pass


def test_does_not_hang():
    pass
"""


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_test_that_passes_with_one_dispatcher_only_is_shown(tmp_path: Path) -> None:
    core = tmp_path / "tests" / "core"
    core.mkdir(parents=True)
    (core / "conftest.py").touch()
    (core / "test_dispatchers.py").write_text(OF_A_DISPATCHER, encoding="utf-8")
    (core / "test_not_there.py").write_text("import not_there\n", encoding="utf-8")
    done = python("-m", "tools.taipy_tests", str(core.parent), "core", cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert [" ".join(line.split()) for line in done.stdout.splitlines()[-5:]] == [
        f"4 tests of {core.parent}",
        "passed with Taipy's dispatcher: 2",
        "passed with taipy-exec's: 1",
        "passed with Taipy's only: 1, 1 of them without a reason",
        "tests/core/test_dispatchers.py::test_with_theirs: no reason is in docs/taipy.md",
    ]
    assert sorted(path.name for path in core.iterdir()) == [
        "conftest.py",
        "test_dispatchers.py",
        "test_not_there.py",
    ]


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_without_taipys_tests_its_use_is_told(arguments: list[str]) -> None:
    done = python("-m", "tools.taipy_tests", *arguments, cwd=ROOT)
    assert done.returncode == 2
    assert "usage: `python -m tools.taipy_tests FOLDER [PART ...]`" in done.stderr


def test_a_test_that_hangs_fails_and_the_others_run(tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    options = ["--dispatcher", "theirs", "--outcomes", "outcomes.json", "--seconds-for-a-test", "1"]
    done = python("-m", "pytest", "-p", "tools.taipy_tests_plugin", *options, cwd=tmp_path)
    assert json.loads((tmp_path / "outcomes.json").read_text(encoding="utf-8")) == {
        "test_hanging.py::test_hangs": "failed",
        "test_hanging.py::test_hangs_at_its_end": "failed",
        "test_hanging.py::test_does_not_hang": "passed",
    }, done.stdout
    assert "it did not end within 1 s" in done.stdout
