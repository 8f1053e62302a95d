"""What a worker does with an order, from its receipt to its acknowledgement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from command_support import wait_until

from taipy_exec.broker.events import Delivered, Message
from taipy_exec.broker.names import Names
from taipy_exec.config.application import AppConfig, JobConfig
from taipy_exec.config.broker_address import parse_addresses
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.model.event import Begun, Starting
from taipy_exec.model.status import Reason
from taipy_exec.protocol.messages import (
    ClaimReply,
    Codec,
    JobOutput,
    Order,
    Returned,
    Revoked,
    Wire,
)
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.worker.assignment import Assignment
from taipy_exec.worker.assignments import Assignments
from taipy_exec.worker.reporter import Reporter
from taipy_exec.worker.transfers import Transfers

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
SUBMISSION = f"SUBMISSION_{UUID}"
NAMES, CODEC = Names("app"), Codec("app")


class Pool:
    """Slots that run nothing; they say what was asked of them."""

    def __init__(self) -> None:
        self.slots = 1
        self.reserved = 0
        self.started: list[JobOrder] = []
        self.stopped: list[str] = []
        self.answers: list[tuple[str, bool]] = []
        self.asking: dict[str, Any] = {}
        self.starts: list[Starting | Begun] = []

    def free(self) -> int:
        return self.slots

    def reserve(self) -> str:
        self.slots -= 1
        self.reserved += 1
        return f"host:{self.reserved}"

    def release(self, worker: str) -> None:
        self.slots += 1

    def start(self, order: JobOrder, worker: str, log: object, until: float) -> None:
        self.started.append(order)

    def take_starts(self) -> list[Starting | Begun]:
        found, self.starts = self.starts, []
        return found

    def stop_slot(self, worker: str, grace: float) -> None:
        self.stopped.append(worker)

    def answer(self, worker: str, until: float | None) -> None:
        if self.asking.pop(worker, None):
            self.answers.append((worker, until is not None))


class Code:
    """Says of every order what the test has it say."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.says = ""

    def refuses(self, order: Order) -> bool:
        return self.mode == "refuse"

    def difference(self, order: Order) -> str:
        return self.says


class Worker:
    """Orders that are held, and what goes to the broker."""

    def __init__(
        self, folder: Path, secret: bytes | None = None, check_code: str = "refuse"
    ) -> None:
        self.pool = Pool()
        self.refused: list[str] = []
        app = AppConfig(root=folder, state_dir=folder, job=JobConfig(check_code=check_code))
        self.sent: list[Message] = []
        self.acknowledged: list[Delivered] = []
        self.buried: list[str] = []
        self.reports = Reporter(self.sent.append, NAMES, CODEC, patience=0.0)
        self.orders = Assignments(
            app,
            ClusterConfig(application="app", addresses=parse_addresses("amqp://"), secret=secret),
            id="abcdef",
            name="host:0",
            pool=self.pool,  # type: ignore[arg-type]
            acknowledge=lambda *found: self.acknowledged.extend(found),
            reports=self.reports,
            transfers=Transfers(self.sent.append, NAMES),
            code=Code(check_code),  # type: ignore[arg-type]
            bury=lambda delivery, reason: self.buried.append(reason),
            refuse=lambda order, delivery, why: self.refused.append(why),
            observe=lambda held, report: None,
            wait_sent=lambda seconds: None,
        )

    def receive(
        self, number: int = 1, *, age: float = 0.0, epoch: str = "ab", attempt: int = 1
    ) -> Delivered:
        """An order that was sent `age` seconds before now."""
        order = Order(
            job=f"JOB_t_{UUID[:-1]}{number}",
            task="t",
            attempt=attempt,
            submission=SUBMISSION,
            instance=f"SCENARIO_s_{UUID}",
            cycle="",
            digest="",
            epoch=epoch,
            at=time.time() - age,
        )
        found = Delivered(NAMES.jobs, 1, number, CODEC.dump(order)[0], {}, None, False)
        if not self.orders.take_again(order, found):
            self.orders.take(order, found)
        return found

    def begin(self) -> None:
        """An order whose start is reported, confirmed and so begun."""
        self.receive()
        self.step()
        self.confirm()

    def step(self) -> None:
        self.orders.begin()
        self.reports.send()

    def confirm(self, *, routed: bool = True) -> None:
        """The broker confirms all reports that were sent."""
        sent, self.sent[:] = [one for one in self.sent if one.notify], []
        for message in sent:
            for told in self.reports.confirmed(message, routed=routed):
                self.orders.on_told(told)

    def told(self) -> list[Wire]:
        """What was reported and is not confirmed."""
        sent = [m for m in self.sent if m.key == NAMES.reports(SUBMISSION)]
        return [wire for message in sent for wire in CODEC.load_all(message.body, message.headers)]

    def kinds(self) -> list[str]:
        return [type(wire).__name__ for wire in self.told()]

    @property
    def only(self) -> Assignment:
        (found,) = self.orders.held.values()
        return found

    def claim_reply(self, allowed: bool) -> None:
        held = self.only
        self.orders.on_claim_reply(
            ClaimReply(held.order.job, held.order.attempt, held.run, allowed, SUBMISSION)
        )


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return connected(Worker(tmp_path))


