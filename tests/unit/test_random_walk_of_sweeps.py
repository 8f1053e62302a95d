"""Seeded random walks of sweeps: copies that end with their original, or take its place.

Each combination has the shared tasks `a` (plain) and `m` (mapped: `m.split`, `m.0`, ..., `m`), and
a task `own` that reads what they write. Other submissions write and read the same data nodes.
"""

from __future__ import annotations

import random

import pytest

from taipy_exec.model.decide import decide
from taipy_exec.model.event import (
    Admitted,
    CancelRequested,
    Event,
    Expanded,
    Finished,
    Lost,
    Started,
    UpToDate,
)
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import DONE, FINAL, Reason, Status

FAILURE = Failure(kind=Reason.RAISED, type="ValueError", message="no")
LOCK = "map m.split"
# task -> inputs, outputs, predecessors
COMBINATION = {
    "a": ((), ("x",), ()),
    "m.split": (("x",), ("elements", LOCK), ("a",)),
    "m": (("x",), ("y", LOCK), ("m.split",)),
    "own": (("x", "y"), ("{}",), ("a", "m")),
}
SHARED = ("a", "m.split", "m")
OTHERS = (
    {"w": ((), ("x",), ())},
    {"r": (("x", "y"), (), ())},
    {"w": ((), ("x",), ()), "r": (("x",), ("z",), ("w",))},
    COMBINATION,
)


class World:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.job_table = JobTable()
        self.now = 0.0
        self.before: dict[str, list[str]] = {}
        self.fails = self.random.choice((0.0, 0.1, 0.3))
        self.elements = self.random.choice((0, 1, 3))
        self.expanded = 0
        self.heirs = 0

    def submit(self, name: str, tasks: dict, originals: dict[str, str] | None = None) -> None:
        jobs = [
            JobRecord(
                id=f"{name}.{task}",
                task=task,
                submission=name,
                position=position * 100,
                inputs=inputs,
                outputs=tuple(node.format(name) for node in outputs),
                submitted_at=self.now,
            )
            for position, (task, (inputs, outputs, _)) in enumerate(tasks.items())
        ]
        before = {
            f"{name}.{task}": [f"{name}.{b}" for b in of] for task, (_, _, of) in tasks.items()
        }
        self.before |= before
        unexpanded = {f"{name}.m": f"{name}.m.split"} if "m" in tasks else {}
        record = SubmissionRecord(id=name, scenario="s", instance=name, name=name)
        self.job_table.admit(record, jobs, before, frozenset(), unexpanded, originals)
        self.do(Admitted(submission=name, at=self.now))

    def sweep(self, combinations: int) -> None:
        for number in range(combinations):
            copies = {f"S{number}.{task}": f"S0.{task}" for task in SHARED} if number else {}
            self.submit(f"S{number}", COMBINATION, copies)

    def do(self, event: Event) -> None:
        self.now += 1
        decision = decide(self.job_table, event)
        self.job_table.apply(decision.changes, decision.stops)
        for change in decision.changes:
            if change.after in DONE and change.job.endswith(".m.split"):
                self.expand(change.job)
        for split in self.job_table.take_due_expansions():
            self.heirs += 1
            self.expand(split)
        self.check()

    def expand(self, split: str) -> None:
        collect = split.removesuffix(".split")
        if self.job_table.jobs[collect].status in FINAL or self.job_table.is_copy(collect):
            return
        self.expanded += 1
        submission = self.job_table.jobs[split].submission
        made = [
            JobRecord(
                id=f"{collect}.{number}",
                task=f"m.{number}",
                submission=submission,
                position=101 + number,
                inputs=("x", "elements", LOCK),
                outputs=(f"part {number}",),
                submitted_at=self.now,
            )
            for number in range(self.elements)
        ]
        for job in made:
            assert job.id not in self.job_table.jobs, f"{collect} was expanded twice"
            self.before[job.id] = [split]
        self.before[collect] = [split, *(job.id for job in made)]
        self.job_table.expand(collect, made)
        self.do(Expanded(collect=collect, elements=tuple(job.id for job in made), at=self.now))

    def step(self) -> bool:
        pick = self.random
        jobs = list(self.job_table.jobs.values())
        ready = [j for j in jobs if j.status in (Status.PENDING, Status.RUNNING)]
        if not ready:
            return False
        if pick.random() < 0.12:
            some = [j.id for j in pick.sample(jobs, min(len(jobs), pick.choice((1, 2, 5))))]
            if pick.random() < 0.5:
                some = list(
                    self.job_table.submissions[self.job_table.jobs[some[0]].submission].jobs
                )
            self.do(CancelRequested(jobs=tuple(some), reason=Reason.CANCELED, at=self.now))
            return True
        job = pick.choice(ready)
        if job.status is Status.PENDING and pick.random() < 0.1:
            self.do(UpToDate(job=job.id, at=self.now))
        elif job.status is Status.PENDING:
            self.do(Started(job=job.id, worker="w", at=self.now))
        elif pick.random() < 0.1:
            self.do(Lost(job=job.id, attempt=job.attempt, at=self.now, max_attempts=3))
        else:
            fails = job.id in self.job_table.stopping or pick.random() < self.fails
            failure = FAILURE if fails else None
            self.do(Finished(job=job.id, attempt=job.attempt, at=self.now, failure=failure))
        return True

    def check(self) -> None:
        jobs = self.job_table.jobs
        active = [j for j in jobs.values() if j.status in (Status.PENDING, Status.RUNNING)]
        written: set[str] = set()
        for job in active:
            for earlier in self.before[job.id]:
                assert jobs[earlier].status in DONE, f"{job.id} starts before {earlier}"
            assert not written.intersection(job.outputs), f"two writers, one is {job.id}"
            written.update(job.outputs)
        for job in active:
            if job.task != "m":  # it has the lock as its own
                assert not written.intersection({*job.inputs} - {*job.outputs}), job.id
        for task in SHARED:
            same = [job for job in jobs.values() if job.id.startswith("S") and job.task == task]
            if any(job.status in DONE for job in same):
                assert all(job.status in FINAL for job in same), f"a copy of {task} is left"


