"""The gain of the start order: layered graphs with skewed durations, in virtual time.

The real coordinator and store decide. Only the jobs are simulated, and the clock jumps to the end
of the next job. So the figures do not depend on the machine.
"""

from __future__ import annotations

import heapq
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.engine.admission import new_submission, store_submission
from taipy_exec.engine.clock import Clock
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.critical_path import remaining_seconds
from taipy_exec.engine.instances import make_instance
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.store.store import Store

SLOTS = 4
_LAYERS, _WIDTH, _PARENTS = 5, 20, 2
# The standard deviation of the logarithm: one job in forty takes twenty times the median.
_SKEW = 1.5
# The difference of a job from its former run (standard deviation of the logarithm).
_NOISE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Makespans:
    """Seconds of one graph in both orders, and the lower bound of all orders."""

    fifo: float
    critical_path: float
    bound: float

    @property
    def gain(self) -> float:
        """The time that the critical path order saves, as a fraction of fifo."""
        return 1 - self.critical_path / self.fifo

    @property
    def possible(self) -> float:
        """The most time that any order could save, as a fraction of fifo."""
        return 1 - self.bound / self.fifo


def measure(graphs: int) -> list[Makespans]:
    """Run `graphs` seeded graphs: once to learn the durations, then in both orders."""
    found = []
    for seed in range(graphs):
        chance = random.Random(seed)
        with tempfile.TemporaryDirectory(prefix="schedule-") as folder:
            app = _layered(Path(folder), chance)
            former = {task: chance.lognormvariate(0, _SKEW) for task in app.tasks}
            now = {task: s * chance.lognormvariate(0, _NOISE) for task, s in former.items()}
            store = Store(app.state_dir)
            _run(app, store, former, critical_path=False)
            found.append(
                Makespans(
                    critical_path=_run(app, store, now, critical_path=True),
                    fifo=_run(app, store, now, critical_path=False),
                    bound=_bound(app, now),
                )
            )
            store.close()
    return found


def _layered(folder: Path, chance: random.Random) -> AppConfig:
    """An application in which each job reads the outputs of two random jobs of the layer before."""
    nodes: dict[str, DataNodeConfig] = {}
    tasks: dict[str, TaskConfig] = {}
    before: list[DataNodeConfig] = []
    for layer in range(_LAYERS):
        outputs = []
        for n in range(_WIDTH):
            output = nodes[f"d{layer}_{n}"] = DataNodeConfig(id=f"d{layer}_{n}")
            inputs = tuple(chance.sample(before, _PARENTS)) if before else ()
            id = f"t{layer}_{n}"
            tasks[id] = TaskConfig(id=id, inputs=inputs, outputs=(output,))
            outputs.append(output)
        before = outputs
    scenario = ScenarioConfig(id="s", tasks=tuple(tasks.values()))
    return AppConfig(
        root=folder,
        state_dir=folder / "state",
        data_nodes=nodes,
        tasks=tasks,
        scenarios={"s": scenario},
    )


def _run(
    app: AppConfig, store: Store, seconds: Mapping[str, float], *, critical_path: bool
) -> float:
    slots = _ImaginedSlots(seconds)
    coordinator = Coordinator(
        store,
        slots,
        urgency=lambda plan: (
            remaining_seconds(plan.graph, store.usual_durations("s")) if critical_path else {}
        ),
        clock=_ImaginedClock(slots),
    )
    instance = make_instance(store, app, app.scenario("s"))
    plan = new_submission(app, app.scenario("s"), instance, mode="standalone", identity="us")
    store_submission(store, plan)
    begin = slots.now
    coordinator.add(plan)
    coordinator.run()
    return slots.now - begin


def _bound(app: AppConfig, seconds: Mapping[str, float]) -> float:
    """The work divided by the slots, or the longest path, whichever is longer."""
    graph = app.scenario("s").graph()
    return max(sum(seconds.values()) / SLOTS, *remaining_seconds(graph, seconds).values())


class _ImaginedClock(Clock):
    """A clock that shows the time of the slots."""

    def __init__(self, slots: _ImaginedSlots) -> None:
        self._slots = slots

    def set(self) -> None:
        """Do nothing: there is no other time."""

    def __call__(self) -> float:
        return self._slots.now


class _ImaginedSlots:
    """Slots for simulated jobs. Each job takes its given seconds."""

    queue = None

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.now = 1.0
        self._seconds = seconds
        self._running: list[tuple[float, str, JobOrder]] = []

    def free(self) -> int:
        return SLOTS - len(self._running)

    def reserve(self) -> str:
        return "imagined:1"

    def start(self, order: JobOrder, worker: str) -> None:
        heapq.heappush(self._running, (self.now + self._seconds[order.task], order.job, order))

    def stop(self, job: str, grace: float) -> None:
        raise AssertionError("nothing is stopped here")

    def poll(self, timeout: float | None) -> Sequence[JobReport]:
        self.now, _, order = heapq.heappop(self._running)
        return [
            JobReport(
                job=order.job,
                attempt=order.attempt,
                finished_at=self.now,
                duration=self._seconds[order.task],
            )
        ]

    def wake(self) -> None:
        """Do nothing: nothing waits."""
