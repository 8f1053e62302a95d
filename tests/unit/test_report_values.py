"""Values in a report: short, without secrets, and read within bounds whatever they do."""

from __future__ import annotations

import base64
import datetime as dt
import os
import signal
import struct
import time
import zlib
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.views.report import picture, reading, values
from taipy_exec.views.report.preview import LONGEST_TEXT, Preview, as_short_text, preview
from taipy_exec.views.report.reading import read_apart
from taipy_exec.views.report.short_table import COLUMNS, ROWS, short_table
from taipy_exec.views.report.value_sections import value
from taipy_exec.views.report.values import previews, why_not_read

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png(size: int = 0) -> bytes:
    """A picture of one dot, and so many bytes more."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
        + chunk(b"IEND", b"")
        + b"x" * size
    )


def shown(thing: Any, root: Path = Path("/nowhere")) -> Preview:
    return preview(thing, str, root)


@dataclass
class Point:
    x: int
    password: str


class Plain:
    def __init__(self) -> None:
        self.rate = 0.5
        self._own = 1


class Drawing:
    def __init__(self, **drawn: Any) -> None:
        for name, data in drawn.items():
            setattr(self, f"_repr_{name}_", lambda data=data: data)


# -- texts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (None, "null"),
        (True, "true"),
        (30, "30"),
        (0.25, "0.25"),
        ("a text", "a text"),
        (float("nan"), "null"),
        (b"abc", "3 bytes"),
        (dt.date(2026, 5, 1), "2026-05-01"),
        ([1, 2, 3], "[1, 2, 3]"),
        ({"b": {2, 1}}, '{"b": [1, 2]}'),
        (Plain(), '{"Plain": {"rate": 0.5}}'),
        (Point(1, "hunter2"), '{"x": 1, "password": "***"}'),
        ({"db": {"access_token": "hunter2", "tokens": 3}}, None),
    ],
)
def test_a_value_is_shown_as_text(thing: Any, text: str | None) -> None:
    found = as_short_text(thing)
    assert "hunter2" not in found
    if text is not None:
        assert found == text


def test_a_long_text_and_a_long_list_are_cut_and_say_so() -> None:
    assert len(shown("x" * 100_000).text) < LONGEST_TEXT + 50
    assert shown("x" * 100_000).text.endswith("... (98,000 characters more)")
    text = as_short_text(list(range(1_000)))
    assert '"... 980 more"' in text
    assert '"...": "80 more"' in as_short_text({str(n): n for n in range(100)})


def test_what_is_nested_deeply_or_in_itself_ends() -> None:
    nested: list[Any] = []
    nested.append(nested)
    assert "[1 items]" in as_short_text(nested)


def test_short_parts_of_a_long_value_stay_on_one_line() -> None:
    lines = as_short_text({"folds": list(range(20)), "why": "x" * 60, "mae": 0.1}).splitlines()
    assert lines[0] == "{"
    assert '  "folds": [0, 1, 2' in lines[1]


def test_secrets_of_the_configuration_are_taken_out() -> None:
    found = preview({"a": "the hunter2"}, lambda text: text.replace("hunter2", "***"), Path("/"))
    assert found.text == '{"a": "the ***"}'


# -- tables ---------------------------------------------------------------------------------


def test_the_first_rows_of_a_table_of_pandas_are_shown() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({f"c{n}": range(100) for n in range(20)})
    table = short_table(frame)
    assert table is not None
    assert (len(table.rows), len(table.columns)) == (ROWS, COLUMNS)
    assert table.told == "100 rows, 20 columns; the first 10 rows and 12 columns"
    by_name = pandas.DataFrame({"v": [1.5, None]}, index=pandas.Index(["a", "b"], name="k"))
    table = short_table(by_name)
    assert table is not None
    assert (table.columns, table.rows) == (("k", "v"), (("a", "1.5"), ("b", "")))
    series = short_table(by_name["v"])
    assert series is not None
    assert series.told == "2 rows, 1 column"


def test_tables_of_polars_arrow_and_numpy_are_shown() -> None:
    polars = pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow")
    numpy = pytest.importorskip("numpy")
    data = {"a": [1, 2], "b": ["x", None]}
    for table in (polars.DataFrame(data), arrow.table(data)):
        found = short_table(table)
        assert found is not None
        assert (found.columns, found.rows) == (("a", "b"), (("1", "x"), ("2", "")))
    found = short_table(numpy.arange(6).reshape(3, 2))
    assert found is not None
    assert found.rows == (("0", "1"), ("2", "3"), ("4", "5"))
    assert as_short_text(numpy.zeros((5, 5, 5))) == "ndarray of shape (5, 5, 5), float64"
    assert as_short_text(numpy.float64(0.5)) == "0.5"


def test_rows_of_objects_are_a_table() -> None:
    row = namedtuple("row", "a b")
    for rows in ([{"a": 1, "b": 2}, {"a": 3}], [row(1, 2), row(3, None)]):
        table = short_table(rows)
        assert table is not None
        assert (table.columns, table.rows) == (("a", "b"), (("1", "2"), ("3", "")))
    assert short_table([1, 2]) is None
    assert short_table([{"a": {"deep": 1}}]) is None


def test_a_column_of_secrets_is_not_shown() -> None:
    found = shown([Point(1, "hunter2")])
    assert found.rows == (("1", "***"),)


def test_the_first_of_several_tables_is_shown() -> None:
    pandas = pytest.importorskip("pandas")
    found = shown({"north": pandas.DataFrame({"a": [1]}), "south": pandas.DataFrame({"a": [2]})})
    assert (found.kind, found.rows) == ("table", (("1",),))
    assert found.text.startswith("'north', the first of 2: ")


# -- pictures -------------------------------------------------------------------------------


def test_bytes_and_drawings_become_pictures() -> None:
    for thing in (png(), Drawing(png=png()), bytearray(png())):
        found = shown(thing)
        assert found.kind == "image"
        kind, _, data = found.image.partition(";base64,")
        assert kind == "data:image/png"
        assert base64.b64decode(data) == png()
    assert shown(b"\xff\xd8\xff....").image.startswith("data:image/jpeg;")
    assert shown(Drawing(svg=SVG)).image.startswith("data:image/svg+xml;")
    assert shown(b"just bytes").kind == "text"


def test_markup_of_svg_is_only_ever_an_address() -> None:
    found = shown(SVG)
    html = value("n", found)
    assert "<svg" not in html
    assert "<script" not in html
    assert html.startswith('<figure><img src="data:image/svg+xml;base64,')


def test_a_file_that_a_value_names_is_shown_if_it_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "chart.png").write_bytes(png())
    (tmp_path / "fake.png").write_text("no picture")
    assert shown("out/chart.png", tmp_path).image.startswith("data:image/png")
    assert shown(tmp_path / "out" / "chart.png", tmp_path).kind == "image"
    assert (shown("fake.png", tmp_path).kind, shown("fake.png", tmp_path).text) == (
        "text",
        "fake.png",
    )
    assert "there is no such file" in shown("gone.png", tmp_path).text
    assert shown("/etc/passwd", tmp_path).text == "/etc/passwd"


def test_a_picture_that_is_too_large_is_named() -> None:
    found = shown(png(picture.LARGEST))
    assert (found.kind, found.image) == ("text", "")
    assert "too large" in found.text


def test_many_pictures_are_shown_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "ALL_PICTURES", 1_000)
    pictures = {name: Preview(kind="image", image="x" * 600, text=name) for name in "ab"}
    found = values._within(pictures, "ab")
    assert [found[name].kind for name in "ab"] == ["image", "none"]


def test_no_value_injects_markup() -> None:
    evil = '</pre></script><img src=x onerror="alert(1)">\x1b[31m'
    things = [evil, evil * 100, [{evil: evil}], {evil: [evil] * 50}, Drawing(png=evil)]
    for thing in things:
        html = value(evil, shown(thing))
        assert "<img src=x" not in html
        assert "</script" not in html
        assert "\x1b" not in html


# -- what is read ---------------------------------------------------------------------------


def node(storage_type: str = "pickle", *, id: str = "n", **properties: Any) -> DataNodeRef:
    path = properties.pop("at", None)
    config = DataNodeConfig(id=id, storage_type=storage_type, properties=properties)
    return DataNodeRef(id=f"DATANODE_{id}", config=config, path=path)


@pytest.mark.parametrize("storage_type", ["sql_table", "sql", "mongo_collection", "s3_object"])
def test_what_lies_elsewhere_is_read_only_where_it_is_wanted(storage_type: str) -> None:
    assert "report = true" in (why_not_read(node(storage_type)) or "")
    assert why_not_read(node(storage_type, report=True)) is None
    assert "report = false" in (why_not_read(node(storage_type, report=False)) or "")


def test_files_are_read_unless_they_are_large_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "n.p"
    assert why_not_read(node(at=path)) == "never written"
    path.write_bytes(b"x")
    assert why_not_read(node(at=path)) is None
    assert "report = false" in (why_not_read(node(at=path, report=False)) or "")
    os.truncate(path, values.LARGEST_FILE + 1)
    assert "50 MB" in (why_not_read(node(at=path)) or "")
    assert why_not_read(node(at=path, report=True)) is None
    assert why_not_read(node("csv", at=path)) is None


def test_a_data_node_with_the_name_of_a_secret_is_shown_only_where_it_is_wanted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "n.p"
    path.write_bytes(b"x")
    assert "secret" in (why_not_read(node(id="api_token", at=path)) or "")
    assert why_not_read(node(id="api_token", at=path, report=True)) is None
    assert why_not_read(node(id="token_count", at=path)) is None


def test_of_csv_the_first_rows_are_read_without_pandas(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("".join(f"{n},é\n" for n in range(1_000)), encoding="latin-1")
    one = node("csv", id="a", at=path, encoding="latin-1", has_header=False)
    found = previews([one], str, tmp_path)["a"]
    assert (found.columns, found.rows[9]) == (("0", "1"), ("9", "é"))
    assert found.text == "1,000 rows, 2 columns; the first 10 rows"
    headed = node("csv", id="b", at=path, encoding="latin-1", has_header=True)
    found = previews([headed], str, tmp_path)["b"]
    assert (found.columns, found.rows[0]) == (("0", "é"), ("1", "é"))
    assert found.text.startswith("999 rows")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "n.p"
    path.write_bytes(b"no pickle")
    found = previews([node(id="a", at=path)], str, tmp_path)["a"]
    assert found.kind == "none"
    assert found.note.startswith("it cannot be read: it is no complete pickle file")


# -- reading in another process -----------------------------------------------------------


def test_each_call_has_its_answer_in_order() -> None:
    found = list(read_apart(3, lambda n: Preview(kind="text", text=str(n))))
    assert [one.fields and one.fields["text"] for one in found] == ["0", "1", "2"]


def test_what_hangs_crashes_raises_or_prints_spoils_only_itself(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reading, "SECONDS_EACH", 1.0)

    def read(number: int) -> Preview:
        if number == 1:
            while True:
                time.sleep(60)
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            raise ValueError("no such luck")
        os.write(1, b"noise")
        return Preview(kind="text", text=str(number))

    found = list(read_apart(5, read))
    assert [one.problem for one in found] == [
        "",
        reading._TOO_SLOW,
        reading._DIED,
        "ValueError: no such luck",
        "",
    ]
    assert found[4].fields is not None
    assert capfd.readouterr().out == ""


def test_all_calls_together_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS_IN_ALL", 0.5)

    def read(number: int) -> Preview:
        time.sleep(0.2)
        return Preview(kind="text")

    found = list(read_apart(20, read))
    assert len(found) == 20
    assert found[-1].problem == reading._NO_TIME


def test_no_process_is_left() -> None:
    answers = read_apart(10, lambda n: Preview(kind="text", text=str(os.getpid())))
    first = next(answers)
    answers.close()
    assert first.fields is not None
    # Other tests of this process may have children, so only this one is asked for.
    with pytest.raises(ChildProcessError):
        os.waitpid(int(first.fields["text"]), os.WNOHANG)