def walk(seed: int) -> World:
    world = World(seed)
    try:
        if world.random.random() < 0.4:
            world.submit("B", world.random.choice(OTHERS))
        world.sweep(world.random.choice((2, 3, 4)))
        others = world.random.choice((0, 0, 1, 2))
        for _ in range(400):
            if others and world.random.random() < 0.1:
                world.submit(f"O{others}", world.random.choice(OTHERS))
                others -= 1
            if not world.step():
                break
        unfinished = [j.id for j in world.job_table.jobs.values() if j.status not in FINAL]
        assert not unfinished, f"these wait for ever: {unfinished}"
    except Exception as error:
        raise AssertionError(f"walk({seed}): {type(error).__name__}: {error}") from error
    return world


@pytest.mark.parametrize("block", range(10))
def test_no_walk_of_a_sweep_breaks_a_rule(block: int) -> None:
    for seed in range(block * 200, block * 200 + 200):
        walk(seed)


def test_the_walks_of_sweeps_reach_what_they_are_for() -> None:
    worlds = [walk(seed) for seed in range(200)]
    assert any(world.heirs for world in worlds)
    assert any(world.expanded > 1 for world in worlds)
    statuses = {job.status for world in worlds for job in world.job_table.jobs.values()}
    assert statuses == set(FINAL)


@pytest.mark.parametrize("combinations", [2, 5])
def test_without_trouble_shared_work_is_done_once_and_all_copies_end_with_it(
    combinations: int,
) -> None:
    world = World(0)
    world.elements = 2
    world.sweep(combinations)
    ran = []
    while ready := [j for j in world.job_table.jobs.values() if j.status is Status.PENDING]:
        ran.append(ready[0].id)
        world.do(Started(job=ready[0].id, worker="w", at=world.now))
        world.do(Finished(job=ready[0].id, attempt=1, at=world.now))
        done = world.job_table.jobs[ran[-1]].task
        if done in SHARED:
            copies = [world.job_table.jobs[f"S{n}.{done}"] for n in range(1, combinations)]
            assert {copy.status for copy in copies} == {Status.SKIPPED}
    own = [f"S{number}.own" for number in range(combinations)]
    assert ran == ["S0.a", "S0.m.split", "S0.m.0", "S0.m.1", "S0.m", *own]


def test_a_heir_waits_for_what_its_original_waited_for_and_others_wait_for_the_heir() -> None:
    world = World(0)
    world.submit("R", {"r": (("x",), (), ())})
    world.do(Started(job="R.r", worker="w", at=0.0))
    world.sweep(2)
    world.submit("L", {"later": (("x",), (), ())})
    jobs = world.job_table.jobs
    world.do(CancelRequested(jobs=("S0.a",), reason=Reason.CANCELED, at=0.0))
    assert jobs["S1.a"].status is Status.BLOCKED
    world.do(Finished(job="R.r", attempt=1, at=0.0))
    assert (jobs["S1.a"].status, jobs["L.later"].status) == (Status.PENDING, Status.BLOCKED)
    world.do(Started(job="S1.a", worker="w", at=0.0))
    world.do(Finished(job="S1.a", attempt=1, at=0.0))
    assert jobs["L.later"].status is Status.PENDING


def test_the_next_submission_counts_elements_when_all_running_elements_have_ended() -> None:
    world = World(0)
    world.elements = 2
    world.submit("N0", COMBINATION)
    for task in ("a", "m.split"):
        world.do(Started(job=f"N0.{task}", worker="w", at=0.0))
        world.do(Finished(job=f"N0.{task}", attempt=1, at=0.0))
    again = {task: of for task, of in COMBINATION.items() if task != "a"}
    again["m.split"] = (*COMBINATION["m.split"][:2], ())
    again["own"] = (*COMBINATION["own"][:2], ("m",))
    world.submit("N1", again)
    for number in (0, 1):
        world.do(Started(job=f"N0.m.{number}", worker="w", at=0.0))
    world.do(Finished(job="N0.m.0", attempt=1, at=0.0, failure=FAILURE))
    jobs = world.job_table.jobs
    assert jobs["N0.m"].status is Status.ABANDONED
    assert jobs["N1.m.split"].status is Status.BLOCKED
    world.do(Finished(job="N0.m.1", attempt=1, at=0.0))
    assert jobs["N1.m.split"].status is Status.PENDING
