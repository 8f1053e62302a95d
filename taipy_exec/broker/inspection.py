"""Inspects an application's queues: one short connection, in the caller's own thread."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker

from taipy_exec.broker.connection import CarefulConnection
from taipy_exec.broker.explanation import broker_hint, explain
from taipy_exec.broker.names import Names
from taipy_exec.broker.parameters import parameters
from taipy_exec.broker.topology import Step, base_steps, listener_subscription, run_steps
from taipy_exec.config.broker_address import redact
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError

REASON = "taipy-exec-reason"
WORKER = "taipy-exec-worker"
# Headers that a message gets on its way to the dead letters, and must lose on its way back.
_DEATH_HEADERS = (REASON, WORKER, "x-death", "x-delivery-count", "x-acquired-count")
_CONNECT_SECONDS = 5.0
_BLOCKED_SECONDS = 3.0
_NOT_FOUND = 404
_MOST_UNACKNOWLEDGED = 65_535
# After this silence (seconds) no more dead letters come: another process holds the others.
_SILENCE = 1.0
_BROKER_REASONS = {
    "delivery_limit": "it was given to workers too often, and each time the worker was lost",
    "rejected": "a worker rejected it",
    "expired": "it waited too long",
    "maxlen": "the queue was full",
}

_LATEST = 253_402_300_800.0

_T = TypeVar("_T")


class Waiting(NamedTuple):
    """The number of messages of a queue that wait for a consumer, and of its consumers."""

    ready: int
    consumers: int


class DeadLetter(NamedTuple):
    """A message that no worker could run. `at` is in seconds since the epoch, if it is known."""

    tag: int
    body: bytes
    headers: dict[str, Any]
    message_id: str | None
    reply_to: str | None
    reason: str
    worker: str | None
    at: float | None


class Inspection:
    """A connection to look at the queues of one application; every method may raise BrokerError.

    `timeout` in seconds is for connecting.
    """

    def __init__(self, cluster: ClusterConfig, timeout: float = _CONNECT_SECONDS) -> None:
        self._cluster = cluster
        self._names = Names(cluster.application)
        self._blocked = ""
        self._borrowed: Any = None
        self._publisher: Any = None
        share = timeout / len(cluster.addresses)
        places = []
        for address in cluster.addresses:
            place = parameters(address, cluster, "taipy-exec inspection")
            place.socket_timeout = place.stack_timeout = share
            place.blocked_connection_timeout = _BLOCKED_SECONDS
            places.append(place)
        self._connection: Any = self._explained(
            lambda: pika.BlockingConnection(places, _impl_class=CarefulConnection)
        )
        self._connection.add_on_connection_blocked_callback(self._on_blocked)

    def __enter__(self) -> Inspection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; borrowed dead letters go back to their queue."""
        try:
            if self._connection.is_open:
                self._connection.close()
        except (AMQPError, OSError):
            pass

    @property
    def version(self) -> str:
        """The broker's version, such as 3.10.8."""
        properties = self._connection._impl.server_properties or {}
        return str(properties.get("version", "?"))

    # -- queues ---------------------------------------------------------------------------

    def waiting(self, queue: str) -> Waiting | None:
        """The depth of a queue, None if there is no such queue."""

        def ask() -> Waiting | None:
            channel = self._connection.channel()
            try:
                method = channel.queue_declare(queue=queue, passive=True).method
            except ChannelClosedByBroker as error:
                if error.reply_code == _NOT_FOUND:
                    return None
                raise
            channel.close()
            return Waiting(method.message_count, method.consumer_count)

        return self._explained(ask)

    def declare(self) -> None:
        """Check that everything of the application can be declared, as its workers declare it.

        If it does not exist yet, a copy is made under another name instead, and removed again.
        """
        steps = base_steps(self._names, self._cluster.delivery_limit)
        if self.waiting(self._names.jobs) is not None:
            self._explained(lambda: self._run(steps))
            return
        trial = Names(f"{self._cluster.application}.doctor-{uuid.uuid4().hex[:8]}")
        try:
            self._explained(lambda: self._run(base_steps(trial, self._cluster.delivery_limit)))
        finally:
            self._explained(lambda: self._remove(trial))

    def _run(self, steps: Iterable[Step]) -> None:
        channel = self._connection.channel()
        run_steps(_AtOnce(channel), steps, channel.close)

    def _remove(self, names: Names) -> None:
        if not self._connection.is_open:
            return
        channel = self._connection.channel()
        for queue in (names.jobs, names.dead, names.control):
            channel.queue_delete(queue=queue)
        for exchange in (names.exchange, names.heartbeats, names.calls):
            channel.exchange_delete(exchange=exchange)
        channel.close()

    def clock_ahead(self) -> float | None:
        """Seconds that the broker's clock is ahead of this one, None if the broker does not say.

        The broker notes the time when a message expires, so a message is sent that expires at once.
        """
        try:
            return self._explained(self._ask_time)
        except BrokerError:
            return None

    def _ask_time(self) -> float | None:
        name = Names(f"{self._cluster.application}.doctor-{uuid.uuid4().hex[:8]}").exchange
        channel = self._connection.channel()
        channel.exchange_declare(exchange=name, exchange_type="direct", auto_delete=True)
        expires = {
            "x-message-ttl": 0,
            "x-dead-letter-exchange": name,
            "x-dead-letter-routing-key": "expired",
        }
        for key, arguments in (("expired", None), ("sent", expires)):
            queue = f"{name}.{key}"
            channel.queue_declare(queue=queue, exclusive=True, arguments=arguments)
            channel.queue_bind(queue=queue, exchange=name, routing_key=key)
        sent = time.time()
        channel.basic_publish(name, "sent", b"")
        _, properties, _ = next(channel.consume(f"{name}.expired", inactivity_timeout=_SILENCE))
        heard = time.time()
        channel.cancel()
        for key in ("sent", "expired"):
            channel.queue_delete(queue=f"{name}.{key}")
        channel.close()
        expired_at = _dead_letter(0, properties, b"").at if properties is not None else None
        return None if expired_at is None else expired_at + 0.5 - (sent + heard) / 2

    # -- workers --------------------------------------------------------------------------

    def call(
        self, body: bytes, headers: Mapping[str, Any], *, seconds: float = 1.0, quiet: float = 0.3
    ) -> list[tuple[bytes, dict[str, Any]]]:
        """Call all workers; collect answers for `seconds`, or until none came for `quiet`."""
        return self._explained(lambda: self._call(body, headers, seconds, quiet))

    def _call(
        self, body: bytes, headers: Mapping[str, Any], seconds: float, quiet: float
    ) -> list[tuple[bytes, dict[str, Any]]]:
        # The last of the exchanges to be declared: if it exists, the others exist too.
        if not self._has_exchange(self._names.calls):
            return []
        channel = self._connection.channel()
        listener = listener_subscription(self._names, uuid.uuid4().hex)
        run_steps(_AtOnce(channel), listener.steps(), lambda: None)
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=1, headers=dict(headers)
        )
        channel.basic_publish(self._names.calls, "", body, properties)
        heard: list[tuple[bytes, dict[str, Any]]] = []
        now = time.monotonic()
        deadline, silent_since = now + seconds, now
        for method, found, text in channel.consume(
            listener.queue, auto_ack=True, inactivity_timeout=0.05
        ):
            now = time.monotonic()
            if method is not None:
                silent_since = now
                heard.append((text, dict(found.headers or {})))
            if now >= deadline or (heard and now - silent_since >= quiet):
                break
        if self._blocked and not heard:
            raise BrokerError(f"RabbitMQ takes no messages now ({self._blocked})")
        channel.cancel()
        channel.close()
        return heard

    def _has_exchange(self, name: str) -> bool:
        channel = self._connection.channel()
        try:
            channel.exchange_declare(exchange=name, passive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code == _NOT_FOUND:
                return False
            raise
        channel.close()
        return True

    # -- dead letters ---------------------------------------------------------------------

    def borrow_dead(self) -> list[DeadLetter]:
        """All dead letters in order. Those that are not removed go back at `close`."""
        waiting = self.waiting(self._names.dead)
        return [] if waiting is None else self._explained(lambda: self._take(waiting.ready))

    def _take(self, most: int) -> list[DeadLetter]:
        # By one consumer: the broker puts back what it leaves in the old order, unlike single gets.
        letters: list[DeadLetter] = []
        self._borrowed = self._connection.channel()
        if most == 0:
            return letters
        self._borrowed.basic_qos(prefetch_count=min(most, _MOST_UNACKNOWLEDGED))
        for method, properties, body in self._borrowed.consume(
            self._names.dead, inactivity_timeout=_SILENCE
        ):
            if method is None:
                break
            letters.append(_dead_letter(method.delivery_tag, properties, body))
            if len(letters) == most:
                break
        return letters

    def requeue(self, letter: DeadLetter) -> None:
        """Put a copy of a borrowed letter into the jobs queue, then remove the letter."""
        headers = {
            key: value
            for key, value in letter.headers.items()
            if key not in _DEATH_HEADERS and not key.startswith(("x-first-death-", "x-last-death-"))
        }
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=letter.message_id,
            reply_to=letter.reply_to,
            headers=headers,
        )

        def move() -> None:
            if self._publisher is None:
                self._publisher = self._connection.channel()
                self._publisher.confirm_delivery()
            self._publisher.basic_publish(
                self._names.exchange, "jobs", letter.body, properties, mandatory=True
            )
            self._borrowed.basic_ack(letter.tag)

        self._explained(move)

    def purge_dead(self) -> int:
        """Remove all dead letters; return their number."""
        if self.waiting(self._names.dead) is None:
            return 0

        def purge() -> int:
            channel = self._connection.channel()
            return int(channel.queue_purge(self._names.dead).method.message_count)

        return self._explained(purge)

    # -- errors ---------------------------------------------------------------------------

    def _on_blocked(self, connection: Any, method: Any) -> None:
        self._blocked = method.method.reason or "no reason given"

    def _explained(self, action: Callable[[], _T]) -> _T:
        """The result of `action`. Raises BrokerError for errors of pika and the network."""
        try:
            return action()
        except (AMQPError, AMQPConnectorException, OSError) as error:
            text = redact(explain(error, self._cluster.addresses[-1]), self._cluster.addresses)
            raise BrokerError(text, broker_hint(self._cluster, text)) from None


