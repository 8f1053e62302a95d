"""csv, parquet and excel in one pipeline through the command: the same in every mode."""

from __future__ import annotations

import pytest
from command_support import Application

CONFIG = """
[JOB]
mode = "{mode}"

[DATA_NODE.raw]
storage_type = "csv"
default_path = "raw.csv"
exposed_type = "{first}"

[DATA_NODE.clean]
storage_type = "parquet"
exposed_type = "{second}"

[DATA_NODE.book]
storage_type = "excel"
default_path = "book.xlsx"
sheet_name = ["rows", "sums"]
exposed_type = ["tables.Row:class", "numpy"]

[DATA_NODE.total]
storage_type = "json"

[TASK.clean_up]
function = "tables.clean_up:function"
inputs = ["raw"]
outputs = ["clean"]

[TASK.fill]
function = "tables.fill:function"
inputs = ["clean"]
outputs = ["book"]

[TASK.add]
function = "tables.add:function"
inputs = ["book"]
outputs = ["total"]

[SCENARIO.s]
tasks = ["clean_up", "fill", "add"]
"""
TABLES = """
class Row:
    def __init__(self, day, amount):
        self.day, self.amount = day, amount


def clean_up(raw):
    return raw


def fill(clean):
    rows = [Row(int(d), int(a)) for d, a in zip(list(clean["day"]), list(clean["amount"]))]
    return {"rows": rows, "sums": [{"sum": sum(row.amount for row in rows)}]}


def add(book):
    book["sums"][0] += 1  # an array is the task's own
    return {"total": int(book["sums"][0, 0]), "days": [row.day for row in book["rows"]]}
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
@pytest.mark.parametrize(("first", "second"), [("pandas", "pandas"), ("polars", "polars")])
def test_tables_pass_through_csv_parquet_and_excel(
    app: Application, mode: str, first: str, second: str
) -> None:
    app.module("tables", TABLES)
    app.config(CONFIG.format(mode=mode, first=first, second=second))
    (app.folder / "raw.csv").write_text("day,amount\n1,10\n2,32\n")
    result = app.run("submit", "--json")
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    shown = app.run("data", "show", ".", "total", "--json")
    assert shown.json["value"] == {"total": 43, "days": [1, 2]}


@pytest.mark.parametrize("mode", ["development", "standalone"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "reading data node 'clean'"),
        (b"not parquet", "it is no parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job_with_a_sentence(
    app: Application, mode: str, content: bytes, told: str
) -> None:
    app.module("tables", TABLES)
    text = CONFIG.format(mode=mode, first="pandas", second="pandas")
    text = text.replace('"parquet"\n', '"parquet"\ndefault_path = "clean.parquet"\n')
    app.config(text.replace('tasks = ["clean_up", "fill", "add"]', 'tasks = ["fill"]'))
    (app.folder / "clean.parquet").write_bytes(content)
    result = app.run("submit", "--json")
    assert result.code == 1
    error = result.job("fill")["error"]
    assert told in str(error)
    assert "Traceback" not in result.err
