"""Jobs that combinations of a sweep have in common: one runs, the others are its copies."""

from __future__ import annotations

from collections.abc import Sequence

from taipy_exec.model.decide import decide
from taipy_exec.model.event import (
    Admitted,
    CancelRequested,
    Event,
    Expanded,
    Finished,
    Started,
    UpToDate,
)
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import SWEEP, Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Reason, Status

RAISED = Failure(kind=Reason.RAISED, type="ValueError", message="no", traceback="Traceback")
# `load` and `clean` work on what all combinations share, `fit` does not.
SHARED = ("load", "clean")


class Sweep:
    """Combinations 1, 2, ... of load -> clean -> fit; the jobs of 2 are load2, clean2, fit2."""

    def __init__(self, count: int = 3, *, fail_fast: bool = False) -> None:
        self.job_table = JobTable()
        self.count = count
        for number in range(1, count + 1):
            self._admit(number, fail_fast)

    def _admit(self, number: int, fail_fast: bool) -> None:
        graph = build_graph(
            [
                TaskSpec(id="load", inputs=("raw",), outputs=("loaded",)),
                TaskSpec(id="clean", inputs=("loaded",), outputs=("cleaned",)),
                TaskSpec(id="fit", inputs=("cleaned",), outputs=(f"model{number}",)),
            ]
        )
        jobs = [
            JobRecord(
                id=f"{task.id}{number}",
                task=task.id,
                submission=f"S{number}",
                position=position,
                inputs=task.inputs,
                outputs=task.outputs,
            )
            for position, task in enumerate(graph.tasks)
        ]
        record = SubmissionRecord(
            id=f"S{number}",
            scenario="s",
            instance=f"i{number}",
            name=f"i{number}",
            fail_fast=fail_fast,
            properties={SWEEP: {"group": "G", "values": {"n": number}}},
        )
        predecessors = {
            f"{task}{number}": [f"{earlier}{number}" for earlier in found]
            for task, found in graph.predecessors.items()
        }
        copies = {f"{task}{number}": f"{task}1" for task in SHARED} if number > 1 else {}
        self.job_table.admit(record, jobs, predecessors, frozenset(), copies=copies)
        self.do(Admitted(submission=record.id, at=1.0))

    def do(self, event: Event) -> None:
        decision = decide(self.job_table, event)
        self.job_table.apply(decision.changes, decision.stops)

    def run(self, *jobs: str, failure: Failure | None = None) -> None:
        for job in jobs:
            self.do(Started(job=job, worker="w", at=2.0))
            self.do(Finished(job=job, attempt=1, at=3.0, failure=failure))

    def cancel(self, *jobs: str) -> None:
        self.do(CancelRequested(jobs=jobs, reason=Reason.CANCELED, at=3.0))

    def of(self, task: str) -> Sequence[str]:
        jobs = self.job_table.jobs
        return [jobs[f"{task}{n}"].status.name for n in range(1, self.count + 1)]


def test_only_one_of_the_jobs_that_all_have_in_common_may_start() -> None:
    sweep = Sweep()
    assert sweep.of("load") == ["PENDING", "BLOCKED", "BLOCKED"]


def test_copies_are_skipped_once_the_job_is_done_and_what_follows_them_starts_at_once() -> None:
    sweep = Sweep()
    sweep.run("load1")
    assert sweep.of("load") == ["COMPLETED", "SKIPPED", "SKIPPED"]
    assert sweep.of("clean") == ["PENDING", "BLOCKED", "BLOCKED"]
    sweep.run("clean1")
    assert sweep.of("clean") == ["COMPLETED", "SKIPPED", "SKIPPED"]
    # The second does not wait until the first has read what both read.
    assert sweep.of("fit") == ["PENDING", "PENDING", "PENDING"]


def test_copies_are_skipped_also_where_the_job_itself_was() -> None:
    sweep = Sweep()
    sweep.do(UpToDate(job="load1", at=2.0))
    assert sweep.of("load") == ["SKIPPED", "SKIPPED", "SKIPPED"]


def test_after_a_failure_the_copies_are_abandoned_and_do_not_fail_again() -> None:
    sweep = Sweep()
    sweep.run("load1", failure=RAISED)
    assert sweep.of("load") == ["FAILED", "ABANDONED", "ABANDONED"]
    assert sweep.of("fit") == ["ABANDONED"] * 3
    assert {job.reason for job in sweep.job_table.jobs.values()} == {"raised", "upstream_failed"}
    assert all(record.unfinished == 0 for record in sweep.job_table.submissions.values())


def test_when_the_first_combination_is_canceled_the_second_does_the_work_for_the_third() -> None:
    sweep = Sweep()
    sweep.cancel("load1", "clean1", "fit1")
    assert sweep.of("load") == ["CANCELED", "PENDING", "BLOCKED"]
    sweep.run("load2", "clean2")
    assert sweep.of("clean") == ["CANCELED", "COMPLETED", "SKIPPED"]
    assert sweep.of("fit") == ["CANCELED", "PENDING", "PENDING"]


