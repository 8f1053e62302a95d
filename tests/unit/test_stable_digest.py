"""The digest of an element: the same in every process, or none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import numpy
import pandas
import pytest

from taipy_exec.execution.limits import JobTimeout
from taipy_exec.execution.stable_digest import stable_digest

VALUES = """
import datetime, enum, fractions
from taipy_exec.execution.stable_digest import stable_digest

class Words(set):
    pass

class Kind(enum.Enum):
    ONE = 1

class Thing:
    def __init__(self, names):
        self.names = names

class Loop:
    def __init__(self):
        self.itself, self.names = self, set("abcdef")

words = Words("abcdef")
words.more = frozenset("uvwxyz")
VALUES = [
    set("abcdef"), {"a": frozenset("abcdef")}, [("a", {frozenset("xyz"), "r", None, 1})], words,
    Thing(set("abcdef")), Loop(), Kind.ONE, datetime.date(2020, 1, 1), fractions.Fraction(1, 3),
]
print([stable_digest(value) for value in VALUES])
"""


def test_a_digest_does_not_depend_on_the_process() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", VALUES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert len(set(found)) == 1
    assert "''" not in found[0]


def test_equal_parts_give_one_digest_whether_they_are_one_object_or_two() -> None:
    text, same = "ab c", "".join(["ab", " c"])
    assert stable_digest([text, text]) == stable_digest([text, same])


def test_what_a_function_could_tell_apart_has_another_digest() -> None:
    values = [
        *({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a", "b"}, frozenset("ab"), ["a", "b"], ("a", "b")),
        *("1", 1, 1.0, True, None, b"1", [], {}, set(), [[]], numpy.arange(2), numpy.arange(3)),
        *(pandas.DataFrame({"a": [1]}), pandas.DataFrame({"a": [2]})),
    ]
    found = [stable_digest(value) for value in values]
    assert len(set(found)) == len(values)
    assert "" not in found


class Assignment:
    def __init__(self, value: Any) -> None:
        self.value = value


@pytest.mark.parametrize("value", [lambda: 1, Assignment(lambda: 1), {"a": (n for n in ())}])
def test_a_value_that_cannot_be_pickled_has_none(value: Any) -> None:
    assert stable_digest(value) == ""


def test_a_value_that_refers_to_itself_has_one_or_none_and_takes_no_time() -> None:
    before = time.monotonic()
    loop: list[Any] = []
    loop.append(loop)
    assert stable_digest(loop)
    held = Assignment(None)
    held.value = {held}
    assert stable_digest(held) == ""
    doubled: Any = [1]
    for _ in range(60):
        doubled = [doubled, doubled]
    assert stable_digest(doubled)
    assert time.monotonic() - before < 30


class Slow:
    def __reduce__(self) -> Any:
        raise JobTimeout("it took too long")


def test_a_timeout_ends_it() -> None:
    with pytest.raises(JobTimeout):
        stable_digest([Slow()])
