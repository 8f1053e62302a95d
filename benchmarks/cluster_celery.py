"""The measurement of Celery. It runs in its own environment, in the current folder.

`python -m benchmarks.cluster_celery '{"workload": ..., "arguments": [...]}'` prints the result as
its last line. The workers are `celery --app benchmarks.cluster_celery worker ...`. `BENCH_URL` is
the URL of the broker. With `BENCH_SAFE`, publishing is confirmed, queues are quorum queues and
messages are acknowledged late. Without it, Celery has its default settings.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from celery import Celery, chain
from celery.signals import worker_ready
from kombu import Queue

from benchmarks.workloads import spin

_LONGEST = 120.0
_SAFE = bool(os.environ.get("BENCH_SAFE"))
_QUEUE = "bench-celery-safe" if _SAFE else "bench-celery"

app = Celery("bench", broker=os.environ["BENCH_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=_QUEUE,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    broker_connection_retry_on_startup=True,
)
if _SAFE:
    app.conf.update(
        task_queues=[Queue(_QUEUE, durable=True, queue_arguments={"x-queue-type": "quorum"})],
        task_default_queue_type="quorum",
        broker_transport_options={"confirm_publish": True},
        task_acks_late=True,
        task_reject_on_worker_lost=True,
    )


@worker_ready.connect  # type: ignore[untyped-decorator]
def _report_ready(**_: Any) -> None:
    print("bench: ready", file=sys.__stderr__, flush=True)


@app.task(name="first")  # type: ignore[untyped-decorator]
def first(value: Any) -> Any:
    """Return the input."""
    return value


@app.task(name="busy")  # type: ignore[untyped-decorator]
def busy(loops: int) -> int:
    """Keep one core busy."""
    return spin(loops)


def main(workload: str, arguments: list[int]) -> dict[str, float]:
    """Seconds from the first message to the last result."""
    _run([first.s(1)] * 20 + [busy.s(2_000_000)] * 2)
    jobs = arguments[0]
    if workload == "chain":
        hops = chain(first.s(1), *[first.s()] * (jobs - 1))
        begin = time.perf_counter()
        hops().get(timeout=_LONGEST)
        return {"seconds": time.perf_counter() - begin}
    what = first.s(1) if workload == "flat" else busy.s(arguments[1])
    return {"seconds": _run([what] * jobs)}


def _run(signatures: list[Any]) -> float:
    begin = time.perf_counter()
    results = [signature.apply_async() for signature in signatures]
    for result in results:
        result.get(timeout=_LONGEST)
    return time.perf_counter() - begin


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    print(json.dumps(main(spec["workload"], spec["arguments"])))
