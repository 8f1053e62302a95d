"""Runs taipy-exec with something wrong in it, told by the words before `--`.

`kill POINT NUMBER`: SIGKILL to itself when it comes to a named point for the n-th time.
`clock SECONDS AFTER`: the time of day jumps by SECONDS, AFTER seconds from the start.

The product has no hooks for this: the points are places in its code, wrapped from outside. A unit
test looks each of them up.
"""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

_EMIT = ("taipy_exec.broker.connection", "GatheringConnection._emit", "after")
_PUBLISHER = "taipy_exec.broker.publisher"
_DELIVERIES = "taipy_exec.broker.deliveries"
_SERVICE = "taipy_exec.worker.service"
_ORDERS = "taipy_exec.worker.assignments"
_RUNNER = "taipy_exec.runners.cluster"
_STORE = "taipy_exec.store.store"

# From the receipt of an order to its acknowledgement.
WORKER_POINTS: Mapping[str, tuple[str, str, str]] = {
    "order-received": (_SERVICE, "WorkerService._on_order", "before"),
    "job-started": (_ORDERS, "Assignments._start", "after"),
    "job-ended": (_ORDERS, "Assignments.on_report", "before"),
    "reports-gathered": ("taipy_exec.worker.reporter", "Reporter._send_some", "after"),
    "frames-sent": _EMIT,
    "report-confirmed": (_SERVICE, "WorkerService._on_settled", "before"),
    "order-before-ack": (_DELIVERIES, "Deliveries.acknowledge", "before"),
    "order-after-ack": (_DELIVERIES, "Deliveries.acknowledge", "after"),
}
# From storing a submission to its end.
SUBMITTER_POINTS: Mapping[str, tuple[str, str, str]] = {
    "submission-stored": ("taipy_exec.engine.admission", "admit", "after"),
    "reports-queue-declared": (_RUNNER, "ClusterRunner.attend", "after"),
    "before-orders": (_RUNNER, "ClusterRunner.enqueue", "before"),
    "after-orders": (_RUNNER, "ClusterRunner.enqueue", "after"),
    "frames-sent": _EMIT,
    "orders-confirmed": (_PUBLISHER, "Publisher._on_confirm", "after"),
    "report-received": (_RUNNER, "ClusterRunner._on_report", "before"),
    "before-commit": (_STORE, "Store.save", "before"),
    "after-commit": (_STORE, "Store.save", "after"),
    "report-after-ack": (_DELIVERIES, "Deliveries.acknowledge", "after"),
    "before-dismissal": (_RUNNER, "ClusterRunner.dismiss", "before"),
    "after-dismissal": (_RUNNER, "ClusterRunner.dismiss", "after"),
}
# The same in the local modes; those that begin with `slot-` are of standalone mode only.
LOCAL_POINTS: Mapping[str, tuple[str, str, str]] = {
    "submission-stored": SUBMITTER_POINTS["submission-stored"],
    "before-commit": SUBMITTER_POINTS["before-commit"],
    "after-commit": SUBMITTER_POINTS["after-commit"],
    "before-dispatch": ("taipy_exec.engine.coordinator", "Coordinator._dispatch", "before"),
    "after-dispatch": ("taipy_exec.engine.coordinator", "Coordinator._dispatch", "after"),
    "before-job": ("taipy_exec.execution.run_job", "JobRunner.run", "before"),
    "after-job": ("taipy_exec.execution.run_job", "JobRunner.run", "after"),
    "slot-made": ("taipy_exec.execution.slot_pool", "SlotPool._new_slot", "after"),
    "slot-got-job": ("taipy_exec.execution.slot", "Slot.start", "after"),
    "slot-reports": ("taipy_exec.execution.slot", "Slot.take_report", "before"),
    "slot-reported": ("taipy_exec.execution.slot", "Slot.take_report", "after"),
    "last-words": ("taipy_exec.cli.result", "show_result", "before"),
}


def place_of(point: str) -> tuple[Any, str, str]:
    """What holds the function of a point, its name, and whether to kill before or after it."""
    module, path, when = {**WORKER_POINTS, **SUBMITTER_POINTS, **LOCAL_POINTS}[point]
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for class_name in classes:
        owner = getattr(owner, class_name)
    return owner, name, when


def kill_at(point: str, number: int) -> None:
    """Wrap the place so that its n-th use is this process's end."""
    owner, name, when = place_of(point)
    original: Callable[..., Any] = getattr(owner, name)
    uses = itertools.count(1)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        last = next(uses) == number
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def move_clock(seconds: float, after: float) -> None:
    """Have `time.time` jump."""
    original = time.time
    begin = time.monotonic()
    time.time = lambda: original() + (seconds if time.monotonic() - begin > after else 0.0)


def main() -> None:
    at = sys.argv.index("--")
    what, *words = sys.argv[1:at]
    sys.argv[:] = ["taipy-exec", *sys.argv[at + 1 :]]
    if what == "kill":
        kill_at(words[0], int(words[1]))
    else:
        move_clock(float(words[0]), float(words[1]))
    from taipy_exec.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