def connected(worker: Worker) -> Worker:
    worker.orders.connected()
    # Long ago: the orders of these tests are younger than the connection.
    worker.orders._connected_at = time.time() - 100
    return worker


def test_the_first_job_of_a_submission_begins_when_somebody_waits_for_it(worker: Worker) -> None:
    worker.receive()
    worker.step()
    assert worker.kinds() == ["JobBegun"]
    assert worker.pool.started == []
    worker.confirm()
    assert len(worker.pool.started) == 1


def test_the_next_ones_begin_at_once(worker: Worker) -> None:
    worker.pool.slots = 2
    worker.receive(1)
    worker.step()
    worker.confirm()
    worker.receive(2)
    worker.step()
    assert len(worker.pool.started) == 2
    # Its end may come so soon that both are told together.
    assert worker.kinds() == []
    wait_until(lambda: worker.reports.due <= time.monotonic(), 5)
    worker.step()
    assert worker.kinds() == ["JobBegun"]


def test_an_order_for_which_nobody_waits_is_buried(worker: Worker) -> None:
    worker.receive()
    worker.step()
    worker.confirm(routed=False)
    assert worker.pool.started == []
    assert worker.buried == ["it is outdated: no coordinator waits for its report"]
    assert worker.pool.slots == 1


def test_an_order_that_is_canceled_after_its_claim_is_dropped(worker: Worker) -> None:
    delivery = worker.receive()
    worker.step()
    worker.orders.control.note(Revoked(SUBMISSION, [worker.only.order.job]))
    worker.confirm(routed=False)
    assert worker.buried == []
    assert worker.acknowledged == [delivery]


def test_an_order_is_acknowledged_when_its_end_is_confirmed_and_not_before(worker: Worker) -> None:
    delivery = worker.receive()
    worker.step()
    worker.confirm()
    job = worker.only.order.job
    worker.orders.on_report(JobReport(job=job, attempt=1, finished_at=1.0, duration=0.1))
    worker.reports.send()
    assert worker.kinds() == ["JobEnded"]
    assert worker.acknowledged == []
    worker.confirm()
    assert worker.acknowledged == [delivery]
    assert worker.orders.held == {}
    assert worker.orders.done == 1


def test_an_order_of_other_code_is_refused_and_takes_no_slot(worker: Worker) -> None:
    worker.orders._code.says = "it differs"  # type: ignore[attr-defined]
    worker.receive(1)
    worker.receive(2)
    worker.step()
    assert worker.refused == ["it differs", "it differs"]
    assert (worker.pool.started, worker.pool.slots, worker.orders.held) == ([], 1, {})
    assert worker.kinds() == []
    worker.orders._code.says = ""  # type: ignore[attr-defined]
    worker.receive(1)
    worker.step()
    worker.confirm()
    assert len(worker.pool.started) == 1


def test_where_it_is_only_warned_of_other_code_the_log_says_so(tmp_path: Path) -> None:
    worker = connected(Worker(tmp_path, check_code="warn"))
    worker.orders._code.says = "it differs"  # type: ignore[attr-defined]
    worker.begin()
    assert worker.refused == []
    (order,) = worker.pool.started
    report = JobReport(job=order.job, attempt=1, finished_at=1.0, duration=0.1)
    worker.orders.on_report(report)
    worker.reports.send()
    printed = [wire.text for wire in worker.told() if isinstance(wire, JobOutput)]
    assert printed == ["taipy-exec: it differs\n"]


