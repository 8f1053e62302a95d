"""Which node of a broker is tried when, with connections and channels that only pretend."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pika
import pytest
from command_support import wait_until
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

import taipy_exec.broker.link as link_module
from taipy_exec.broker.attempts import Attempts, Patience
from taipy_exec.broker.events import Connected, Disconnected, Message
from taipy_exec.broker.explanation import is_fatal
from taipy_exec.broker.link import Link
from taipy_exec.broker.outgoing import Outgoing
from taipy_exec.broker.topology import Subscription
from taipy_exec.config.broker_address import BrokerAddress
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.worker.control_reading import ControlReading

THREE = tuple(BrokerAddress(port=port) for port in (1, 2, 3))
REFUSED = "PRECONDITION_FAILED - queue 'control' in vhost '/' does not have a {} on the local node"
NO_REPLICA = ChannelClosedByBroker(406, REFUSED.format("replica"))


def test_all_nodes_are_tried_before_there_is_a_pause() -> None:
    attempts = Attempts(THREE)
    pauses = []
    for port in (1, 2, 3, 1, 2, 3):
        assert attempts.next().port == port
        pauses.append(attempts.ended(0.0))
    assert [pause > 0 for pause in pauses] == [False, False, True, False, False, True]
    assert pauses[5] > pauses[2] * 0.9


def test_pauses_grow_while_nothing_works_and_are_short_again_afterwards() -> None:
    attempts = Attempts(THREE[:1])
    for _ in range(10):
        assert attempts.ended(0.0) <= 2.0
    assert attempts.ended(0.0) >= 1.0
    assert attempts.ended(60.0) <= 0.1


def test_a_node_that_is_ready_for_a_moment_only_counts_as_tried() -> None:
    attempts = Attempts(THREE)
    assert [attempts.ended(0.01) > 0 for _ in range(3)] == [False, False, True]


def test_after_a_connection_that_worked_the_next_node_is_tried_at_once() -> None:
    attempts = Attempts(THREE)
    assert [attempts.ended(0.0), attempts.ended(0.0)] == [0.0, 0.0]
    assert attempts.ended(60.0) == 0.0


def test_patience_doubles_each_time_in_vain_until_all_is_answered() -> None:
    patience = Patience(2.0)
    assert not patience.is_over(10.0, 12.0)
    assert patience.is_over(10.0, 12.1)
    assert not patience.is_over(10.0, 13.9)
    assert patience.is_over(10.0, 14.1)
    patience.answered()
    assert patience.is_over(10.0, 12.1)


def test_with_one_address_nobody_loses_patience() -> None:
    one = ClusterConfig(application="app", addresses=THREE[:1])
    assert not Patience(one.patience).is_over(0.0, 1e9)
    assert ClusterConfig(application="app", addresses=THREE).patience == one.lease / 3


@pytest.mark.parametrize(
    ("error", "fatal"),
    [
        (NO_REPLICA, False),
        (
            ChannelClosedByBroker(406, NO_REPLICA.reply_text.replace("a rep", "a running rep")),
            False,
        ),
        (ChannelClosedByBroker(406, "PRECONDITION_FAILED - inequivalent arg"), True),
        (ConnectionClosedByBroker(541, "INTERNAL_ERROR"), False),
        (ConnectionClosedByBroker(320, "CONNECTION_FORCED - broker forced it"), False),
        (ConnectionClosedByBroker(530, "NOT_ALLOWED - vhost not found"), True),
    ],
)
def test_what_another_node_may_do_is_no_reason_to_give_up(error: Exception, fatal: bool) -> None:
    assert is_fatal(error) is fatal


def test_what_is_refused_again_and_again_counts_from_its_first_try() -> None:
    outgoing = Outgoing(threading.Condition())
    outgoing.opened(SimpleNamespace(is_open=True, basic_publish=lambda *_, **__: None))
    message = Message("exchange", "key", b"")
    outgoing.put([message])
    assert outgoing.oldest is None
    outgoing.send()
    first = outgoing.oldest
    assert first is not None
    outgoing.confirmed(pika.spec.Basic.Nack(1, False))
    outgoing.send()
    assert outgoing.oldest == first
    outgoing.is_blocked = True
    assert outgoing.oldest is None
    outgoing.lost()
    assert outgoing.oldest is None


def test_marks_of_former_connections_do_not_end_the_reading() -> None:
    reading = ControlReading(2.0)
    former = reading.connected(Message("e", "control", b""), 0.0).id
    reading.disconnected()
    mark = reading.connected(Message("e", "control", b""), 10.0)
    reading.read(former, 10.1)
    assert not reading.is_done
    reading.read(mark.id, 10.2)
    assert reading.is_done


def test_a_copy_of_the_stream_lags_that_does_not_bring_a_mark_which_is_kept() -> None:
    reading = ControlReading(2.0)
    mark = reading.connected(Message("e", "control", b""), 0.0)
    assert not reading.is_late(50.0)
    mark.settled = True
    reading.read(None, 49.0)
    assert not reading.is_late(50.0)
    assert reading.is_late(51.5)
    reading.read(mark.id, 52.0)
    assert not reading.is_late(90.0)


# -- a link between nodes that pretend -------------------------------------------------------


class Channel:
    """Answers at once, but what its node refuses or leaves unanswered."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.is_open = True
        self._closed: list[Callable[..., None]] = []

    def add_on_close_callback(self, callback: Callable[..., None]) -> None:
        self._closed.append(callback)

    def add_on_return_callback(self, callback: Any) -> None: ...

    def add_on_cancel_callback(self, callback: Any) -> None: ...

    def basic_publish(self, *arguments: Any, **named: Any) -> None: ...

    def confirm_delivery(self, confirmed: Any, callback: Callable[..., None]) -> None:
        if self._node.trouble == "raises":
            raise RuntimeError("a fault of the code")
        callback()

    def basic_qos(self, prefetch_count: int, callback: Callable[..., None]) -> None:
        callback()

    def basic_consume(self, name: str, *_: Any, callback: Callable[..., None], **__: Any) -> str:
        if self._node.trouble == "no replica":
            self.is_open = False
            for closed in self._closed:
                closed(self, NO_REPLICA)
        elif self._node.trouble != "silent":
            self._node.later(callback)
        return name


