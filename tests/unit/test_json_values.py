"""What a json data node gives back: each row of the table in docs/data.md, and any value."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import json
import logging
import math
import os
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import dateutil.tz
import numpy
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES
from taipy_exec.data.json_values import encoded
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import DataError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
DOCS = Path(__file__).parents[2] / "docs" / "data.md"
OWNER = Owner(instance="SCENARIO_s_1", cycle="")


class Colour(enum.Enum):
    RED = "r"
    GREEN = (1, 2)
    BLUE = frozenset({3})


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    A = "a"


class OldWord(str, enum.Enum):  # noqa: UP042 - as users write it
    A = "a"


class Perm(enum.Flag):
    R = 1
    W = 2
    RW = 3


class IntPerm(enum.IntFlag):
    R = 1
    W = 2


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    x: Any
    y: Any = dataclasses.field(init=False, default=0)


@dataclasses.dataclass
class Child(Point):
    made: Any = dataclasses.field(init=False, default_factory=list)


@dataclasses.dataclass
class Area:
    """Its field is changed by `__post_init__`, and another one is computed."""

    side: float
    tags: list[str] = dataclasses.field(default_factory=list)
    area: float = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.side *= 2
        self.tags.append("made")
        self.area = self.side**2

    @functools.cached_property
    def twice(self) -> float:
        return 2 * self.area


@dataclasses.dataclass
class Unset:
    x: int
    y: int = dataclasses.field(init=False)


@dataclasses.dataclass
class Needs:
    x: dataclasses.InitVar[int]
    y: int = 0

    def __post_init__(self, x: int) -> None:
        self.y = x


class Loose(Point):
    """A subclass that is no dataclass, with an attribute of its own."""

    def __init__(self, x: Any, y: Any = None) -> None:
        super().__init__(x, y)
        self.z = 0


class Pair(NamedTuple):
    a: Any
    b: Any


class Text(str):
    pass


class Number(int):
    pass


class Rows(list[Any]):
    pass


class Moment(dt.datetime):
    pass


class Day(dt.date):
    pass


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
TWICE = dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN)
IN_NO_HOUR = dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN)
LOOP: list[Any] = []
LOOP.append({"again": LOOP})
POINT = Loose(1)
POINT.z = 5
LONG = 10**5000
CHANGED = Area(1.5)
CHANGED.twice  # noqa: B018 - it is kept in the object
CHILD = Child(1, [2])
CHILD.made = [Level.LOW]


def local_class() -> Any:
    @dataclasses.dataclass
    class Local:
        x: int

    return Local(1)


# Of each row of the table: values, and what they come back as where that is something else.
SAME: dict[str, list[Any]] = {
    "`None`, `bool`, `int`, `float`, `str`, `list`, `dict` with text keys": [
        None, True, 1, -0.0, 1e300, 2**300, "é\0", [[], {}], {"a": {"": [1]}},
    ],
    "NaN and infinity": [math.nan, math.inf, [-math.inf]],
    "`str` with a lone surrogate": ["\udc80", {"\ud800": "x\ud800x"}],
    "`datetime`, naive or with a fixed offset": [
        dt.datetime(2024, 5, 6),
        dt.datetime(1, 1, 1, 0, 0, 0, 1, fold=1),
        dt.datetime(2024, 5, 6, tzinfo=dt.UTC),
        dt.datetime(2024, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=-5, seconds=7))),
    ],
    "`datetime` in a `zoneinfo.ZoneInfo`": [
        TWICE, TWICE.replace(fold=1), IN_NO_HOUR, IN_NO_HOUR.replace(fold=1),
        dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    ],
    "`date`": [dt.date(2024, 2, 29), [dt.date(1, 1, 1)]],
    "`pandas.Timestamp`": [
        pandas.Timestamp("2024-05-06 07:08:09.123456789"),
        pandas.Timestamp("2024-05-06").as_unit("s"),
        pandas.Timestamp("2024-05-06", tz="UTC"),
        pandas.Timestamp("2024-10-27 02:30+01:00").tz_convert("Europe/Berlin"),
        pandas.Timestamp("2024-05-06 07:08+03:00"),
    ],
    "`pandas.NaT`": [pandas.NaT],
    "`Enum`, `IntEnum`, `StrEnum`": [*Colour, Level.LOW, Word.A, OldWord.A],
    "`Flag`, `IntFlag`, several or none": [
        Perm.R, Perm.R | Perm.W, Perm(0), IntPerm.R, IntPerm(3), IntPerm(0), IntPerm(13),
    ],
    "dataclass": [Point(1, [Point(Colour.RED)]), Point({"a": dt.date(2024, 1, 1)}), Loose(1)],
    "dataclass with fields of `init=False`, or that `__post_init__` changes": [
        Frozen(x=1), CHILD, CHANGED, Point(Area(2.0)), Unset(1),
    ],
}  # fmt: skip
OTHERWISE: dict[str, list[tuple[Any, Any]]] = {
    "`datetime` in another zone": [
        (
            dt.datetime(2024, 7, 1, tzinfo=dateutil.tz.gettz("Europe/Berlin")),
            dt.datetime(2024, 7, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        ),
        (
            dt.datetime(2024, 7, 1, tzinfo=dt.timezone(dt.timedelta(hours=2), "CEST")),
            dt.datetime(2024, 7, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        ),
    ],
    "subclass of `datetime` or `date`": [
        (Moment(2024, 1, 1, 2), dt.datetime(2024, 1, 1, 2)),
        (Day(2024, 1, 1), dt.date(2024, 1, 1)),
    ],
    "`tuple`, `NamedTuple`": [((), []), ((1, (2,)), [1, [2]]), (Pair(1, "a"), [1, "a"])],
    "subclass of `dict`: `OrderedDict`, `defaultdict`, `Counter`": [
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.Counter("ab"), {"a": 1, "b": 1}),
    ],
    "subclass of `list`, `str`, `int` or `float`: `numpy.float64`, `numpy.str_`": [
        (Rows([1]), [1]),
        (Text("a"), "a"),
        (Number(3), 3),
        (numpy.float64(1.5), 1.5),
        (numpy.str_("a"), "a"),
    ],
    "`dict` with keys of `int`, `float`, `bool`, `None` or a subclass of `str`": [
        ({1: 2}, {"1": 2}),
        ({"a": [{None: 1, True: 2, 1.5: 3}]}, {"a": [{"null": 1, "true": 2, "1.5": 3}]}),
        ({math.nan: 1, -math.inf: 2}, {"NaN": 1, "-Infinity": 2}),
        ({Word.A: 1, Level.LOW: 2}, {"a": 1, "1": 2}),
    ],
}
REFUSED: dict[str, list[tuple[Any, str]]] = {
    "`int` of more than 4300 digits": [
        ({(LONG,): 1}, "value has the key <tuple>, a tuple: keys must be texts. Convert it"),
        ({LONG: {1}}, "value is an int with more digits"),
        ([LONG], "value[0] is an int with more digits than Python reads: convert it to a text"),
    ],
    "`str` with two surrogates that are one character": [
        ({"a": "\ud83d\ude00"}, "value['a'] is a str with two surrogates"),
        ({"\ud83d\ude00": 1}, "value is a str with two surrogates"),
    ],
    "`dict` with two keys that are one text": [
        ([{1: 2, "1": 3}], "value[0] has the keys 1 and '1', which are one key in JSON"),
    ],
    "`dict` with any other key": [
        ({"a": {(1, 2): 3}}, "value['a'] has the key (1, 2), a tuple: keys must be texts. Convert"),
        ({Colour.RED: 1}, "value has the key <Colour.RED: 'r'>, a test_json_values.Colour: keys"),
        ({dt.date(2024, 1, 1): 1}, "value has the key datetime.date(2024, 1, 1), a datetime.date"),
        ({b"a": 1}, "value has the key b'a', a bytes"),
    ],
    "`dict` that looks like one of these tables": [
        (
            [{"__type__": "Datetime", "__value__": "2024-01-01"}],
            "value[0] is a dict with the keys '__type__' and '__value__', which would be read as "
            "the tag 'Datetime': rename one",
        ),
        ({"__type__": "Enum-os-path-A", "__value__": 1}, "value is a dict with the keys"),
        ({"__type__": "dataclass-nowhere_x-A", "__value__": {}}, "value is a dict with the keys"),
    ],
    "dataclass that is not made again from its fields": [
        (Needs(1), "cannot be made again from its fields (TypeError: "),
    ],
    "enum or dataclass that is defined in a function": [
        ({"a": local_class()}, "whose class is defined in a function: define it in a module, or"),
    ],
    "`set`, `frozenset`, `bytes`, `bytearray`, `complex`": [
        ({"a": {1}}, "value['a'] is a set, which JSON cannot hold: convert it to a list, or use"),
        (frozenset(), "value is a frozenset, which JSON cannot hold: convert it to a list"),
        (b"a", "value is a bytes, which JSON cannot hold: convert it to a text, such as by hex()"),
        (bytearray(), "value is a bytearray, which"),
        (1j, "value is a complex, which JSON cannot hold: convert it to a list of two numbers"),
    ],
    "`time`, `timedelta`, `Decimal`, `Fraction`, `UUID`, `Path`": [
        (dt.time(1), "value is a datetime.time, which JSON cannot hold: convert it to a text, by"),
        (dt.timedelta(1), "value is a datetime.timedelta, which JSON cannot hold: convert it to a"),
        (decimal.Decimal(1), "value is a decimal.Decimal, which JSON cannot hold: convert it to"),
        (fractions.Fraction(1), "value is a fractions.Fraction, which JSON cannot hold: convert"),
        (uuid.UUID(int=1), "value is a uuid.UUID, which JSON cannot hold: convert it to a text"),
        (Point(pathlib.Path()), "value.x is a pathlib.PosixPath, which JSON cannot hold: convert"),
    ],
    "any other value of NumPy and pandas": [
        (numpy.int64(1), "value is a numpy.int64, which JSON cannot hold: convert it to a Python"),
        (numpy.float32(1), "value is a numpy.float32, which"),
        (numpy.bool_(True), "which JSON cannot hold: convert it to a Python value, by item()"),
        (numpy.datetime64("2024-01-01"), "value is a numpy.datetime64, which"),
        (numpy.array([1]), "value is a numpy.ndarray, which JSON cannot hold: convert it"),
        (pandas.Timedelta(1), "value is a pandas.Timedelta, which JSON cannot hold: convert it to"),
        (pandas.NA, "NAType, which JSON cannot hold: convert it, or use a pickle data node"),
        (pandas.DataFrame(), "value is a pandas.DataFrame, which JSON cannot hold: convert it to"),
    ],
    "a value that contains itself": [
        (LOOP, "value[0]['again'] contains itself: make it a tree, or use a pickle data node"),
        (functools.reduce(lambda a, _: [a], range(5000), []), "value is nested too deeply for"),
    ],
    "anything else": [
        (object(), "value is an object, which JSON cannot hold: convert it, or use a pickle data"),
        ([Point], "value[0] is a type, which JSON cannot hold"),
        (iter([]), "value is a list_iterator, which JSON cannot hold"),
    ],
}  # fmt: skip

Make = Callable[..., DataNodeRef]


def node_in(folder: Path, **properties: Any) -> DataNodeRef:
    """A json data node `n` of an application in `folder`."""
    defaults = {k: v for k, v in STORAGE_PROPERTIES["json"].items() if v is not None}
    config = DataNodeConfig(
        id="n", storage_type="json", scope=Scope.SCENARIO, properties={**defaults, **properties}
    )
    return locate(AppConfig(root=folder, state_dir=folder / "state"), config, OWNER)


@pytest.fixture
def node(tmp_path: Path) -> DataNodeRef:
    return node_in(tmp_path)


def told(value: Any) -> Any:
    """All that makes a value what it is: values are the same where this is equal."""
    kind = type(value)
    if isinstance(value, dict):
        return kind, [(told(key), told(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return kind, [told(item) for item in value]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return kind, [(name, told(getattr(value, name, ...))) for name in names]
    zone = getattr(value, "tzinfo", None)
    details = (getattr(value, "fold", 0), type(zone), str(zone), getattr(value, "unit", None))
    return kind, repr(value), details


def named(rows: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(value, id=f"{row}-{number}")
        for row, values in rows.items()
        for number, value in enumerate(values)
    ]


def test_the_table_of_the_documentation_has_these_rows() -> None:
    text = DOCS.read_text("utf-8").split("### What json takes")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \|$", text, re.MULTILINE)[1:]
    assert [row for row, _ in rows] == [*SAME, *OTHERWISE, *REFUSED]
    kinds = {"the same": SAME, "refused": REFUSED}
    for row, back in rows:
        assert row in kinds.get(re.split("[;:,]", back)[0], OTHERWISE)


@pytest.mark.parametrize("value", named(SAME))
def test_what_comes_back_is_the_same(
    node: DataNodeRef, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = told(value)
    node.write(value)
    assert told(node.read()) == before == told(value)
    assert not caplog.records


@pytest.mark.parametrize(("value", "back"), [(*case.values[0],) for case in named(OTHERWISE)])
def test_what_comes_back_otherwise_is_told_once(
    node: DataNodeRef, value: Any, back: Any, caplog: pytest.LogCaptureFixture
) -> None:
    node.write(value)
    assert told(node.read()) == told(back)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].startswith("data node 'n': value")
    assert "comes back as " in caplog.messages[0]
    assert "use a pickle data node to get it back as it is." in caplog.messages[0]


@pytest.mark.parametrize(("value", "why"), [(*case.values[0],) for case in named(REFUSED)])
def test_what_would_not_come_back_is_refused(node: DataNodeRef, value: Any, why: str) -> None:
    node.write("former")
    with pytest.raises(DataError, match=re.escape(why)) as caught:
        node.write(value)
    assert caught.value.message.endswith("or use a pickle data node")
    assert node.read() == "former"


def test_a_warning_tells_three_kinds_and_how_many_more(
    node: DataNodeRef, caplog: pytest.LogCaptureFixture
) -> None:
    node.write({"a": [(1,), (2,)], "b": Text("x"), 1: Number(2), "c": {None: Rows()}})
    assert caplog.messages == [
        "data node 'n': value has the key 1, an int, which comes back as the text '1'; "
        "value['a'][0] is a tuple, which comes back as a list; value['b'] is a "
        "test_json_values.Text, which comes back as a str; and 3 more. Convert it, or use a pickle "
        "data node to get it back as it is."
    ]


# -- what Taipy and older versions wrote, and read ------------------------------------------


@pytest.mark.parametrize(
    ("value", "table"),
    [
        (dt.date(2024, 2, 29), {"__type__": "Datetime", "__value__": "2024-02-29"}),
        (Level.LOW, {"__type__": "Enum-test_json_values-Level-LOW", "__value__": 1}),
        (Colour.GREEN, {"__type__": "Enum-test_json_values-Colour-GREEN", "__value__": [1, 2]}),
        (Perm(3), {"__type__": "Enum-test_json_values-Perm-RW", "__value__": 3}),
        (IntPerm(3), {"__type__": "Enum-test_json_values-IntPerm-R|W", "__value__": 3}),
        (
            TWICE.replace(fold=1),
            {
                "__type__": "Datetime",
                "__value__": "2024-10-27T02:30:00+01:00",
                "__zone__": "Europe/Berlin",
                "__fold__": 1,
            },
        ),
        (
            pandas.Timestamp("2024-05-06 07:08:09").as_unit("us"),
            {"__type__": "Datetime", "__value__": "2024-05-06T07:08:09", "__pandas__": "us"},
        ),
        (
            CHANGED,
            {
                "__type__": "dataclass-test_json_values-Area",
                "__value__": {"side": 3.0, "tags": ["made"]},
                "__set__": {"side": 3.0, "tags": ["made"], "area": 9.0},
            },
        ),
    ],
)
def test_the_form_in_the_file(node: DataNodeRef, value: Any, table: dict[str, Any]) -> None:
    node.write(value)
    assert node.path is not None
    assert json.loads(node.path.read_text()) == table


def taipys_hook(source: dict[str, Any]) -> Any:
    """What Taipy 4.1.1 reads a table with."""
    kind = source.get("__type__", "")
    module = sys.modules[__name__]
    if kind.startswith("Enum"):
        _, _, name, member = kind.split("-")
        return getattr(module, name)[member]
    if kind == "Datetime":
        return dt.datetime.fromisoformat(source["__value__"])
    if kind.startswith("dataclass"):
        _, _, name = kind.split("-")
        return getattr(module, name)(**source["__value__"])
    return source


@pytest.mark.parametrize(
    ("value", "theirs"),
    [
        (dt.datetime(2024, 7, 1, tzinfo=BERLIN), dt.datetime(2024, 7, 1, tzinfo=BERLIN)),
        (pandas.Timestamp("2024-05-06"), dt.datetime(2024, 5, 6)),
        (dt.date(2024, 5, 6), dt.datetime(2024, 5, 6)),
        (Level.LOW, Level.LOW),
        (Word.A, Word.A),
        (Frozen(x=1), Frozen(x=1)),
        (CHILD, Child(1, [2])),
        (Colour.BLUE, Colour.BLUE),
    ],
)
def test_taipy_reads_what_it_has_a_form_for(value: Any, theirs: Any) -> None:
    assert json.loads(json.dumps(encoded(value).tree), object_hook=taipys_hook) == theirs


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"__type__": "Datetime", "__value__": "NaT"}', pandas.NaT),
        ('{"__type__": "Datetime", "__value__": "2024-01-02T03:04:05.123456789"}', None),
        ('{"__type__": "Enum-test_json_values-IntPerm-R|W", "__value__": 3}', IntPerm(3)),
        ('{"__type__": "dataclass-test_json_values-Point", "__value__": {"x": 1}}', Point(1)),
        (
            '{"__type__": "dataclass-test_json_values-Point", "__value__": {"x": {"y": [1]}}}',
            Point({"y": [1]}),
        ),
        ('{"__type__": "dataclass-test_json_values-Area", "__value__": {"side": 1}}', Area(1)),
    ],
)
def test_files_of_older_versions_are_read(node: DataNodeRef, text: str, value: Any) -> None:
    node.write(None)
    assert node.path is not None
    node.path.write_text(text)
    value = dt.datetime(2024, 1, 2, 3, 4, 5, 123456) if value is None else value
    assert told(node.read()) == told(value)


@pytest.mark.parametrize(
    "table",
    [
        {"__type__": "dataclass-json-JSONDecoder", "__value__": {}},
        {"__type__": "Enum-json-JSONDecoder-x", "__value__": 1},
        {"__type__": "Datetime", "__value__": 1},
        {"__type__": "dataclass-test_json_values-Point", "__value__": 1},
    ],
)
def test_a_table_in_a_file_that_names_no_such_class_stays_a_table(
    node: DataNodeRef, table: Any
) -> None:
    node.write(None)
    assert node.path is not None
    node.path.write_text(json.dumps(table))
    assert node.read() == table


def test_a_file_sets_fields_only(node: DataNodeRef) -> None:
    node.write(None)
    assert node.path is not None
    tag = {"__type__": "dataclass-test_json_values-Point", "__value__": {"x": 1}}
    node.path.write_text(json.dumps(tag | {"__set__": {"y": 2, "z": 3, "__class__": "x"}}))
    assert vars(node.read()) == {"x": 1, "y": 2}


def test_a_zone_in_a_file_is_no_path(node: DataNodeRef) -> None:
    node.write(None)
    assert node.path is not None
    tag = {"__type__": "Datetime", "__value__": "2024-01-01T00:00:00+00:00"}
    for more in ({}, {"__pandas__": "us"}):
        node.path.write_text(json.dumps(tag | {"__zone__": "../../../etc/passwd"} | more))
        with pytest.raises(ValueError, match="ZoneInfo keys"):
            node.read()


def test_an_instant_stays_where_the_rules_of_its_zone_have_changed(node: DataNodeRef) -> None:
    node.write(None)
    assert node.path is not None
    tag = {"__type__": "Datetime", "__value__": "2024-07-01T12:00:00+01:00"}
    node.path.write_text(json.dumps(tag | {"__zone__": "Europe/Berlin"}))
    assert told(node.read()) == told(dt.datetime(2024, 7, 1, 13, tzinfo=BERLIN))


class Plain(json.JSONDecoder):
    pass


def test_with_a_decoder_of_the_users_nothing_is_written_otherwise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node = node_in(tmp_path, decoder=Plain)
    node.write({"level": Level.LOW, "pair": (1, 2), 1: {"__type__": "Datetime", "__value__": 1}})
    assert node.read() == {
        "level": 1, "pair": [1, 2], "1": {"__type__": "Datetime", "__value__": 1},
    }  # fmt: skip
    assert not caplog.records


@pytest.mark.parametrize("name", ["__main__", "my-flow"])
@pytest.mark.parametrize("kind", [Point, Area, Colour, Perm])
def test_classes_of_a_script_of_any_name(
    node: DataNodeRef, monkeypatch: pytest.MonkeyPatch, name: str, kind: Any
) -> None:
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(module, kind.__name__, kind, raising=False)
    monkeypatch.setattr(kind, "__module__", name)
    value = next(iter(kind)) if issubclass(kind, enum.Enum) else kind(1)
    node.write(value)
    assert told(node.read()) == told(value)


def test_a_class_of_the_main_script_need_not_be_found_by_the_writer(
    node: DataNodeRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another process has it by value, and its reader may be the script itself.
    monkeypatch.setattr(Point, "__module__", "__main__")
    node.write(Point(1))
    monkeypatch.setattr(Point, "__module__", "nowhere_to_be_found")
    with pytest.raises(DataError, match="whose class is not found by its name: define it in a"):
        node.write(Point(1))


def test_the_users_values_are_left_as_they_are(node: DataNodeRef) -> None:
    value = {"a": [Area(1.0)], "b": (1, Text("x"))}
    before = told(value)
    node.write(value)
    assert told(value) == before


# -- any value ------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None), max_size=5),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones(), allow_imaginary=True),
    st.sampled_from([*Colour, Level.LOW, Word.A, OldWord.A, Perm(0), *Perm]),
    st.integers(0, 9).map(IntPerm),
    st.integers(-(2**62), 2**62).map(pandas.Timestamp),
    st.integers(-(2**31), 2**31).map(lambda s: pandas.Timestamp(s, unit="s", tz="Europe/Berlin")),
    st.sampled_from([
        pandas.NaT, numpy.float64(1), numpy.str_("a"), Text("a"), Number(1), "__type__",
        "Datetime", "\ud83d", "\ude00",
    ]),
    st.sampled_from([
        b"a", 1j, {1}, dt.time(1), dt.timedelta(1), decimal.Decimal(1), uuid.UUID(int=1),
        pathlib.Path("a"), pandas.NA, numpy.int64(1), numpy.array([1]), Needs(1), POINT,
    ]),
)  # fmt: skip
KEYS = st.one_of(
    st.text(max_size=3),
    st.sampled_from(["__type__", "__value__", "1", "null", 1, None, True, 1.5, (1,), Word.A]),
)


def inside(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values with these parts."""
    return st.one_of(
        st.lists(parts, max_size=3),
        st.dictionaries(KEYS, parts, max_size=3),
        st.dictionaries(st.text(max_size=2), parts, max_size=2).map(collections.OrderedDict),
        st.lists(parts, max_size=2).map(tuple),
        st.lists(parts, max_size=2).map(Rows),
        st.builds(Pair, parts, parts),
        st.builds(Point, parts, parts),
        st.builds(Child, parts),
        st.builds(Frozen, x=parts),
    )


