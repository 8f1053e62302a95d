"""The measurement of Dramatiq. It runs in its own environment, in the current folder.

`python -m benchmarks.cluster_dramatiq '{"workload": ..., "arguments": [...]}'` prints the result as
its last line. The workers are `dramatiq benchmarks.cluster_dramatiq ...`, in the same folder.
`BENCH_URL` is the URL of the broker. With `BENCH_SAFE`, publishing is confirmed and queues are
quorum queues. Without it, Dramatiq has its default settings. Dramatiq has no results through
RabbitMQ, so each job appends a byte to a file. This costs less than a message.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.workloads import spin

_LEDGER = "ledger"
_LOOK_SECONDS = 0.002
_LONGEST = 120.0
_SAFE = bool(os.environ.get("BENCH_SAFE"))
_QUEUE = "bench-dramatiq-safe" if _SAFE else "bench-dramatiq"


class _QuorumBroker(RabbitmqBroker):  # type: ignore[misc]
    """A broker with quorum queues. Dramatiq has no setting for them."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": "quorum"}


_KIND = _QuorumBroker if _SAFE else RabbitmqBroker
dramatiq.set_broker(_KIND(url=os.environ["BENCH_URL"], confirm_delivery=_SAFE))


@dramatiq.actor(queue_name=_QUEUE, max_retries=0)
def first(value: Any) -> None:
    """Do nothing, and report the end."""
    _append()


@dramatiq.actor(queue_name=_QUEUE, max_retries=0)
def busy(loops: int) -> None:
    """Keep one core busy."""
    spin(loops)
    _append()


def main(workload: str, arguments: list[int]) -> dict[str, float]:
    """Seconds from the first message until all jobs have reported their end."""
    _run([first.message(1)] * 20 + [busy.message(2_000_000)] * 2)
    what = first.message(1) if workload == "flat" else busy.message(arguments[1])
    return {"seconds": _run([what] * arguments[0])}


def _append() -> None:
    descriptor = os.open(_LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b".")
    os.close(descriptor)


def _run(messages: list[Any]) -> float:
    broker = dramatiq.get_broker()
    before = _ended()
    begin = time.perf_counter()
    for message in messages:
        broker.enqueue(message.copy())
    while _ended() - before < len(messages):
        if time.perf_counter() - begin > _LONGEST:
            raise RuntimeError(f"{_ended() - before} of {len(messages)} messages ran")
        time.sleep(_LOOK_SECONDS)
    return time.perf_counter() - begin


def _ended() -> int:
    return os.stat(_LEDGER).st_size if os.path.exists(_LEDGER) else 0  # noqa: PTH110, PTH116


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    print(json.dumps(main(spec["workload"], spec["arguments"])))
