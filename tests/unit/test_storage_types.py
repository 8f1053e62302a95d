"""Data nodes: where they lie, and how pickle, json, csv and in_memory read, write and append."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import os
import pickle
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

from taipy_exec.config.application import AppConfig, CoreConfig, DataNodeConfig
from taipy_exec.config.reference import ClassRef
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES
from taipy_exec.data.files import remove_leftovers, replacing, replacing_by_name
from taipy_exec.data.json_file import TaggedEncoder
from taipy_exec.data.node import (
    DataNodeRef,
    Owner,
    cycle_id,
    locate,
    locate_all,
    new_instance_id,
    node_id,
)
from taipy_exec.data.registry import storage_type, storage_types
from taipy_exec.engine.instances import read_node, write_node
from taipy_exec.errors import ConfigurationError, DataError

OWNER = Owner(instance="SCENARIO_s_1", cycle="CYCLE_DAILY_2024-01-01")
Make = Callable[..., DataNodeRef]


def config(kind: str = "pickle", scope: Scope = Scope.SCENARIO, **given: Any) -> DataNodeConfig:
    """A data node `n` with Taipy's default properties, as a compilation makes it."""
    defaults = {k: v for k, v in STORAGE_PROPERTIES[kind].items() if v is not None}
    return DataNodeConfig(id="n", storage_type=kind, scope=scope, properties={**defaults, **given})


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A data node of a storage type in an application in `tmp_path`."""
    app = AppConfig(root=tmp_path, state_dir=tmp_path / "state")
    return lambda kind="pickle", **given: locate(app, config(kind, **given), OWNER)


@dataclasses.dataclass
class Point:
    x: Any
    y: Any


class Colour(enum.Enum):
    RED = "r"
    GREEN = 2


class Outer:
    @dataclasses.dataclass
    class Inner:
        when: dt.datetime

    class Kind(enum.Enum):
        A = 1


class Row:
    """A class as users give it for `exposed_type`."""

    def __init__(self, a: str, b: str) -> None:
        self.a, self.b = a, b

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and vars(self) == vars(other)


class Coded(Row):
    """A class with Taipy's `encode` and `decode`."""

    def encode(self) -> dict[str, str]:
        return {"a": f"<{self.a}>", "b": f"<{self.b}>"}

    @classmethod
    def decode(cls, row: dict[str, str]) -> Coded:
        return cls(row["a"].strip("<>"), row["b"].strip("<>"))


class ShoutingEncoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return {"loud": str(o.x)} if isinstance(o, Point) else super().default(o)


class ShoutingDecoder(json.JSONDecoder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            *args, object_hook=lambda t: Point(t["loud"], None) if "loud" in t else t, **kwargs
        )


class Refuses:
    """Cannot be pickled, and is no JSON."""

    def __reduce__(self) -> Any:
        raise TypeError("this object stays here")


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if not p.is_dir())


# -- pickle -------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, 0, "text", (1, [2]), {"a": {1, 2}}, Point(1, "é")])
def test_pickle_gives_back_any_object(make: Make, value: object) -> None:
    node = make()
    node.write(value)
    assert node.read() == value


def test_pickle_gives_back_a_data_frame(make: Make) -> None:
    node = make()
    node.write(pandas.DataFrame({"a": [1, 2]}))
    assert node.read().equals(pandas.DataFrame({"a": [1, 2]}))


def test_a_pickle_file_is_one_that_pickle_reads(make: Make) -> None:
    node = make()
    node.write({"a": 1})
    assert node.path is not None
    assert pickle.loads(node.path.read_bytes()) == {"a": 1}


def test_pickle_cannot_be_appended_to(make: Make) -> None:
    node = make()
    node.write([1])
    with pytest.raises(DataError, match="cannot be appended to"):
        node.append([2])
    assert node.read() == [1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"a,b\n", "no complete pickle file"),
        (b"\x80\x05]", "no complete pickle"),
    ],
)
def test_a_file_that_is_no_pickle_is_told(
    make: Make, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "a.p").write_bytes(content)
    with pytest.raises(DataError, match=told):
        make(default_path="a.p").read()


# -- in_memory ----------------------------------------------------------------------------


def test_in_memory_gives_back_the_object_itself(make: Make) -> None:
    node, value = make("in_memory"), [1]
    assert (node.path, node.is_generated) == (None, False)
    node.write(value)
    assert node.read() is value
    assert node.changed_at() is not None
    assert node.place == f"memory as {node.id}"


def test_in_memory_holds_each_data_node_by_its_id(tmp_path: Path) -> None:
    app = AppConfig(root=tmp_path, state_dir=tmp_path)
    one = locate(app, config("in_memory"), Owner(instance="one"))
    other = locate(app, config("in_memory"), Owner(instance="other"))
    one.write(1)
    assert other.changed_at() is None
    with pytest.raises(DataError, match="holds nothing"):
        other.read()