class Node:
    """A connection to a node of the broker; `troubles` says what is wrong with which port."""

    troubles: dict[int, str] = {}
    tried: list[tuple[int, float]] = []
    server_properties: dict[str, Any] = {}
    has_sent_all = True

    def __init__(self, where: Any, on_open_callback: Any, on_close_callback: Any, **_: Any) -> None:
        self.tried.append((where.port, time.monotonic()))
        self.trouble = self.troubles.get(where.port, "")
        self.is_closed = self.is_closing = False
        self.ioloop = self
        self._calls: queue.Queue[Callable[[], None]] = queue.Queue()
        self._ended = on_close_callback
        self.later(lambda: on_open_callback(self))

    @property
    def is_open(self) -> bool:
        return not self.is_closed

    def later(self, action: Callable[[], None]) -> None:
        self._calls.put(action)

    add_callback_threadsafe = later

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(delay, self.later, [action])
        timer.daemon = True
        timer.start()

    def start(self) -> None:
        while not self.is_closed:
            self._calls.get()()

    def stop(self) -> None: ...

    def channel(self, on_open_callback: Callable[[Any], None]) -> None:
        on_open_callback(Channel(self))

    def add_on_connection_blocked_callback(self, callback: Any) -> None: ...

    def add_on_connection_unblocked_callback(self, callback: Any) -> None: ...

    def close(self, *_: Any) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._ended(self, ConnectionError("closed"))

    abandon = close


@pytest.fixture
def link(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[int, str]], Link]]:
    """Makes a link to three nodes, some of which have troubles."""
    monkeypatch.setattr(link_module, "GatheringConnection", Node)
    monkeypatch.setattr(Node, "tried", [])
    made: list[Link] = []

    def make(troubles: dict[int, str]) -> Link:
        monkeypatch.setattr(Node, "troubles", troubles)
        cluster = ClusterConfig(application="app", addresses=THREE, lease=1.0)
        made.append(Link(cluster, [], [Subscription(queue="control", prefetch=1)]))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("trouble", ["no replica", "silent"])
def test_a_node_that_cannot_give_the_stream_is_left_for_the_next_one(
    link: Callable[[dict[int, str]], Link], trouble: str
) -> None:
    made = link({1: trouble, 2: trouble})
    made.wait_connected(10)
    events = made.take()
    assert [port for port, _ in Node.tried] == [1, 2, 3]
    assert [type(event) for event in events] == [Disconnected, Disconnected, Connected]
    assert not any(event.fatal for event in events if isinstance(event, Disconnected))


def test_after_a_fault_of_the_code_the_next_connection_is_made(
    link: Callable[[dict[int, str]], Link],
) -> None:
    made = link({1: "raises"})
    made.wait_connected(10)
    assert [port for port, _ in Node.tried] == [1, 2]


def test_a_link_that_is_closed_while_it_connects_ends(
    link: Callable[[dict[int, str]], Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    class Slow(Node):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            begun.set()
            may_end.wait(10)
            super().__init__(*arguments, **named)

    monkeypatch.setattr(link_module, "GatheringConnection", Slow)
    made = link({})
    assert begun.wait(10)
    closing = threading.Thread(target=made.close)
    closing.start()
    wait_until(made._closing.is_set, 10, "the link to close")
    may_end.set()
    closing.join()
    assert not made._thread.is_alive()


def test_a_node_is_left_that_never_confirms(link: Callable[[dict[int, str]], Link]) -> None:
    made = link({})
    made.wait_connected(10)
    made.publish(Message("exchange", "key", b""))
    wait_until(lambda: len(Node.tried) == 2, 10, "the next node")
    assert [port for port, _ in Node.tried] == [1, 2]


def test_a_node_is_left_where_its_user_says_so(link: Callable[[dict[int, str]], Link]) -> None:
    made = link({})
    made.wait_connected(10)
    made.leave_node("its copy lags")
    wait_until(lambda: len(Node.tried) == 2 and made.is_connected, 10, "the next node")
    (reason,) = [event.reason for event in made.take() if isinstance(event, Disconnected)]
    assert reason == "RabbitMQ at localhost:1 is left for another node: its copy lags"
