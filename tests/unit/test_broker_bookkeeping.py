"""Messages under way and deliveries not acknowledged, with a channel that only notes calls."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pika
import pytest

from taipy_exec.broker.deliveries import Deliveries
from taipy_exec.broker.events import Delivered, Message
from taipy_exec.broker.outgoing import Outgoing


class Channel:
    """Notes what is published and acknowledged."""

    is_open = True

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.acknowledged: list[tuple[int, bool]] = []

    def basic_publish(self, exchange: str, key: str, body: bytes, *rest: Any, **named: Any) -> None:
        self.published.append(body)

    def basic_ack(self, tag: int, multiple: bool = False) -> None:
        self.acknowledged.append((tag, multiple))


def message(text: str, *, lasting: bool = True) -> Message:
    return Message("exchange", "key", text.encode(), lasting=lasting)


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing(threading.Condition())


def sent(outgoing: Outgoing, *texts: str) -> tuple[Channel, list[Message]]:
    channel = Channel()
    messages = [message(text) for text in texts]
    outgoing.opened(channel)
    outgoing.put(messages)
    outgoing.send()
    return channel, messages


def ack(tag: int, *, multiple: bool = False) -> Any:
    return pika.spec.Basic.Ack(tag, multiple)


def test_nothing_is_sent_without_a_channel_or_while_the_broker_takes_nothing(
    outgoing: Outgoing,
) -> None:
    outgoing.put([message("a")])
    outgoing.send()
    channel = Channel()
    outgoing.opened(channel)
    outgoing.is_blocked = True
    outgoing.send()
    assert channel.published == []
    outgoing.is_blocked = False
    outgoing.send()
    assert channel.published == [b"a"]


def test_one_confirmation_may_be_for_all_up_to_it(outgoing: Outgoing) -> None:
    _, messages = sent(outgoing, "a", "b", "c")
    assert outgoing.confirmed(ack(2, multiple=True)) == messages[:2]
    assert [m.settled for m in messages] == [True, True, None]
    assert outgoing
    assert outgoing.confirmed(ack(3)) == messages[2:]
    assert not outgoing


def came_back(outgoing: Outgoing, tag: int) -> list[Message] | None:
    outgoing.returned(None, None, SimpleNamespace(correlation_id=str(tag)), b"")
    return outgoing.confirmed(ack(tag))


def test_what_came_back_is_sent_once_more_when_its_queue_is_bound_again() -> None:
    asked: list[tuple[str, str]] = []
    outgoing = Outgoing(threading.Condition(), lambda *place: asked.append(place))
    channel, (one, two) = sent(outgoing, "a", "b")
    assert came_back(outgoing, 1) == came_back(outgoing, 2) == []
    assert asked == [("exchange", "key")]
    assert one.settled is two.settled is None
    assert outgoing
    outgoing.bound("exchange", "key")
    assert channel.published == [b"a", b"b", b"a", b"b"]
    assert outgoing.confirmed(ack(3)) == [one]
    assert one.settled is True
    assert came_back(outgoing, 4) == [two]
    assert two.settled is False
    assert len(asked) == 1


def test_what_waits_for_a_binding_survives_a_broken_connection(outgoing: Outgoing) -> None:
    sent(outgoing, "a")
    came_back(outgoing, 1)
    outgoing.lost()
    channel = Channel()
    outgoing.opened(channel)
    outgoing.send()
    assert channel.published == [b"a"]
    outgoing.bound("exchange", "key")
    assert channel.published == [b"a"]


def unproven(*texts: str) -> tuple[Outgoing, Channel, list[Message], list[Message]]:
    """Messages to a queue that may have no leader, and those that went on their own channel."""
    alone: list[Message] = []
    outgoing = Outgoing(threading.Condition(), prove=alone.append)
    channel, messages = Channel(), [message(text) for text in texts]
    for one in messages:
        one.may_hang = True
    outgoing.opened(channel)
    outgoing.put(messages)
    outgoing.send()
    return outgoing, channel, messages, alone


def test_the_first_message_to_a_queue_that_may_hang_keeps_no_other_waiting() -> None:
    outgoing, channel, messages, alone = unproven("a", "b")
    outgoing.put([message("to another queue")])
    outgoing.send()
    assert alone == messages[:1]
    assert channel.published == [b"to another queue"]
    assert outgoing.proven(alone[0], ack(1)) == messages[:1]
    outgoing.send()
    assert channel.published[1:] == [b"b"]
    assert outgoing.confirmed(ack(2)) == messages[1:]


def test_a_queue_is_tried_again_in_order_after_a_refusal_and_on_each_connection() -> None:
    outgoing, channel, messages, alone = unproven("a", "b")
    assert outgoing.proven(alone[0], pika.spec.Basic.Nack(1)) is None
    outgoing.send()
    assert alone == [messages[0], messages[0]]
    outgoing.lost()
    assert messages[0].asked_at == 0.0
    outgoing.opened(channel)
    outgoing.send()
    assert alone == [messages[0]] * 3
    assert outgoing.proven(messages[0], ack(1)) == messages[:1]
    outgoing.lost()
    outgoing.opened(channel)
    outgoing.send()
    assert alone[3:] == messages[1:]
    assert channel.published == []


def test_what_is_refused_is_sent_again_before_the_rest(outgoing: Outgoing) -> None:
    channel, _ = sent(outgoing, "a", "b")
    outgoing.put([message("c")])
    assert outgoing.confirmed(pika.spec.Basic.Nack(2, True)) is None
    outgoing.send()
    assert channel.published == [b"a", b"b", b"a", b"b", b"c"]


def test_over_a_broken_connection_the_order_stays_and_what_does_not_last_is_left_out(
    outgoing: Outgoing,
) -> None:
    sent(outgoing, "a")
    outgoing.put([message("passing", lasting=False)])
    outgoing.send()
    outgoing.put([message("b")])
    outgoing.lost()
    outgoing.send()
    channel = Channel()
    outgoing.opened(channel)
    outgoing.send()
    assert channel.published == [b"a", b"b"]
    assert outgoing.confirmed(ack(2, multiple=True)) is not None
    assert not outgoing


def arrive(deliveries: Deliveries, tag: int, *, is_acknowledged: bool = True) -> Delivered:
    method = SimpleNamespace(delivery_tag=tag, redelivered=False)
    properties = SimpleNamespace(headers=None, message_id=None)
    return deliveries.arrived("q", method, properties, b"", is_acknowledged=is_acknowledged)


def test_what_has_no_gap_is_acknowledged_with_one_frame() -> None:
    deliveries, channel = Deliveries(), Channel()
    deliveries.opened("q")
    one, two, three, four = (arrive(deliveries, tag) for tag in (1, 2, 3, 4))
    deliveries.acknowledge({"q": channel}, [two, one, four])
    assert channel.acknowledged == [(2, True), (4, False)]
    deliveries.acknowledge({"q": channel}, [three, one])
    assert channel.acknowledged[2:] == [(3, True)]


def test_deliveries_of_an_earlier_channel_are_void() -> None:
    deliveries, channel = Deliveries(), Channel()
    deliveries.opened("q")
    old = arrive(deliveries, 1)
    deliveries.opened("q")
    arrive(deliveries, 1)
    deliveries.acknowledge({"q": channel}, [old])
    assert channel.acknowledged == []


def test_what_is_known_of_queues_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taipy_exec.broker.outgoing._MOST_PROVEN", 2)
    outgoing, _, messages, alone = unproven("a", "b", "c", "d")
    for number, one in enumerate(messages):
        one.key = f"queue {number}"
    outgoing.lost()
    outgoing.opened(Channel())
    outgoing.send()
    for one in alone[1:]:
        outgoing.proven(one, ack(1))
    assert len(outgoing._proven) == 2
