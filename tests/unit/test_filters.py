"""`DataNode.filter` and `DataNode[...]` on every kind of value that has rows."""

from __future__ import annotations

from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

from taipy_exec.data.filters import conditions_of, filtered, item
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.errors import UsageError

AND, OR = JoinOperator.AND, JoinOperator.OR
ROWS = [
    {"a": 3, "b": "x"},
    {"a": 1, "b": "y"},
    {"a": 2, "b": "x"},
    {"a": 2, "b": "x"},
]


class Row:
    def __init__(self, a: int, b: str) -> None:
        self.a, self.b = a, b


OBJECTS = [Row(**row) for row in ROWS]  # type: ignore[arg-type]
FRAME = pandas.DataFrame(ROWS)


def rows_of(value: Any) -> list[Any]:
    """Any kind of table as a list of [a, b]."""
    if isinstance(value, pandas.DataFrame):
        return value.to_numpy().tolist()
    if isinstance(value, polars.DataFrame):
        return [list(row) for row in value.rows()]
    if isinstance(value, pyarrow.Table):
        return [[row["a"], row["b"]] for row in value.to_pylist()]
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    return [[row["a"], row["b"]] if isinstance(row, dict) else [row.a, row.b] for row in value]


KINDS = {
    "pandas": FRAME,
    "polars": polars.DataFrame(ROWS),
    "pyarrow": pyarrow.Table.from_pylist(ROWS),
    "tables": ROWS,
    "objects": OBJECTS,
}
ONE = [
    (("a", 2, Operator.EQUAL), [[2, "x"], [2, "x"]]),
    (("a", 2, Operator.NOT_EQUAL), [[3, "x"], [1, "y"]]),
    (("a", 2, Operator.LESS_THAN), [[1, "y"]]),
    (("a", 2, Operator.LESS_OR_EQUAL), [[1, "y"], [2, "x"], [2, "x"]]),
    (("a", 2, Operator.GREATER_THAN), [[3, "x"]]),
    (("a", 2, Operator.GREATER_OR_EQUAL), [[3, "x"], [2, "x"], [2, "x"]]),
    (("b", "y", Operator.EQUAL), [[1, "y"]]),
    (("a", 9, Operator.EQUAL), []),
]


def test_the_operators_have_taipys_values() -> None:
    assert [(o.name, o.value) for o in Operator] == [
        ("EQUAL", 1),
        ("NOT_EQUAL", 2),
        ("LESS_THAN", 3),
        ("LESS_OR_EQUAL", 4),
        ("GREATER_THAN", 5),
        ("GREATER_OR_EQUAL", 6),
    ]
    assert [(o.name, o.value) for o in JoinOperator] == [("AND", 1), ("OR", 2)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("condition", "rows"), ONE)
def test_one_condition_chooses_rows(kind: str, condition: Any, rows: list[Any]) -> None:
    found = filtered(KINDS[kind], conditions_of(condition), AND)
    assert type(found) is type(KINDS[kind])
    assert rows_of(found) == rows
    assert rows_of(filtered(KINDS[kind], conditions_of([condition]), OR)) == rows


@pytest.mark.parametrize("kind", KINDS)
def test_several_conditions_hold_together_or_one_of_them(kind: str) -> None:
    conditions = conditions_of([("a", 3, Operator.LESS_THAN), ("b", "x", Operator.EQUAL)])
    assert rows_of(filtered(KINDS[kind], conditions, AND)) == [[2, "x"], [2, "x"]]
    assert rows_of(filtered(KINDS[kind], conditions, OR)) == rows_of(KINDS[kind])
    ends = conditions_of([("a", 1, Operator.EQUAL), ("a", 3, Operator.EQUAL)])
    assert rows_of(filtered(KINDS[kind], ends, AND)) == []
    assert rows_of(filtered(KINDS[kind], ends, OR)) == [[3, "x"], [1, "y"]]  # in their order


def test_the_columns_of_an_array_are_numbers() -> None:
    array = numpy.array([[1, 10], [2, 20], [3, 30]])
    assert filtered(array, [(0, 2, Operator.EQUAL)], AND).tolist() == [[2, 20]]
    assert filtered(array, [("1", 20, Operator.LESS_THAN)], AND).tolist() == [[1, 10]]
    both = [(0, 1, Operator.GREATER_THAN), (1, 30, Operator.LESS_THAN)]
    assert filtered(array, both, AND).tolist() == [[2, 20]]
    assert filtered(array, both, OR).tolist() == array.tolist()