def test_in_memory_cannot_be_appended_to(make: Make) -> None:
    with pytest.raises(DataError, match="cannot be appended to"):
        make("in_memory").append(1)


# -- json ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, True, 1.5, "é", [1, [2]], {"a": {"b": None}}, {}])
def test_json_gives_back_plain_values(make: Make, value: object) -> None:
    node = make("json")
    node.write(value)
    assert node.read() == value


def test_json_is_written_with_indents_and_ascii_escapes(make: Make) -> None:
    node = make("json")
    node.write({"a": ["é"]})
    assert node.path is not None
    assert node.path.read_text("ascii") == '{\n    "a": [\n        "\\u00e9"\n    ]\n}'


@pytest.mark.parametrize(
    ("value", "table"),
    [
        (
            dt.datetime(2024, 1, 2, 3, 4, 5, 6),
            {"__type__": "Datetime", "__value__": "2024-01-02T03:04:05.000006"},
        ),
        (
            dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
            {"__type__": "Datetime", "__value__": "2024-01-02T00:00:00+00:00"},
        ),
        (Colour.RED, {"__type__": "Enum-test_storage_types-Colour-RED", "__value__": "r"}),
        (Colour.GREEN, {"__type__": "Enum-test_storage_types-Colour-GREEN", "__value__": 2}),
        (
            Point(1, "z"),
            {"__type__": "dataclass-test_storage_types-Point", "__value__": {"x": 1, "y": "z"}},
        ),
        (Outer.Kind.A, {"__type__": "Enum-test_storage_types-Outer.Kind-A", "__value__": 1}),
    ],
)
def test_json_tags_what_json_does_not_know_and_reads_it_back(
    make: Make, value: object, table: dict[str, object]
) -> None:
    node = make("json")
    node.write({"value": value})
    assert node.path is not None
    assert json.loads(node.path.read_text()) == {"value": table}
    assert node.read() == {"value": value}


def test_json_tags_through_lists_and_dataclasses(make: Make) -> None:
    node = make("json")
    value = [Point(Colour.RED, [dt.datetime(2024, 1, 2)]), Outer.Inner(dt.datetime(2024, 1, 2))]
    node.write(value)
    assert node.read() == value


@pytest.mark.parametrize(
    "table",
    [
        {"__type__": "Unheard", "__value__": 1},
        {"__type__": 3, "__value__": 1},
        {"__type__": "Datetime"},
        {"__type__": "Enum-x", "__value__": 1},
    ],
)
def test_a_table_that_only_looks_tagged_stays_a_table(make: Make, table: object) -> None:
    node = make("json")
    node.write(table)
    assert node.read() == table


@pytest.mark.parametrize("by_name", [True, False])
def test_json_uses_the_encoder_and_decoder_of_the_data_node(make: Make, by_name: bool) -> None:
    encoder: Any = ClassRef(f"{__name__}.ShoutingEncoder") if by_name else ShoutingEncoder
    decoder: Any = ClassRef(f"{__name__}.ShoutingDecoder") if by_name else ShoutingDecoder
    node = make("json", encoder=encoder, decoder=decoder)
    node.write([Point("hey", 1)])
    assert node.path is not None
    assert json.loads(node.path.read_text()) == [{"loud": "hey"}]
    assert node.read() == [Point("hey", None)]


def test_json_in_another_encoding(make: Make) -> None:
    node = make("json", encoding="utf-16")
    node.write({"a": "é"})
    assert node.path is not None
    assert json.loads(node.path.read_bytes().decode("utf-16")) == {"a": "é"}
    assert node.read() == {"a": "é"}


