"""`generic`: the user's own functions read and write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.data.registry import ALWAYS
from taipy_exec.engine.instances import read_node
from taipy_exec.errors import DataError
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.protocol.order import JobOrder

WRITTEN: list[Any] = []
Make = Callable[..., DataNodeRef]


def read(*arguments: Any) -> Any:
    return ("read", *arguments)


def write(value: Any, *arguments: Any) -> None:
    WRITTEN.append((value, *arguments))


def missing_file(*arguments: Any) -> Any:
    raise FileNotFoundError(2, "No such file or directory", "their.txt")


def same(value: Any) -> Any:
    return value


@pytest.fixture(autouse=True)
def nothing_written() -> None:
    WRITTEN.clear()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    app = AppConfig(root=tmp_path, state_dir=tmp_path)

    def made(id: str = "n", **properties: Any) -> DataNodeRef:
        config = DataNodeConfig(id=id, storage_type="generic", properties=properties)
        return locate(app, config, Owner(instance="i"))

    return made


@pytest.mark.parametrize("by_name", [True, False])
def test_the_functions_get_the_value_and_their_arguments(make: Make, by_name: bool) -> None:
    node = make(
        read_fct=FunctionRef.parse(f"{__name__}.read") if by_name else read,
        write_fct=FunctionRef.parse(f"{__name__}.write") if by_name else write,
        read_fct_args=["a", 1],
        write_fct_args=["b", None],
    )
    assert node.read() == ("read", "a", 1)
    node.write(5)
    assert WRITTEN == [(5, "b", None)]


def test_the_functions_may_have_no_arguments_or_one_that_is_no_list(make: Make) -> None:
    assert make(read_fct=read).read() == ("read",)
    assert make(read_fct=read, read_fct_args=[]).read() == ("read",)
    assert make(read_fct=read, read_fct_args="one").read() == ("read", "one")
    make(write_fct=write, write_fct_args={"a": 1}).write(0)
    assert WRITTEN == [(0, {"a": 1})]


def test_functions_among_the_arguments_are_given_as_such(make: Make) -> None:
    node = make(read_fct=read, read_fct_args=[FunctionRef.parse(f"{__name__}.same")])
    assert node.read() == ("read", same)


def test_a_missing_function_is_told_with_what_to_write(make: Make) -> None:
    with pytest.raises(DataError, match="it has no read_fct") as caught:
        make(write_fct=write).read()
    assert caught.value.hint == 'write read_fct = "module.name:function" into [DATA_NODE.n]'
    with pytest.raises(DataError, match="it has no write_fct"):
        make(read_fct=read).write(1)


def test_it_always_has_a_value_and_a_place_of_its_own(make: Make) -> None:
    one, other = make("n"), make("m")
    assert one.changed_at() == ALWAYS
    assert one.place == f"the functions of {one.id}"
    assert one.key != other.key


def test_it_cannot_be_appended_to(make: Make) -> None:
    with pytest.raises(DataError, match="cannot be appended to"):
        make(write_fct=write).append(1)


def test_a_refused_change_does_not_reach_the_function(make: Make) -> None:
    def refuse() -> None:
        raise ZeroDivisionError

    node = replace(make(write_fct=write), before_change=refuse)
    with pytest.raises(ZeroDivisionError):
        node.write(1)
    assert WRITTEN == []


def test_what_a_function_raises_is_told_as_it_is(make: Make) -> None:
    # A file that the user's function wants is not the file of the data node.
    with pytest.raises(DataError) as caught:
        read_node(make(read_fct=missing_file))
    assert "cannot be read: FileNotFoundError: [Errno 2]" in caught.value.message
    assert "'their.txt'" in caught.value.message


@pytest.mark.parametrize("of", ["inputs", "outputs"])
def test_a_job_fails_with_the_traceback_of_the_users_function(make: Make, of: str) -> None:
    bad = make(read_fct=missing_file, write_fct=missing_file).config
    good = make("m", read_fct=read, write_fct=write).config
    nodes = {"inputs": (good,), "outputs": (good,), of: (bad,)}
    task = TaskConfig(id="t", function_ref=FunctionRef.parse(f"{__name__}.same"), **nodes)
    app = AppConfig(root=Path(), state_dir=Path(), tasks={"t": task})
    order = JobOrder(job="j", task="t", attempt=1, submission="s", instance="i")
    failure = JobRunner(app).run(order).failure
    assert failure is not None
    assert failure.type == "FileNotFoundError"
    assert failure.message.startswith("reading" if of == "inputs" else "writing")
    assert "the functions of DATANODE_n_" in failure.message
    assert "[Errno 2] No such file or directory: 'their.txt'" in failure.message
    assert failure.traceback is not None
    assert "in missing_file" in failure.traceback
    assert "data/generic.py" not in failure.traceback.partition("in missing_file")[0]
