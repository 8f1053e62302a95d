"""What counts as the same configuration when a cell of a notebook runs again."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from taipy_exec.api.same_definition import in_notebook, is_same
from taipy_exec.config.application import DataNodeConfig


def made(source: str, **variables: Any) -> FunctionType:
    exec(source, variables)
    found = variables["f"]
    assert isinstance(found, FunctionType)
    return found


def enclosing(value: int) -> Callable[[], int]:
    return lambda: value


def test_a_function_that_was_made_again_is_the_same() -> None:
    assert is_same(made("def f(x): return x + 1"), made("def f(x): return x + 1"))
    assert is_same(enclosing(1), enclosing(1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (made("def f(x): return x + 1"), made("def f(x): return x + 2")),
        (made("def f(x=1): return x"), made("def f(x=2): return x")),
        (made("def f(*, x=1): return x"), made("def f(*, x=2): return x")),
        (enclosing(1), enclosing(2)),
        (len, sum),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1, 2], [1, 2, 3]),
        (1, True),
        (1, "1"),
        (DataNodeConfig(id="a"), DataNodeConfig(id="b")),
    ],
)
def test_other_values_are_not(one: Any, other: Any) -> None:
    assert not is_same(one, other)


def test_tables_and_lists_of_data_nodes_are_compared_by_their_parts() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1, 2]})
    assert is_same({"default_data": table}, {"default_data": table})
    assert not is_same(table, table.copy())
    assert is_same([DataNodeConfig(id="a")], [DataNodeConfig(id="a")])


def test_this_is_no_notebook() -> None:
    assert not in_notebook()
