"""sql_table on real servers and sqlite: values, whole writes, errors in one sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from database_support import Database

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.reference import ClassRef
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import DataError

Table = Callable[..., DataNodeRef]
SALES = pandas.DataFrame({"id": [1, 2], "item": ["pear", "fig"], "price": [0.5, 1.25]})


def table_in(database: Database, root: Path, **given: Any) -> DataNodeRef:
    """A data node on the table `sales`."""
    properties = {"table_name": "sales", "exposed_type": "pandas", **database.properties, **given}
    config = DataNodeConfig(id="sales", storage_type="sql_table", properties=properties)
    app = AppConfig(root=root, state_dir=root / "state")
    return locate(app, config, Owner(instance="SCENARIO_s_1"))


@pytest.fixture
def sales(database: Database, tmp_path: Path) -> DataNodeRef:
    """The table `sales` with one row."""
    database.run(
        "CREATE TABLE sales (id INTEGER, item VARCHAR(40), price DOUBLE PRECISION)",
        "INSERT INTO sales VALUES (7, 'old', 7.5)",
    )
    return table_in(database, tmp_path)


def rows(database: Database) -> list[tuple[Any, ...]]:
    return sorted(database.run("SELECT * FROM sales"))


class Sale:
    def __init__(self, id: int, item: str, price: float) -> None:
        self.id, self.item, self.price = id, item, price


# -- reading and writing -------------------------------------------------------------------


def test_what_is_written_is_read(sales: DataNodeRef, database: Database) -> None:
    sales.write(SALES)
    assert rows(database) == [(1, "pear", 0.5), (2, "fig", 1.25)]
    assert sales.read().equals(SALES)


def test_append_keeps_what_is_there(sales: DataNodeRef, database: Database) -> None:
    sales.append(SALES)
    assert [row[0] for row in rows(database)] == [1, 2, 7]


@pytest.mark.parametrize(
    "value",
    [
        SALES,
        SALES.to_dict("records"),
        SALES.to_dict("list"),
        [(1, "pear", 0.5), (2, "fig", 1.25)],
        numpy.array([(1, "pear", 0.5), (2, "fig", 1.25)], dtype=object),
        [Sale(1, "pear", 0.5), Sale(2, "fig", 1.25)],
        SALES[["price", "item", "id"]],
        SALES.astype(object),
        SALES.astype({"item": "category", "id": "Int64"}),
    ],
    ids=[
        "frame",
        "tables",
        "table of lists",
        "rows",
        "array",
        "objects",
        "other order",
        "object columns",
        "extension types",
    ],
)
def test_every_kind_of_table_can_be_written(
    sales: DataNodeRef, database: Database, value: Any
) -> None:
    sales.write(value)
    assert rows(database) == [(1, "pear", 0.5), (2, "fig", 1.25)]


def test_a_series_is_one_row(sales: DataNodeRef, database: Database) -> None:
    sales.write(SALES.iloc[1])
    assert rows(database) == [(2, "fig", 1.25)]


def test_a_table_without_rows_empties_it(sales: DataNodeRef, database: Database) -> None:
    sales.write(SALES[:0])
    assert rows(database) == []
    assert list(sales.read().columns) == ["id", "item", "price"]
    sales.write([])
    assert rows(database) == []


def test_columns_that_the_value_lacks_are_null(sales: DataNodeRef, database: Database) -> None:
    sales.write([{"id": 3}])
    assert rows(database) == [(3, None, None)]


def test_missing_values_are_null_whatever_they_are(sales: DataNodeRef, database: Database) -> None:
    frame = pandas.DataFrame(
        {
            "id": [1.0, numpy.nan, 3.0],
            "item": ["a", None, pandas.NA],
            "price": [numpy.nan, 2.0, None],
        }
    )
    sales.write(frame)
    found = database.run("SELECT * FROM sales ORDER BY price IS NULL, id IS NULL, id")
    assert found == [(None, None, 2.0), (1, "a", None), (3, None, None)]


def test_texts_are_kept_as_they_are(sales: DataNodeRef, database: Database) -> None:
    texts = ["", "\\N", "a\tb\nc\rd\\e", "50 %", "'\";", "é 😀", ":name", "%s"]
    sales.write({"id": range(len(texts)), "item": texts})
    assert list(sales.read().sort_values("id")["item"]) == texts
    sales.write({"id": range(len(texts)), "item": [None, *texts[1:]]})
    assert database.run("SELECT count(*) FROM sales WHERE item IS NULL") == [(1,)]


def test_many_rows_come_back_in_one_piece(sales: DataNodeRef, monkeypatch: Any) -> None:
    for module in ("sql_rows", "sql_values"):
        monkeypatch.setattr(f"taipy_exec.data.{module}.CHUNK", 7)
    frame = pandas.DataFrame(
        {
            "id": [None] * 10 + list(range(30)),
            "item": [None] * 20 + ["x"] * 20,
            "price": [1.0] * 15 + [None] * 25,
        }
    )
    sales.write(frame)
    found = sales.read().sort_values("id", na_position="first", ignore_index=True)
    monkeypatch.undo()
    once = sales.read().sort_values("id", na_position="first", ignore_index=True)
    assert found.equals(once)
    assert list(found.dtypes) == list(once.dtypes)
    assert len(found) == 40


def test_a_class_gets_each_row_with_none_for_null(
    database: Database, sales: DataNodeRef, tmp_path: Path
) -> None:
    sales.write([{"id": 1, "item": "pear"}])
    node = table_in(database, tmp_path, exposed_type=ClassRef(f"{__name__}.Sale"))
    (sale,) = node.read()
    assert (sale.id, sale.item, sale.price) == (1, "pear", None)


def test_numpy_gets_the_rows(database: Database, sales: DataNodeRef, tmp_path: Path) -> None:
    sales.write(SALES)
    found = table_in(database, tmp_path, exposed_type="numpy").read()
    assert found.tolist() == [[1, "pear", 0.5], [2, "fig", 1.25]]


def test_times_truth_and_exact_numbers_come_back(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE sales (at TIMESTAMP NULL, day DATE, ok BOOLEAN, total NUMERIC(12, 2))"
    )
    node = table_in(database, tmp_path)
    at = pandas.to_datetime(["2024-01-02T03:04:05", None])
    frame = pandas.DataFrame(
        {
            "at": at,
            "day": [dt.date(2024, 1, 2), None],
            "ok": [True, False],
            "total": [Decimal("10.25"), Decimal("0.50")],
        }
    )
    node.write(frame)
    found = node.read().sort_values("ok", ascending=False, ignore_index=True)
    assert found["at"][0] == pandas.Timestamp("2024-01-02T03:04:05")
    assert found["at"].isna().tolist() == [False, True]
    assert found["day"].tolist() == [dt.date(2024, 1, 2), None]
    assert found["ok"].tolist() == [True, False]
    assert found["total"].tolist() == [Decimal("10.25"), Decimal("0.50")]
    zoned = pandas.DataFrame({"at": at.tz_localize("Europe/Paris"), "ok": [True, False]})
    for value in (zoned, zoned.astype(object)):
        node.write(value)
        found = node.read().sort_values("ok", ascending=False, ignore_index=True)
        assert found["at"][0] == pandas.Timestamp("2024-01-02T02:04:05")


def test_names_that_need_quotes_work(database: Database, tmp_path: Path) -> None:
    quote = "`" if database.engine == "mysql" else '"'
    table, column = (f"{quote}{name}{quote}" for name in ("My Sales", "50% of: it"))
    database.run(f"CREATE TABLE {table} ({column} INTEGER)")
    node = table_in(database, tmp_path, table_name="My Sales")
    node.write({"50% of: it": [1]})
    assert node.read().to_dict("list") == {"50% of: it": [1]}


def test_it_always_counts_as_written(sales: DataNodeRef) -> None:
    assert sales.changed_at() == 0.0


# -- what does not fit ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"id": [1], "colour": ["red"]},
            "table 'sales' has no column colour: the value has the columns id, colour, "
            "the table id, item, price",
        ),
        ([(1, 2)], "rows without names must have a value for each of the 3 columns"),
        ({"id": ["one"]}, "column 'id' is INTEGER and takes whole numbers, .* has 'one' there"),
        ({"id": [1.5]}, "column 'id' is INTEGER and takes whole numbers, .* has 1.5 there"),
        ({"id": [float("inf")]}, "column 'id' is INTEGER and takes whole numbers"),
        ({"price": ["dear"]}, "column 'price' is (DOUBLE|REAL).* takes numbers, .* 'dear' there"),
    ],
)
def test_a_value_that_does_not_fit_is_told_and_changes_nothing(
    sales: DataNodeRef, database: Database, value: Any, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        sales.write(value)
    assert rows(database) == [(7, "old", 7.5)]


def test_two_columns_of_one_name_are_told(sales: DataNodeRef) -> None:
    with pytest.raises(DataError, match="two columns named id"):
        sales.write(pandas.DataFrame([[1, 2]], columns=["id", "id"]))


def test_what_the_server_refuses_is_one_sentence_with_the_column(
    database: Database, tmp_path: Path
) -> None:
    database.run(
        "CREATE TABLE sales (id INTEGER NOT NULL, item VARCHAR(3))",
        "INSERT INTO sales VALUES (7, 'old')",
    )
    node = table_in(database, tmp_path)
    with pytest.raises(DataError, match="id") as caught:
        node.write([{"item": "a"}])
    assert "\n" not in str(caught.value)
    assert "SQL:" not in str(caught.value)
    if database.engine != "sqlite":
        with pytest.raises(DataError, match=r"item|character varying"):
            node.write([{"id": 1, "item": "much too long"}])
    assert rows(database) == [(7, "old")]


def test_a_missing_table_is_told_with_the_nearest_and_how_to_make_it(
    database: Database, sales: DataNodeRef, tmp_path: Path
) -> None:
    node = table_in(database, tmp_path, table_name="sale")
    with pytest.raises(DataError, match=r"no table 'sale' \(did you mean 'sales'\?\)"):
        node.read()
    with pytest.raises(DataError, match="for example by CREATE TABLE sale") as caught:
        node.write(SALES)
    database.run(str(caught.value).partition("for example by ")[2])
    node.write(SALES)
    assert node.read().equals(SALES)


# -- whole writes --------------------------------------------------------------------------


class Refused(BaseException):
    pass


def test_the_former_rows_stay_when_the_change_is_refused_at_the_end(
    sales: DataNodeRef, database: Database
) -> None:
    import dataclasses

    seen = []

    def refuse() -> None:
        seen.append(rows(database))
        if len(seen) == 2:
            raise Refused

    node = dataclasses.replace(sales, before_change=refuse)
    with pytest.raises(Refused):
        node.write(SALES)
    assert seen == [[(7, "old", 7.5)]] * 2
    assert rows(database) == [(7, "old", 7.5)]
