"""Values side by side: which columns there are, and what stands in the cells."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from taipy_exec.operations.compare.cells import (
    NOT_WRITTEN,
    cell_csv,
    cell_text,
    columns,
    is_number,
    is_small,
)
from taipy_exec.views.value_json import as_json, as_text


def test_a_plain_value_has_one_column() -> None:
    assert columns("n", [1, "a"]) == [("n", [1, "a"])]


def test_small_mappings_have_a_column_for_each_entry() -> None:
    assert columns("m", [{"mae": 1.5, "r2": 0.5}, {"mae": 1.0}]) == [
        ("m.mae", [1.5, 1.0]),
        ("m.r2", [0.5, None]),
    ]


def test_where_a_mapping_was_never_written_its_cells_are_empty() -> None:
    assert columns("m", [{"mae": 1.5}, NOT_WRITTEN]) == [("m.mae", [1.5, NOT_WRITTEN])]


@pytest.mark.parametrize(
    "value", [{}, {"a": [1]}, {"a": {"b": 1}}, {f"k{n}": n for n in range(20)}, 5]
)
def test_other_mappings_stay_in_one_column(value: Any) -> None:
    assert [title for title, _ in columns("m", [{"a": 1}, value])] == ["m"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NOT_WRITTEN, "-"),
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (1 / 3, "0.333333"),
        (1e-9, "1e-09"),
        ("short", "short"),
        ([1, 2], "[1, 2]"),
        (list(range(100)), "list of 100"),
        ({"a": [1]}, '{"a": [1]}'),
        (pd.DataFrame({"a": [1, 2, 3], "b": 0}), "table, 3 x 2"),
    ],
)
def test_cells_are_short_and_on_one_line(value: Any, text: str) -> None:
    assert cell_text(value if value is NOT_WRITTEN else as_json(value)) == text


def test_a_number_that_python_does_not_write_is_a_short_text() -> None:
    huge = -(10**5000)
    told = "a number of about 5,001 digits"
    assert as_json([huge, {huge: huge}, 10**4000]) == [told, {told: told}, 10**4000]
    assert cell_text(as_json(huge)) == told
    assert is_small(huge)
    assert as_text({"a": huge}) == f'{{\n  "a": "{told}"\n}}'


def test_a_long_text_is_cut() -> None:
    assert len(cell_text("x" * 1000)) < 70


@pytest.mark.parametrize(
    ("value", "small"),
    [
        (NOT_WRITTEN, True),
        (5, True),
        ({"mae": 1.5}, True),
        ("x" * 1000, False),
        (list(range(1000)), False),
        (pd.DataFrame({"a": [1]}), False),
    ],
)
def test_only_small_values_are_shown_unasked(value: Any, small: bool) -> None:
    assert is_small(value) is small


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (NOT_WRITTEN, ""),
        (None, ""),
        (1 / 3, "0.3333333333333333"),
        (True, "true"),
        ("a,b", "a,b"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_csv_has_whole_values(value: Any, cell: str) -> None:
    assert cell_csv(value) == cell


def test_numbers_go_to_the_right_and_truth_does_not() -> None:
    assert is_number(1)
    assert is_number(0.5)
    assert not is_number(True)
    assert not is_number(NOT_WRITTEN)
