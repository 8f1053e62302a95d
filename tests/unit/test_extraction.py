"""Functions are taken out of a Taipy program with what they need, and with nothing else."""

from __future__ import annotations

from taipy_exec.taipy_plugin.extraction import extract

PROGRAM = """\
import math
import taipy as tp
from taipy import Config

FACTOR, UNUSED = 2, 3
data = Config.configure_data_node("data")
nodes = [Config.configure_data_node(f"node{i}") for i in range(3)]


class Thing:
    size = FACTOR


def scaled(data, *, by=FACTOR):
    return [i * by for i in data]


def rounded(x):
    data = math.floor(x)
    return Thing, data


def uses_taipy(x):
    return data.read() + x


def counted(x):
    global total
    total = total + x
    return total


if __name__ == "__main__":
    total = 1
    tp.Orchestrator().run()
else:
    x = tp.get_scenarios()
"""


def test_variables_of_a_function_are_not_taken_for_those_of_the_program() -> None:
    text = extract(PROGRAM, ["scaled"])
    assert text is not None
    assert "FACTOR, UNUSED = 2, 3" in text
    assert "Config" not in text
    space: dict[str, object] = {}
    exec(text, space)
    assert space["scaled"]([1, 2]) == [2, 4]  # type: ignore[operator]


def test_what_a_function_uses_comes_with_it_and_what_that_uses_too() -> None:
    text = extract(PROGRAM, ["rounded"])
    assert text is not None
    space: dict[str, object] = {}
    exec(text, space)
    thing, number = space["rounded"](1.5)  # type: ignore[operator]
    assert (thing.size, number) == (2, 1)
    assert "taipy" not in text


def test_a_function_that_uses_what_taipy_made_stays_where_it_is() -> None:
    assert extract(PROGRAM, ["uses_taipy"]) is None


def test_what_only_runs_when_the_program_is_started_is_no_part_of_it() -> None:
    text = extract(PROGRAM, ["counted"])
    assert text is not None
    assert "Orchestrator" not in text
