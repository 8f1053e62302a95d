"""Tables as `data show` prints them."""

from __future__ import annotations

from typing import Any

import pandas
import polars
import pyarrow
import pytest

from taipy_exec.views.value_json import as_json, as_text

COLUMNS = {"a": [1, 2], "b": ["x", None]}


@pytest.mark.parametrize(
    "table",
    [pandas.DataFrame(COLUMNS, dtype=object), polars.DataFrame(COLUMNS), pyarrow.table(COLUMNS)],
    ids=["pandas", "polars", "pyarrow"],
)
def test_a_table_of_any_library_is_shown_with_columns_and_rows(table: Any) -> None:
    assert as_json({"sheet": table}) == {
        "sheet": {"columns": ["a", "b"], "rows": [[1, "x"], [2, None]]}
    }
    assert "x" in as_text(table)


@pytest.mark.parametrize(
    "missing", [float("nan"), pandas.NaT, pandas.NA, None, pandas.Series([1.0, None])[1]]
)
def test_what_is_missing_is_null_in_json(missing: Any) -> None:
    assert as_json(missing) is None
    frame = pandas.DataFrame({"x": [1, missing]}, dtype=object)
    assert as_json(frame) == {"columns": ["x"], "rows": [[1], [None]]}


def test_missing_numbers_and_times_of_every_kind_of_table_are_null() -> None:
    frame = pandas.DataFrame({"n": [1.5, None], "t": pandas.to_datetime(["2026-01-01", None])})
    assert as_json(frame)["rows"] == [[1.5, "2026-01-01T00:00:00"], [None, None]]
    assert as_json(frame["n"].to_numpy()) == [1.5, None]
    assert as_json(polars.DataFrame({"n": [1.5, float("nan"), None]}))["rows"] == [
        [1.5],
        [None],
        [None],
    ]
    assert as_json(pyarrow.table({"n": [1.5, None]}))["rows"] == [[1.5], [None]]
    assert as_json([float("inf"), float("-inf")]) == ["inf", "-inf"]
