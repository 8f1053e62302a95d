"""Typed strings both ways: CONFIG.md 1.2 and 1.4."""

from __future__ import annotations

import datetime as dt
import math
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.typed_text import (
    EnvTemplate,
    Frequency,
    Invalid,
    Scope,
    parse,
    parse_all,
    render,
    resolve_env,
)

# -- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("True:bool", True),
        ("true:bool", True),
        ("FALSE:bool", False),
        ("8:int", 8),
        (" 8 :int", 8),
        ("-3:int", -3),
        ("1_000:int", 1000),
        ("1.5:float", 1.5),
        ("8:float", 8.0),
        ("1e3:float", 1000.0),
        ("8:int:str", "8:int"),
        ("plain:str", "plain"),
        ("ENV[A]:int:str", "ENV[A]:int"),
        ("2024-01-02T03:04:05:datetime", dt.datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02:datetime", dt.datetime(2024, 1, 2)),
        (
            "2024-01-02T03:04:05+01:00:datetime",
            dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        ),
        ("1d2h3m4s:timedelta", dt.timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("1.5h:timedelta", dt.timedelta(minutes=90)),
        ("30m 5s:timedelta", dt.timedelta(minutes=30, seconds=5)),
        ("1d 4s:timedelta", dt.timedelta(days=1, seconds=4)),
        ("0s:timedelta", dt.timedelta(0)),
        ("-1d0h0m5s:timedelta", dt.timedelta(days=-1, seconds=5)),
        ("-1.5h -30m:timedelta", dt.timedelta(hours=-2)),
        ("pkg.mod.fn:function", FunctionRef("pkg.mod.fn")),
        ("__main__.fn:function", FunctionRef("__main__.fn")),
        ("pkg.mod.Cls:class", ClassRef("pkg.mod.Cls")),
        ("pkg.Outer.Inner:class", ClassRef("pkg.Outer.Inner")),
        ("my_node:SECTION", "my_node"),
        ("SCENARIO:SCOPE", Scope.SCENARIO),
        ("CYCLE:SCOPE", Scope.CYCLE),
        ("GLOBAL:SCOPE", Scope.GLOBAL),
        ("DAILY:FREQUENCY", Frequency.DAILY),
        ("WEEKLY:FREQUENCY", Frequency.WEEKLY),
        ("MONTHLY:FREQUENCY", Frequency.MONTHLY),
        ("QUARTERLY:FREQUENCY", Frequency.QUARTERLY),
        ("YEARLY:FREQUENCY", Frequency.YEARLY),
    ],
)
def test_a_typed_text_becomes_its_value(text: str, value: object) -> None:
    found = parse(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        ":int",
        "note:",
        "8:Int",
        "8:integer",
        "http://localhost:8080",
        "a:int b",
        "8:int ",
        "one\n8:int",
        "x:scope",
        "None",
        "x:FUNCTION",
    ],
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert parse(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yes:bool", "'yes' is not a boolean"),
        ("1:bool", "is not a boolean"),
        ("x:int", "'x' is not an integer"),
        ("1.5:int", "is not an integer"),
        ("0x10:int", "is not an integer"),
        ("one:float", "is not a number"),
        ("soon:datetime", "is not a date and time"),
        ("2024-13-01:datetime", "is not a date and time"),
        ("1x:timedelta", "is not a duration"),
        ("4s1d:timedelta", "is not a duration"),
        (" :timedelta", "is not a duration"),
        ("1.2.3d:timedelta", "is not a duration"),
        ("--1d:timedelta", "is not a duration"),
        ("-d:timedelta", "is not a duration"),
        ("fn:function", "'fn' is not a function's full name"),
        (".fn:function", "is not a function's full name"),
        ("global:SCOPE", "is not a scope"),
        ("PIPELINE:SCOPE", "is not a scope"),
        ("daily:FREQUENCY", "is not a frequency"),
        ("HOURLY:FREQUENCY", "is not a frequency"),
    ],
)
def test_a_text_that_claims_a_type_it_does_not_have_is_invalid(text: str, words: str) -> None:
    found = parse(text)
    assert isinstance(found, Invalid)
    assert found.text == text
    assert words in found.message