def test_the_sheets_of_a_file_are_filtered_each() -> None:
    sheets = {"one": FRAME, "two": FRAME.head(1)}
    found = filtered(sheets, [("a", 3, Operator.EQUAL)], AND)
    assert {name: rows_of(sheet) for name, sheet in found.items()} == {
        "one": [[3, "x"]],
        "two": [[3, "x"]],
    }
    lists = filtered({"one": OBJECTS}, [("a", 1, Operator.EQUAL)], AND)
    assert rows_of(lists["one"]) == [[1, "y"]]


def test_a_frame_keeps_its_index_for_one_condition_and_loses_it_for_several_as_in_taipy() -> None:
    one = ("a", 2, Operator.EQUAL)
    assert list(filtered(FRAME, [one], AND).index) == [2, 3]
    assert list(filtered(FRAME, [one, one], AND).index) == [0, 1]


def test_nothing_is_less_or_greater_than_what_is_not_there() -> None:
    rows = [{"a": None}, {}, {"a": 1}]
    assert filtered(rows, [("a", 5, Operator.LESS_THAN)], AND) == [{"a": 1}]
    assert filtered(rows, [("a", None, Operator.LESS_THAN)], AND) == []
    assert filtered(rows, [("a", None, Operator.EQUAL)], AND) == [{"a": None}, {}]


@pytest.mark.parametrize("given", [None, [], ()])
def test_without_conditions_the_value_comes_as_it_is(given: Any) -> None:
    assert filtered(FRAME, conditions_of(given), AND) is FRAME
    assert filtered(3, conditions_of(given), AND) == 3


@pytest.mark.parametrize("value", [3, "text", pandas.Series([1]), {"a": 1}], ids=repr)
def test_what_has_no_rows_cannot_be_filtered(value: Any) -> None:
    with pytest.raises(NotImplementedError):
        filtered(value, [("a", 1, Operator.EQUAL)], AND)


def test_an_unknown_join_operator_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="join operator 'AND'"):
        filtered(ROWS, [("a", 1, Operator.EQUAL)], "AND")  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [("a", 1), [("a", 1, "=")], [("a", 1, 1, Operator.EQUAL)], [3]])
def test_what_is_no_condition_is_told(given: Any) -> None:
    with pytest.raises(UsageError, match="a condition is"):
        conditions_of(given)


# -- data_node[key] -----------------------------------------------------------------------


def test_a_frame_is_indexed_as_pandas_does() -> None:
    assert item(FRAME, "a").tolist() == [3, 1, 2, 2]
    assert item(FRAME, "z") is None
    assert rows_of(item(FRAME, ["b"])) == [["x"], ["y"], ["x"], ["x"]]
    assert rows_of(item(FRAME, FRAME["a"] > 2)) == [[3, "x"]]
    assert rows_of(item(FRAME, slice(1, 2))) == [[1, "y"]]
    assert item(FRAME[["a"]], FRAME[["a"]] > 2)["a"].count() == 1
    assert item(FRAME["a"], 1) == 1


def test_other_tables_are_indexed_as_their_libraries_do() -> None:
    assert item(KINDS["polars"], "a").to_list() == [3, 1, 2, 2]
    assert item(KINDS["pyarrow"], "a").to_pylist() == [3, 1, 2, 2]
    array = numpy.array([[1, 10], [2, 20]])
    assert item(array, 1).tolist() == [2, 20]
    assert item(array, (slice(None), 1)).tolist() == [10, 20]
    assert item(array, array[:, 0] > 1).tolist() == [[2, 20]]


@pytest.mark.parametrize("rows", [ROWS, OBJECTS], ids=["tables", "objects"])
def test_a_list_gives_rows_by_number_and_mask_and_columns_by_name(rows: Any) -> None:
    assert item(rows, 1) is rows[1]
    assert item(rows, slice(1, 3)) == rows[1:3]
    assert item(rows, "a") == [3, 1, 2, 2]
    assert item(rows, "z") == [None] * 4
    assert item(rows, ["a", "z"]) == [{"a": 3}, {"a": 1}, {"a": 2}, {"a": 2}]
    assert item(rows, [True, False, False, True]) == [rows[0], rows[3]]
    assert item(rows, FRAME["a"] > 2) == [rows[0]]
    assert item(rows, FRAME == "x")[0] == {"a": None, "b": "x"}


def test_a_table_gives_what_it_has_under_the_key() -> None:
    assert item({"one": FRAME}, "one") is FRAME
    assert item({"one": FRAME}, "two") is None
