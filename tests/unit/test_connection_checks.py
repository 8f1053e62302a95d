"""`check --connect`: each server is asked once, and only if it is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipy_exec.config.compile import compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.problem import Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.data.connection_checks import connection_problems
from taipy_exec.data.registry import storage_type
from taipy_exec.errors import DataError
from tools.ports import free_ports

NODE = """
[DATA_NODE.{id}]
storage_type = "sql_table"
db_engine = "postgresql"
db_host = "127.0.0.1"
db_port = {port}
db_name = "shop"
db_username = "me"
db_password = "hidden"
table_name = "{id}"
"""
TASK = """
[TASK.t]
function = "m.f:function"
inputs = ["a", "b"]
"""


def problems(folder: Path, text: str) -> list[Problem]:
    (folder / "config.toml").write_text(text)
    layer = layer_from_toml(read_toml(folder / "config.toml"))
    compiled = compile_layers([layer], root=folder, state_dir=folder / "state", environ={})
    return list(connection_problems(compiled, compiled.config.tasks.values()))


def text(port: int) -> str:
    return "".join(NODE.format(id=id, port=f'"{port}:int"') for id in ("a", "b", "alone")) + TASK


def test_a_database_that_does_not_answer_is_an_error_once_and_without_the_password(
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    (problem,) = problems(tmp_path, text(port))
    assert (problem.line, problem.id, problem.field) == (5, "a", "db_host")
    assert f"127.0.0.1:{port} cannot be reached" in problem.message
    assert problem.message.endswith("; the same for b")
    assert "hidden" not in problem.message


def test_a_database_that_answers_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    kind = storage_type("sql_table")
    monkeypatch.setattr(kind, "connect", lambda node: asked.append(node.config.id), raising=False)
    assert problems(tmp_path, text(1)) == []
    assert asked == ["a"]

    def refuse(node: object) -> None:
        raise DataError("it refuses", "do something")

    monkeypatch.setattr(kind, "connect", refuse, raising=False)
    (problem,) = problems(tmp_path, text(1))
    assert problem.message == "it refuses: do something; the same for b"


def test_what_is_on_no_server_is_not_asked(tmp_path: Path) -> None:
    assert problems(tmp_path, '[DATA_NODE.a]\n[DATA_NODE.b]\nstorage_type = "csv"\n' + TASK) == []