def test_an_order_that_is_older_than_the_connection_is_asked_about(worker: Worker) -> None:
    worker.receive(age=1000)
    worker.step()
    assert worker.kinds() == ["Claim"]
    worker.confirm()
    assert worker.pool.started == []
    worker.claim_reply(True)
    assert len(worker.pool.started) == 1


def test_with_a_secret_every_order_is_asked_about(tmp_path: Path) -> None:
    worker = Worker(tmp_path, secret=b"secret")
    worker.receive()
    worker.step()
    assert worker.kinds() == ["Claim"]
    worker.claim_reply(False)
    assert worker.orders.held == {}
    assert len(worker.acknowledged) == 1
    assert worker.pool.slots == 1


def test_what_was_asked_is_asked_again_on_a_new_connection(worker: Worker) -> None:
    worker.receive(age=1000)
    worker.step()
    worker.confirm()
    worker.orders.disconnected()
    worker.orders.connected()
    worker.reports.send()
    assert worker.kinds() == ["Claim"]
    run = worker.only.run
    again = worker.receive(age=1000)
    assert worker.only.delivery is again
    assert worker.only.run == run


def test_a_second_copy_of_an_order_that_is_held_is_acknowledged(worker: Worker) -> None:
    first, second = worker.receive(), worker.receive()
    assert worker.only.delivery is first
    assert worker.acknowledged == [second]


def test_orders_that_wait_go_to_others_when_the_connection_breaks(worker: Worker) -> None:
    worker.receive(1)
    worker.step()
    worker.confirm()
    worker.receive(2)
    worker.orders.disconnected()
    assert len(worker.orders.held) == 1
    assert worker.only.begun is not None
    assert worker.only.delivery is None


def test_an_order_of_which_nothing_was_told_goes_back_to_the_queue(worker: Worker) -> None:
    worker.pool.slots = 0
    worker.receive()
    worker.step()
    worker.orders.give_back_unbegun()
    assert [message.key for message in worker.sent] == ["jobs"]
    assert worker.orders.held == {}


def test_a_run_that_was_told_of_goes_back_to_the_coordinator_by_its_number(worker: Worker) -> None:
    worker.receive()
    worker.step()
    run = worker.only.run
    worker.orders.give_back_unbegun()
    worker.reports.send()
    begun, returned = worker.told()
    assert (begun.run, returned.run, returned.why) == (run, run, "handed_back")  # type: ignore[union-attr]
    assert worker.pool.slots == 1


def test_nobody_answers_and_the_order_is_handed_back(worker: Worker) -> None:
    worker.receive(age=1000)
    worker.step()
    # An answer over a slow network may be so long under way: two thirds of the lease of 15 s.
    worker.orders.tend(time.monotonic() + 9)
    assert len(worker.orders.held) == 1
    worker.orders.tend(time.monotonic() + 11)
    assert worker.orders.held == {}


def test_a_job_may_write_while_its_run_is_certain_to_count(worker: Worker) -> None:
    worker.begin()
    slot = worker.only.worker
    worker.pool.asking[slot] = True
    worker.orders.answer_slots(time.monotonic(), connected=True)
    assert worker.pool.answers == [(slot, True)]


def test_after_an_interruption_it_is_asked_before_anything_is_written(worker: Worker) -> None:
    worker.begin()
    slot = worker.only.worker
    worker.orders.disconnected()
    worker.pool.asking[slot] = True
    worker.orders.answer_slots(time.monotonic(), connected=False)
    assert worker.kinds() == []
    worker.orders.answer_slots(time.monotonic(), connected=True)
    worker.reports.send()
    assert worker.kinds() == ["Claim"]
    assert worker.pool.answers == []
    worker.claim_reply(False)
    assert worker.pool.answers == [(slot, False)]


def test_a_long_jobs_order_is_acknowledged_early(worker: Worker) -> None:
    delivery = worker.receive()
    worker.step()
    worker.confirm()
    worker.orders.tend(time.monotonic() + 19)
    assert worker.acknowledged == []
    worker.orders.tend(time.monotonic() + 21)
    assert worker.acknowledged == [delivery]
    assert len(worker.orders.held) == 1


