"""Seeded random walks of the state machine; every rule is checked after every step.

The rules are written down here a second time, from CONFIG.md and FAULTS.md and not from the
source: `STEPS` for the allowed steps, `World.causes` for what a job may wait for.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from taipy_exec.model.decide import decide
from taipy_exec.model.event import (
    Admitted,
    CancelRequested,
    Decision,
    Event,
    Finished,
    HandedBack,
    Lost,
    Started,
    UpToDate,
    Written,
)
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Reason, Status

MAX_ATTEMPTS = 3
FAILURE = Failure(kind=Reason.RAISED, type="ValueError", message="no")
STEPS = {
    "SUBMITTED": {"BLOCKED", "PENDING", "CANCELED", "ABANDONED"},
    "BLOCKED": {"PENDING", "CANCELED", "ABANDONED"},
    "PENDING": {"RUNNING", "SKIPPED", "CANCELED"},
    "RUNNING": {"COMPLETED", "FAILED", "CANCELED", "PENDING"},
}
DONE = (Status.COMPLETED, Status.SKIPPED)
FINAL = (*DONE, Status.FAILED, Status.CANCELED, Status.ABANDONED)


class World:
    """A board, the data nodes that have a value, and what each job may have to wait for."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.job_table = JobTable()
        self.jobs: dict[str, JobRecord] = {}
        self.submissions: dict[str, SubmissionRecord] = {}
        self.predecessors: dict[str, list[str]] = {}
        self.followers: dict[str, list[str]] = {}
        self.conflicts: dict[str, list[str]] = {}
        self.soft: dict[str, list[str]] = {}
        self.unwritten: set[str] = set()
        self.now = 0.0
        self.job_tables = 1
        self.loss = self.random.choice((0.02, 0.06, 0.4))

    # -- moves ----------------------------------------------------------------------------

    def submit(self) -> None:
        """A random graph on the data nodes of one of two instances, and on shared ones."""
        pick = self.random
        instance = pick.choice("ij")
        count = pick.choice((1, 2, 3, 4, 4, 5, 6, 8, 12))
        nodes = [f"{instance}{n}" for n in range(count + 2)] + ["g1", "g2"]
        order = pick.sample(nodes, len(nodes))  # reads left of what it writes: no cycle
        specs = []
        for n in range(count):
            cut = pick.randrange(1, len(order))
            specs.append(
                TaskSpec(
                    id=f"t{n}",
                    inputs=tuple(pick.sample(order[:cut], min(cut, pick.randrange(3)))),
                    outputs=tuple(pick.sample(order[cut:], min(1, pick.randrange(4)))),
                )
            )
        graph = build_graph(specs)
        record = SubmissionRecord(
            id=f"S{len(self.submissions)}",
            scenario="s",
            instance=instance,
            name=instance,
            fail_fast=pick.random() < 0.15,
        )
        self.unwritten |= {
            node for node in graph.inputs if pick.random() < 0.15 and not self._is_used(node)
        }
        jobs = [
            JobRecord(
                id=f"{record.id}.{task.id}",
                task=task.id,
                submission=record.id,
                position=position,
                inputs=task.inputs,
                outputs=task.outputs,
                submitted_at=self.now,
            )
            for position, task in enumerate(graph.tasks)
        ]
        for job in jobs:
            self._note_job(job, [f"{record.id}.{p}" for p in graph.predecessors[job.task]])
        self.submissions[record.id] = record
        self._admit(record, jobs)

    def _is_used(self, node: str) -> bool:
        """Whether a job has seen the node with its value: it stays written from then on."""
        return any(node in (*job.inputs, *job.outputs) for job in self.jobs.values())

    def _note_job(self, job: JobRecord, predecessors: list[str]) -> None:
        self.predecessors[job.id] = predecessors
        self.followers[job.id] = []
        for earlier in predecessors:
            self.followers[earlier].append(job.id)
        self.conflicts[job.id], self.soft[job.id] = [], []
        for earlier in self.jobs.values():
            same = earlier.submission == job.submission
            writes = set(earlier.outputs) & set(job.outputs)
            reads = set() if same else set(earlier.inputs) & set(job.outputs)
            followed = not same and set(earlier.outputs) & set(job.inputs)
            if writes or followed or reads - self.unwritten:
                self.conflicts[job.id].append(earlier.id)
            elif reads:
                # The reader waits for what this job writes: whether the writer goes first is
                # the subject of a test in test_decide.py; here both are right.
                self.soft[job.id].append(earlier.id)
        self.jobs[job.id] = job

    def _admit(self, record: SubmissionRecord, jobs: list[JobRecord]) -> None:
        written_here = {node for job in jobs for node in job.outputs}
        self.job_table.admit(
            record,
            jobs,
            {job.id: self.predecessors[job.id] for job in jobs},
            frozenset(self.unwritten - written_here),
        )
        if self.random.random() < 0.97:  # else the process dies before it stores more
            self.do(Admitted(submission=record.id, at=self.now))
        else:
            self.resume()

    def resume(self) -> None:
        """The process dies; another one takes over what has not ended, oldest first."""
        self.job_table = JobTable()
        self.job_tables += 1
        for id, record in list(self.submissions.items()):
            mine = [replace(job) for job in self.jobs.values() if job.submission == id]
            if all(job.status in FINAL for job in mine):
                continue
            self.jobs.update((job.id, job) for job in mine)
            self.submissions[id] = replace(record, counts={}, jobs=())
            written_here = {node for job in mine for node in job.outputs}
            self.job_table.admit(
                self.submissions[id],
                mine,
                {job.id: self.predecessors[job.id] for job in mine},
                frozenset(self.unwritten - written_here),
            )
            self.do(Admitted(submission=id, at=self.now), check=False)
            for job in mine:
                if job.status is Status.RUNNING:
                    self.do(self._lost(job), check=False)
        self.check()

    def _lost(self, job: JobRecord) -> Lost:
        return Lost(job=job.id, attempt=job.attempt, at=self.now, max_attempts=MAX_ATTEMPTS)

    def step(self) -> None:
        """One thing that can happen to this board."""
        pick = self.random
        pending = [j for j in self.job_table.jobs.values() if j.status is Status.PENDING]
        running = [j for j in self.job_table.jobs.values() if j.status is Status.RUNNING]
        chance = pick.random()
        if chance < 0.04:
            self.cancel()
        elif chance < 0.06 and self.unwritten:
            self.write(pick.choice(sorted(self.unwritten)))
        elif chance < 0.10 and self.job_table.jobs:
            self.late_report(pick.choice(list(self.job_table.jobs.values())))
        elif chance < 0.11:
            self.resume()
        elif chance < 0.13:
            self.forget()
        elif running and (not pending or pick.random() < 0.45):
            self.end(pick.choice(running))
        elif pending:
            job = pick.choice(pending)
            if pick.random() < 0.15:
                self.do(UpToDate(job=job.id, at=self.now))
            else:
                self.do(Started(job=job.id, worker="w", at=self.now))

    def end(self, job: JobRecord) -> None:
        chance = self.random.random()
        if chance < self.loss:
            self.do(self._lost(job))
        elif chance < self.loss + 0.04:
            self.do(HandedBack(job=job.id, attempt=job.attempt, at=self.now))
        else:
            failure = FAILURE if chance > 0.88 or job.id in self.job_table.stopping else None
            self.do(Finished(job=job.id, attempt=job.attempt, at=self.now, failure=failure))

    def cancel(self) -> None:
        jobs = self.random.sample(list(self.job_table.jobs), min(len(self.job_table.jobs), 2))
        stop = self.random.random() < 0.7
        self.do(
            CancelRequested(
                jobs=tuple(jobs), reason=Reason.CANCELED, at=self.now, stop_running=stop
            )
        )

    def write(self, node: str) -> None:
        """As the coordinator does it: decide, apply, and only then mark the node."""
        self.unwritten.discard(node)
        self.do(Written(nodes=frozenset({node}), at=self.now), check=False)
        self.job_table.mark_written([node])
        self.check()

    def late_report(self, job: JobRecord) -> None:
        attempt = job.attempt - (job.status is Status.RUNNING)
        failure = self.random.choice((None, FAILURE))
        event = Finished(job=job.id, attempt=attempt, at=self.now, failure=failure)
        assert decide(self.job_table, event) == Decision()

    def forget(self) -> None:
        for id, record in list(self.job_table.submissions.items()):
            if record.unfinished == 0:
                self.job_table.forget(id)

    def do(self, event: Event, *, check: bool = True) -> None:
        self.now += 1
        decision = decide(self.job_table, event)
        failed = []
        for change in decision.changes:
            job = self.job_table.jobs[change.job]
            assert change.before is job.status
            assert change.after.name in STEPS[job.status.name], (change.before, change.after)
            if change.after is Status.FAILED:
                failed.append(job.id)
            if change.after in DONE:
                self.unwritten.difference_update(job.outputs)
        self.job_table.apply(decision.changes, decision.stops)
        for job_id in failed:
            self.check_followers(job_id, {change.job for change in decision.changes})
        if check:
            self.check()

    # -- rules ----------------------------------------------------------------------------

    def causes(self, job: JobRecord) -> tuple[bool, bool]:
        """Whether the job must wait, and whether it is allowed to wait."""
        jobs = self.jobs
        must = (
            any(jobs[p].status not in DONE for p in self.predecessors[job.id])
            or any(jobs[c].status not in FINAL for c in self.conflicts[job.id])
            or any(node in self.unwritten for node in job.inputs)
        )
        may = must or any(jobs[c].status not in FINAL for c in self.soft[job.id])
        return must, may

    def check(self) -> None:
        running_writers: set[str] = set()
        for job in self.job_table.jobs.values():
            status = job.status
            assert job.attempt <= MAX_ATTEMPTS, job
            if status in FINAL:
                assert job.finished_at is not None, job
                continue
            assert job.finished_at is None, job
            must, may = self.causes(job)
            if status in (Status.PENDING, Status.RUNNING):
                assert not must, f"{job.id} is {status.name} and has to wait"
            if status is Status.BLOCKED:
                assert may, f"{job.id} is BLOCKED and waits for nothing"
            if status is Status.RUNNING:
                assert not running_writers.intersection(job.outputs), f"two writers: {job.id}"
                running_writers.update(job.outputs)
        for record in self.job_table.submissions.values():
            counted = Counter(self.job_table.jobs[job].status for job in record.jobs)
            assert counted == {s: n for s, n in record.counts.items() if n}, record.id

    def check_followers(self, failed: str, changed: set[str]) -> None:
        """Whoever follows a failed job was abandoned in the same step, or canceled before."""
        walk = list(self.followers[failed])
        while walk:
            follower = walk.pop()
            status = self.jobs[follower].status
            if follower in changed:
                assert status is Status.ABANDONED, follower
            else:
                assert status in (Status.ABANDONED, Status.CANCELED), follower
            walk.extend(self.followers[follower])

    def finish(self) -> None:
        """Drive everything to its end, without further trouble."""
        for _ in range(10_000):
            ready = [
                j
                for j in self.job_table.jobs.values()
                if j.status in (Status.PENDING, Status.RUNNING)
            ]
            if not ready:
                break
            job = ready[0]
            if job.status is Status.PENDING:
                self.do(Started(job=job.id, worker="w", at=self.now))
            else:
                self.do(Finished(job=job.id, attempt=job.attempt, at=self.now))
        self.check()
        assert all(job.status in FINAL for job in self.jobs.values() if self._had_data(job))

    def _had_data(self, job: JobRecord) -> bool:
        """Whether the job waits for no data, be it by way of another job."""
        waits_for = (*self.predecessors[job.id], *self.conflicts[job.id], *self.soft[job.id])
        return not any(node in self.unwritten for node in job.inputs) and all(
            self.jobs[other].status in FINAL or self._had_data(self.jobs[other])
            for other in waits_for
        )


