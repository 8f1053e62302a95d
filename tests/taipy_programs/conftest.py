"""These tests run in environments that have Taipy, one for each version: `make test-taipy`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from taipy_support import Program

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
def program(make_program: Callable[[str], Program]) -> Program:
    """A program in a folder whose name has a space."""
    return make_program("an app")
