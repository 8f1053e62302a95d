"""The line that every Python of the environment runs at its start: see docs/taipy-command.md."""

from __future__ import annotations

import sys
import timeit
from importlib.metadata import files
from pathlib import Path

import pytest

NAME = "taipy_run_worker.pth"
LINE = Path(__file__).parents[2] / "tools" / NAME
LIMIT = 0.001  # seconds


@pytest.mark.parametrize(
    "arguments", [["script.py"], ["/usr/bin/pip", "install"], ["-c", "run-worker"]]
)
def test_the_line_takes_less_than_a_millisecond(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = LINE.read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setitem(sys.modules, "taipy_exec.taipy_command", None)  # An import would raise.
    # As `site` runs it: compiled anew each time.
    best = min(timeit.repeat(lambda: exec(line, {}), number=1, repeat=20))
    assert best < LIMIT, f"{best * 1e6:.0f} us"


def test_pip_removes_the_line_with_the_package() -> None:
    """pip removes the files that the RECORD of a distribution lists."""
    listed = [file for file in files("taipy-exec") or () if file.name == NAME]
    assert [Path(str(file.locate())).read_bytes() for file in listed] == [LINE.read_bytes()]