def base(value: Any) -> Any:
    """`value` in the types that it may come back as: those of JSON where it is a subclass."""
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, dict):
        return {next(iter(json.loads(json.dumps({k: 0})))): base(item) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [base(item) for item in value]
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            object.__setattr__(value, field.name, base(getattr(value, field.name)))
        return value
    for kind in (str, int, float):
        if isinstance(value, kind) and not isinstance(value, bool):
            return getattr(kind, f"__{kind.__name__}__")(value)
    return value


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=inside(LEAVES | inside(LEAVES | inside(LEAVES))))
def test_a_value_comes_back_the_same_or_is_refused_or_its_change_is_told(
    value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    node = node_in(tmp_path_factory.getbasetemp())
    before = told(value)
    try:
        changes = encoded(value).changes
    except DataError as refused:
        assert refused.message.startswith("value")
        assert refused.message.endswith("or use a pickle data node")
        return
    node.write(value)
    assert told(value) == before
    assert told(node.read()) == (told(base(value)) if changes else before)


def test_an_attribute_that_is_no_field_is_told_and_a_cache_is_not(
    node: DataNodeRef, caplog: pytest.LogCaptureFixture
) -> None:
    POINT._cache = 3  # type: ignore[attr-defined]
    node.write([POINT])
    assert [
        record.getMessage() for record in caplog.records if "'z' is no field" in record.getMessage()
    ]
    assert not [record for record in caplog.records if "_cache" in record.getMessage()]
    assert node.read() == [Loose(1)]
