"""The baselines of cluster mode: the least work of pika to get an answer to a message.

`python -m benchmarks.cluster_limits '{"what": ..., "url": ..., "messages": ...}'`. Queues are
durable quorum queues. Messages are persistent and confirmed. The consumers are separate processes.
They answer each message before they acknowledge it.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import multiprocessing
import os
import sys
import time
import uuid
from collections import deque
from typing import Any

import pika

from benchmarks.limits import WORKERS

_ORDER = os.urandom(200).hex().encode()
_REPLY = os.urandom(50).hex().encode()
_BATCH = 100
_PREFETCH = 50
_PERSISTENT = pika.BasicProperties(delivery_mode=2)


def streamed(url: str, messages: int) -> dict[str, float]:
    """Batches with outstanding confirms, two consumers: seconds until the last answer."""
    return _with_consumers(url, WORKERS, _PREFETCH, functools.partial(_stream, messages=messages))


def one_by_one(url: str, messages: int) -> dict[str, float]:
    """One message at a time, one consumer: seconds for all of them."""
    return _with_consumers(url, 1, 1, functools.partial(_hop, messages=messages))


def _with_consumers(url: str, consumers: int, prefetch: int, measure: Any) -> dict[str, float]:
    name = f"bench.{uuid.uuid4().hex[:8]}"
    orders, replies = f"{name}.orders", f"{name}.replies"
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe(duplex=False)
    processes = [
        spawn.Process(target=_consume, args=(url, orders, replies, prefetch, theirs), daemon=True)
        for _ in range(consumers)
    ]
    producer = _Producer(url, orders, replies)
    try:
        for process in processes:
            process.start()
        for _ in processes:
            mine.recv()
        measure(producer, messages=_BATCH)  # to warm up
        begin = time.perf_counter()
        measure(producer)
        return {"seconds": time.perf_counter() - begin}
    finally:
        producer.close()
        for process in processes:
            process.kill()


def _stream(producer: _Producer, messages: int) -> None:
    producer.publish(messages)
    producer.wait(messages)


def _hop(producer: _Producer, messages: int) -> None:
    for _ in range(messages):
        producer.publish(1)
        producer.wait(1)


class _Producer:
    """A `SelectConnection`: only this one of pika can publish without a wait for each message."""

    def __init__(self, url: str, orders: str, replies: str) -> None:
        self._orders, self._replies = orders, replies
        self._confirmed = self._answered = self._last_tag = 0
        self._is_open = False
        parameters = pika.URLParameters(url)
        self._connection = pika.SelectConnection(parameters, on_open_callback=self._on_open)
        self._channel: Any = None
        self._loop(lambda: self._is_open)

    def publish(self, messages: int) -> None:
        """Publish messages. At most one batch waits for its confirms."""
        self._confirmed -= messages
        for number in range(messages):
            self._channel.basic_publish("", self._orders, _ORDER, _PERSISTENT)
            if number % _BATCH == _BATCH - 1:
                left = messages - number - 1
                self._loop(lambda left=left: self._confirmed >= -left - _BATCH)

    def wait(self, messages: int) -> None:
        """Wait until all messages are confirmed and answered."""
        self._loop(lambda: self._confirmed >= 0 and self._answered >= messages)
        self._answered -= messages

    def close(self) -> None:
        """Delete the queues and disconnect."""
        left = [self._orders, self._replies]

        def on_deleted(frame: Any) -> None:
            left.pop()
            self._look()

        for queue in tuple(left):
            self._channel.queue_delete(queue, callback=on_deleted)
        self._loop(lambda: not left)
        self._connection.close()
        self._connection.ioloop.start()

    def _loop(self, is_enough: Any) -> None:
        self._is_enough = is_enough
        if not is_enough():
            self._connection.ioloop.start()

    def _look(self) -> None:
        if self._is_enough():
            self._connection.ioloop.stop()

    def _on_open(self, connection: Any) -> None:
        connection.add_on_close_callback(lambda connection, reason: connection.ioloop.stop())
        self._channel = connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.confirm_delivery(self._on_confirm)
        arguments = {"x-queue-type": "quorum"}
        channel.queue_declare(self._orders, durable=True, arguments=arguments)
        channel.queue_declare(self._replies, durable=True, arguments=arguments)
        channel.basic_qos(prefetch_count=2 * _BATCH)
        channel.basic_consume(self._replies, self._on_reply, callback=self._on_ready)

    def _on_ready(self, frame: Any) -> None:
        self._is_open = True
        self._look()

    def _on_confirm(self, frame: Any) -> None:
        tag = frame.method.delivery_tag
        done = tag - self._last_tag if frame.method.multiple else 1
        self._confirmed += done
        self._last_tag = max(self._last_tag, tag)
        self._look()

    def _on_reply(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._answered += 1
        channel.basic_ack(method.delivery_tag)
        self._look()


def _consume(url: str, orders: str, replies: str, prefetch: int, ready: Any) -> None:
    """Answer each message, and acknowledge it when the answer is confirmed."""
    pending: deque[tuple[int, int]] = deque()
    numbers = itertools.count(1)

    def on_open(connection: Any) -> None:
        connection.channel(on_open_callback=on_channel)

    def on_channel(channel: Any) -> None:
        def on_confirm(frame: Any) -> None:
            # The broker may confirm out of order. Then these messages wait for the next confirm.
            while pending and pending[0][0] <= frame.method.delivery_tag:
                channel.basic_ack(pending.popleft()[1])

        channel.confirm_delivery(on_confirm)
        channel.basic_qos(prefetch_count=prefetch)
        channel.basic_consume(orders, on_message, callback=lambda frame: ready.send(True))

    def on_message(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        pending.append((next(numbers), method.delivery_tag))
        channel.basic_publish("", replies, _REPLY, _PERSISTENT)

    parameters = pika.URLParameters(url)
    pika.SelectConnection(parameters, on_open_callback=on_open).ioloop.start()


_LIMITS = {"streamed": streamed, "one_by_one": one_by_one}


if __name__ == "__main__":
    logging.disable()
    spec = json.loads(sys.argv[1])
    print(json.dumps(_LIMITS[spec["what"]](spec["url"], spec["messages"])))