def walk(seed: int) -> World:
    """One walk; what goes wrong in it names its seed."""
    world = World(seed)
    try:
        world.submit()
        for _ in range(world.random.choice((5, 15, 30))):
            if len(world.submissions) < 4 and world.random.random() < 0.07:
                world.submit()
            world.step()
        finals = {id: job.status for id, job in world.jobs.items() if job.status in FINAL}
        world.finish()
    except Exception as error:
        raise AssertionError(f"walk({seed}): {type(error).__name__}: {error}") from error
    for id, status in finals.items():
        assert world.jobs[id].status is status, f"walk({seed}): {id} left {status}"
    return world


@pytest.mark.parametrize("block", range(18))
def test_no_walk_breaks_a_rule(block: int) -> None:
    for seed in range(block * 200, block * 200 + 200):
        walk(seed)


def test_the_walks_reach_every_status_reason_and_corner() -> None:
    """A walk that never sees a thing proves nothing about it."""
    worlds = [walk(seed) for seed in range(300)]
    jobs = [job for world in worlds for job in world.jobs.values()]
    assert {job.status for job in jobs} == {*FINAL, Status.BLOCKED}
    reasons = {str(job.reason) for job in jobs}
    assert {"raised", "quarantined", "canceled", "fail_fast", "input_not_written"} <= reasons
    assert {"upstream_failed", "upstream_canceled", "up_to_date"} <= reasons
    assert max(job.attempt for job in jobs) == MAX_ATTEMPTS
    assert max(world.job_tables for world in worlds) > 1
    assert max(len(world.submissions) for world in worlds) > 2
    assert any(world.conflicts[id] for world in worlds for id in world.jobs)
