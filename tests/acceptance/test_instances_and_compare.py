"""`instances` and `compare`: what sweeps and other submissions have left, side by side."""

from __future__ import annotations

import csv
import io

import pytest
from command_support import Application

STEPS = """
import pandas as pd

def fit(window, model):
    if window == 13:
        raise ValueError("unlucky window")
    return {"mae": 100 / window, "model": model}, pd.DataFrame({"a": range(window)}), "x" * 1000

def best(*scores):
    note(f"best of {len(scores)}")
    return min(score["mae"] for score in scores)

def poor(*scores):
    return {}["worst"]
"""
CONFIG = """
[DATA_NODE.window]
storage_type = "json"
default_data = 1
[DATA_NODE.model]
default_data = "a"
[DATA_NODE.scores]
storage_type = "json"
[DATA_NODE.forecast]
[DATA_NODE.report]
[TASK.fit]
function = "steps.fit:function"
inputs = ["window:SECTION", "model:SECTION"]
outputs = ["scores:SECTION", "forecast:SECTION", "report:SECTION"]
[SCENARIO.sales]
tasks = ["fit:SECTION"]
[SCENARIO.sales.comparators]
scores = ["steps.best:function"]
"""


@pytest.fixture
def swept(app: Application) -> Application:
    """An application after a plain submission, and a sweep of which one combination failed."""
    app.module("steps", STEPS)
    app.config(CONFIG)
    assert app.run("submit", ".").code == 0
    assert app.run("submit", ".", "--sweep", "window=4,13,10").code == 1
    return app


# -- instances ----------------------------------------------------------------------------


def test_instances_are_listed_with_their_values_and_their_last_status(swept: Application) -> None:
    found = swept.run("instances", "--json").json["instances"]
    assert [(one["name"], one["values"]) for one in found] == [
        ("sales", {}),
        ("window=4", {"window": 4}),
        ("window=13", {"window": 13}),
        ("window=10", {"window": 10}),
    ]
    assert [one["submission"]["status"] for one in found] == [
        "COMPLETED",
        "COMPLETED",
        "FAILED",
        "COMPLETED",
    ]
    assert found[0]["group"] is None
    assert len({one["group"] for one in found[1:]}) == 1


def test_instances_are_shown_as_a_table(swept: Application) -> None:
    result = swept.run("instances")
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0] == ["Name", "Scenario", "Values", "Status", "Submitted", "Submission"]
    assert lines[3][:4] == ["window=4", "sales", "window=4", "COMPLETED"]


def test_only_those_of_a_scenario_are_listed(swept: Application) -> None:
    assert len(swept.run("instances", ".", "--scenario", "sales", "--json").json["instances"]) == 4
    other = swept.run("instances", ".", "--scenario", "other")
    assert (other.code, other.out.strip()) == (0, "no such scenario instances")


def test_before_anything_was_submitted_there_are_no_instances(app: Application) -> None:
    app.config(CONFIG)
    assert app.run("instances", "--json").json["instances"] == []
    assert app.run("instances").code == 0


def test_a_sweep_over_numbers_that_json_does_not_have_is_listed_and_compared(
    app: Application,
) -> None:
    app.module("steps", "def fit(window):\n    return 1\n")
    app.graph({"fit": ("steps.fit", ["window"], ["score"])}, data={"window": 1})
    result = app.run("submit", ".", "--sweep", "window=NaN,Infinity,7", "--json")
    assert result.code == 0, result.err
    expected = [{"window": None}, {"window": "inf"}, {"window": 7}]
    assert [one["values"] for one in result.json["submissions"]] == expected
    listed = app.run("instances", "--json").json["instances"]
    assert [one["values"] for one in listed] == expected
    assert "window=Infinity" in app.run("instances").out
    compared = app.run("compare", ".", "--json")
    assert compared.code == 0, compared.err
    assert [one["values"] for one in compared.json["instances"]] == expected


# -- compare ------------------------------------------------------------------------------


def test_the_latest_sweep_is_compared_by_its_inputs_and_small_outputs(swept: Application) -> None:
    result = swept.run("compare")
    assert result.code == 0, result.err
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0] == ["Instance", "window", "scores.mae", "scores.model"]
    assert lines[2:5] == [
        ["window=4", "4", "25", "a"],
        ["window=13", "13", "-", "-"],
        ["window=10", "10", "10", "a"],
    ]
    assert lines[5] == ["scores,", "best:", "10.0"]
    assert "left out: forecast (too large), report (too large)" in result.err
    assert "leave out instances without a value: window=13" in result.err
    # Those that have a value are given to the comparator.
    assert swept.ledger() == ["best of 2"]