@pytest.mark.parametrize("text", ["9999999999d:timedelta", f"{'9' * 400}s:timedelta"])
def test_a_duration_that_is_too_long_for_python_is_invalid_and_no_crash(text: str) -> None:
    found = parse(text)
    assert isinstance(found, Invalid)
    assert "is not a duration" in found.message


def test_a_function_without_a_module_is_told_what_is_expected() -> None:
    found = parse("fn:function")
    assert isinstance(found, Invalid)
    assert "expected module.function" in found.message


def test_texts_are_parsed_through_arrays_and_tables() -> None:
    assert parse_all({"a": ["1:int", {"b": "2:int", "c": 3}], "d": "x", "e": None}) == {
        "a": [1, {"b": 2, "c": 3}],
        "d": "x",
        "e": None,
    }


@pytest.mark.parametrize("value", [4, True, 0.5, dt.datetime(2024, 1, 2), dt.date(2024, 1, 2)])
def test_native_values_of_toml_are_kept(value: object) -> None:
    assert parse_all(value) is value


def test_the_keys_of_tables_are_not_converted() -> None:
    assert parse_all({"8:int": "1:int"}) == {"8:int": 1}


# -- ENV ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("ENV[A]", EnvTemplate("A")),
        ("ENV[_a1]", EnvTemplate("_a1")),
        ("ENV[A]:bool", EnvTemplate("A", "bool")),
        ("ENV[A]:int", EnvTemplate("A", "int")),
        ("ENV[A]:float", EnvTemplate("A", "float")),
        ("ENV[A]:str", EnvTemplate("A", "str")),
    ],
)
def test_an_env_template_is_recognised_and_written_back(text: str, template: EnvTemplate) -> None:
    assert parse(text) == template
    assert str(template) == text
    assert render(template) == text


@pytest.mark.parametrize(
    "text",
    ["x/ENV[A]/y", "ENV[ A ]", "env[A]", "ENV[A]x", "ENV[1A]", "ENV[]", "ENV[A-B]", "ENV[A]:Int"],
)
def test_only_the_whole_text_is_a_template(text: str) -> None:
    assert parse(text) == text


@pytest.mark.parametrize("suffix", ["datetime", "timedelta", "function", "SCOPE", "FREQUENCY"])
def test_a_template_with_another_suffix_is_invalid(suffix: str) -> None:
    assert isinstance(parse(f"ENV[X]:{suffix}"), Invalid)


def test_a_template_with_the_suffix_section_is_an_id() -> None:
    assert parse("ENV[X]:SECTION") == "ENV[X]"


@pytest.mark.parametrize(
    ("template", "text", "value"),
    [
        (EnvTemplate("A"), "8", "8"),
        (EnvTemplate("A"), "", ""),
        (EnvTemplate("A"), "8:int", "8:int"),
        (EnvTemplate("A", "str"), "8:int", "8:int"),
        (EnvTemplate("A", "int"), "8", 8),
        (EnvTemplate("A", "float"), "1.5", 1.5),
        (EnvTemplate("A", "bool"), "TRUE", True),
        (EnvTemplate("A", "bool"), "false", False),
    ],
)
def test_a_template_stands_for_the_value_of_its_variable(
    template: EnvTemplate, text: str, value: object
) -> None:
    assert resolve_env(template, {"A": text}) == value


def test_a_missing_variable_is_named() -> None:
    found = resolve_env(EnvTemplate("A", "int"), {})
    assert found == Invalid("ENV[A]:int", "the environment variable A is not set")


