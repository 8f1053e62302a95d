"""The coordinator with a runner that runs nothing: what it starts, hands out and takes back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from application_support import application

from taipy_exec.config.application import DataNodeConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.engine.admission import new_submission, resume_plan, store_submission
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.instances import make_instance
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.pools import Pools
from taipy_exec.model.event import Begun, Deferred, Event, Finished, Lost, Starting
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.protocol.order import JobOrder
from taipy_exec.store.store import Store


class Runner:
    """Places or a queue; a test says what comes back."""

    def __init__(self, places: int | None) -> None:
        self.queue: Any = self if places is None else None
        self.places = places or 0
        self.orders: list[JobOrder] = []
        self.pauses: list[bool] = []
        self.reports: list[Event] = []

    def free(self) -> int:
        return self.places

    def reserve(self) -> str:
        self.places -= 1
        return "host:1"

    def start(self, order: JobOrder, worker: str) -> None:
        self.orders.append(order)

    def stop(self, job: str, grace: float) -> None: ...

    def poll(self, timeout: float | None) -> list[Event]:
        reports, self.reports = self.reports, []
        return reports

    def wake(self) -> None: ...

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None: ...

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        self.orders += orders

    def revoke(self, submission: str, jobs: Sequence[str]) -> None: ...

    def pause(self, submission: str, *, paused: bool) -> None:
        self.pauses.append(paused)

    def dismiss(self, submission: str) -> None: ...


class World:
    """An application with independent tasks, its state, and coordinators one after the other."""

    def __init__(self, folder: Path, count: int = 2, **properties: Any) -> None:
        nodes = [DataNodeConfig(id=f"n{n}") for n in range(count)]
        tasks = [
            TaskConfig(
                id=f"t{n}",
                function_ref=FunctionRef("m.f", int),
                outputs=(node,),
                properties=properties,
            )
            for n, node in enumerate(nodes)
        ]
        self.app = application(folder, tasks)
        self.scenario = self.app.scenarios["s"]
        self.store = Store(self.app.state_dir)
        self.other = Store(self.app.state_dir)
        self.own = self.store.coordinate()

    def submission(self) -> SubmissionPlan:
        instance = make_instance(self.store, self.app, self.scenario)
        plan = new_submission(
            self.app, self.scenario, instance, mode="standalone", identity=self.own.name
        )
        store_submission(self.store, plan)
        return plan

    def coordinator(self, runner: Runner, pools: Pools | None = None) -> Coordinator:
        return Coordinator(self.store, runner, pools=pools)

    def resume(self, id: str) -> SubmissionPlan:
        """As a process would after the death of the former coordinator."""
        self.own.close()
        self.own = self.store.coordinate()
        return resume_plan(self.store, self.app, self.store.submission(id), self.own.name)

    def close(self) -> None:
        self.own.close()
        self.store.close()
        self.other.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_pause_from_before_the_coordinator_took_the_submission_counts(world: World) -> None:
    runner = Runner(2)
    coordinator = world.coordinator(runner)
    coordinator.step(0)
    plan = world.submission()
    world.other.pause(plan.record.id, paused=True)
    coordinator.step(0)
    coordinator.add(plan)
    coordinator.step(0)

    assert runner.orders == []
    world.other.pause(plan.record.id, paused=False)
    coordinator.step(0)
    assert len(runner.orders) == 2


def test_a_cancel_from_before_the_coordinator_took_the_submission_counts(world: World) -> None:
    runner = Runner(2)
    coordinator = world.coordinator(runner)
    plan = world.submission()
    world.other.request_cancel(plan.record.id, None, 1.0)
    coordinator.step(0)
    coordinator.add(plan)
    coordinator.step(0)

    assert runner.orders == []
    assert plan.record.counts[Status.CANCELED] == 2


def test_workers_hear_from_a_successor_that_a_paused_submission_goes_on(world: World) -> None:
    """It was paused when its coordinator died, and continued before there was another."""
    first = Runner(None)
    coordinator = world.coordinator(first)
    plan = world.submission()
    coordinator.add(plan)
    world.other.pause(plan.record.id, paused=True)
    coordinator.step(0)
    assert first.pauses == [True]
    world.other.pause(plan.record.id, paused=False)

    second = Runner(None)
    successor = world.coordinator(second)
    successor.add(world.resume(plan.record.id))
    successor.step(0)

    assert second.pauses == [False]
    assert len(second.orders) == 2


def test_a_successor_says_that_the_submission_is_paused(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    plan = world.submission()
    world.other.pause(plan.record.id, paused=True)
    with caplog.at_level(logging.WARNING, "taipy_exec"):
        world.coordinator(Runner(1)).add(world.resume(plan.record.id))

    id = plan.record.short_id
    assert f"{id} is paused. Continue it: taipy-exec continue {id}" in caplog.text


def test_a_paused_submission_leaves_its_places_in_a_pool_to_others(tmp_path: Path) -> None:
    world = World(tmp_path, 1, pool="gpu")
    pools = Pools(tmp_path / "state" / "pools", {"gpu": 1})
    runner = Runner(None)
    coordinator = world.coordinator(runner, pools)
    one, two = world.submission(), world.submission()
    for plan in (one, two):
        coordinator.add(plan)
    coordinator.step(0)
    assert [order.submission for order in runner.orders] == [one.record.id]

    world.other.pause(one.record.id, paused=True)
    coordinator.step(0)
    runner.reports = [Deferred(job=one.jobs[0].id, attempt=1, at=1.0)]
    coordinator.step(0)
    assert [order.submission for order in runner.orders] == [one.record.id, two.record.id]

    world.other.pause(one.record.id, paused=False)
    coordinator.step(0)
    assert len(runner.orders) == 2
    coordinator.cancel([two.jobs[0].id], "canceled")
    coordinator.step(0)
    assert [order.job for order in runner.orders[2:]] == [one.jobs[0].id]
    pools.close()
    world.close()


def test_a_submission_that_two_ask_to_cancel_at_once_is_canceled_once(world: World) -> None:
    """The first may be its end, after which it is forgotten."""
    coordinator = world.coordinator(Runner(0))
    plan = world.submission()
    coordinator.add(plan)
    coordinator.observers.append(
        lambda changes: coordinator.forget(plan.record.id) if plan.record.finished_at else None
    )
    for _ in range(2):
        world.other.request_cancel(plan.record.id, None, 1.0)
    coordinator.step(0)

    assert plan.record.counts[Status.CANCELED] == 2
    assert coordinator.job_table.submissions == {}


def test_a_job_counts_as_started_when_its_process_is_ready(world: World) -> None:
    runner = Runner(1)
    coordinator = world.coordinator(runner)
    plan = world.submission()
    coordinator.add(plan)
    coordinator.step(0)
    (order,) = runner.orders
    job = next(job for job in plan.jobs if job.id == order.job)

    def stored() -> JobRecord:
        return world.other.find_job(order.job)

    runner.reports = [Starting(order.job, 1, 0.0)]
    coordinator.step(0)
    waited_since = stored().started_at
    assert (job.reason, stored().reason) == (Reason.STARTING, Reason.STARTING)
    runner.reports = [Begun(order.job, 1, 0.0)]
    coordinator.step(0)
    assert stored().status is Status.RUNNING
    assert (job.reason, stored().reason) == (None, None)
    assert waited_since is not None
    assert stored().started_at == job.started_at
    assert job.started_at is not None
    assert job.started_at >= waited_since


def test_a_job_whose_process_is_not_ready_runs_with_that_reason_from_the_first_moment(
    world: World,
) -> None:
    class NewProcesses(Runner):
        def is_starting(self, worker: str) -> bool:
            return worker == "host:1"

    runner = NewProcesses(1)
    coordinator = world.coordinator(runner)
    plan = world.submission()
    coordinator.add(plan)
    seen: list[tuple[Status, str | None]] = []
    coordinator.observers.append(
        lambda changes: seen.extend((change.after, change.reason) for change in changes)
    )
    coordinator.step(0)
    assert seen == [(Status.RUNNING, Reason.STARTING)]
    (order,) = runner.orders
    assert world.other.find_job(order.job).reason == Reason.STARTING
    runner.reports = [Begun(order.job, 1, 0.0)]
    coordinator.step(0)
    assert world.other.find_job(order.job).reason is None


def test_a_process_that_is_ready_too_late_changes_nothing(world: World) -> None:
    runner = Runner(1)
    coordinator = world.coordinator(runner)
    plan = world.submission()
    coordinator.add(plan)
    coordinator.step(0)
    (order,) = runner.orders
    runner.reports = [Finished(order.job, 1, 0.0), Begun(order.job, 1, 0.0)]
    coordinator.step(0)
    assert world.other.find_job(order.job).status is Status.COMPLETED


def test_while_another_attempt_runs_it_is_seen_why(world: World) -> None:
    runner = Runner(2)
    coordinator = world.coordinator(runner)
    coordinator.add(world.submission())
    coordinator.step(0)
    order = runner.orders[0]
    runner.places += 1
    runner.reports = [Lost(order.job, 1, 0.0, 3)]
    coordinator.step(0)
    found = world.other.find_job(order.job)
    assert (found.status, found.attempt) == (Status.RUNNING, 2)
    assert found.reason == Reason.WORKER_LOST