def test_instances_are_chosen_by_their_names_and_data_nodes_by_theirs(swept: Application) -> None:
    result = swept.run(
        "compare", ".", "sales", "window=4", "--node", "forecast", "--node", "window", "--json"
    )
    assert result.code == 0, result.err
    found = result.json["instances"]
    assert [one["name"] for one in found] == ["sales", "window=4"]
    assert [one["nodes"]["window"] for one in found] == [1, 4]
    assert found[1]["nodes"]["forecast"] == {"columns": ["a"], "rows": [[0], [1], [2], [3]]}
    assert result.json["comparators"] == {}
    table = swept.run("compare", ".", "window=4", "--node", "forecast")
    assert "table, 4 x 1" in table.out


def test_a_sweep_is_compared_by_its_id(swept: Application) -> None:
    group = swept.run("instances", "--json").json["instances"][1]["group"]
    assert swept.run("submit", ".", "--sweep", "model=b,c").code == 0
    latest = swept.run("compare", "--json").json
    assert [one["name"] for one in latest["instances"]] == ["model=b", "model=c"]
    former = swept.run("compare", ".", group, "--json").json
    assert [one["name"] for one in former["instances"]] == ["window=4", "window=13", "window=10"]
    assert former["comparators"] == {"scores": {"best": 10.0}}


def test_csv_has_a_line_for_each_instance(swept: Application) -> None:
    result = swept.run("compare", "--csv")
    assert result.code == 0, result.err
    assert list(csv.DictReader(io.StringIO(result.out))) == [
        {"instance": "window=4", "window": "4", "scores.mae": "25.0", "scores.model": "a"},
        {"instance": "window=13", "window": "13", "scores.mae": "", "scores.model": ""},
        {"instance": "window=10", "window": "10", "scores.mae": "10.0", "scores.model": "a"},
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["window=5"], 8, "no instance named 'window=5' (did you mean 'window=4'?)"),
        (["--node", "score"], 8, "no data node 'score' (did you mean 'scores'?)"),
        (["SWEEP_0"], 8, "there is no sweep 'SWEEP_0'"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    swept: Application, arguments: list[str], code: int, message: str
) -> None:
    result = swept.run("compare", ".", *arguments, "--json")
    assert result.code == code
    assert message in result.json["error"]["message"]


def test_csv_and_json_exclude_each_other(swept: Application) -> None:
    assert swept.run("compare", "--csv", "--json").code == 2


def test_a_comparator_that_raises_is_named_with_its_line(swept: Application) -> None:
    swept.config(CONFIG.replace("steps.best", "steps.poor"))
    result = swept.run("compare", "--json")
    assert result.code == 1
    message = result.json["error"]["message"]
    assert message.startswith(
        "comparator steps.poor of data node scores raised KeyError: 'worst' (steps.py:"
    )


def test_a_comparator_that_ends_the_process_is_named_with_its_line(swept: Application) -> None:
    swept.module("leaving", "import sys\ndef leave(*scores):\n    sys.exit(0)\n")
    swept.config(CONFIG.replace("steps.best", "leaving.leave"))
    result = swept.run("compare", "--json")
    assert result.code == 1
    assert (
        "comparator leaving.leave of data node scores raised SystemExit: 0 (leaving.py:4: "
        in (result.json["error"]["message"])
    )


def test_comparators_of_one_name_are_shown_by_their_paths(swept: Application) -> None:
    swept.module("others", "def best(*scores):\n    return 'other'\n")
    both = '["steps.best:function", "others.best:function"]'
    swept.config(CONFIG.replace('["steps.best:function"]', both))
    result = swept.run("compare", "--json")
    assert result.json["comparators"] == {"scores": {"steps.best": 10.0, "others.best": "other"}}


def test_an_instance_that_is_named_twice_is_shown_once(swept: Application) -> None:
    group = swept.run("instances", "--json").json["instances"][1]["group"]
    for names in (("window=4", "window=4"), ("window=4", group), (group, "window=4", group)):
        found = swept.run("compare", ".", *names, "--json").json["instances"]
        listed = [one["name"] for one in found]
        assert listed == list(dict.fromkeys(listed))
        assert "window=4" in listed


def test_before_anything_was_submitted_there_is_nothing_to_compare(app: Application) -> None:
    app.config(CONFIG)
    app.module("steps", STEPS)
    assert app.run("compare").code == 8
