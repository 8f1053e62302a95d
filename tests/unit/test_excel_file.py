"""excel: sheets as tables and objects, what is written, appended and refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import openpyxl
import pandas
import polars
import pyarrow
import pytest
from pandas.testing import assert_frame_equal

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.reference import ClassRef
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import ConfigurationError, DataError

Make = Callable[..., DataNodeRef]
FRAME = pandas.DataFrame({"a": [1, 2], "b": ["x", "é"]})
OTHER = pandas.DataFrame({"c": [1.5]})


@dataclasses.dataclass
class Row:
    a: Any
    b: Any


@dataclasses.dataclass
class One:
    c: Any


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """An excel data node on `a.xlsx` of an application in `tmp_path`."""
    app = AppConfig(root=tmp_path, state_dir=tmp_path / "state")
    defaults = {k: v for k, v in STORAGE_PROPERTIES["excel"].items() if v is not None}

    def made(**given: Any) -> DataNodeRef:
        properties = {**defaults, "default_path": "a.xlsx", **given}
        config = DataNodeConfig(id="n", storage_type="excel", properties=properties)
        return locate(app, config, Owner(instance="SCENARIO_s_1"))

    return made


def cells(folder: Path) -> dict[str, list[list[Any]]]:
    """What stands in every sheet of `a.xlsx`."""
    book = openpyxl.load_workbook(folder / "a.xlsx")
    return {s.title: [list(row) for row in s.iter_rows(values_only=True)] for s in book.worksheets}


def sheets(folder: Path, **rows: list[list[Any]]) -> None:
    """Write `a.xlsx` as somebody else would."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, content in rows.items():
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(row)
    book.save(folder / "a.xlsx")


# -- reading ------------------------------------------------------------------------------


def test_without_a_name_all_sheets_are_read_by_name(make: Make) -> None:
    node = make()
    node.write({"one": FRAME, "two": OTHER})
    found = node.read()
    assert list(found) == ["one", "two"]
    assert_frame_equal(found["one"], FRAME)
    assert_frame_equal(found["two"], OTHER)


def test_a_name_gives_that_sheet_and_several_give_those(make: Make) -> None:
    make().write({"one": FRAME, "two": OTHER, "three": OTHER})
    assert_frame_equal(make(sheet_name="two").read(), OTHER)
    found = make(sheet_name=["three", "one"]).read()
    assert list(found) == ["three", "one"]
    assert_frame_equal(found["one"], FRAME)


def test_a_list_of_one_name_gives_a_table_of_frames_or_the_objects_as_in_taipy(make: Make) -> None:
    make().write({"one": FRAME, "two": OTHER})
    assert list(make(sheet_name=["one"]).read()) == ["one"]
    assert make(sheet_name=["two"], exposed_type=One).read() == [One(1.5)]


@pytest.mark.parametrize(
    ("exposed", "kind"),
    [("numpy", numpy.ndarray), ("polars", polars.DataFrame), ("pyarrow", pyarrow.Table)],
)
def test_sheets_are_exposed_as_the_data_node_says(make: Make, exposed: str, kind: type) -> None:
    make().write({"one": FRAME})
    assert isinstance(make(exposed_type=exposed).read()["one"], kind)
    found = make(exposed_type=exposed, sheet_name="one").read()
    assert isinstance(found, kind)
    assert len(found) == 2


def test_an_array_may_be_changed(make: Make) -> None:
    make().write(pandas.DataFrame({"a": [1, 2]}))
    found = make(exposed_type="numpy", sheet_name="Sheet1").read()
    found[0] = 7
    assert found.tolist() == [[7], [2]]


def test_objects_of_a_class_have_the_values_of_the_cells(make: Make, tmp_path: Path) -> None:
    day = dt.datetime(2024, 1, 2)
    sheets(tmp_path, one=[["a", "b"], [1, "x"], [None, None], [day, None], [None, None]])
    wanted = [Row(1, "x"), Row(None, None), Row(day, None)]
    assert make(exposed_type=Row, sheet_name="one").read() == wanted
    assert make(exposed_type=ClassRef(f"{__name__}.Row")).read() == {"one": wanted}


