"""The exchanges and queues of an application, as steps for a channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from taipy_exec.broker.names import Names

# One asynchronous operation on a channel; it calls the second argument when it is done.
Step = Callable[[Any, Callable[..., None]], None]

_CONTROL_BYTES = 20_000_000
_CONTROL_SEGMENT = 1_000_000
_REPORTS_EXPIRE_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A queue to consume from; with `declare`, it is declared first.

    `prefetch` is how many unacknowledged messages the broker may deliver. Without `acknowledged`,
    the broker forgets each message as soon as it is sent. A `replaceable` queue is deleted and
    declared again if the broker answers for others and not for this one.
    """

    queue: str
    prefetch: int
    declare: bool = False
    exclusive: bool = False
    acknowledged: bool = True
    replaceable: bool = False
    queue_arguments: dict[str, Any] = field(default_factory=dict)
    bindings: tuple[tuple[str, str], ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """Declare and bind; the connection does the consuming."""
        if not self.declare:
            return []
        steps = [
            queue_step(
                self.queue, self.queue_arguments, durable=not self.exclusive, alone=self.exclusive
            )
        ]
        return steps + [bind_step(self.queue, *binding) for binding in self.bindings]


def base_steps(names: Names, delivery_limit: int) -> list[Step]:
    """The exchanges and queues of the application that outlive its submissions."""
    quorum = {"x-queue-type": "quorum"}
    # RabbitMQ 4 would drop a dead letter after it has been read 20 times.
    dead = {**quorum, "x-delivery-limit": 1_000_000}
    jobs = {
        **quorum,
        "x-delivery-limit": delivery_limit,
        "x-overflow": "reject-publish",
        "x-dead-letter-strategy": "at-least-once",
        "x-dead-letter-exchange": names.exchange,
        "x-dead-letter-routing-key": "dead",
    }
    control = {
        "x-queue-type": "stream",
        "x-max-length-bytes": _CONTROL_BYTES,
        "x-stream-max-segment-size-bytes": _CONTROL_SEGMENT,
    }
    return [
        exchange_step(names.exchange, "direct"),
        exchange_step(names.heartbeats, "fanout"),
        exchange_step(names.calls, "fanout"),
        queue_step(names.dead, dead),
        bind_step(names.dead, names.exchange, "dead"),
        queue_step(names.jobs, jobs),
        bind_step(names.jobs, names.exchange, "jobs"),
        queue_step(names.control, control),
        bind_step(names.control, names.exchange, "control"),
    ]


def jobs_subscription(names: Names, prefetch: int) -> Subscription:
    """The queue from which workers take their orders."""
    return Subscription(queue=names.jobs, prefetch=prefetch)


def control_subscription(names: Names) -> Subscription:
    """The control stream, from its start."""
    return Subscription(queue=names.control, prefetch=200, arguments={"x-stream-offset": "first"})


def worker_subscription(names: Names, id: str) -> Subscription:
    """Verdicts for one worker, and calls to all workers."""
    own = names.worker(id)
    return Subscription(
        queue=own,
        prefetch=100,
        declare=True,
        exclusive=True,
        bindings=((names.exchange, own), (names.calls, "")),
    )


def coordinator_subscription(names: Names, epoch: str) -> Subscription:
    """Early notices to one coordinator; all of them are repeated in the reports."""
    own = names.coordinator(epoch)
    return Subscription(
        queue=own,
        prefetch=1000,
        declare=True,
        exclusive=True,
        acknowledged=False,
        bindings=((names.exchange, own),),
    )


def listener_subscription(names: Names, id: str) -> Subscription:
    """The workers' heartbeats and answers."""
    return Subscription(
        queue=names.listener(id),
        prefetch=100,
        declare=True,
        exclusive=True,
        bindings=((names.heartbeats, ""),),
    )


def reports_subscription(names: Names, submission: str) -> Subscription:
    """The workers' reports to a submission's coordinator. It expires if it is never read.

    It is replaceable: workers repeat what was not confirmed, and a job whose end was lost runs
    again.
    """
    queue = names.reports(submission)
    return Subscription(
        queue=queue,
        prefetch=1000,
        declare=True,
        replaceable=True,
        queue_arguments={"x-queue-type": "quorum", "x-expires": _REPORTS_EXPIRE_MS},
        bindings=((names.exchange, queue),),
    )


def exchange_step(name: str, kind: str) -> Step:
    """Declare a durable exchange."""
    return lambda channel, done: channel.exchange_declare(
        exchange=name, exchange_type=kind, durable=True, callback=done
    )


def queue_step(
    name: str, arguments: dict[str, Any], *, durable: bool = True, alone: bool = False
) -> Step:
    """Declare a queue; `alone`: only this connection may use it."""
    return lambda channel, done: channel.queue_declare(
        queue=name,
        durable=durable,
        exclusive=alone,
        auto_delete=alone,
        arguments=arguments,
        callback=done,
    )


def bind_step(queue: str, exchange: str, key: str) -> Step:
    """Bind a queue to an exchange."""
    return lambda channel, done: channel.queue_bind(
        queue=queue, exchange=exchange, routing_key=key, callback=done
    )


def binding_step(exchange: str, key: str) -> Step:
    """Bind the queue that belongs to a key of an application's exchange, if it exists."""
    queue = key if key.startswith(f"{exchange}.") else f"{exchange}.{key}"
    return bind_step(queue, exchange, key)


def run_steps(channel: Any, steps: Iterable[Step], done: Callable[[], None]) -> None:
    """Run the steps in order. An error closes the channel, and `done` is never called."""
    left = iter(steps)

    def go_on(*_: object) -> None:
        step = next(left, None)
        if step is None:
            done()
        else:
            step(channel, go_on)

    go_on()