def test_what_is_stopped_to_be_handed_back_is_told_when_it_has_ended(worker: Worker) -> None:
    worker.begin()
    job, slot = worker.only.order.job, worker.only.worker
    worker.orders.hand_back_running()
    assert worker.pool.stopped == [slot]
    worker.orders.on_report(JobReport(job=job, attempt=1, finished_at=1.0, duration=0.1))
    worker.reports.send()
    assert worker.kinds() == ["Returned"]
    assert worker.orders.done == 0


def stuck(worker: Worker) -> None:
    """The broker takes messages, but has not confirmed the reports to the submission in time."""
    worker.reports.taken()
    wait_until(lambda: worker.reports.is_stuck(SUBMISSION), 5)


def test_an_order_whose_submission_is_stuck_keeps_no_other_order_away(worker: Worker) -> None:
    delivery = worker.receive()
    worker.step()
    assert worker.pool.slots == 0
    stuck(worker)
    worker.orders.tend(time.monotonic())
    assert worker.acknowledged == [delivery]
    assert worker.pool.slots == 1
    assert worker.orders.held == {}
    worker.confirm()
    worker.reports.send()
    (returned,) = worker.told()
    assert isinstance(returned, Returned)
    # The coordinator may know this run from the report of its start.
    assert (returned.why, bool(returned.run)) == (Reason.HANDED_BACK, True)


def test_the_end_of_a_job_whose_submission_is_stuck_waits_without_its_order(worker: Worker) -> None:
    delivery = worker.receive()
    worker.step()
    worker.confirm()
    job = worker.only.order.job
    worker.orders.on_report(JobReport(job=job, attempt=1, finished_at=1.0, duration=0.1))
    worker.reports.send()
    assert not worker.orders.is_done
    stuck(worker)
    worker.orders.tend(time.monotonic())
    assert worker.acknowledged == [delivery]
    assert worker.orders.is_done
    worker.confirm()
    assert worker.acknowledged == [delivery]
    assert worker.orders.held == {}


def test_a_job_that_may_not_write_leaves_its_slot_if_only_its_submission_is_stuck(
    worker: Worker,
) -> None:
    worker.begin()
    job, slot = worker.only.order.job, worker.only.worker
    worker.orders.disconnected()
    worker.orders.connected()
    worker.pool.asking[slot] = True
    worker.orders.answer_slots(time.monotonic(), connected=True)
    worker.reports.send()
    stuck(worker)
    # The whole broker may be slow.
    worker.orders.answer_slots(time.monotonic(), connected=True)
    assert worker.pool.answers == []
    worker.reports.confirmed_elsewhere(time.monotonic())
    worker.orders.answer_slots(time.monotonic(), connected=True)
    assert worker.pool.answers == [(slot, False)]
    worker.orders.on_report(JobReport(job=job, attempt=1, finished_at=1.0, duration=0.1))
    worker.confirm()
    worker.reports.send()
    assert worker.kinds()[-1] == "Returned"


def test_confirmed_reports_to_one_submission_prove_nothing_for_another(worker: Worker) -> None:
    worker.begin()
    leases, held = worker.orders.leases, worker.only
    leases.confirmed("SUBMISSION_other", time.monotonic() + 100)
    leases.look(time.monotonic() + 50)
    assert not leases.still_counts(held)


def test_nothing_is_stuck_while_the_broker_takes_nothing(worker: Worker) -> None:
    worker.receive()
    worker.step()
    stuck(worker)
    worker.reports.not_taken()
    assert not worker.reports.is_stuck(SUBMISSION)


def test_an_outdated_attempt_is_stopped_and_not_the_next_one_of_its_job(worker: Worker) -> None:
    worker.pool.slots = 2
    worker.receive(1)
    worker.step()
    worker.confirm()
    old = worker.only
    worker.receive(1, attempt=2)
    worker.step()
    worker.confirm()
    new = next(held for held in worker.orders.held.values() if held is not old)
    refused = ClaimReply(old.order.job, 1, old.run, False, SUBMISSION)
    worker.orders.on_claim_reply(refused)
    assert worker.pool.stopped == [old.worker] != [new.worker]
    worker.pool.asking.update({old.worker: True, new.worker: True})
    worker.orders.answer_slots(time.monotonic(), connected=True)
    assert worker.pool.answers == [(old.worker, False), (new.worker, True)]


def test_after_a_time_without_a_step_an_older_order_is_claimed_first(worker: Worker) -> None:
    worker.receive()
    worker.orders.stood_still()
    worker.step()
    assert worker.kinds() == ["Claim"]
    assert worker.pool.started == []
