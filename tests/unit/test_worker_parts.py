"""What a worker is made of: how it reports, how many orders it takes, when its jobs may write."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

import pytest
from command_support import wait_until

from taipy_exec.broker.events import Message
from taipy_exec.broker.names import Names
from taipy_exec.execution.fence import ASK, NEVER, UNTIL, Fence
from taipy_exec.protocol.messages import Codec, JobBegun, JobOutput, LeaseRenewal, Wire
from taipy_exec.worker.prefetch import PrefetchControl, WorkerLimits
from taipy_exec.worker.reporter import Reporter, Told

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
ONE, OTHER = f"SUBMISSION_{UUID}", f"SUBMISSION_{UUID[:-1]}0"
CODEC = Codec("app")


def output(text: str) -> JobOutput:
    return JobOutput(job=f"JOB_a_{UUID}", attempt=1, run="r", text=text)


class Broker:
    """Takes messages; the test says when it confirms them."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.reporter = Reporter(self.sent.append, Names("app"), CODEC)

    def tell(self, *texts: str, submission: str = ONE) -> None:
        for text in texts:
            self.reporter.tell(submission, output(text), about=text)
        self.reporter.send()

    def start(self) -> None:
        """A job begins."""
        begun = JobBegun(f"JOB_a_{UUID}", 1, "ab", "r", "host:1", "cd")
        self.reporter.tell_start(ONE, "ab", begun, about=None)
        self.reporter.send()

    def kinds(self) -> dict[str, list[list[str]]]:
        """Where to -> the kinds of what each message holds."""
        found: dict[str, list[list[str]]] = {}
        for message in self.sent:
            key = message.key.removeprefix("taipy-exec.v1.app.")
            found.setdefault(key, []).append([type(wire).__name__ for wire in read(message)])
        return found

    def confirm(self, message: Message, *, routed: bool = True) -> list[Told]:
        told = list(self.reporter.confirmed(message, routed=routed))
        self.reporter.send()
        return told

    def texts(self) -> list[list[str]]:
        """What each message holds."""
        return [[found.text for found in read(message)] for message in self.sent]  # type: ignore[union-attr]


def read(message: Message) -> list[Wire]:
    return CODEC.load_all(message.body, message.headers)


def test_a_report_goes_at_once_while_little_is_on_its_way() -> None:
    broker = Broker()
    broker.tell("begun")
    broker.tell("ended")
    assert broker.texts() == [["begun"], ["ended"]]
    assert broker.sent[0].key == f"taipy-exec.v1.app.reports.{ONE}"


def test_a_start_waits_for_its_end_but_not_for_long() -> None:
    broker = Broker()
    broker.start()
    assert broker.kinds() == {"coordinator.ab": [["JobBegun"]]}
    broker.tell("ended")
    assert broker.kinds()[f"reports.{ONE}"] == [["JobBegun", "JobOutput"]]
    broker.confirm(broker.sent[1])
    assert broker.reporter.due == float("inf")
    broker.start()
    assert 0 < broker.reporter.due - time.monotonic() <= 0.002
    wait_until(lambda: broker.reporter.due < time.monotonic(), 5)
    broker.reporter.send()
    assert broker.kinds()[f"reports.{ONE}"][1:] == [["JobBegun"]]
    assert broker.reporter.due == float("inf")


def test_several_starts_wait_no_longer_than_the_first() -> None:
    broker = Broker()
    broker.start()
    due = broker.reporter.due
    broker.start()
    assert broker.reporter.due == due


def test_a_start_behind_others_is_told_with_them_only() -> None:
    broker = Broker()
    broker.tell("one")
    broker.tell("two")
    broker.start()
    assert list(broker.kinds()) == [f"reports.{ONE}"]
    broker.confirm(broker.sent[0])
    assert broker.kinds()[f"reports.{ONE}"][2:] == [["JobBegun"]]


def test_reports_gather_behind_those_that_are_not_confirmed() -> None:
    broker = Broker()
    for text in "abcdef":
        broker.tell(text)
    assert broker.texts() == [["a"], ["b"]]
    broker.confirm(broker.sent[0])
    assert broker.texts() == [["a"], ["b"], ["c", "d", "e", "f"]]


def test_no_report_waits_long_for_the_confirmation_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    broker = Broker()
    for text in "abc":
        broker.tell(text)
    now += 0.01
    broker.tell("d")
    assert broker.texts() == [["a"], ["b"]]
    now += 0.05
    broker.reporter.send()
    assert broker.texts() == [["a"], ["b"], ["c", "d"]]


