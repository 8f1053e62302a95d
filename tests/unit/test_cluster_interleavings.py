"""The two ends of cluster mode in one thread and in virtual time, over a broker that loses things.

Each seed is one history: a coordinator and some workers, of which any may be cut off, frozen or
killed at any moment. Whatever happens, every job completes, and no run writes after a later
attempt has begun to write.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from application_support import application
from virtual_broker import Clock, VirtualBroker, VirtualLink

from taipy_exec.broker.names import Names
from taipy_exec.config.application import DataNodeConfig, JobConfig, TaskConfig
from taipy_exec.config.broker_address import parse_addresses
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.engine.admission import new_submission, resume_plan, store_submission
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.instances import make_instance
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason, Status
from taipy_exec.ports import RunnerContext
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.runners.cluster import ClusterRunner
from taipy_exec.store.store import Store
from taipy_exec.worker.prefetch import WorkerLimits
from taipy_exec.worker.service import WorkerService

SEEDS = int(os.environ.get("INTERLEAVINGS", "40"))
LEASE = 15.0
# After this time (virtual seconds) nothing breaks any more, and after the other all must be done.
QUIET_AT, END_AT = 60.0, 400.0
TICK = 0.1


@dataclass
class Run:
    """A job in a slot: it writes at `end`, if it may by then."""

    order: JobOrder
    worker: str
    end: float
    until: float


@dataclass
class Pool:
    """Slots whose jobs take virtual time."""

    clock: Clock
    ledger: Callable[[Run], None]
    chance: random.Random
    size: int = 2
    runs: dict[str, Run] = field(default_factory=dict)
    reserved: int = 0
    made: int = 0
    asking: dict[str, Any] = field(default_factory=dict)
    ended: list[JobReport] = field(default_factory=list)

    @property
    def running(self) -> dict[str, Run]:
        return self.runs

    def free(self) -> int:
        return self.size - self.reserved - len(self.runs)

    def reserve(self) -> str:
        self.reserved += 1
        self.made += 1
        return f"host:{self.made}"

    def release(self, worker: str) -> None:
        self.reserved -= 1

    def start(self, order: JobOrder, worker: str, log: object, until: float) -> None:
        self.reserved -= 1
        duration = self.chance.choice((0.01, 1.0, 6.0, 15.0))
        self.runs[worker] = Run(order, worker, self.clock.now + duration, until)

    def advance(self) -> None:
        """Let the jobs that are done write, if they may. It goes on while the worker is frozen."""
        for run in list(self.runs.values()):
            if run.end <= self.clock.now and run.worker not in self.asking:
                if self.clock.now < run.until:
                    self.ledger(run)
                    self._end(run, None)
                else:
                    self.asking[run.worker] = run

    def _end(self, run: Run, kind: Reason | None) -> None:
        self.runs.pop(run.worker, None)
        self.asking.pop(run.worker, None)
        failure = Failure(kind=kind, message="") if kind else None
        self.ended.append(
            JobReport(run.order.job, run.order.attempt, self.clock.time(), 1.0, failure)
        )

    def answer(self, worker: str, until: float | None) -> None:
        run = self.asking.pop(worker, None)
        if run is not None and until is None:
            self._end(run, Reason.OUTDATED)
        elif run is not None:
            run.until = until

    def stop_slot(self, worker: str, grace: float) -> None:
        if worker in self.runs:
            self._end(self.runs[worker], Reason.CANCELED)

    def poll(self, timeout: float) -> list[JobReport]:
        ended, self.ended = self.ended, []
        return ended

    def take_starts(self) -> list[Any]:
        return []

    def wake(self) -> None: ...

    def renew(self) -> None: ...

    def close(self, grace: float = 0.0) -> None: ...


class History:
    """One history, from its seed."""

    def __init__(self, seed: int, folder: Path, clock: Clock) -> None:
        self.chance = chance = random.Random(seed)
        self.clock = clock
        self.broker = VirtualBroker(clock, chance)
        self.names = Names("app")
        self.broker.declare_base(self.names)
        count = chance.choice((1, 3, 8))
        nodes = [DataNodeConfig(id=f"n{n}") for n in range(count)]
        tasks = [
            TaskConfig(
                id=f"t{n}",
                function_ref=FunctionRef("m.f", int),
                inputs=(nodes[n - 1],) if n % 2 else (),
                outputs=(node,),
            )
            for n, node in enumerate(nodes)
        ]
        self.app = application(
            folder,
            tasks,
            job=JobConfig(
                mode="cluster",
                max_attempts=50,
                check_code="off",
                properties={"application": "app", "broker_lease": LEASE},
            ),
        )
        self.scenario = self.app.scenarios["s"]
        self.cluster = ClusterConfig(
            application="app", addresses=parse_addresses("amqp://"), lease=LEASE
        )
        self.store = Store(self.app.state_dir)
        self.written: dict[str, list[Run]] = defaultdict(list)
        self.frozen: dict[int, float] = {}
        self.workers: list[tuple[WorkerService, VirtualLink, Pool]] = []
        for _ in range(chance.choice((1, 2, 3))):
            self.add_worker()
        self.plans: list[Any] = []
        self.start_coordinator()
        self.submit()

    def submit(self) -> None:
        instance = make_instance(self.store, self.app, self.scenario)
        plan = new_submission(
            self.app, self.scenario, instance, mode="cluster", identity=self.own.name
        )
        store_submission(self.store, plan)
        self.coordinator.add(plan)
        self.plans.append(plan)

    # -- processes ----------------------------------------------------------------------------

    def link(self, made: list[VirtualLink], *arguments: Any, **options: Any) -> VirtualLink:
        subscriptions = arguments[2] if len(arguments) > 2 else ()
        made.append(VirtualLink(self.broker, subscriptions, options["wake"]))
        return made[0]

    def add_worker(self) -> None:
        made: list[VirtualLink] = []
        pool = Pool(self.clock, self.write, self.chance)
        service = WorkerService(
            self.app,
            self.cluster,
            WorkerLimits(least=2, most=2),
            make_link=partial(self.link, made),
            make_pool=lambda *rest, **named: pool,  # type: ignore[arg-type,return-value]
        )
        self.workers.append((service, made[0], pool))

    def start_coordinator(self) -> None:
        made: list[VirtualLink] = []
        self.own = self.store.coordinate()
        context = RunnerContext(
            app=self.app,
            log_path=lambda order: self.app.state_dir / "log",
            folder=self.app.root,
            epoch=self.own.token,
        )
        self.runner = ClusterRunner(context, make_link=partial(self.link, made))
        self.coordinator_link = made[0]
        self.coordinator = Coordinator(self.store, self.runner, identity=self.own.name)

    def write(self, run: Run) -> None:
        """A run writes its output, which must not come after that of a later attempt."""
        before = self.written[run.order.job]
        assert not before or run.order.attempt > before[-1].order.attempt, (run, before)
        before.append(run)

    # -- what goes wrong ------------------------------------------------------------------------

    def kill_worker(self) -> None:
        number = self.chance.randrange(len(self.workers))
        _, link, _ = self.workers.pop(number)
        self.frozen.clear()
        link.die()
        self.add_worker()

    def freeze_worker(self) -> None:
        number = self.chance.randrange(len(self.workers))
        self.frozen[number] = self.clock.now + self.chance.choice((1.0, 8.0, 25.0, 40.0))

    def cut_something(self) -> None:
        self.chance.choice([self.coordinator_link, *(link for _, link, _ in self.workers)]).cut()

    def cut_all(self) -> None:
        for link in [self.coordinator_link, *(link for _, link, _ in self.workers)]:
            link.cut()

    def kill_coordinator(self) -> None:
        self.coordinator_link.die()
        # With a dead link, closing sends nothing.
        self.runner.close()
        self.own.close()
        self.start_coordinator()
        for number, plan in enumerate(self.plans):
            record = self.store.submission(plan.record.id)
            if record.finished_at is None:
                again = resume_plan(self.store, self.app, record, self.own.name)
                self.plans[number] = again
                self.coordinator.add(again)

    # -- time -----------------------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        return all(plan.record.finished_at is not None for plan in self.plans)

    def run(self) -> None:
        begin, trouble = self.clock.now, 0.0
        faults = (
            self.kill_worker,
            self.freeze_worker,
            self.cut_something,
            self.cut_something,
            self.cut_all,
            self.kill_coordinator,
        )
        pace = self.chance.choice((2.0, 8.0, 20.0))
        while not self.is_done or self.clock.now - begin < QUIET_AT:
            if self.is_done:
                self.submit()
            passed = self.clock.now - begin
            assert passed < END_AT, "it does not end"
            if trouble < passed < QUIET_AT:
                trouble = passed + self.chance.expovariate(1 / pace)
                self.chance.choice(faults)()
            self.clock.now = min(self.broker.next_at, self.clock.now + TICK)
            self.broker.run_due()
            for number, (service, _, pool) in enumerate(self.workers):
                pool.advance()
                if self.frozen.get(number, 0.0) <= self.clock.now:
                    service.step(0)
            self.coordinator.step(0)

    def check(self) -> None:
        for plan in self.plans:
            for job in self.store.jobs(plan.record.id):
                assert job.status is Status.COMPLETED, job
                # What counts is what was written last.
                assert self.written[job.id][-1].order.attempt == job.attempt

    def close(self) -> None:
        self.runner.close()
        self.own.close()
        self.store.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made.monotonic)
    monkeypatch.setattr(time, "time", made.time)
    yield made


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_job_completes_and_no_old_run_writes_over_a_new_one(
    seed: int, clock: Clock, tmp_path: Path
) -> None:
    history = History(seed, tmp_path, clock)
    try:
        history.run()
        history.check()
    finally:
        history.close()