def test_objects_without_a_header_take_the_cells_in_their_order(make: Make) -> None:
    node = make(exposed_type=Row, sheet_name="one", has_header=False)
    node.write([Row(1, "x"), Row(2, None)])
    assert node.read() == [Row(1, "x"), Row(2, None)]


def test_exposed_types_are_given_in_order_or_by_sheet(make: Make) -> None:
    make().write({"one": FRAME, "two": OTHER, "three": OTHER})
    found = make(exposed_type=[Row, "numpy", "pandas"]).read()
    assert found["one"] == [Row(1, "x"), Row(2, "é")]
    assert found["two"].tolist() == [[1.5]]
    assert_frame_equal(found["three"], OTHER)
    found = make(exposed_type={"two": One, "three": "numpy"}).read()
    assert_frame_equal(found["one"], FRAME)
    assert found["two"] == [One(1.5)]
    assert found["three"].tolist() == [[1.5]]
    with pytest.raises(DataError, match=r"2 types for 3 sheets \(one, two, three\)"):
        make(exposed_type=[Row, "numpy"]).read()


def test_values_of_formulas_are_read_as_computed_last(make: Make, tmp_path: Path) -> None:
    # openpyxl computes nothing: there is no last value here, and no text of the formula either.
    sheets(tmp_path, one=[["a", "b"], ["=1+1", 2]])
    assert make(exposed_type=Row, sheet_name="one").read() == [Row(None, 2)]


@pytest.mark.parametrize("exposed", ["pandas", "numpy", Row])
def test_a_sheet_without_a_cell_is_an_empty_table(make: Make, tmp_path: Path, exposed: Any) -> None:
    sheets(tmp_path, one=[])
    assert len(make(exposed_type=exposed, sheet_name="one").read()) == 0


# -- writing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name"), [({}, "Sheet1"), ({"sheet_name": "x"}, "x"), ({"sheet_name": ["x"]}, "x")]
)
def test_one_table_goes_to_the_named_sheet_or_to_sheet1(
    make: Make, tmp_path: Path, given: dict[str, Any], name: str
) -> None:
    make().write({"former": OTHER})
    make(**given).write(FRAME)
    assert cells(tmp_path) == {name: [["a", "b"], [1, "x"], [2, "é"]]}


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (FRAME, [["a", "b"], [1, "x"], [2, "é"]]),
        (pandas.Series([1, 2], name="s"), [["s"], [1], [2]]),
        (numpy.array([[1, 2]]), [[0, 1], [1, 2]]),
        ([[1, 2], [3, 4]], [[0, 1], [1, 2], [3, 4]]),
        ([{"a": 1, "b": 2}], [["a", "b"], [1, 2]]),
        ([Row(1, 2)], [["a", "b"], [1, 2]]),
        (polars.DataFrame({"a": [1]}), [["a"], [1]]),
        (pyarrow.table({"a": [1]}), [["a"], [1]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_table_is_taken(
    make: Make, tmp_path: Path, value: Any, content: list[Any]
) -> None:
    make().write(value)
    assert cells(tmp_path) == {"Sheet1": content}
    make(sheet_name="x", has_header=False).write({"one": value, "two": value})
    assert cells(tmp_path) == {"one": content[1:], "two": content[1:]}


@pytest.mark.parametrize(
    ("value", "given", "told"),
    [
        (FRAME, {"sheet_name": ["one", "two"]}, r"2 sheets \(one, two\) for one table"),
        ({}, {}, "needs a sheet"),
        ({"a/b": FRAME}, {}, r"'a/b' is no name of a sheet: .*without \[ \]"),
        (FRAME, {"sheet_name": "a:b"}, "'a:b' is no name of a sheet"),
        ({"x" * 32: FRAME}, {}, "at most 31 characters long, not 32"),
        ({"": FRAME}, {}, "at least one character"),
        ({2024: FRAME}, {}, "2024 is no name of a sheet: it must be a text"),
        ({"'x": FRAME}, {}, "without ' at its start"),
        ({"x": FRAME, "X": FRAME}, {}, "'X' is no name of a sheet: it must be different"),
    ],
)
def test_what_does_not_make_a_workbook_is_refused_and_the_former_one_stays(
    make: Make, tmp_path: Path, value: Any, given: dict[str, Any], told: str
) -> None:
    make().write(OTHER)
    with pytest.raises(DataError, match=told):
        make(**given).write(value)
    assert cells(tmp_path) == {"Sheet1": [["c"], [1.5]]}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (3, "is no table: give a DataFrame"),
        ({"one": "text"}, "is no table: give a DataFrame"),
        (pandas.DataFrame({"t": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]}), "timezones"),
        (pandas.DataFrame(index=range(1_048_577), columns=["a"]), "too large"),
    ],
)
def test_what_excel_cannot_hold_is_refused_in_the_librarys_words(
    make: Make, tmp_path: Path, value: Any, told: str
) -> None:
    make().write(OTHER)
    with pytest.raises(ValueError, match=told):
        make().write(value)
    assert cells(tmp_path) == {"Sheet1": [["c"], [1.5]]}
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


