"""Private parts of other packages that taipy_exec uses are still there.

A package may change these without notice, so pyproject.toml has upper bounds for their versions.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pika
import pymysql.connections
import pytest
from multiprocess.popen_spawn_posix import Popen
from multiprocess.process import BaseProcess

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
# The class, the part that its code uses, and the module that relies on it.
PARTS = [
    (pika.SelectConnection, "_read_frame", "broker/connection.py"),
    (pika.SelectConnection, "_frame_buffer", "broker/connection.py"),
    (pika.SelectConnection, "_transport", "broker/connection.py"),
    (pika.SelectConnection, "_terminate_stream", "broker/connection.py"),
    (pika.SelectConnection, "_adapter_emit_data", "broker/connection.py"),
    (pymysql.connections.Connection, "_read_timeout", "data/sql_connection.py"),
    (pymysql.connections.Connection, "_sock", "data/sql_connection.py"),
    (BaseProcess, "_popen", "execution/slot.py"),
    (BaseProcess, "_children", "execution/slot.py"),
    (Popen, "returncode", "execution/slot.py"),
    (Popen, "get_preparation_data", "execution/slot.py"),
]
BOUNDED = {"pika", "pymysql", "multiprocess"}


def names_used_by(kind: type) -> set[str]:
    """The attributes and globals that the methods of a class name."""
    methods = (method for owner in kind.__mro__ for method in vars(owner).values())
    codes = (getattr(getattr(m, "__func__", m), "__code__", None) for m in methods)
    return {name for code in codes if code is not None for name in code.co_names}


@pytest.mark.parametrize(("kind", "part", "user"), PARTS)
def test_a_private_part_is_still_used_by_its_package(kind: type, part: str, user: str) -> None:
    package = kind.__module__.partition(".")[0]
    assert part in names_used_by(kind), (
        f"{package} has no {kind.__name__}.{part} any more, which taipy_exec/{user} relies on: "
        f"change that file, or lower the upper bound of {package} in pyproject.toml"
    )


def test_packages_with_private_parts_in_use_have_upper_bounds() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(package for extra in extras for package in extra)]
    named = [n for n in needed if re.split(r"[<>=\[]", n)[0] in BOUNDED]
    assert {re.split("[<>=]", n)[0] for n in named} == BOUNDED
    assert [n for n in named if "<" not in n] == []