@pytest.mark.parametrize("kind", ["int", "float", "bool"])
def test_a_variable_with_a_bad_value_is_named_with_it(kind: str) -> None:
    found = resolve_env(EnvTemplate("A", kind), {"A": "many"})
    assert isinstance(found, Invalid)
    assert "the environment variable A holds 'many', which is not" in found.message


# -- writing ------------------------------------------------------------------------------


class Outer:
    class Inner:
        pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True:bool"),
        (8, "8:int"),
        (1.5, "1.5:float"),
        (dt.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05:datetime"),
        (dt.timedelta(days=1, hours=2, minutes=3, seconds=4), "1d2h3m4s:timedelta"),
        (dt.timedelta(seconds=4, milliseconds=900), "0d0h0m4.9s:timedelta"),
        (len, "builtins.len:function"),
        (textwrap.dedent, "textwrap.dedent:function"),
        (int, "builtins.int:class"),
        (Outer.Inner, "test_typed_text.Outer.Inner:class"),
        (FunctionRef("a.b"), "a.b:function"),
        (ClassRef("a.B"), "a.B:class"),
        (Scope.GLOBAL, "GLOBAL:SCOPE"),
        (Frequency.DAILY, "DAILY:FREQUENCY"),
        ("x:SECTION", "x:SECTION:str"),  # a text that only looks typed is protected
        ("8:int", "8:int:str"),
        ("8:int:str", "8:int:str:str"),
        ("note:", "note:"),
        ("plain", "plain"),
        ((1, 2), ["1:int", "2:int"]),
        ([1, None, "a"], ["1:int", "None", "a"]),
        ({1: "a", "b": None, "c": [True]}, {"1": "a", "c": ["True:bool"]}),
        (Invalid("x:int", "'x' is not an integer"), "x:int"),
        (None, None),
    ],
)
def test_a_value_is_written_as_taipy_writes_it(value: object, text: object) -> None:
    assert render(value) == text


def test_a_set_is_written_as_an_array() -> None:
    assert sorted(render({1, 2})) == ["1:int", "2:int"]


# The same examples in each run, no folder of them, and no limit that a busy machine breaks.
steady = settings(deadline=None, derandomize=True, database=None)
plain_texts = st.text().filter(lambda text: not isinstance(parse(text), EnvTemplate)) | (
    st.sampled_from(["8:int", "x:SECTION", "a:str", "a:str:str", "a:b:bool", ":int", "a\n:int"])
)
durations = st.timedeltas()
zones = st.none() | st.integers(-23, 23).map(lambda h: dt.timezone(dt.timedelta(hours=h)))
scalars = (
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | plain_texts
    | st.datetimes(timezones=zones)
    | durations
    | st.sampled_from([*Scope, *Frequency])
    | st.builds(FunctionRef, st.sampled_from(["a.b", "pkg.mod.fn", "__main__.f"]))
    | st.builds(ClassRef, st.sampled_from(["a.B", "pkg.mod.Outer.Inner"]))
    | st.builds(
        EnvTemplate,
        st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True),
        st.sampled_from([None, "bool", "int", "float", "str"]),
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@steady
@given(values)
def test_what_is_written_is_read_back_as_the_same_value(value: object) -> None:
    found = parse_all(render(value))
    assert found == value
    assert type(found) is type(value)


@steady
@given(st.text())
def test_any_text_can_be_protected_with_the_suffix_str(text: str) -> None:
    if text and "\n" not in text and not isinstance(parse(text), EnvTemplate):
        assert parse(f"{text}:str") == text


@steady
@given(
    st.text()
    | st.from_regex(
        r"[\w. \-+:\[\]]{0,12}:(bool|int|float|datetime|timedelta|function"
        r"|class|SCOPE|FREQUENCY)",
        fullmatch=True,
    )
)
def test_reading_never_raises(text: str) -> None:
    parse(text)


def test_an_infinite_number_is_read_back() -> None:
    assert parse(render(math.inf)) == math.inf