# -- appending ----------------------------------------------------------------------------


def test_rows_are_appended_below_the_last_one_of_the_first_sheet(
    make: Make, tmp_path: Path
) -> None:
    node = make()
    node.append(FRAME)  # there is no file yet
    node.append(pandas.DataFrame({"a": [3], "b": ["z"]}))
    node.append([[4, "w"]])
    assert cells(tmp_path) == {"Sheet1": [["a", "b"], [1, "x"], [2, "é"], [3, "z"], [4, "w"]]}


def test_rows_are_appended_to_the_named_sheets_and_the_others_stay(
    make: Make, tmp_path: Path
) -> None:
    make().write({"one": OTHER, "two": OTHER, "three": OTHER})
    make(sheet_name="two").append([[2.5]])
    make().append({"one": [[3.5]], "three": numpy.array([[4.5]])})
    assert cells(tmp_path) == {
        "one": [["c"], [1.5], [3.5]],
        "two": [["c"], [1.5], [2.5]],
        "three": [["c"], [1.5], [4.5]],
    }


def test_a_sheet_without_a_cell_gets_its_header_too(make: Make, tmp_path: Path) -> None:
    sheets(tmp_path, one=[])
    make().append(OTHER)
    assert cells(tmp_path) == {"one": [["c"], [1.5]]}


def test_a_failed_append_leaves_the_workbook_as_it_was(make: Make, tmp_path: Path) -> None:
    make().write({"one": OTHER})
    before = (tmp_path / "a.xlsx").read_bytes()
    for value in ({"four": OTHER}, 3):
        with pytest.raises((DataError, ValueError)):
            make().append(value)
    assert (tmp_path / "a.xlsx").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


# -- bad input ----------------------------------------------------------------------------


def test_a_missing_sheet_is_told_with_those_that_there_are(make: Make) -> None:
    make().write({"one": FRAME, "two": OTHER})
    for name in ("three", ["one", "three"]):
        with pytest.raises(DataError, match="no sheet 'three': the workbook has 'one', 'two'"):
            make(sheet_name=name).read()
    with pytest.raises(DataError, match="no sheet 'three'"):
        make(sheet_name="three").append(OTHER)


def test_a_file_that_is_no_workbook_is_told(make: Make, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make().read()
    for content, told in ((b"", "it is empty"), (b"a,b\n1,2\n", "it is no workbook")):
        (tmp_path / "a.xlsx").write_bytes(content)
        for work in (make().read, lambda: make().append(FRAME)):
            with pytest.raises(DataError, match=told):
                work()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["a", "c"], [1, 2]], "sheet 'one': the columns a, c do not fit Row"),
        ([["a"], [1]], "columns a do not fit Row: .*'b'"),
        ([["a", None, "b"], [1, 2, 3]], "column 2 has no name"),
        ([["a", "b"], [1, 2, 3]], r"more cells than the first one \(a, b\)"),
    ],
)
def test_columns_that_do_not_fit_the_class_are_told(
    make: Make, tmp_path: Path, rows: list[Any], told: str
) -> None:
    sheets(tmp_path, one=rows)
    with pytest.raises(DataError, match=told):
        make(exposed_type=Row).read()


def test_a_library_that_is_missing_is_told_with_its_extra(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(ConfigurationError, match="excel data nodes need openpyxl") as caught:
        make().write(FRAME)
    assert "taipy-exec[excel]" in str(caught.value.hint)
