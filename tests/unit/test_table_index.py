"""The index of a DataFrame in csv, excel and sql_table data nodes: told of, or kept."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.table_checks import table_problems
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import DataError

Make = Callable[..., DataNodeRef]
KINDS = ["csv", "excel", "sql_table"]
COLUMNS = {"k": "text", "l": "integer", "a": "integer", "b": "integer"}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a data node; the table of a database has columns for `COLUMNS`, those of `has`."""

    def build(kind: str, has: str = "ka", **given: Any) -> DataNodeRef:
        properties = {"exposed_type": "pandas", "has_header": True, **given}
        if kind == "excel":
            properties.setdefault("sheet_name", "s")
        if kind == "sql_table":
            with sqlite3.connect(tmp_path / "d.db") as connection:
                columns = ", ".join(f"{name} {COLUMNS[name]}" for name in has)
                connection.execute(f"create table t ({columns})")
            place = {"db_engine": "sqlite", "db_name": "d", "table_name": "t"}
            properties.update({**place, "sqlite_folder_path": str(tmp_path)})
        config = DataNodeConfig(id="sums", storage_type=kind, properties=properties)
        app = AppConfig(root=tmp_path, state_dir=tmp_path)
        return locate(app, config, Owner(instance="SCENARIO_s_1"))

    return build


def grouped() -> pandas.DataFrame:
    return pandas.DataFrame({"k": ["x", "y", "x"], "a": [1, 2, 4]}).groupby("k").sum()


def doubly() -> pandas.DataFrame:
    rows = {"k": ["x", "y", "x"], "l": [1, 2, 1], "a": [1, 2, 4]}
    return pandas.DataFrame(rows).groupby(["k", "l"]).sum()


# -- left out, and told -------------------------------------------------------------------

DROPPED = {
    "named": (grouped(), "the index 'k' of"),
    "two levels": (doubly(), "the index 'k', 'l' of"),
    "texts": (pandas.DataFrame({"a": [1, 2]}, index=["p", "q"]), "without a name ('p', 'q') of"),
    "filtered": (
        pandas.DataFrame({"a": range(9)}).loc[[1, 3, 5, 8]],
        "without a name (1, 3, 5, ...) of",
    ),
    "two without names": (
        pandas.DataFrame({"a": [1]}, index=pandas.MultiIndex.from_tuples([("x", 1)])),
        "the index of 2 levels without names of",
    ),
    "dates": (
        pandas.DataFrame({"a": [1]}, index=pandas.DatetimeIndex([dt.datetime(2026, 1, 2)])),
        "without a name (Timestamp('2026-01-02 00:00:00')) of",
    ),
    "named range": (
        pandas.DataFrame({"a": [1]}, index=pandas.RangeIndex(1, name="n")),
        "the index 'n' of",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", DROPPED)
def test_an_index_that_is_left_out_is_told_once(
    make: Make, caplog: pytest.LogCaptureFixture, kind: str, case: str
) -> None:
    frame, named = DROPPED[case]
    node = make(kind, has="a")
    node.write(frame)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    told = record.getMessage()
    assert told.startswith(f"data node 'sums' ({kind}): ")
    assert named in told and "return df.reset_index(), or set" in told
    assert node.read()["a"].tolist() == frame["a"].tolist()
    assert list(node.read().columns) == ["a"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value",
    [
        pandas.DataFrame({"a": [1, 2]}),
        pandas.DataFrame({"a": [1, 2, 3]})[1:],
        pandas.DataFrame({"a": [1, 2]}).iloc[:0],
        grouped().reset_index()[["a"]],
        polars.DataFrame({"a": [1]}),
        [{"a": 1}],
    ],
)
def test_a_plain_index_is_nothing_to_tell_of(
    make: Make, caplog: pytest.LogCaptureFixture, kind: str, value: Any
) -> None:
    make(kind, has="a").write(value)
    assert caplog.records == []


def test_several_sheets_are_one_warning(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    plain = pandas.DataFrame({"a": [1]})
    make("excel", sheet_name=None).write({"one": plain, "two": grouped(), "three": doubly()})
    (record,) = caplog.records
    assert "sheet 'two': the index 'k' of" in record.getMessage()
    assert record.getMessage().endswith("(the same for 1 more)")


def test_columns_of_levels_are_told_in_csv_and_refused_in_excel(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("x", 1), ("y", 2)]))
    make("csv").write(frame)
    (record,) = caplog.records
    assert (
        "the columns have 2 levels (('x', 1), ('y', 2)), which are not restored" in record.message
    )
    with pytest.raises(DataError, match=r"sheet 's': the columns have 2 levels .*df.columns = "):
        make("excel").write(frame)


# -- kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_named_index_comes_back(make: Make, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    node = make(kind, index=True)
    node.write(grouped())
    pandas.testing.assert_frame_equal(node.read(), grouped(), check_index_type=False)
    node.append(grouped())
    assert node.read().index.tolist() == ["x", "y", "x", "y"]
    assert node.read().index.name == "k"
    assert caplog.records == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_of_two_levels_comes_back(make: Make, kind: str) -> None:
    node = make(kind, has="kla", index=2)
    node.write(doubly())
    found = node.read()
    assert found.index.tolist() == [("x", 1), ("y", 2)]
    assert found.index.names == ["k", "l"]
    assert found["a"].tolist() == [5, 2]


@pytest.mark.parametrize("kind", ["csv", "excel"])
@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("levels", [1, 2])
def test_an_index_without_a_name_comes_back(
    make: Make, kind: str, has_header: bool, levels: int
) -> None:
    node = make(kind, index=levels, has_header=has_header)
    index = [("p", 1), ("q", 2)] if levels == 2 else ["p", "q"]
    frame = pandas.DataFrame({"a": [1, 2]})
    frame.index = pandas.MultiIndex.from_tuples(index) if levels == 2 else pandas.Index(index)
    node.write(frame)
    assert node.read().index.tolist() == index
    assert list(node.read().index.names) == [None] * levels
    assert node.read().iloc[:, 0].tolist() == [1, 2]


def test_a_database_needs_a_name_for_it(make: Make) -> None:
    with pytest.raises(DataError, match="the index has no name, so its column is unknown"):
        make("sql_table", index=True).write(pandas.DataFrame({"a": [1]}, index=["p"]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("given", "wanted"), [(True, "index = 2"), (3, "index = 2")])
def test_an_index_of_other_levels_is_refused(
    make: Make, kind: str, given: Any, wanted: str
) -> None:
    with pytest.raises(DataError, match=f"the index has 2 levels, .*{wanted}, or return df.reset"):
        make(kind, has="kla", index=given).write(doubly())


def test_who_wants_no_pandas_gets_the_index_as_columns(make: Make) -> None:
    make("csv", index=True).write(grouped())
    found = make("csv", index=True, exposed_type="polars").read()
    assert found.columns == ["k", "a"]
    assert make("csv", index=True, exposed_type="numpy").read().tolist() == [["x", 5], ["y", 2]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("value", "is_wrong"),
    [(True, False), (False, False), (2, False), (0, False), (-1, True), ("k", True), (1.5, True)],
)
def test_the_property_is_checked(kind: str, value: Any, is_wrong: bool) -> None:
    node = DataNodeConfig(id="x", storage_type=kind, properties={"index": value})
    assert [key for key, *_ in table_problems(node)] == (["index"] if is_wrong else [])
