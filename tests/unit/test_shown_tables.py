"""Tables as `data show` prints them."""

from __future__ import annotations

from typing import Any

import pandas
import polars
import pyarrow
import pytest

from taipy_exec.cli.values import as_json, as_text

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
