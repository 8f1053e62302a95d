"""A submission whose jobs cannot be queued: refused with a sentence, and left for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.engine.admission import new_submission, store_submission
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.instances import make_instance
from taipy_exec.errors import BrokerError
from taipy_exec.protocol.order import JobOrder
from taipy_exec.store.store import Store


class Queue:
    """A queue that cannot be made as long as it is `broken`."""

    def __init__(self) -> None:
        self.queue = self
        self.broken = True
        self.enqueued: list[str] = []

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None:
        if self.broken:
            raise BrokerError("RabbitMQ did not make the queue in time")

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        self.enqueued += [order.task for order in orders]

    def withdraw(self, submission: str, jobs: Sequence[str]) -> None: ...
    def pause(self, submission: str, *, paused: bool) -> None: ...
    def dismiss(self, submission: str) -> None: ...
    def free(self) -> int:
        return 0

    def reserve(self) -> str | None:
        return None

    def start(self, order: JobOrder, worker: str) -> None: ...
    def stop(self, job: str, grace: float) -> None: ...
    def poll(self, timeout: float | None) -> list[object]:
        return []

    def wake(self) -> None: ...


def test_it_stays_stored_without_a_coordinator_and_others_go_on(tmp_path: Path) -> None:
    node = DataNodeConfig(id="n")
    task = TaskConfig(id="t", outputs=(node,))
    scenario = ScenarioConfig(id="s", tasks=(task,))
    app = AppConfig(root=tmp_path, state_dir=tmp_path / "state", scenarios={"s": scenario})
    store = Store(app.state_dir)
    queue = Queue()
    coordinator = Coordinator(store, queue)
    plans = []
    for _ in range(2):
        instance = make_instance(store, app, scenario)
        plan = new_submission(app, scenario, instance, mode="cluster", identity="us")
        store_submission(store, plan)
        plans.append(plan)

    with pytest.raises(BrokerError):
        coordinator.add(plans[0])
    queue.broken = False
    coordinator.add(plans[1])
    coordinator.step(0)

    assert store.submission(plans[0].record.id).coordinator is None
    assert store.submission(plans[1].record.id).coordinator == "us"
    assert queue.enqueued == ["t"]
    assert plans[0].record.id not in coordinator.board.submissions
