"""A submission whose jobs cannot be queued: refused with a sentence, and left for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from taipy_exec.api.service import Service
from taipy_exec.config.application import (
    AppConfig,
    DataNodeConfig,
    JobConfig,
    ScenarioConfig,
    TaskConfig,
)
from taipy_exec.engine.admission import new_submission, store_submission
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.instances import make_instance
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import BrokerError
from taipy_exec.protocol.order import JobOrder
from taipy_exec.store.coordinators import Identity
from taipy_exec.store.store import Store


class Queue:
    """A queue that cannot be made as long as it is `broken`, or by the call of this number."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.queue = self
        self.broken = fails_at is None
        self.attended: list[str] = []
        self.dismissed: list[str] = []
        self.enqueued: list[str] = []
        self._fails_at = fails_at

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None:
        if self.broken or len(self.attended) == self._fails_at:
            raise BrokerError("RabbitMQ did not make the queue in time")
        self.attended.append(submission)

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        self.enqueued += [order.task for order in orders]

    def revoke(self, submission: str, jobs: Sequence[str]) -> None: ...
    def pause(self, submission: str, *, paused: bool) -> None: ...
    def dismiss(self, submission: str) -> None:
        self.dismissed.append(submission)

    def free(self) -> int:
        return 0

    def reserve(self) -> str | None:
        return None

    def start(self, order: JobOrder, worker: str) -> None: ...
    def stop(self, job: str, grace: float) -> None: ...
    def poll(self, timeout: float | None) -> list[object]:
        return []

    def wake(self) -> None: ...


@pytest.fixture
def app(tmp_path: Path) -> AppConfig:
    task = TaskConfig(id="t", outputs=(DataNodeConfig(id="n"),))
    scenario = ScenarioConfig(id="s", tasks=(task,))
    job = JobConfig(mode="cluster")
    return AppConfig(
        root=tmp_path, state_dir=tmp_path / "state", scenarios={"s": scenario}, job=job
    )


def stored(store: Store, app: AppConfig, number: int, identity: str = "us") -> list[SubmissionPlan]:
    plans = []
    for _ in range(number):
        scenario = app.scenarios["s"]
        instance = make_instance(store, app, scenario)
        plan = new_submission(app, scenario, instance, mode="cluster", identity=identity)
        store_submission(store, plan)
        plans.append(plan)
    return plans


def coordinators(store: Store, plans: Sequence[SubmissionPlan]) -> list[str | None]:
    return [store.submission(plan.record.id).coordinator for plan in plans]


def test_it_stays_stored_without_a_coordinator_and_others_go_on(app: AppConfig) -> None:
    store = Store(app.state_dir)
    queue = Queue()
    coordinator = Coordinator(store, queue)
    plans = stored(store, app, 2)

    with pytest.raises(BrokerError):
        coordinator.add(plans[0])
    queue.broken = False
    coordinator.add(plans[1])
    coordinator.step(0)

    assert coordinators(store, plans) == [None, "us"]
    assert queue.enqueued == ["t"]
    assert plans[0].record.id not in coordinator.job_table.submissions


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_of_several_all_are_taken_or_none(app: AppConfig, fails_at: int) -> None:
    store = Store(app.state_dir)
    queue = Queue(fails_at)
    coordinator = Coordinator(store, queue)
    plans = stored(store, app, 3)

    with pytest.raises(BrokerError):
        coordinator.add(*plans)
    coordinator.step(0)

    assert coordinators(store, plans) == [None] * 3
    assert queue.enqueued == []
    assert queue.dismissed == [plan.record.id for plan in plans[:fails_at]]
    assert not coordinator.job_table.submissions
    assert not coordinator.has_work()


@pytest.fixture
def service(app: AppConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service whose broker fails at the second submission."""

    def engine(app: AppConfig, store: Store, *, own: Identity, runs_user_code: bool) -> object:
        coordinator = Coordinator(store, Queue(1))

        def close(grace: float = 0.0) -> None:
            store.close()
            own.close()

        return SimpleNamespace(coordinator=coordinator, add=coordinator.add, close=close)

    monkeypatch.setattr("taipy_exec.api.service.make_engine", engine)
    service = Service(app)
    yield service
    service.stop()


def test_the_program_that_submits_them_gets_the_error_and_keeps_none(
    app: AppConfig, service: Service
) -> None:
    service.start()
    plans = stored(service.store, app, 3, service._own.name)
    with pytest.raises(BrokerError):
        service.hand_over(*plans)
    assert coordinators(service.store, plans) == [None] * 3


def test_a_start_that_cannot_queue_what_waits_for_it_keeps_none_of_the_rest(
    app: AppConfig, service: Service
) -> None:
    plans = stored(service.store, app, 4, service._own.name)
    service.hand_over(plans[0])
    service.hand_over(plans[1], plans[2])
    service.hand_over(plans[3])
    with pytest.raises(BrokerError):
        service.start()
    assert coordinators(service.store, plans) == [service.identity, None, None, None]
