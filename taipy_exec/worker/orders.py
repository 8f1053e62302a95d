"""Which orders a worker may run: the control stream names withdrawn, paused and outdated ones."""

from __future__ import annotations

from collections.abc import Mapping

from taipy_exec.config.application import AppConfig
from taipy_exec.config.mapped import whole_name
from taipy_exec.protocol.level import level_in
from taipy_exec.protocol.messages import Order, Paused, Revoked, Takeover


class ControlLog:
    """The content of the control stream so far."""

    def __init__(self) -> None:
        self._revoked: dict[str, set[str]] = {}
        self._epochs: dict[str, str] = {}
        self._paused: set[str] = set()
        self.offset = -1

    def note(self, message: Revoked | Paused | Takeover) -> None:
        """Note one message of the stream."""
        if isinstance(message, Revoked):
            self._revoked.setdefault(message.submission, set()).update(map(str, message.jobs))
        elif isinstance(message, Paused):
            if message.paused:
                self._paused.add(message.submission)
            else:
                self._paused.discard(message.submission)
        else:
            self._epochs[message.submission] = message.epoch

    def is_void(self, order: Order) -> bool:
        """Whether the job was canceled, or its coordinator has a successor."""
        if order.job in self._revoked.get(order.submission, ()):
            return True
        return self._epoch(order) != order.epoch

    def level(self, order: Order) -> int:
        """The level of the coordinator that reads the reports about the order."""
        return level_in(self._epoch(order))

    def _epoch(self, order: Order) -> str:
        return self._epochs.get(order.submission, order.epoch)

    def is_paused(self, order: Order) -> bool:
        """Whether the order's submission is paused, so that the order must not begin now."""
        return order.submission in self._paused


def tasks_by_scenario(app: AppConfig) -> dict[str, frozenset[str]]:
    """Scenario -> its tasks: all that an order may name."""
    return {
        id: frozenset(task.id for task in scenario.tasks)
        for id, scenario in app.real_scenarios.items()
    }


def why_not_ours(tasks: Mapping[str, frozenset[str]], order: Order) -> str | None:
    """Why no worker of this application can run the order, in words; None if one can."""
    scenario = order.instance.removeprefix("SCENARIO_").rpartition("_")[0]
    if scenario not in tasks:
        return f"the application's configuration has no scenario {scenario!r}"
    if whole_name(order.task) not in tasks[scenario]:
        return f"scenario {scenario!r} has no task {order.task!r}"
    return None