class _AtOnce:
    """A blocking channel for the steps of a topology: it calls each callback on return."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Callable[..., None]:
        method = getattr(self._channel, name)

        def act(*, callback: Callable[..., None], **arguments: Any) -> None:
            method(**arguments)
            callback()

        return act


def _dead_letter(tag: int, properties: Any, body: bytes) -> DeadLetter:
    """A letter with its reason: a worker's own words, or the broker's notes about its death."""
    headers = dict(properties.headers or {})
    deaths = headers.get("x-death")
    death = deaths[0] if isinstance(deaths, list) and deaths else {}
    death = death if isinstance(death, dict) else {}
    reason = headers.get(REASON) or headers.get("x-first-death-reason") or death.get("reason")
    worker = headers.get(WORKER)
    at = death.get("time")
    return DeadLetter(
        tag=tag,
        body=body,
        headers=headers,
        message_id=properties.message_id,
        reply_to=properties.reply_to,
        reason=_BROKER_REASONS.get(str(reason), str(reason)) if reason else "no reason is given",
        worker=str(worker) if worker else None,
        at=_seconds(properties.timestamp) or _seconds(at),
    )


def _seconds(at: Any) -> float | None:
    """A time as pika reads it: a date in headers, a number in properties."""
    if isinstance(at, dt.datetime):
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
    return float(at) if isinstance(at, int | float) and 0 < at < _LATEST else None