@pytest.mark.parametrize(
    ("held", "added", "result"),
    [
        ([1], [2, 3], [1, 2, 3]),
        ([1], 2, [1, 2]),
        ([1], {"a": 1}, [1, {"a": 1}]),
        ([], "text", ["text"]),
        ({"a": 1, "b": 1}, {"b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ([Colour.RED], [Colour.GREEN], [Colour.RED, Colour.GREEN]),
    ],
)
def test_json_appends_to_lists_and_updates_tables(
    make: Make, held: object, added: object, result: object
) -> None:
    node = make("json")
    node.write(held)
    node.append(added)
    assert node.read() == result


def test_a_file_that_is_no_json_is_told_with_its_place(make: Make, tmp_path: Path) -> None:
    node = make("json", default_path="a.json")
    (tmp_path / "a.json").write_text('{"a": 1,\n "b" 2}')
    with pytest.raises(DataError, match="line 2, column 6 is not JSON"):
        node.read()


def test_a_json_file_in_another_encoding_is_told_with_the_property_to_set(
    make: Make, tmp_path: Path
) -> None:
    # As csv does it: otherwise the user reads a bare UnicodeDecodeError.
    node = make("json", default_path="a.json")
    (tmp_path / "a.json").write_bytes(b'["\xe9"]')
    with pytest.raises(DataError, match="is not utf-8 text"):
        node.read()


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_json_file_is_told(make: Make, tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match="it is empty: no JSON"):
        make("json", default_path="a.json").read()


LOOP: list[Any] = [1]
LOOP.append({"again": LOOP})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Refuses(), f"value is a {__name__}.Refuses, which is no JSON"),
        (
            {"a": [1, {"b": numpy.int64(3)}]},
            "value['a'][1]['b'] is a numpy.int64, which is no JSON",
        ),
        ([Point(1, {1, 2})], "value[0].y is a set, which is no JSON"),
        ({"a": {("b", 1): 2}}, "value['a'] has the key ('b', 1), a tuple: keys must be texts"),
        (numpy.array([1]), "value is a numpy.ndarray, which is no JSON"),
        (LOOP, "value[1]['again'] contains itself"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_the_users_encoder_does_not_take_is_named_with_its_place(
    make: Make, value: object, told: str
) -> None:
    # Without one, see test_json_values.py.
    with pytest.raises(DataError) as caught:
        make("json", encoder=TaggedEncoder).write(value)
    assert caught.value.message == told


@pytest.mark.parametrize(
    ("held", "added", "told"),
    [
        ("text", "more", "holds a str: only a list or a table"),
        (3, [1], "holds an int: only"),
        ({"a": 1}, [1], "holds a table: a list cannot be appended"),
    ],
)
def test_json_appends_to_nothing_else(make: Make, held: Any, added: Any, told: str) -> None:
    node = make("json")
    node.write(held)
    with pytest.raises(DataError, match=told):
        node.append(added)
    assert node.read() == held


# -- csv ----------------------------------------------------------------------------------

FRAME = pandas.DataFrame({"a": [1, 2], "b": ["x", "é"]})


def text(node: DataNodeRef, encoding: str = "utf-8") -> str:
    assert node.path is not None
    return node.path.read_bytes().decode(encoding)


def test_csv_gives_a_pandas_data_frame(make: Make) -> None:
    node = make("csv")
    node.write(FRAME)
    assert text(node) == "a,b\n1,x\n2,é\n"
    pandas.testing.assert_frame_equal(node.read(), FRAME)


def test_csv_gives_a_numpy_array(make: Make) -> None:
    node = make("csv", exposed_type="numpy")
    node.write(numpy.array([[1, 2], [3, 4]]))
    found = node.read()
    assert isinstance(found, numpy.ndarray)
    assert found.tolist() == [[1, 2], [3, 4]]


def test_csv_without_a_header_has_rows_only(make: Make) -> None:
    node = make("csv", has_header=False)
    node.write(FRAME)
    assert text(node) == "1,x\n2,é\n"
    assert node.read().to_numpy().tolist() == [[1, "x"], [2, "é"]]


def test_csv_gives_objects_of_a_class_by_the_names_in_the_header(make: Make) -> None:
    node = make("csv", exposed_type=Row)
    node.write([Row("1", "x"), Row("2", "é")])
    assert text(node) == "a,b\n1,x\n2,é\n"
    assert node.read() == [Row("1", "x"), Row("2", "é")]  # all values are text


def test_csv_without_a_header_gives_objects_of_a_class_by_position(make: Make) -> None:
    node = make("csv", exposed_type=ClassRef(f"{__name__}.Row"), has_header=False)
    node.write([Row("1", "x"), Row("2", "é")])
    assert text(node) == "1,x\n2,é\n"
    assert node.read() == [Row("1", "x"), Row("2", "é")]


def test_csv_uses_encode_and_decode_of_the_class(make: Make) -> None:
    node = make("csv", exposed_type=Coded)
    node.write([Coded("1", "x")])
    assert text(node) == "a,b\n<1>,<x>\n"
    found = node.read()
    assert (type(found[0]), vars(found[0])) == (Coded, {"a": "1", "b": "x"})


def test_csv_objects_may_hold_commas_quotes_and_line_ends(make: Make) -> None:
    node = make("csv", exposed_type=Row)
    rows = [Row('a,"b"', "one\ntwo"), Row("", " x ")]
    node.write(rows)
    assert node.read() == rows


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (FRAME, "a,b\n1,x\n2,é\n"),
        (pandas.Series([1, 2], name="s"), "s\n1\n2\n"),
        (numpy.array([[1, 2]]), "0,1\n1,2\n"),
        ([[1, 2], [3, 4]], "0,1\n1,2\n3,4\n"),
        ([(1, 2)], "0,1\n1,2\n"),
        ([{"a": 1, "b": 2}, {"a": 3, "b": 4}], "a,b\n1,2\n3,4\n"),
        ({"a": [1, 2]}, "a\n1\n2\n"),
        ([Point(1, 2)], "x,y\n1,2\n"),
        ([1, 2], "0\n1\n2\n"),
        (["x", "y"], "0\nx\ny\n"),
        ([pandas.Timestamp("2024-01-02")], "0\n2024-01-02\n"),
        ([pandas.Series([1, 2]), pandas.Series([3, 4])], "0,1\n1,2\n3,4\n"),
        ([Colour.GREEN], "0\nColour.GREEN\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_csv_takes_every_kind_of_table(make: Make, value: object, content: str) -> None:
    node = make("csv")
    node.write(value)
    assert text(node) == content


@pytest.mark.parametrize("value", [3, "text", 1.5], ids=repr)
def test_csv_refuses_what_is_no_table_and_leaves_the_former_value(
    make: Make, value: object
) -> None:
    node = make("csv")
    node.write(FRAME)
    with pytest.raises(ValueError, match="is no table: give a DataFrame"):
        node.write(value)
    assert node.read().equals(FRAME)


def test_what_a_library_cannot_make_a_table_of_is_told_with_its_reason(make: Make) -> None:
    with pytest.raises(ValueError, match=r"this dict is no table \(.*same length.*\): give a Data"):
        make("csv").write({"a": [1, 2], "b": [1]})


@pytest.mark.parametrize("exposed", ["pandas", "numpy", "polars", "pyarrow", Row])
def test_csv_names_the_first_line_that_is_too_long(make: Make, exposed: object) -> None:
    node = make("csv", exposed_type=exposed)
    assert node.path is not None
    node.path.parent.mkdir(parents=True)
    node.path.write_text('a,b\n"1\n1",2\n1,2,3\n1,2,3,4\n')
    with pytest.raises(DataError, match=r"^line 4 has 3 values, but the first has 2: fix it"):
        node.read()


@pytest.mark.parametrize("kind", ["csv", "json", "pickle", "excel"])
def test_a_folder_in_the_place_of_a_file_is_told_and_stays(
    make: Make, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "data").mkdir()
    node = make(kind, default_path="data")
    with pytest.raises(DataError, match="it is a folder: give the path of a file"):
        write_node(node, FRAME if kind in ("csv", "excel") else 1)
    with pytest.raises(DataError, match=r"'\w+' \(.*data\) cannot be read: it is a folder: give"):
        read_node(node)
    assert list((tmp_path / "data").parent.iterdir()) == [tmp_path / "data"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "cp1252"])
def test_csv_in_another_encoding(make: Make, encoding: str) -> None:
    node = make("csv", encoding=encoding)
    node.write(FRAME)
    assert text(node, encoding) == "a,b\n1,x\n2,é\n"
    assert node.read().equals(FRAME)
    objects = make("csv", encoding=encoding, exposed_type=Row)
    assert objects.read() == [Row("1", "x"), Row("2", "é")]


@pytest.mark.parametrize("exposed", ["pandas", "numpy", "polars", "pyarrow", Row])
def test_csv_in_the_wrong_encoding_names_the_property_to_set(make: Make, exposed: object) -> None:
    make("csv", encoding="latin-1").write(FRAME)
    with pytest.raises(DataError, match=r"is not utf-8 text .*`encoding`"):
        make("csv", exposed_type=exposed).read()
    with pytest.raises(DataError, match=r"is not utf-8 text .*`encoding`"):
        make("csv", exposed_type=exposed).append([[1, 2]])


@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_csv_file_is_an_empty_table(
    make: Make, tmp_path: Path, content: str, has_header: bool
) -> None:
    (tmp_path / "a.csv").write_text(content)

    def read(exposed: object) -> Any:
        return make("csv", default_path="a.csv", exposed_type=exposed, has_header=has_header).read()

    assert read("pandas").empty
    assert read("numpy").size == 0
    assert read(Row) == []


@pytest.mark.parametrize("has_header", [True, False])
def test_an_empty_list_is_written_and_read_as_an_empty_table(make: Make, has_header: bool) -> None:
    node = make("csv", exposed_type=Row, has_header=has_header)
    node.write([])
    assert node.read() == []


@pytest.mark.parametrize("has_header", [True, False])
def test_csv_appends_rows_without_a_header(make: Make, has_header: bool) -> None:
    node = make("csv", has_header=has_header)
    node.write(FRAME)
    node.append(pandas.DataFrame({"a": [3], "b": ["z"]}))
    node.append([[4, "w"]])
    assert text(node) == ("a,b\n" if has_header else "") + "1,x\n2,é\n3,z\n4,w\n"


def test_csv_appends_objects_of_the_class(make: Make) -> None:
    node = make("csv", exposed_type=Row)
    node.write([Row("1", "x")])
    node.append([Row("2", "y")])
    assert node.read() == [Row("1", "x"), Row("2", "y")]


def test_csv_appends_to_a_file_whose_last_line_has_no_end(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x")
    node = make("csv", default_path="a.csv")
    node.append([[2, "y"]])
    assert text(node) == "a,b\n1,x\n2,y\n"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_csv_appends_in_the_encoding_of_the_file(make: Make, encoding: str) -> None:
    node = make("csv", encoding=encoding)
    node.write(FRAME)
    node.append([[3, "ü"]])
    assert text(node, encoding) == "a,b\n1,x\n2,é\n3,ü\n"
    assert node.read()["a"].tolist() == [1, 2, 3]


def test_csv_values_with_line_ends_survive_a_write_and_an_append(make: Make) -> None:
    node = make("csv")
    node.write(pandas.DataFrame({"a": ["one\ntwo"]}))
    node.append(pandas.DataFrame({"a": ["three\r\nfour"]}))
    assert node.read()["a"].tolist() == ["one\ntwo", "three\r\nfour"]


TABLES = {
    "polars": polars.DataFrame({"a": [1, 2], "b": ["x", "é\nü"]}),
    "pyarrow": pyarrow.table({"a": [1, 2], "b": ["x", "é\nü"]}),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf8", "latin-1", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("name", TABLES)
def test_csv_reads_and_writes_tables_of_arrow_and_polars_without_pandas(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, encoding: str
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    node = make("csv", exposed_type=name, encoding=encoding)
    node.write(TABLES[name])
    node.append(TABLES[name])
    found = node.read()
    assert type(found) is type(TABLES[name])
    assert [str(value) for value in found["b"]] == ["x", "é\nü"] * 2
    rows = make("csv", exposed_type=Row, encoding=encoding).read()
    assert rows == [Row("1", "x"), Row("2", "é\nü")] * 2


@pytest.mark.parametrize("name", TABLES)
def test_csv_without_a_header_gives_tables_of_arrow_and_polars_too(make: Make, name: str) -> None:
    node = make("csv", exposed_type=name, has_header=False)
    node.write(TABLES[name])
    assert node.read().shape == (2, 2)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_csv_file_is_an_empty_table_of_arrow_and_polars(
    make: Make, tmp_path: Path, name: str
) -> None:
    for content in ("", "\n", "\n" * 2000):
        (tmp_path / "a.csv").write_text(content)
        assert make("csv", default_path="a.csv", exposed_type=name).read().shape == (0, 0)


def test_csv_gives_an_array_that_may_be_changed(make: Make) -> None:
    node = make("csv", exposed_type="numpy")
    node.write([[1, 2]])
    found = node.read()
    found[0, 0] = 7
    assert found.tolist() == [[7, 2]]


@dataclasses.dataclass(slots=True)
class Slotted:
    a: Any
    b: Any


def test_csv_takes_objects_with_slots(make: Make) -> None:
    node = make("csv", exposed_type=Slotted)
    node.write([Slotted("1", "x")])
    assert node.read() == [Slotted("1", "x")]


@pytest.mark.parametrize(
    ("content", "has_header", "told"),
    [
        ("a,c\n1,2\n", True, r"columns a, c do not fit Row: .*'b'"),
        ("a\n1\n", True, r"columns a do not fit Row: .*'b'"),
        ("1,2,3\n", False, "3 columns do not fit Row: too many"),
    ],
)
def test_csv_columns_that_do_not_fit_the_class_are_named(
    make: Make, tmp_path: Path, content: str, has_header: bool, told: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    node = make("csv", default_path="a.csv", exposed_type=Row, has_header=has_header)
    with pytest.raises(DataError, match=told):
        node.read()


def test_an_error_in_the_class_itself_is_not_taken_for_a_wrong_column(make: Make) -> None:
    class Fails:
        def __init__(self, a: str) -> None:
            raise TypeError("not today")

    make("csv").write([{"a": 1}])
    with pytest.raises(TypeError, match="not today"):
        make("csv", exposed_type=Fails).read()


# -- whole writes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "former", "broken", "given"),
    [
        ("pickle", [1], [*range(100_000), Refuses()], {}),
        ("json", [1], [*range(100_000), Refuses()], {}),
        ("json", [1], {"a": 1, ("b",): 2}, {}),
        ("csv", [["x"]], [["x" * 100_000], ["€"]], {"encoding": "latin-1"}),
    ],
)
@pytest.mark.parametrize("generated", [True, False])
def test_a_write_that_fails_in_the_middle_leaves_the_former_value_and_no_temporary_file(
    make: Make,
    tmp_path: Path,
    kind: str,
    former: Any,
    broken: Any,
    given: dict[str, Any],
    generated: bool,
) -> None:
    node = make(kind, **given, **({} if generated else {"default_path": "a.x"}))
    node.write(former)
    assert node.path is not None
    before = node.path.read_bytes()
    with pytest.raises((TypeError, UnicodeEncodeError, DataError)):
        node.write(broken)
    assert node.path.read_bytes() == before
    assert files(tmp_path) == [node.path.name]


@pytest.mark.parametrize("kind", ["pickle", "json"])
def test_a_first_write_that_fails_leaves_nothing(make: Make, tmp_path: Path, kind: str) -> None:
    node = make(kind)
    with pytest.raises((TypeError, DataError)):
        node.write([1, Refuses()])
    assert files(tmp_path) == []
    assert node.changed_at() is None


KINDS = ["pickle", "json", "csv", "excel", "parquet"]


@pytest.mark.parametrize("way", ["write", "append"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_that_is_stopped_at_the_last_moment_leaves_the_former_value(
    make: Make, tmp_path: Path, kind: str, way: str
) -> None:
    if (kind, way) == ("pickle", "append"):
        return  # it cannot be appended to

    def stop() -> None:
        raise InterruptedError

    node = make(kind)
    node.write([[1]])
    assert node.path is not None
    before = node.path.read_bytes()
    stopped = dataclasses.replace(node, before_change=stop)
    with pytest.raises(InterruptedError):
        storage_type(kind).write(stopped, [[2]]) if way == "write" else stopped.append([[2]])
    assert node.path.read_bytes() == before
    assert files(tmp_path) == [node.path.name]


DIES = """
import dataclasses, os, pickle, sys
from taipy_exec.data.registry import storage_type
node = dataclasses.replace(
    pickle.load(sys.stdin.buffer), before_change=lambda: os.kill(os.getpid(), 9)
)
storage_type(node.config.storage_type).write(node, [[2]])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_kill_right_before_the_change_the_former_value_is_read(
    make: Make, tmp_path: Path, kind: str
) -> None:
    node = make(kind)
    node.write([[1]])
    assert node.path is not None
    before = node.path.read_bytes()
    with subprocess.Popen([sys.executable, "-c", DIES], stdin=subprocess.PIPE) as process:
        process.communicate(pickle.dumps(node), timeout=60)
    assert process.returncode == -9
    assert node.path.read_bytes() == before
    assert len(files(tmp_path)) == 2
    remove_leftovers(node.path)
    assert files(tmp_path) == [node.path.name]


def test_the_former_value_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert files(tmp_path) == ["value"]


def test_an_interrupt_in_the_middle_of_a_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "value"
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert files(tmp_path) == []


def test_what_a_dead_process_left_beside_a_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("old")
    (tmp_path / ".value.77.part").write_text("half, by a former version")
    (tmp_path / ".value2.host-77-0a1b2c3d.part").write_text("of another")
    with replacing(path) as file:
        (tmp_path / ".value.host-77-0a1b2c3d.part").write_text("half")
        remove_leftovers(path)
        assert len(files(tmp_path)) == 3  # what is being written now stays
        file.write(b"new")
    assert path.read_text() == "new"
    assert files(tmp_path) == [".value2.host-77-0a1b2c3d.part", "value"]
    remove_leftovers(tmp_path / "nowhere" / "value")


@pytest.mark.parametrize("length", [200, 240, 245, 255])
@pytest.mark.parametrize("letter", ["x", "ä", "日"])
def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path: Path, length: int, letter: str) -> None:
    path = tmp_path / (letter * (length // len(letter.encode())))
    with replacing(path) as file:
        file.write(b"value")
        (left,) = [name for name in files(tmp_path) if name.endswith(".part")]
        assert len(left.encode()) <= 255
        (tmp_path / left).with_name(left.replace(left[-13:-5], "00000000")).write_text("half")
        remove_leftovers(path)
    assert files(tmp_path) == [path.name]
    assert path.read_bytes() == b"value"


def test_two_writers_of_one_file_never_meet(tmp_path: Path) -> None:
    path = tmp_path / "value"
    with replacing(path) as one, replacing(path) as two:
        one.write(b"one" * 1000)
        two.write(b"two")
    assert path.read_bytes() == b"one" * 1000  # the last that was whole
    assert files(tmp_path) == ["value"]


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    device = tmp_path / "null"
    if os.geteuid() == 0:
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("no device can be made here")
    else:
        device.symlink_to("/dev/null")
    before = device.stat()
    with replacing(device) as file:
        file.write(b"value")
    assert device.stat().st_rdev == before.st_rdev
    assert stat.S_ISCHR(device.stat().st_mode)
    assert files(tmp_path) == ["null"]


@pytest.mark.parametrize("kind", ["fifo", "socket", "link to a fifo"])
def test_what_is_no_file_is_refused_and_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        os.mkfifo(tmp_path / "fifo" if "link" in kind else path)
        if "link" in kind:
            path.symlink_to("fifo")
    with pytest.raises(DataError, match="not a file"), replacing(path):
        pass
    assert not path.is_file()
    assert path.exists()


def test_a_path_with_a_nul_character_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="NUL"), replacing(tmp_path / "a\0b"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_replaced_file_keeps_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("old")
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    with replacing(path) as file:
        file.write(b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 5678, 0o640)


def test_a_replaced_file_keeps_its_permissions(make: Make, tmp_path: Path) -> None:
    # Taipy writes in place, so a file that its owner closed to others stays closed.
    path = tmp_path / "secret.p"
    path.write_bytes(b"")
    path.chmod(0o600)
    make(default_path="secret.p").write(1)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["pickle", "json", "csv", "excel", "parquet"])
def test_a_missing_folder_of_the_user_is_made(make: Make, tmp_path: Path, kind: str) -> None:
    make(kind, default_path="deep/er/a.x").write([[1]])
    assert (tmp_path / "deep" / "er" / "a.x").is_file()


def test_a_folder_that_cannot_be_made_is_reported_with_the_reason(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="cannot be made: Not a directory"):
        make(default_path="taken/deep/a.p").write(1)


@pytest.mark.parametrize("kind", ["pickle", "json", "csv", "excel", "parquet"])
def test_the_folder_of_a_generated_file_is_made(make: Make, tmp_path: Path, kind: str) -> None:
    node = make(kind)
    node.write([[1]])
    assert node.path is not None
    assert node.path.parent == tmp_path / "user_data" / f"{kind}s"
    assert files(tmp_path) == [node.path.name]


@pytest.mark.parametrize("kind", ["pickle", "json", "csv", "excel", "parquet"])
def test_a_link_is_followed_and_stays_a_link(make: Make, tmp_path: Path, kind: str) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "real"
    target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    node = make(kind, default_path="link")
    node.write([[1]])
    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() != b"old"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["link", "real", "there"]
    node.read()


def test_a_link_whose_target_is_not_there_yet_gets_one(make: Make, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    make(default_path="link").write(1)
    assert (tmp_path / "real").is_file()
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("kind", ["pickle", "json", "csv", "excel", "parquet"])
def test_a_file_that_is_not_there_has_no_time_and_cannot_be_read(make: Make, kind: str) -> None:
    node = make(kind)
    assert node.changed_at() is None
    with pytest.raises(FileNotFoundError):
        node.read()


def test_the_time_of_a_file_is_the_time_of_its_change(make: Make, tmp_path: Path) -> None:
    node = make(default_path="a.p")
    node.write(1)
    os.utime(tmp_path / "a.p", (1.5, 2.5))
    assert node.changed_at() == 2.5


# -- storage types ------------------------------------------------------------------------


def test_every_storage_type_of_taipy_is_there() -> None:
    assert set(storage_types()) >= set(STORAGE_PROPERTIES)
    for name in STORAGE_PROPERTIES:
        assert storage_type(name)


def test_an_unknown_storage_type_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="unknown storage type 'pickel'") as caught:
        storage_type("pickel")
    assert "pickle" in str(caught.value.hint)


# -- ids, paths and cycles ----------------------------------------------------------------

SAME = Owner(instance=OWNER.instance, cycle=OWNER.cycle)
SIBLING = Owner(instance="SCENARIO_s_2", cycle=OWNER.cycle)
STRANGER = Owner(instance="SCENARIO_s_3", cycle="CYCLE_DAILY_2024-01-02")


@pytest.mark.parametrize(
    ("scope", "same_for_sibling", "same_for_stranger"),
    [(Scope.SCENARIO, False, False), (Scope.CYCLE, True, False), (Scope.GLOBAL, True, True)],
)
def test_the_id_of_a_data_node_is_shared_as_far_as_its_scope(
    scope: Scope, same_for_sibling: bool, same_for_stranger: bool
) -> None:
    node = config(scope=scope)
    mine = node_id(node, OWNER)
    assert mine == node_id(node, SAME)
    assert (mine == node_id(node, SIBLING)) == same_for_sibling
    assert (mine == node_id(node, STRANGER)) == same_for_stranger


def test_a_cycle_node_without_a_cycle_is_shared_by_all_without_one() -> None:
    node = config(scope=Scope.CYCLE)
    assert node_id(node, Owner(instance="a")) == node_id(node, Owner(instance="b"))
    assert node_id(node, Owner(instance="a")) != node_id(node, OWNER)


def test_the_id_of_a_data_node_is_the_same_on_every_machine() -> None:
    first = node_id(config(), OWNER)
    assert first.startswith("DATANODE_n_")
    assert len(first) == len("DATANODE_n_") + 36
    assert first == node_id(config("csv", team="x"), OWNER)  # by id and owner, nothing else
    other = dataclasses.replace(config(), id="m")
    assert node_id(other, OWNER).startswith("DATANODE_m_")
    assert node_id(other, OWNER)[-36:] != first[-36:]


@pytest.mark.parametrize(
    ("kind", "ext"),
    [
        ("pickle", "p"),
        ("json", "json"),
        ("csv", "csv"),
        ("excel", "xlsx"),
        ("parquet", "parquet"),
    ],
)
def test_a_generated_path_lies_in_the_storage_folder_by_type(
    tmp_path: Path, kind: str, ext: str
) -> None:
    app = AppConfig(root=tmp_path, state_dir=tmp_path, core=CoreConfig(storage_folder="my/data"))
    node = locate(app, config(kind), OWNER)
    assert node.path == tmp_path / "my" / "data" / f"{kind}s" / f"{node.id}.{ext}"
    assert node.is_generated
    assert node.place == str(node.path)


def test_an_absolute_storage_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    core = CoreConfig(storage_folder=str(tmp_path / "elsewhere"))
    app = AppConfig(root=Path("/app"), state_dir=tmp_path, core=core)
    node = locate(app, config(), OWNER)
    assert node.path is not None
    assert node.path.parent == tmp_path / "elsewhere" / "pickles"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"default_path": "a.p"}, "/app/a.p"),
        ({"path": "b.p", "default_path": "a.p"}, "/app/b.p"),
        ({"default_path": "deep\\a.p"}, "/app/deep/a.p"),
        ({"path": "/abs/a.p"}, "/abs/a.p"),
    ],
)
def test_a_path_of_the_user_starts_at_the_folder_of_the_application(
    given: dict[str, str], expected: str
) -> None:
    app = AppConfig(root=Path("/app"), state_dir=Path("/state"))
    node = locate(app, config(**given), OWNER)
    assert node.path == Path(expected)
    assert not node.is_generated


def test_several_data_nodes_are_located_by_the_ids_of_their_configurations(
    tmp_path: Path,
) -> None:
    app = AppConfig(root=tmp_path, state_dir=tmp_path)
    other = dataclasses.replace(config(), id="m")
    found = locate_all(app, [config(), other], OWNER)
    assert found == {"n": locate(app, config(), OWNER), "m": locate(app, other, OWNER)}


def test_every_new_instance_has_an_id_of_its_own() -> None:
    ids = {new_instance_id("plan") for _ in range(100)}
    assert len(ids) == 100
    assert all(id.startswith("SCENARIO_plan_") for id in ids)


@pytest.mark.parametrize(
    ("frequency", "day", "start"),
    [
        (Frequency.DAILY, "2024-05-16", "2024-05-16"),
        (Frequency.WEEKLY, "2024-05-16", "2024-05-13"),
        (Frequency.WEEKLY, "2024-05-13", "2024-05-13"),
        (Frequency.WEEKLY, "2024-05-19", "2024-05-13"),
        (Frequency.WEEKLY, "2025-01-01", "2024-12-30"),
        (Frequency.MONTHLY, "2024-05-31", "2024-05-01"),
        (Frequency.MONTHLY, "2024-02-29", "2024-02-01"),
        (Frequency.YEARLY, "2024-12-31", "2024-01-01"),
        *[
            (Frequency.QUARTERLY, f"2024-{month:02}-{day}", f"2024-{first:02}-01")
            for first in (1, 4, 7, 10)
            for month, day in ((first, "01"), (first + 1, "15"), (first + 2, "30"))
        ],
        (Frequency.QUARTERLY, "2024-05-31", "2024-04-01"),
        (Frequency.QUARTERLY, "2024-12-31", "2024-10-01"),
    ],
)
def test_a_cycle_begins_on_the_first_day_of_its_period(
    frequency: Frequency, day: str, start: str
) -> None:
    for time in ("00:00:00", "23:59:59.999999"):
        created = dt.datetime.fromisoformat(f"{day}T{time}+00:00")
        assert cycle_id(frequency, created) == f"CYCLE_{frequency.name}_{start}"


def test_without_a_frequency_there_is_no_cycle() -> None:
    assert cycle_id(None, dt.datetime(2024, 1, 2, tzinfo=dt.UTC)) == ""


def test_a_file_that_is_written_by_its_name_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    target.chmod(0o604)
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with replacing_by_name(link) as made:
        assert made.name == "table.csv"
        made.write_text("new")
        # A live writer's folder is locked.
        remove_leftovers(target)
        assert target.read_text() == "old"
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", 0o604)
    assert link.is_symlink()
    with pytest.raises(ZeroDivisionError), replacing_by_name(target) as made:
        made.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "new"
    left = tmp_path / ".table.csv.elsewhere-1-0a1b2c3d.part"
    left.mkdir()
    (left / "table.csv").write_text("half")
    remove_leftovers(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "table.csv"]
