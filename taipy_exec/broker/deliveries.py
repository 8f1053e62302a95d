"""Messages that were delivered and are not acknowledged yet, by queue and channel."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from taipy_exec.broker.events import Delivered


class Deliveries:
    """A tag is unique within its channel only; the channel's serial number makes it unambiguous."""

    def __init__(self) -> None:
        self._serials: dict[str, int] = {}
        self._tags: dict[str, deque[int]] = {}
        self._next_serial = 0

    def opened(self, queue: str) -> None:
        """The queue has a new channel: earlier deliveries are void."""
        self._next_serial += 1
        self._serials[queue] = self._next_serial
        self._tags[queue] = deque()

    def arrived(
        self, queue: str, method: Any, properties: Any, body: bytes, *, is_acknowledged: bool
    ) -> Delivered:
        """Turn a message into an event, and remember it if it `is_acknowledged` later."""
        if is_acknowledged:
            self._tags[queue].append(method.delivery_tag)
        return Delivered(
            queue,
            self._serials[queue],
            method.delivery_tag,
            body,
            properties.headers or {},
            properties.message_id,
            bool(method.redelivered),
        )

    def acknowledge(self, channels: Mapping[str, Any], deliveries: Sequence[Delivered]) -> None:
        """Acknowledge these on the channels of their queues, except void ones."""
        by_queue: dict[str, set[int]] = {}
        for delivery in deliveries:
            if self._serials.get(delivery.queue) == delivery.channel:
                by_queue.setdefault(delivery.queue, set()).add(delivery.tag)
        for queue, tags in by_queue.items():
            channel = channels.get(queue)
            if channel is not None and channel.is_open:
                _acknowledge(channel, self._tags[queue], tags)


def _acknowledge(channel: Any, delivered: deque[int], tags: set[int]) -> None:
    """Acknowledge with one frame all from the oldest on up to the first gap, then the others."""
    last = 0
    while delivered and delivered[0] in tags:
        last = delivered.popleft()
        tags.discard(last)
    if last:
        channel.basic_ack(last, multiple=True)
    for tag in tags:
        if tag in delivered:
            delivered.remove(tag)
            channel.basic_ack(tag)