def test_when_one_job_alone_is_canceled_the_next_combination_does_it() -> None:
    sweep = Sweep()
    sweep.run("load1")
    sweep.cancel("clean1")
    assert sweep.of("clean") == ["CANCELED", "PENDING", "BLOCKED"]
    assert sweep.of("fit") == ["ABANDONED", "BLOCKED", "BLOCKED"]
    sweep.run("clean2")
    assert sweep.of("fit") == ["ABANDONED", "PENDING", "PENDING"]


def test_all_can_be_canceled_at_once() -> None:
    sweep = Sweep()
    sweep.cancel(*sweep.job_table.jobs)
    assert {job.status for job in sweep.job_table.jobs.values()} == {Status.CANCELED}


def test_a_combination_that_is_canceled_takes_nothing_from_the_others() -> None:
    sweep = Sweep()
    sweep.cancel("load2", "clean2", "fit2")
    sweep.run("load1", "clean1")
    assert sweep.of("fit") == ["PENDING", "CANCELED", "PENDING"]


def test_a_submission_that_is_dropped_leaves_the_copies_of_its_jobs_skipped() -> None:
    sweep = Sweep(2)
    decision = decide(sweep.job_table, Started(job="load1", worker="w", at=2.0))
    sweep.job_table.apply(decision.changes)
    sweep.job_table.apply(decide(sweep.job_table, Finished(job="load1", attempt=1, at=3.0)).changes)
    sweep.cancel("clean1", "fit1")
    sweep.job_table.forget("S1")
    assert sweep.job_table.jobs["load2"].status is Status.SKIPPED
    assert sweep.job_table.jobs["clean2"].status is Status.PENDING
    sweep.job_table.forget("S2")
    assert not any((sweep.job_table.copies, sweep.job_table.behind, sweep.job_table.waits))


def test_fail_fast_holds_for_all_combinations_of_a_sweep() -> None:
    sweep = Sweep(fail_fast=True)
    sweep.run("load1", "clean1")
    sweep.do(Started(job="fit2", worker="w", at=2.0))
    sweep.run("fit1", failure=RAISED)
    assert sweep.of("fit") == ["FAILED", "RUNNING", "CANCELED"]
    assert sweep.job_table.jobs["fit3"].reason == Reason.FAIL_FAST


# -- a task over a list -------------------------------------------------------------------


class MappedSweep(Sweep):
    """Combinations of split -> (elements) -> collect, all of it shared."""

    def _admit(self, number: int, fail_fast: bool) -> None:
        jobs = [
            JobRecord(
                id=f"{task}{number}",
                task=task,
                submission=f"S{number}",
                position=position,
                inputs=(reads,),
                outputs=(writes,),
            )
            for position, (task, reads, writes) in enumerate(
                [("split", "list", "elements"), ("collect", "elements", "results")]
            )
        ]
        record = SubmissionRecord(
            id=f"S{number}", scenario="s", instance=f"i{number}", name=f"i{number}"
        )
        split, collect = f"split{number}", f"collect{number}"
        copies = {split: "split1", collect: "collect1"} if number > 1 else {}
        self.job_table.admit(
            record, jobs, {collect: [split]}, frozenset(), {collect: split}, copies=copies
        )
        self.do(Admitted(submission=record.id, at=1.0))

    def expand(self, number: int) -> None:
        """As the coordinator does once a job has counted the elements."""
        element = JobRecord(id=f"element{number}", task="e", submission=f"S{number}", position=9)
        self.job_table.expand(f"collect{number}", [element])
        self.do(Expanded(collect=f"collect{number}", elements=(element.id,), at=2.0))


def test_a_copy_of_a_mapped_task_has_no_elements_of_its_own() -> None:
    sweep = MappedSweep()
    sweep.run("split1")
    assert sweep.of("split") == ["COMPLETED", "SKIPPED", "SKIPPED"]
    assert sweep.of("collect") == ["BLOCKED"] * 3
    sweep.expand(1)
    sweep.run("element1", "collect1")
    assert sweep.of("collect") == ["COMPLETED", "SKIPPED", "SKIPPED"]


def test_a_mapped_task_that_is_canceled_before_it_is_split_is_done_by_the_next() -> None:
    sweep = MappedSweep()
    sweep.cancel("split1", "collect1")
    assert sweep.of("split") == ["CANCELED", "PENDING", "BLOCKED"]
    sweep.run("split2")
    # Its elements are not known yet.
    assert sweep.of("collect") == ["CANCELED", "BLOCKED", "BLOCKED"]
    sweep.expand(2)
    sweep.run("element2", "collect2")
    assert sweep.of("collect") == ["CANCELED", "COMPLETED", "SKIPPED"]


def test_a_mapped_task_that_is_canceled_midway_is_done_by_the_next() -> None:
    sweep = MappedSweep()
    sweep.run("split1")
    sweep.expand(1)
    sweep.cancel("element1")
    assert sweep.of("collect") == ["ABANDONED", "BLOCKED", "BLOCKED"]
    assert sweep.job_table.take_due_expansions() == ["split2"]
    sweep.expand(2)
    sweep.run("element2", "collect2")
    assert sweep.of("collect") == ["ABANDONED", "COMPLETED", "SKIPPED"]
