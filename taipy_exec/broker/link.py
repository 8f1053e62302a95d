"""One connection to the broker that is made again when it breaks, with its own thread.

pika's connections belong to one thread, here the link's. Other threads give it messages, and take
events from it. Messages that were not confirmed when a connection broke are published again on the
next connection, so a receiver may get them twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pika.exceptions import AMQPError

from taipy_exec.broker.attempts import Attempts, Patience
from taipy_exec.broker.connection import GatheringConnection
from taipy_exec.broker.deliveries import Deliveries
from taipy_exec.broker.events import (
    Blocked,
    Connected,
    Delivered,
    Depth,
    Disconnected,
    LinkEvent,
    Message,
    Settled,
    Unanswered,
)
from taipy_exec.broker.explanation import INTERNAL_ERROR, broker_hint, explain, is_fatal
from taipy_exec.broker.outgoing import Outgoing, publish
from taipy_exec.broker.parameters import parameters
from taipy_exec.broker.topology import Step, Subscription, binding_step, run_steps
from taipy_exec.config.broker_address import redact
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

_NACK_DELAY = 0.2
_WATCH_DELAY = 0.2
_SENT_TRIES = 20
_FAILURES = 3
# After this time (seconds) without a first connection, the waiting caller gets the reason.
_MOMENT = 1.0

# pika logs every failed attempt; taipy-exec reports it by events.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class Link:
    """A connection with one channel to publish on and one for each subscription."""

    def __init__(
        self,
        cluster: ClusterConfig,
        steps: Sequence[Step],
        subscriptions: Iterable[Subscription] = (),
        *,
        wake: Callable[[], None] = lambda: None,
        name: str = "taipy-exec",
    ) -> None:
        self._cluster = cluster
        self._steps = steps
        self._wanted = {s.queue: s for s in subscriptions}
        self._wake = wake
        self._name = name
        self._lock = threading.Condition()
        self._events: deque[LinkEvent] = deque()
        self._outgoing = Outgoing(self._lock, self._bind_anew, self._prove)
        self._calls: deque[Callable[[], None]] = deque()
        self._calls_due = False
        self._flush_due = False
        self._asked_sent = self._sent = 0
        self._closing = False
        self._generation = 0
        self.is_connected = False
        self._standing: set[str] = set()
        # Only the link's thread uses the attributes below.
        self._connection: Any = None
        self._channels: dict[str, Any] = {}
        self._deliveries = Deliveries()
        self._tags: dict[str, str] = {}
        self._asides = 0
        self._to_delete: set[str] = set()
        self._to_replace: set[str] = set()
        # How often in a row the broker failed while it should have answered for a queue.
        self._broken: Counter[str] = Counter()
        self._refusal = ""
        self._refused_for_good = False
        self._address = cluster.addresses[0]
        self._patience = Patience(cluster.patience)
        # Requests that the broker has not answered, with their times: the key is the queue to
        # consume from, or empty for the connection to become ready or to close.
        self._asked: dict[str, float] = {}
        self._ready_at = 0.0
        self._thread = threading.Thread(target=self._live, name=f"{name}-link", daemon=True)
        self._thread.start()

    # -- from any thread ------------------------------------------------------------------

    def take(self) -> list[LinkEvent]:
        """The events since the last call."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events

    def publish(self, *messages: Message) -> None:
        """Send these in order, now or when the connection is back."""
        if not messages:
            return
        with self._lock:
            self._outgoing.put(m for m in messages if m.lasting or self.is_connected)
        self._call_flush()

    def ack(self, *deliveries: Delivered) -> None:
        """Acknowledge messages; those of an earlier connection are void and ignored."""
        if deliveries:
            self._call(lambda: self._deliveries.acknowledge(self._channels, deliveries))

    def subscribe(self, subscription: Subscription) -> None:
        """Consume from another queue, or from the same one with another prefetch."""
        self._call(lambda: self._subscribe_anew(subscription))

    def unsubscribe(self, queue: str, *, delete: bool = False) -> None:
        """Stop consuming from a queue, and with `delete` remove it.

        Earlier deliveries can still be acknowledged. If this connection breaks, deleting is tried
        again on the next one.
        """
        if delete:
            with self._lock:
                self._to_delete.add(queue)
        self._call(lambda: self._unsubscribe(queue, delete=delete))

    def leave_node(self, reason: str) -> None:
        """Switch to the broker's next node, if it has others: this one does not work properly."""
        generation = self._generation
        if self.is_connected and len(self._cluster.addresses) > 1:
            self._call(lambda: self._leave_node(reason, generation))

    def measure(self, queue: str) -> None:
        """Ask for the depth of a queue; the answer is a `Depth`, or none if there is no queue."""
        self._call(lambda: self._measure(queue))

    def wait_subscribed(self, queue: str, timeout: float) -> bool:
        """Wait until a subscription is active and its queue declared; False when time is up."""
        with self._lock:
            return self._lock.wait_for(lambda: queue in self._standing, timeout)

    def wait_sent(self, timeout: float) -> None:
        """Wait until the operating system has taken what was published, at most `timeout`."""
        with self._lock:
            self._asked_sent += 1
            mine = self._asked_sent
        self._call(lambda: self._look_sent(mine))
        with self._lock:
            self._lock.wait_for(lambda: self._sent >= mine or not self.is_connected, timeout)

    def wait_settled(self, messages: Sequence[Message], timeout: float) -> bool:
        """Wait until the broker has confirmed all of these; False when time is up."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while any(m.settled is None for m in messages):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._lock.wait(left)
        return True

    def wait_connected(
        self, timeout: float, tell: Callable[[str], None] = lambda reason: None
    ) -> None:
        """Wait for the first connection. Raises BrokerError if there is none in time.

        `tell` gets the reason once, if it takes more than a moment.
        """
        deadline = time.monotonic() + timeout
        tell_at = deadline - timeout + _MOMENT
        reason = "it does not answer"
        with self._lock:
            while not self.is_connected:
                for event in self._events:
                    if isinstance(event, Disconnected):
                        reason = event.reason
                        if event.fatal:
                            raise BrokerError(reason, broker_hint(self._cluster, reason))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BrokerError(reason, broker_hint(self._cluster))
                if time.monotonic() >= tell_at:
                    tell_at = float("inf")
                    tell(reason)
                self._lock.wait(min(left, _MOMENT))

    def close(self, timeout: float = 5.0) -> None:
        """Send the remaining messages, delete the queues marked for it, and disconnect.

        Both take at most `timeout` seconds. Without a connection it waits for the deletions only.
        """
        deadline = time.monotonic() + timeout
        self._call_flush()
        with self._lock:
            while self._to_delete or (self.is_connected and self._is_busy()):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(min(left, 0.05))
            self._closing = True
            self._lock.notify_all()
            if self._connection is not None:
                self._connection.ioloop.add_callback_threadsafe(self._close_connection)
        self._thread.join(max(deadline - time.monotonic(), 1.0))

    @property
    def reconnects(self) -> int:
        """The number of times that the connection was made again."""
        return max(self._generation - 1, 0)

    @property
    def has_deleted_all(self) -> bool:
        """Whether every queue that was marked for deletion is deleted."""
        return not self._to_delete

    def _is_busy(self) -> bool:
        return bool(self._outgoing or self._calls or self._asides)

    def _call_flush(self) -> None:
        with self._lock:
            if self._flush_due or not self.is_connected:
                return
            self._flush_due = True
        self._call(self._flush)

    def _call(self, action: Callable[[], None]) -> None:
        """Run `action` in the link's thread, now or at the next connection."""
        with self._lock:
            self._calls.append(action)
            if self._calls_due or not self.is_connected:
                return
            self._calls_due = True
            self._connection.ioloop.add_callback_threadsafe(self._do_calls)

    # -- the link's thread ----------------------------------------------------------------

    def _tell(self, *events: LinkEvent) -> None:
        with self._lock:
            self._events.extend(events)
            self._lock.notify_all()
        self._wake()

    def _do_calls(self) -> None:
        while True:
            with self._lock:
                if not self._calls or not self.is_connected:
                    self._calls_due = False
                    self._lock.notify_all()
                    return
                action = self._calls.popleft()
            action()

    def _live(self) -> None:
        attempts = Attempts(self._cluster.addresses)
        while not self._closing:
            address = self._address = attempts.next()
            was = self._generation
            journal.debug("connecting", broker=address.place, name=self._name)
            try:
                connection = GatheringConnection(
                    parameters(address, self._cluster, self._name),
                    on_open_callback=self._on_open,
                    on_open_error_callback=self._on_open_error,
                    on_close_callback=self._on_close,
                )
            except (OSError, AMQPError, BrokerError) as error:
                self._lost(error)
            else:
                with self._lock:
                    self._connection = connection
                connection.ioloop.start()
                with self._lock:
                    self._connection = None
                connection.ioloop.close()
            lived = time.monotonic() - self._ready_at if self._generation != was else 0.0
            pause = attempts.ended(lived)
            if pause and not self._closing:
                journal.debug("connect-delayed", seconds=pause)
            with self._lock:
                if pause and not self._closing:
                    self._lock.wait_for(lambda: self._closing, pause)

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(
            lambda _, method: self._on_blocked(method.method.reason or "no reason given")
        )
        connection.add_on_connection_unblocked_callback(lambda *_: self._on_blocked(""))
        self._refusal = ""
        self._refused_for_good = False
        self._channels = {}
        self._tags = {}
        self._asides = 0
        self._asked = {"": time.monotonic()}
        self._watch(connection)
        connection.channel(on_open_callback=self._on_publisher)

    def _on_publisher(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_publisher_closed)
        channel.add_on_return_callback(self._outgoing.returned)
        self._outgoing.opened(channel)
        run_steps(
            channel,
            [*self._steps, lambda ch, done: ch.confirm_delivery(self._on_confirm, callback=done)],
            lambda: self._subscribe_all(list(self._wanted.values())),
        )

    def _subscribe_all(self, left: list[Subscription]) -> None:
        if left:
            self._subscribe(left[0], lambda: self._subscribe_all(left[1:]))
        else:
            self._on_ready()

    def _on_ready(self) -> None:
        version = str((self._connection.server_properties or {}).get("version", "?"))
        self._asked.pop("", None)
        self._ready_at = time.monotonic()
        with self._lock:
            self.is_connected = True
            self._generation += 1
            left = list(self._to_delete)
        journal.info(
            "connected", broker=self._address.place, version=version, reconnects=self.reconnects
        )
        self._tell(Connected(version))
        for queue in left:
            self._delete(queue)
        self._do_calls()
        self._flush()

    def _subscribe(self, subscription: Subscription, then: Callable[[], None]) -> None:
        queue = subscription.queue
        self._asked[queue] = time.monotonic()

        def opened(channel: Any) -> None:
            self._channels[queue] = channel
            self._deliveries.opened(queue)
            channel.add_on_close_callback(lambda *closed: self._on_consumer_closed(queue, *closed))
            channel.add_on_cancel_callback(lambda _: self._on_canceled(queue))
            steps = [*subscription.steps(), *self._consume_steps(subscription)]
            if queue in self._to_replace:
                journal.info("queue-replaced", queue=queue)
                steps.insert(0, lambda ch, done: ch.queue_delete(queue, callback=done))
            run_steps(channel, steps, stands)

        def stands() -> None:
            self._asked.pop(queue, None)
            self._to_replace.discard(queue)
            self._broken.pop(queue, None)
            journal.debug("subscribed", queue=queue)
            with self._lock:
                self._standing.add(queue)
                self._lock.notify_all()
            then()

        self._connection.channel(on_open_callback=opened)
        self._while_unanswered(queue, lambda: self._ask_whether_alive(subscription))

    def _while_unanswered(self, queue: str, then: Callable[[], None]) -> None:
        """Call `then` after half of the queue's patience, if there is no answer by then."""
        connection, asked = self._connection, self._asked.get(queue)

        def check() -> None:
            if connection is self._connection and asked and self._asked.get(queue) == asked:
                then()

        if connection is not None:
            connection.ioloop.call_later(self._cluster.queue_patience / 2, check)

    def _ask_whether_alive(self, subscription: Subscription) -> None:
        """Ask for something that needs no leader: a slow broker is not a queue without a leader."""
        queue = subscription.queue
        self._aside(
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
            self._tell(Unanswered(queue))
            return
        self._refusal = f"RabbitMQ has no leader for the queue {queue}, which is made again"
        self._to_replace.add(queue)
        # Closing it properly would wait for the queue.
        self._connection.abandon()

    def _on_failure(self, subscription: Subscription) -> None:
        """The broker failed; if that happens again and again, a queue is broken."""
        queue = subscription.queue
        if queue in self._asked and subscription.replaceable:
            self._broken[queue] += 1
            if self._broken[queue] >= _FAILURES:
                self._to_replace.add(queue)

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

    def _subscribe_anew(self, subscription: Subscription) -> None:
        self._wanted[subscription.queue] = subscription
        channel = self._channels.get(subscription.queue)
        if channel is None or not channel.is_open:
            self._subscribe(subscription, lambda: None)
            return
        # On the same channel: closing it would give back messages that are not acknowledged yet.
        steps = self._consume_steps(subscription)
        if subscription.queue in self._tags:
            steps.insert(0, self._cancel_step(subscription.queue))
        run_steps(channel, steps, lambda: None)

    def _cancel_step(self, queue: str) -> Step:
        tag = self._tags.pop(queue)
        return lambda channel, done: channel.basic_cancel(tag, callback=done)

    def _unsubscribe(self, queue: str, *, delete: bool) -> None:
        self._wanted.pop(queue, None)
        self._asked.pop(queue, None)
        channel = self._channels.get(queue)
        if delete:
            if channel is not None and channel.is_open:
                self._channels.pop(queue)
                self._tags.pop(queue, None)
                channel.close()
            self._delete(queue)
        elif channel is not None and channel.is_open and queue in self._tags:
            self._cancel_step(queue)(channel, lambda *_: None)

    def _delete(self, queue: str) -> None:
        def deleted(channel: Any) -> None:
            with self._lock:
                self._to_delete.discard(queue)
            channel.close()

        def delete(channel: Any, done: Callable[..., None]) -> None:
            channel.queue_delete(queue, callback=lambda _: deleted(channel))

        self._aside(delete)

    def _measure(self, queue: str) -> None:
        def measure(channel: Any, done: Callable[..., None]) -> None:
            def answered(frame: Any) -> None:
                found = frame.method
                self._tell(Depth(queue, found.message_count, found.consumer_count))
                done()

            channel.queue_declare(queue, passive=True, callback=answered)

        self._aside(measure)

    def _bind_anew(self, exchange: str, key: str) -> None:
        """Bind a queue again if it exists: its binding may have been removed."""
        step = binding_step(exchange, key)
        self._aside(step, lambda: self._outgoing.bound(exchange, key))

    def _aside(self, step: Step, then: Callable[[], None] = lambda: None) -> None:
        """One step on its own channel, where a failure does no other harm; afterwards `then`."""
        self._asides += 1

        def closed(*_: object) -> None:
            self._on_aside_done()
            then()

        def opened(channel: Any) -> None:
            channel.add_on_close_callback(closed)
            step(channel, lambda *_: channel.close())

        self._connection.channel(on_open_callback=opened)

    def _on_aside_done(self) -> None:
        with self._lock:
            self._asides -= 1
            self._lock.notify_all()

    def _on_message(
        self, queue: str, channel: Any, method: Any, properties: Any, body: Any
    ) -> None:
        if self._channels.get(queue) is not channel:
            return
        subscription = self._wanted.get(queue)
        acknowledged = subscription is None or subscription.acknowledged
        self._tell(
            self._deliveries.arrived(queue, method, properties, body, is_acknowledged=acknowledged)
        )

    # -- publishing -----------------------------------------------------------------------

    def _flush(self) -> None:
        with self._lock:
            self._flush_due = False
        self._outgoing.send()

    def _look_sent(self, asked: int, tries: int = 0) -> None:
        """Check whether all is sent, in this turn of the loop or one of the next."""
        if self._connection is None or self._connection.has_sent_all:
            with self._lock:
                self._sent = max(self._sent, asked)
                self._lock.notify_all()
        elif tries < _SENT_TRIES:
            # It is normally sent in the next turn; if not, the network has a problem.
            delay = 0 if tries < 3 else 0.001
            self._connection.ioloop.call_later(delay, lambda: self._look_sent(asked, tries + 1))

    def _prove(self, message: Message) -> None:
        """Send a message on a channel of its own: its queue may have no leader."""
        is_done = False

        def opened(channel: Any) -> None:
            channel.add_on_close_callback(closed)
            channel.add_on_return_callback(lambda *_: setattr(message, "returned", True))
            channel.confirm_delivery(
                lambda frame: confirmed(channel, frame), callback=lambda _: send(channel)
            )

        def send(channel: Any) -> None:
            publish(channel, message, 1, time.monotonic())

        def confirmed(channel: Any, frame: Any) -> None:
            nonlocal is_done
            is_done = True
            channel.close()
            self._on_settled(self._outgoing.proven(message, frame.method))
            self._flush()

        def closed(channel: Any, reason: Any) -> None:
            if not is_done:
                self._on_publisher_closed(channel, reason)

        self._connection.channel(on_open_callback=opened)

    def _on_confirm(self, frame: Any) -> None:
        self._on_settled(self._outgoing.confirmed(frame.method))

    def _on_settled(self, settled: list[Message] | None) -> None:
        if not self._outgoing:
            self._patience.answered()
        if settled is None:
            journal.info("messages-refused", broker=self._address.place)
            self._connection.ioloop.call_later(_NACK_DELAY, self._flush)
            return
        events = [Settled(message, bool(message.settled)) for message in settled if message.notify]
        if events:
            self._tell(*events)

    def _on_blocked(self, reason: str) -> None:
        self._outgoing.is_blocked = bool(reason)
        if reason:
            journal.info("blocked", broker=self._address.place, reason=reason)
        else:
            journal.info("unblocked", broker=self._address.place)
        self._tell(Blocked(reason))
        if not reason:
            self._flush()

    # -- ends -----------------------------------------------------------------------------

    def _on_publisher_closed(self, channel: Any, reason: Any) -> None:
        if not self._closing and self._connection is not None and self._connection.is_open:
            self._refuse(reason)

    def _refuse(self, reason: BaseException) -> None:
        """The broker closed a channel: connect again, or report it if that cannot help."""
        self._refusal = explain(reason, self._address)
        self._refused_for_good = is_fatal(reason)
        journal.info("channel-closed", broker=self._address.place, reason=self._refusal)
        self._asked[""] = time.monotonic()
        self._connection.close(320, "a channel was closed")

    def _watch(self, connection: Any) -> None:
        """Leave a node that answers or confirms too late, even if it still sends heartbeats.

        A channel of RabbitMQ may wait more than a minute for another node that is dead or cut off.
        RabbitMQ 3.10 refuses each message of a quorum queue until the node is back that led the
        queue when the channel was opened.
        """
        if connection is not self._connection or connection.is_closed:
            return
        now = time.monotonic()
        since = min([*self._asked.values(), self._outgoing.oldest or now])
        if self._patience.is_over(since, now):
            self._leave_node("it confirms nothing, or does not answer", self._generation)
        else:
            connection.ioloop.call_later(_WATCH_DELAY, lambda: self._watch(connection))

    def _leave_node(self, reason: str, generation: int) -> None:
        if generation != self._generation:
            return
        where = self._address.place
        journal.info("node-left", broker=where, reason=reason)
        self._refusal = self._refusal or f"RabbitMQ at {where} is left for another node: {reason}"
        self._connection.abandon()

    def _on_consumer_closed(self, queue: str, channel: Any, reason: Any) -> None:
        if self._channels.get(queue) is not channel:
            return
        del self._channels[queue]
        if not self._connection.is_open or self._closing:
            return
        self._refuse(reason)

    def _on_canceled(self, queue: str) -> None:
        channel = self._channels.pop(queue, None)
        if channel is not None and channel.is_open:
            channel.close()
        if queue in self._wanted:
            journal.info("queue-deleted", queue=queue)
            # The next connection declares everything again, and this queue if the link declares it.
            self._refusal = f"the queue {queue} was deleted"
            self._connection.close(320, "a queue was deleted")

    def _close_connection(self) -> None:
        if self._connection is not None and not (
            self._connection.is_closed or self._connection.is_closing
        ):
            self._connection.close()

    def _on_open_error(self, connection: Any, error: Any) -> None:
        self._lost(error)
        connection.ioloop.stop()

    def _on_close(self, connection: Any, reason: Any) -> None:
        if getattr(reason, "reply_code", 0) == INTERNAL_ERROR:
            for subscription in self._wanted.values():
                self._on_failure(subscription)
        self._lost(reason)
        connection.ioloop.stop()

    def _lost(self, error: BaseException) -> None:
        with self._lock:
            was_connected, self.is_connected = self.is_connected, False
            self._standing.clear()
            self._calls_due = self._flush_due = False
            self._outgoing.lost()
        if not self._closing:
            text = self._refusal or explain(error, self._address)
            fatal = self._generation == 0 and (self._refused_for_good or is_fatal(error))
            reason = redact(text, self._cluster.addresses)
            if was_connected:
                journal.info("disconnected", broker=self._address.place, reason=reason)
            else:
                journal.debug("connect-failed", broker=self._address.place, reason=reason)
            self._tell(Disconnected(reason, fatal))
