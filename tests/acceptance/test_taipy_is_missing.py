"""Commands for Taipy programs where Taipy is not installed: this environment has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_support import Application

PROGRAM = "import taipy as tp\nif __name__ == '__main__':\n    tp.Orchestrator().run()\n"


@pytest.mark.parametrize(
    "command",
    [
        ["run", "main.py"],
        ["run", "."],
        ["run-worker"],
        ["init", "--from-taipy", "main.py"],
        ["check", "main.py"],
        ["submit", "main.py"],
    ],
    ids=" ".join,
)
def test_a_program_needs_taipy_and_that_is_said(tmp_path: Path, command: list[str]) -> None:
    app = Application(tmp_path / "app")
    (app.folder / "main.py").write_text(PROGRAM)
    result = app.run(*command)
    assert result.code == 3
    told = result.err + result.out
    assert f"{app.folder / 'main.py'} imports taipy, which is not installed" in told
    assert "pip install 'taipy-exec[taipy]'" in told
    assert "Traceback" not in told


def test_enable_says_the_same(tmp_path: Path) -> None:
    app = Application(tmp_path / "app")
    (app.folder / "main.py").write_text(
        "import taipy_exec.taipy_plugin\n\ntaipy_exec.taipy_plugin.enable()\n"
    )
    process = app.start("main.py", command=[__import__("sys").executable])
    result = app.end(process)
    assert "Taipy is not installed in this environment" in result.err
