"""The exchanges and queues of an application, as steps for a channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from taipy_exec.broker.names import Names

# One thing to do on a channel, asynchronously; the second argument is called when it is done.
Step = Callable[[Any, Callable[..., None]], None]

_CONTROL_BYTES = 20_000_000
_CONTROL_SEGMENT = 1_000_000
_REPORTS_EXPIRE_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A queue to consume from, declared first where `declare` says so.

    `prefetch` is how many unacknowledged messages the broker may deliver; where they are not
    `acknowledged`, it forgets each as soon as it is sent.
    """

    queue: str
    prefetch: int
    declare: bool = False
    exclusive: bool = False
    acknowledged: bool = True
    queue_arguments: dict[str, Any] = field(default_factory=dict)
    bindings: tuple[tuple[str, str], ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """Declare and bind; consuming is the connection's business."""
        if not self.declare:
            return []
        steps = [
            queue_step(
                self.queue, self.queue_arguments, durable=not self.exclusive, alone=self.exclusive
            )
        ]
        return steps + [bind_step(self.queue, *binding) for binding in self.bindings]


def base_steps(names: Names, delivery_limit: int) -> list[Step]:
    """Everything of the application that outlives a submission."""
    quorum = {"x-queue-type": "quorum"}
    # RabbitMQ 4 would drop a dead letter that has been looked at 20 times.
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
        exchange_step(names.beats, "fanout"),
        exchange_step(names.calls, "fanout"),
        queue_step(names.dead, dead),
        bind_step(names.dead, names.exchange, "dead"),
        queue_step(names.jobs, jobs),
        bind_step(names.jobs, names.exchange, "jobs"),
        queue_step(names.control, control),
        bind_step(names.control, names.exchange, "control"),
    ]


def jobs_subscription(names: Names, prefetch: int) -> Subscription:
    """What a worker takes its orders from."""
    return Subscription(queue=names.jobs, prefetch=prefetch)


def control_subscription(names: Names) -> Subscription:
    """The control stream, from its start."""
    return Subscription(queue=names.control, prefetch=200, arguments={"x-stream-offset": "first"})


def worker_subscription(names: Names, id: str) -> Subscription:
    """Verdicts to one worker, and calls to all."""
    own = names.worker(id)
    return Subscription(
        queue=own,
        prefetch=100,
        declare=True,
        exclusive=True,
        bindings=((names.exchange, own), (names.calls, "")),
    )


def coordinator_subscription(names: Names, epoch: str) -> Subscription:
    """What one coordinator is told in advance; all of it comes again in the reports."""
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
    """What workers tell about themselves."""
    return Subscription(
        queue=names.listener(id),
        prefetch=100,
        declare=True,
        exclusive=True,
        bindings=((names.beats, ""),),
    )


def reports_subscription(names: Names, submission: str) -> Subscription:
    """What workers tell the coordinator of a submission. It expires if nobody ever comes."""
    queue = names.reports(submission)
    return Subscription(
        queue=queue,
        prefetch=1000,
        declare=True,
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
    """Declare a queue; `alone`: for this connection only."""
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
    """Bind the queue that the key of an application's exchange stands for, where it is there."""
    queue = key if key.startswith(f"{exchange}.") else f"{exchange}.{key}"
    return bind_step(queue, exchange, key)


def run_steps(channel: Any, steps: Iterable[Step], done: Callable[[], None]) -> None:
    """One step after the other. An error closes the channel, and `done` is never called."""
    left = iter(steps)

    def go_on(*_: object) -> None:
        step = next(left, None)
        if step is None:
            done()
        else:
            step(channel, go_on)

    go_on()
