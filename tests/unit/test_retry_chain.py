"""A chain of retries, and which jobs of it are left."""

from __future__ import annotations

from taipy_exec.engine.retries import chain_of, newest_jobs, with_followers
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status


def submission(id: str, at: float, retries: str | None = None) -> SubmissionRecord:
    properties = {"retries": retries} if retries else {}
    return SubmissionRecord(
        id=id, scenario="s", instance="i", name="s", created_at=at, properties=properties
    )


def job(task: str, status: Status, submission: str = "A") -> JobRecord:
    return JobRecord(
        id=f"JOB_{task}_{submission}", task=task, submission=submission, position=0, status=status
    )


def test_all_that_retries_each_other_is_one_chain_from_any_of_its_ends() -> None:
    first, second = submission("A", 1), submission("B", 2, "A")
    third, of_first = submission("C", 3, "B"), submission("D", 4, "A")
    other = submission("X", 5)
    everything = [other, of_first, third, second, first]
    for start in (first, second, third, of_first):
        assert [r.id for r in chain_of(start, everything)] == ["A", "B", "C", "D"]
    assert [r.id for r in chain_of(other, everything)] == ["X"]


def test_a_chain_whose_beginning_was_removed_begins_with_what_is_left() -> None:
    second, third = submission("B", 2, "A"), submission("C", 3, "B")
    assert [r.id for r in chain_of(third, [third, second])] == ["B", "C"]


def test_a_chain_that_runs_in_a_circle_ends() -> None:
    one, two = submission("A", 1, "B"), submission("B", 2, "A")
    assert one in chain_of(one, [one, two])


def test_the_newest_job_of_each_task_counts() -> None:
    former = [job("a", Status.COMPLETED), job("t", Status.FAILED), job("u", Status.ABANDONED)]
    later = [job("t", Status.COMPLETED, "B")]
    found = {j.task: (j.submission, j.status) for j in newest_jobs([former, later])}
    assert found == {
        "a": ("A", Status.COMPLETED),
        "t": ("B", Status.COMPLETED),
        "u": ("A", Status.ABANDONED),
    }


def test_a_job_brings_the_followers_that_can_run_once_it_is_done() -> None:
    jobs = [
        job("a", Status.COMPLETED),
        job("t", Status.FAILED),
        job("s", Status.FAILED),
        job("u", Status.ABANDONED),
        job("both", Status.ABANDONED),
        job("done", Status.COMPLETED),
        job("last", Status.ABANDONED),
    ]
    before = {"t": ["a"], "u": ["t", "a"], "both": ["t", "s"], "done": ["t"], "last": ["u"]}
    found = [j.task for j in with_followers(jobs[1], jobs, before)]
    assert found == ["t", "u", "last"]
