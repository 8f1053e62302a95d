"""These tests run in environments that have Taipy, one for each version: `make test-taipy`."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from taipy_support import PROGRAMS, Both, Program

collect_ignore_glob = ["test_*.py"] if find_spec("taipy") is None else []


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known that is put on tests here."""
    config.addinivalue_line(
        "markers", "pages: clicks through pages of Taipy, which lose some clicks"
    )


@pytest.fixture
def make_program(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    """Makes programs in folders of these names."""
    made: list[Program] = []

    def make(name: str) -> Program:
        made.append(Program(tmp_path / name))
        return made[-1]

    yield make
    for one in made:
        one.release()


@pytest.fixture
def both(make_program: Callable[[str], Program]) -> Both:
    """Runs a program under Taipy's dispatcher and under ours; what each has told."""

    def run(text: str, *arguments: str) -> tuple[Any, Any]:
        found = []
        for name in ("theirs", "ours"):
            program = make_program(name)
            prelude = (PROGRAMS / "prelude.py").read_text(encoding="utf-8")
            (program.folder / "prelude.py").write_text(prelude, encoding="utf-8")
            program.write("from prelude import *\n" + textwrap.dedent(text))
            if name == "ours":
                program.enable()
            patience = "5" if name == "theirs" else "60"
            result = program.python(*arguments, env={"PATIENCE": patience})
            assert program.exists("record.json"), result.err
            found.append(program.read())
        return found[0], found[1]

    return run


@pytest.fixture
def program(make_program: Callable[[str], Program]) -> Program:
    """A program in a folder whose name has a space."""
    return make_program("an app")
