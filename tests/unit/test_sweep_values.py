"""Values of a sweep as they are typed: commas, quotes, JSON."""

from __future__ import annotations

from typing import Any

import pytest

from taipy_exec.errors import UsageError
from taipy_exec.operations.swept_values import parse_values, swept_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("7,14,28", [7, 14, 28]),
        ("7, 14", [7, 14]),
        ("0.1,1e-3", [0.1, 0.001]),
        ("a,b", ["a", "b"]),
        ("2026-01-01,2026-02-01", ["2026-01-01", "2026-02-01"]),
        ("true,null,7", [True, None, 7]),
        ("[7, 14]", [7, 14]),
        ('["a,b", "c"]', ["a,b", "c"]),
        ("[1,2],[3,4]", [[1, 2], [3, 4]]),
        ("[[1,2]]", [[1, 2]]),
        ('{"a": 1, "b": [2, 3]},{"a": 2}', [{"a": 1, "b": [2, 3]}, {"a": 2}]),
        ('"a,b",c', ["a,b", "c"]),
        ('"7",7', ["7", 7]),
        (r'"a \" , b",c', ['a " , b', "c"]),
        (r'"a\\",c', ["a\\", "c"]),
        ('""', [""]),
        # What is no JSON is text, with commas in between as ever.
        ("[a,b", ["[a", "b"]),
        ("[a,b]", ["[a,b]"]),
        ('"a,b', ['"a', "b"]),
        ('5" pipe,x', ['5" pipe', "x"]),
        ("a=1,b=2", ["a=1", "b=2"]),
        ("[]", []),
        ("", []),
        (" ", []),
    ],
)
def test_values_are_json_or_text_with_commas_between(text: str, values: list[Any]) -> None:
    assert parse_values("n", text) == values


@pytest.mark.parametrize("text", ["7,,14", "7,", ",7", ","])
def test_an_empty_value_is_refused_with_how_to_write_an_empty_text(text: str) -> None:
    with pytest.raises(UsageError, match="has an empty value") as refused:
        parse_values("n", text)
    assert '""' in (refused.value.hint or "")


def test_the_data_nodes_keep_their_order() -> None:
    assert list(swept_values(["b=1", "a=2,3"])) == ["b", "a"]


@pytest.mark.parametrize("item", ["window", "=7", ""])
def test_what_is_not_node_and_values_is_refused(item: str) -> None:
    with pytest.raises(UsageError, match="NODE=VALUE,VALUE"):
        swept_values([item])


def test_a_data_node_that_is_swept_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="names data node window twice"):
        swept_values(["window=7", "window=14"])


def test_in_the_environment_there_is_one_data_node_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIPY_EXEC_SWEEP", "window=7,14\nmodel=a")
    assert swept_values(None) == {"window": [7, 14], "model": ["a"]}
    assert swept_values(["window=1"]) == {"window": [1]}