def test_a_confirmation_tells_what_was_reported_with_it_and_about_what() -> None:
    broker = Broker()
    broker.tell("a", "b")
    assert broker.confirm(broker.sent[0], routed=False) == [
        Told(ONE, JobOutput, "a", False),
        Told(ONE, JobOutput, "b", False),
    ]


def test_one_submissions_reports_do_not_wait_for_those_of_another() -> None:
    broker = Broker()
    for _ in range(3):
        broker.tell("x")
    broker.tell("y", submission=OTHER)
    assert [message.key.rpartition(".")[2] for message in broker.sent] == [ONE, ONE, OTHER]


def test_no_message_grows_beyond_what_a_broker_takes() -> None:
    broker = Broker()
    broker.tell(*["x" * 600_000] * 5, *["y"] * 500)
    broker.reporter.send_all()
    assert sum(map(len, broker.texts())) == 505
    assert max(len(message.body) for message in broker.sent) < 2_000_000
    assert max(map(len, broker.texts())) <= 200


def test_who_leaves_sends_everything() -> None:
    broker = Broker()
    for text in "abcd":
        broker.tell(text)
    broker.reporter.send_all()
    assert [text for message in broker.texts() for text in message] == list("abcd")


def test_several_messages_in_one_come_back_in_their_order() -> None:
    begun = JobBegun(f"JOB_a_{UUID}", 1, "", "r", "h:1", "ab")
    lease_renewals = LeaseRenewal(worker="h:1", worker_id="ab", jobs=[])
    broker = Broker()
    for wire in (begun, lease_renewals):
        broker.reporter.tell(ONE, wire)
    broker.reporter.send()
    assert [read(message) for message in broker.sent] == [[begun, lease_renewals]]


def test_orders_are_taken_ahead_while_jobs_are_short() -> None:
    intake = PrefetchControl(WorkerLimits(), prefetch=0)
    assert intake.wanted(2) == 2
    for _ in range(30):
        intake.note_duration(0.001)
    assert intake.wanted(2) == 2 + 2 * 32
    for _ in range(30):
        intake.note_duration(0.02)
    assert intake.wanted(2) == 2 + 2 * 10
    intake.note_duration(10.0)
    assert intake.wanted(2) == 2


def test_a_fixed_number_of_orders_ahead_stays_fixed() -> None:
    intake = PrefetchControl(WorkerLimits(), prefetch=5)
    assert intake.wanted(2) == 7
    assert not intake.gives_back(100.0, 100.0)


def test_orders_behind_a_long_job_go_back_and_no_more_are_taken_ahead() -> None:
    intake = PrefetchControl(WorkerLimits(), prefetch=0)
    for _ in range(30):
        intake.note_duration(0.001)
    assert not intake.gives_back(1.0, 0.01)
    assert not intake.gives_back(0.01, 1.0)
    assert intake.gives_back(1.0, 1.0)
    assert intake.wanted(1) == 1


def test_slots_follow_the_queue_within_their_bounds() -> None:
    intake = PrefetchControl(WorkerLimits(least=2, most=6), prefetch=0)
    assert intake.wants_depth(10.0)
    assert not intake.wants_depth(11.0)
    assert intake.wants_depth(12.5)
    assert intake.slots(running=0) == 2
    intake.note_depth(3)
    assert intake.slots(running=1) == 4
    intake.note_depth(100)
    assert intake.slots(running=1) == 6
    assert not PrefetchControl(WorkerLimits(least=2, most=2), prefetch=0).wants_depth(10.0)


def fence() -> tuple[Fence, Any, Any]:
    """A fence with the other ends of its two pipes."""
    orders, to_slot = multiprocessing.Pipe(duplex=False)
    from_slot, reports = multiprocessing.Pipe(duplex=False)
    return Fence(orders, reports), to_slot, from_slot


def test_a_job_that_may_write_for_a_while_does_not_ask() -> None:
    found, _, from_slot = fence()
    assert found.set_by(UNTIL.pack(time.monotonic() + 60) + b"order") == b"order"
    assert found.may_write()
    assert not from_slot.poll()


def test_a_job_whose_time_is_over_asks_and_hears_for_how_long() -> None:
    found, to_slot, from_slot = fence()
    found.set_by(UNTIL.pack(NEVER))
    to_slot.send_bytes(UNTIL.pack(time.monotonic() + 60))
    assert found.may_write()
    assert found.may_write()
    assert from_slot.recv_bytes() == ASK
    assert not from_slot.poll()


def test_a_job_that_does_not_count_any_more_may_not_write() -> None:
    found, to_slot, _ = fence()
    found.set_by(UNTIL.pack(time.monotonic() - 1))
    to_slot.send_bytes(UNTIL.pack(NEVER))
    assert not found.may_write()
