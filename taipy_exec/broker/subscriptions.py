"""The queues that a link consumes from, each on its own channel."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from taipy_exec.broker.deliveries import Deliveries
from taipy_exec.broker.events import Delivered, Unanswered
from taipy_exec.broker.session import Session
from taipy_exec.broker.topology import Step, Subscription, run_steps
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

_FAILURES = 3


class Subscriptions:
    """Subscribes to the wanted queues in each session, and replaces queues that never answer.

    Only the link's thread uses it. `active` (queues that are declared and consumed from) and
    `to_delete` are for any thread: `lock` guards them, and is notified when they change.
    `patience` is how long (seconds) a queue may not answer while the broker answers for others.
    """

    def __init__(
        self, lock: threading.Condition, wanted: Iterable[Subscription], patience: float
    ) -> None:
        self.active: set[str] = set()
        self.to_delete: set[str] = set()
        self._lock = lock
        self._wanted = {s.queue: s for s in wanted}
        self._patience = patience
        self._deliveries = Deliveries()
        self._to_replace: set[str] = set()
        # How often in a row the broker failed while it should have answered for a queue.
        self._broken: Counter[str] = Counter()
        # These are of one session, by queue; `_asked` has the times of unanswered requests.
        self._session: Session
        self._channels: dict[str, Any] = {}
        self._tags: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    @property
    def oldest(self) -> float | None:
        """Since when the broker should have answered for a queue; None if it has for all."""
        return min(self._asked.values(), default=None)

    def begin(self, session: Session) -> None:
        """Use a new session; the channels of the last session are gone."""
        self._session = session
        self._channels = {}
        self._tags = {}
        self._asked = {}

    def subscribe_all(self, then: Callable[[], None]) -> None:
        """Subscribe to one queue after the other, and call `then`."""
        left = iter(list(self._wanted.values()))

        def go_on() -> None:
            subscription = next(left, None)
            if subscription is None:
                then()
            else:
                self._subscribe(subscription, go_on)

        go_on()

    def subscribe(self, subscription: Subscription) -> None:
        """Consume from another queue, or from the same one with another prefetch."""
        queue = subscription.queue
        self._wanted[queue] = subscription
        channel = self._channels.get(queue)
        if channel is None or not channel.is_open:
            self._subscribe(subscription, lambda: None)
            return
        # On the same channel: closing it would give back messages that are not acknowledged yet.
        steps = self._consume_steps(subscription)
        if queue in self._tags:
            steps.insert(0, self._cancel_step(queue))
        run_steps(channel, steps, lambda: None)

    def unsubscribe(self, queue: str, *, delete: bool) -> None:
        """Stop consuming from a queue, and with `delete` remove it."""
        self._wanted.pop(queue, None)
        self._asked.pop(queue, None)
        channel = self._channels.get(queue)
        if delete:
            if channel is not None and channel.is_open:
                self._channels.pop(queue)
                self._tags.pop(queue, None)
                channel.close()
            self.delete(queue)
        elif channel is not None and channel.is_open and queue in self._tags:
            self._cancel_step(queue)(channel, lambda *_: None)

    def delete(self, queue: str) -> None:
        """Delete a queue that is marked for it."""

        def delete(channel: Any, done: Callable[..., None]) -> None:
            def deleted(_: Any) -> None:
                with self._lock:
                    self.to_delete.discard(queue)
                done()

            channel.queue_delete(queue, callback=deleted)

        self._session.aside(delete)

    def acknowledge(self, deliveries: Sequence[Delivered]) -> None:
        """Acknowledge messages, except those of an earlier channel."""
        self._deliveries.acknowledge(self._channels, deliveries)

    def broker_failed(self) -> None:
        """The broker had an internal error; if that happens again and again, a queue is broken."""
        for queue, subscription in self._wanted.items():
            if queue in self._asked and subscription.replaceable:
                self._broken[queue] += 1
                if self._broken[queue] >= _FAILURES:
                    self._to_replace.add(queue)

    # -- the channel of a queue -----------------------------------------------------------

    def _subscribe(self, subscription: Subscription, then: Callable[[], None]) -> None:
        queue = subscription.queue
        self._asked[queue] = time.monotonic()

        def opened(channel: Any) -> None:
            self._channels[queue] = channel
            self._deliveries.opened(queue)
            channel.add_on_close_callback(lambda *closed: self._on_closed(queue, *closed))
            channel.add_on_cancel_callback(lambda _: self._on_canceled(queue))
            steps = [*subscription.steps(), *self._consume_steps(subscription)]
            if queue in self._to_replace:
                journal.info("queue-replaced", queue=queue)
                steps.insert(0, lambda ch, done: ch.queue_delete(queue, callback=done))
            run_steps(channel, steps, subscribed)

        def subscribed() -> None:
            self._asked.pop(queue, None)
            self._to_replace.discard(queue)
            self._broken.pop(queue, None)
            journal.debug("subscribed", queue=queue)
            with self._lock:
                self.active.add(queue)
                self._lock.notify_all()
            then()

        self._session.channel(opened)
        self._while_unanswered(queue, lambda: self._ask_whether_alive(subscription))

    def _consume_steps(self, subscription: Subscription) -> list[Step]:
        queue = subscription.queue

        def consume(channel: Any, done: Callable[..., None]) -> None:
            self._tags[queue] = channel.basic_consume(
                queue,
                lambda *delivery: self._on_message(queue, *delivery),
                auto_ack=not subscription.acknowledged,
                arguments=subscription.arguments,
                callback=done,
            )

        return [
            lambda ch, done: ch.basic_qos(prefetch_count=subscription.prefetch, callback=done),
            consume,
        ]

    def _cancel_step(self, queue: str) -> Step:
        tag = self._tags.pop(queue)
        return lambda channel, done: channel.basic_cancel(tag, callback=done)

    def _on_message(
        self, queue: str, channel: Any, method: Any, properties: Any, body: Any
    ) -> None:
        if self._channels.get(queue) is not channel:
            return
        subscription = self._wanted.get(queue)
        acknowledged = subscription is None or subscription.acknowledged
        self._session.tell(
            self._deliveries.arrived(queue, method, properties, body, is_acknowledged=acknowledged)
        )

    def _on_closed(self, queue: str, channel: Any, reason: Any) -> None:
        if self._channels.get(queue) is channel:
            del self._channels[queue]
            self._session.refuse(reason)

    def _on_canceled(self, queue: str) -> None:
        channel = self._channels.pop(queue, None)
        if channel is not None and channel.is_open:
            channel.close()
        if queue in self._wanted:
            journal.info("queue-deleted", queue=queue)
            # The next session declares everything again, and this queue if the link declares it.
            self._session.close(f"the queue {queue} was deleted", "a queue was deleted")

    # -- a queue that does not answer -----------------------------------------------------

    def _while_unanswered(self, queue: str, then: Callable[[], None]) -> None:
        """Call `then` after half of the queue's patience, if there is no answer by then."""
        asked = self._asked.get(queue)

        def check() -> None:
            if asked and self._asked.get(queue) == asked:
                then()

        self._session.connection.ioloop.call_later(self._patience / 2, check)

    def _ask_whether_alive(self, subscription: Subscription) -> None:
        """Ask for something that needs no leader: a slow broker is not a queue without a leader."""
        queue = subscription.queue
        self._session.aside(
            lambda channel, done: channel.queue_declare(queue, passive=True, callback=done),
            lambda: self._while_unanswered(queue, lambda: self._on_unanswered(subscription)),
        )

    def _on_unanswered(self, subscription: Subscription) -> None:
        """The queue has no leader: RabbitMQ was killed just after the queue was declared.

        It stays without one for ever, and RabbitMQ answers nothing that needs it.
        """
        queue = subscription.queue
        journal.info("queue-unanswered", queue=queue)
        if not subscription.replaceable:
            self._session.tell(Unanswered(queue))
            return
        self._to_replace.add(queue)
        # Closing it properly would wait for the queue.
        self._session.abandon(f"RabbitMQ has no leader for the queue {queue}, which is made again")
