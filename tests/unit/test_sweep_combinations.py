"""Combinations of a sweep, their names, what can be swept, and what all have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.engine.plan import SubmissionPlan, plan_submission
from taipy_exec.engine.sweep import (
    MOST_COMBINATIONS,
    check_swept,
    combinations,
    in_order_of_work,
    overwritten_nodes,
    same_value,
    shared_nodes,
    shared_tasks,
    shown_value,
    with_copies,
)
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Instance


def names(swept: dict[str, list[Any]], prefix: str | None = None) -> list[str]:
    return [one.name for one in combinations(swept, prefix)]


# -- combinations and names ---------------------------------------------------------------


def test_every_value_meets_every_other_one_and_the_last_data_node_changes_fastest() -> None:
    found = combinations({"window": [7, 14], "model": ["a", "b"]})
    assert [one.name for one in found] == [
        "window=7,model=a",
        "window=7,model=b",
        "window=14,model=a",
        "window=14,model=b",
    ]
    assert found[1].values == {"window": 7, "model": "b"}


def test_a_name_has_no_secret_but_differs_for_each() -> None:
    found = names({"api_token": ["s3cret", "other"], "n": [1]})
    assert len(set(found)) == 2
    assert "s3cret" not in found[0]
    assert found[0].startswith("api_token=secret~")
    assert found[0].endswith(",n=1")
    with pytest.raises(UsageError) as error:
        combinations({"api_token": ["s3cret", "s3cret"]})
    assert "s3cret" not in str(error.value)
    assert shown_value("api_token", "s3cret") == "***"


def test_a_name_that_is_given_comes_first() -> None:
    assert names({"window": [7]}, "june") == ["june window=7"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (7, "n=7"),
        (7.0, "n=7.0"),
        ("7", 'n="7"'),
        (True, "n=true"),
        ("true", 'n="true"'),
        (None, "n=null"),
        ("data/may.csv", "n=data/may.csv"),
        ("two words", "n=two words"),
        ("", 'n=""'),
        ("a,b", 'n="a,b"'),
        (" a", 'n=" a"'),
        ("a\nb\x1b[31m", r'n="a\nb\u001b[31m"'),
        ("größer", 'n="größer"'),
        ("\u202eabc", r'n="\u202eabc"'),
        ([1, 2], "n=[1,2]"),
        ({"a": 1}, 'n={"a":1}'),
    ],
)
def test_a_name_shows_the_value_on_one_line_and_texts_differ_from_numbers(
    value: Any, name: str
) -> None:
    assert names({"n": [value]}) == [name]


def test_long_values_and_names_are_cut_and_stay_different() -> None:
    found = names({"n": ["x" * 1000 + "1", "x" * 1000 + "2"]})
    assert len(set(found)) == 2
    assert all(len(name) < 40 for name in found)
    many = names({f"node{n}": ["y" * 30, "z" * 30] if n == 9 else ["x" * 30] for n in range(10)})
    assert len(set(many)) == 2
    assert all(len(name) == 200 for name in many)


def test_values_of_any_class_have_a_name() -> None:
    first, second = names({"day": [Path("a"), Path("b")]})
    assert first.startswith("day=PosixPath~")
    assert first != second


@pytest.mark.parametrize("values", [[7, 7], ["a", "a"], [[1], [1]], [{"a": 1, "b": 2}] * 2])
def test_the_same_value_twice_is_refused(values: list[Any]) -> None:
    with pytest.raises(UsageError, match=r"gives data node n the value .* twice"):
        combinations({"n": values})


def test_numbers_texts_and_truth_are_different_values() -> None:
    assert len(combinations({"n": [1, 1.0, "1", True]})) == 4
    assert not same_value(1, True)
    assert same_value({"a": 1, "b": [2]}, {"b": [2], "a": 1})


def test_no_values_and_no_data_nodes_are_refused() -> None:
    with pytest.raises(UsageError, match="gives data node n no values"):
        combinations({"n": []})
    with pytest.raises(UsageError, match="at least one data node"):
        combinations({})


def test_too_many_combinations_are_refused_with_their_number_before_they_are_made() -> None:
    hundred = list(range(100))
    with pytest.raises(UsageError, match=r"10,000 combinations \(100 x 100\)"):
        combinations({"a": hundred, "b": hundred})
    with pytest.raises(UsageError, match="at most 1,000"):
        combinations({name: list(range(10**3)) for name in "abcdefgh"})
    assert len(combinations({"a": list(range(MOST_COMBINATIONS))})) == MOST_COMBINATIONS


# -- what can be swept, and what all have in common ---------------------------------------


def node(id: str, **settings: Any) -> DataNodeConfig:
    return DataNodeConfig(id=id, **settings)


RAW = node("raw", scope=Scope.GLOBAL)
CLEAN = node("clean", scope=Scope.CYCLE)
WINDOW = node("window")
THRESHOLD = node("threshold", properties={"default_path": "threshold.p"})
MODEL = node("model")
REPORT = node("report", properties={"default_path": "report.p"})
NOTES = node("notes")


def task(id: str, inputs: list[DataNodeConfig], outputs: list[DataNodeConfig]) -> TaskConfig:
    return TaskConfig(id=id, inputs=tuple(inputs), outputs=tuple(outputs))


SALES = ScenarioConfig(
    id="sales",
    tasks=(
        task("load", [RAW], [CLEAN]),
        task("fit", [CLEAN, WINDOW, THRESHOLD], [MODEL]),
        task("tell", [MODEL], [REPORT]),
    ),
    additional_data_nodes=(NOTES,),
)


@pytest.fixture
def app(tmp_path: Path) -> AppConfig:
    nodes = {one.id: one for one in SALES.data_nodes}
    return AppConfig(
        root=tmp_path, state_dir=tmp_path / "state", data_nodes=nodes, scenarios={"sales": SALES}
    )


def test_an_input_with_a_value_for_each_instance_can_be_swept(app: AppConfig) -> None:
    check_swept(app, SALES, "scenario", ["window"])


@pytest.mark.parametrize(
    ("name", "why", "hint"),
    [
        ("model", "is not an input of scenario sales: task fit writes it", "window"),
        ("notes", "is not an input of scenario sales: no task reads it", "window"),
        ("raw", "as its scope is GLOBAL", "SCENARIO:SCOPE"),
        ("threshold", "as its path is threshold.p", "leave out the path"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_the_reason(
    app: AppConfig, name: str, why: str, hint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        check_swept(app, SALES, "scenario", [name])
    assert why in refused.value.message
    assert hint in (refused.value.hint or "")


def test_an_unknown_data_node_is_refused_with_the_nearest_one(app: AppConfig) -> None:
    with pytest.raises(NotFoundError, match=r"'windw' .*did you mean 'window'"):
        check_swept(app, SALES, "scenario", ["windw"])


def test_what_other_tasks_write_is_an_input_of_one_task_alone(app: AppConfig) -> None:
    check_swept(app, SALES, "task:tell", ["model"])


def test_data_nodes_are_shared_by_their_scope_or_their_place(app: AppConfig) -> None:
    assert set(shared_nodes(app, SALES)) == {"raw", "clean", "threshold", "report"}


def test_an_output_that_all_combinations_overwrite_is_found(app: AppConfig) -> None:
    assert [name for name, _ in overwritten_nodes(app, SALES, "scenario")] == ["report"]


def graph(tasks: dict[str, tuple[str, str]]) -> Any:
    return build_graph(
        [
            TaskSpec(id=id, inputs=tuple(i.split()), outputs=tuple(o.split()))
            for id, (i, o) in tasks.items()
        ]
    )


@pytest.mark.parametrize(
    ("tasks", "same"),
    [
        # Capitals are shared.
        ({"a": ("R", "A"), "b": ("A", "B"), "c": ("B w", "x")}, {"a", "b"}),
        ({"a": ("w", "A"), "b": ("A", "B"), "c": ("B", "C")}, set()),
        ({"a": ("R", "x"), "b": ("x", "B")}, set()),
        ({"a": ("R", "")}, set()),
        ({"a": ("", "A")}, {"a"}),
        # Another task writes the same place with a value of its own.
        ({"a": ("R", "A"), "b": ("w", "A"), "c": ("A", "C")}, set()),
    ],
)
def test_tasks_are_shared_if_all_they_read_and_write_is(
    tasks: dict[str, tuple[str, str]], same: set[str]
) -> None:
    names = {n for i, o in tasks.values() for n in f"{i} {o}".split() if n.isupper()}
    assert shared_tasks(graph(tasks), names) == same


def plans(app: AppConfig, count: int) -> list[SubmissionPlan]:
    return [
        plan_submission(
            app,
            SALES,
            Instance(id=f"i{n}", scenario="sales", name=f"i{n}", created_at=0.0, cycle="c"),
            SubmissionRecord(id=f"S{n}", scenario="sales", instance=f"i{n}", name=f"i{n}"),
        )
        for n in range(count)
    ]


def test_what_is_shared_is_a_copy_of_the_job_of_the_first_combination(app: AppConfig) -> None:
    found = with_copies(app, plans(app, 3))
    first = found[0].jobs[0].id
    assert [dict(plan.copies) for plan in found] == [
        {},
        {found[1].jobs[0].id: first},
        {found[2].jobs[0].id: first},
    ]


def test_a_job_that_has_ended_has_no_copies(app: AppConfig) -> None:
    made = plans(app, 3)
    made[0].jobs[0].status = Status.COMPLETED
    found = with_copies(app, made)
    assert not found[1].copies
    assert found[2].copies == {found[2].jobs[0].id: found[1].jobs[0].id}


def test_in_a_resumed_sweep_the_copies_follow_the_job_that_has_begun(app: AppConfig) -> None:
    made = plans(app, 3)
    made[0].jobs[0].status = Status.BLOCKED
    made[1].jobs[0].status = Status.RUNNING
    found = with_copies(app, made)
    begun = made[1].jobs[0].id
    assert [dict(plan.copies) for plan in found] == [
        {made[0].jobs[0].id: begun},
        {},
        {made[2].jobs[0].id: begun},
    ]
    assert in_order_of_work(found)[0].record.id == "S1"
