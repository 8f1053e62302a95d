"""A task with `map`: names, elements, the graph of its jobs, and how the job table expands it."""

from __future__ import annotations

import pytest

from taipy_exec.config.application import DataNodeConfig, TaskConfig
from taipy_exec.config.mapped import (
    PartConfig,
    mapped_input,
    split_of,
    task_named,
    whole_name,
)
from taipy_exec.engine.mapping import names_and_positions, predecessors
from taipy_exec.execution.elements import elements_in
from taipy_exec.execution.failed_attempt import AttemptFailed
from taipy_exec.execution.mapped_task import counted
from taipy_exec.model.decide import decide
from taipy_exec.model.event import Admitted, Expanded, Finished, Started
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Status

REGIONS = DataNodeConfig(id="regions")
FACTOR = DataNodeConfig(id="factor")
FIT = TaskConfig(
    id="fit",
    inputs=(REGIONS, FACTOR),
    outputs=(DataNodeConfig(id="fits"), DataNodeConfig(id="scores")),
    properties={"map": "regions", "retries": 2},
)


def test_the_names_of_jobs_lead_to_the_task() -> None:
    tasks = {"fit": FIT, "sum": TaskConfig(id="sum")}
    assert [whole_name(name) for name in ("fit", "fit.split", "fit.12")] == ["fit"] * 3
    assert task_named(tasks, "fit") is FIT
    element = task_named(tasks, "fit.12")
    assert isinstance(element, PartConfig)
    assert (element.element, element.whole) == (12, FIT)
    assert [node.id for node in element.outputs] == ["fit.12.fits", "fit.12.scores"]
    assert element.run_options.retries == 2
    assert [task_named(tasks, name) for name in ("sum.1", "fit.x", "other.split")] == [None] * 3


def test_without_map_or_with_a_wrong_one_there_is_no_mapped_input() -> None:
    assert mapped_input(FIT) is REGIONS
    assert mapped_input(TaskConfig(id="t", inputs=(REGIONS,))) is None
    assert mapped_input(TaskConfig(id="t", inputs=(REGIONS,), properties={"map": "x"})) is None


def test_the_split_counts_the_elements_and_tells_equal_ones_by_their_digests() -> None:
    found = counted(split_of(FIT), ("north", "south", "north"))
    assert found["elements"] == 3
    first, second, third = found["digests"]
    assert first == third != second
    assert counted(split_of(FIT), [])["elements"] == 0


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ({"a": 1}, "it holds a dict: store list(value.items())"),
        ("text", "it holds a str, not a list"),
        ({1, 2}, "it holds a set, not a list"),
        (7, "it holds an int, not a list"),
        (None, "it holds a NoneType, not a list"),
    ],
)
def test_a_value_without_an_order_is_refused_with_advice(value: object, advice: str) -> None:
    with pytest.raises(AttemptFailed) as caught:
        elements_in(REGIONS, value)
    assert advice in caught.value.failure.message


def test_a_table_is_refused_and_a_column_of_it_is_not() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1, 2]}, index=[5, 6])
    with pytest.raises(AttemptFailed, match="to_dict"):
        elements_in(REGIONS, table)
    assert elements_in(REGIONS, table["a"]) == [1, 2]


def test_jobs_of_elements_have_room_between_the_split_and_the_collector() -> None:
    graph = build_graph([TaskSpec(id="a", outputs=("x",)), TaskSpec(id="fit", inputs=("x",))])
    names = dict(names_and_positions(graph, {"fit"}))
    assert list(names) == ["a", "fit.split", "fit"]
    assert names["fit"] - names["fit.split"] > 1_000_000
    assert [place for _, place in names_and_positions(graph, ())] == [0, 1]


def test_elements_follow_the_split_and_the_collector_follows_all() -> None:
    graph = build_graph(
        [
            TaskSpec(id="a", outputs=("x",)),
            TaskSpec(id="fit", inputs=("x",), outputs=("y",)),
            TaskSpec(id="b", inputs=("y",)),
        ]
    )
    assert predecessors(["a", "fit.split", "fit.0", "fit.1", "fit", "b"], graph) == {
        "a": [],
        "fit.split": ["a"],
        "fit.0": ["fit.split"],
        "fit.1": ["fit.split"],
        "fit": ["fit.split", "fit.0", "fit.1"],
        "b": ["fit"],
    }


class Play:
    """A board with a mapped task and one that follows it; the split has ended."""

    def __init__(self, elements: int) -> None:
        self.job_table = JobTable()
        self.jobs = {name: self.job(name) for name in ("fit.split", "fit", "after")}
        before = {"fit": ["fit.split"], "after": ["fit"]}
        record = SubmissionRecord(id="S", scenario="s", instance="i", name="s")
        self.job_table.admit(
            record, list(self.jobs.values()), before, unexpanded={"fit": "fit.split"}
        )
        self.record = record
        self.happens(Admitted(submission="S", at=1))
        self.runs("fit.split")
        assert self.jobs["fit"].status is Status.BLOCKED
        made = [self.job(f"fit.{n}") for n in range(elements)]
        self.jobs |= {job.id: job for job in made}
        self.job_table.expand("fit", made)
        self.happens(Expanded(collect="fit", elements=tuple(j.id for j in made), at=3))

    @staticmethod
    def job(name: str) -> JobRecord:
        return JobRecord(id=name, task=name, submission="S", position=0)

    def happens(self, event: object) -> None:
        self.job_table.apply(*decide(self.job_table, event))  # type: ignore[arg-type]

    def runs(self, name: str, failure: Failure | None = None) -> None:
        self.happens(Started(job=name, worker="w", at=2))
        self.happens(Finished(job=name, attempt=1, at=3, failure=failure))

    def statuses(self) -> str:
        return " ".join(job.status.name for job in self.jobs.values())


def test_the_collector_waits_for_every_element() -> None:
    play = Play(2)
    assert play.statuses() == "COMPLETED BLOCKED BLOCKED PENDING PENDING"
    assert play.record.jobs == ("fit.split", "fit.0", "fit.1", "fit", "after")
    play.runs("fit.1")
    assert play.jobs["fit"].status is Status.BLOCKED
    play.runs("fit.0")
    assert play.jobs["fit"].status is Status.PENDING
    assert play.record.unfinished == 2


def test_an_element_that_fails_abandons_the_collector_and_no_other_element() -> None:
    play = Play(2)
    play.runs("fit.0", Failure(kind="raised", message="no"))
    assert play.statuses() == "COMPLETED ABANDONED ABANDONED FAILED PENDING"
    play.runs("fit.1")
    assert play.record.unfinished == 0


def test_without_elements_the_collector_runs_at_once() -> None:
    assert Play(0).statuses() == "COMPLETED PENDING BLOCKED"
