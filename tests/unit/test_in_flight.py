"""What the coordinator makes of workers' reports: which run counts, what is lost, what is sent
again."""

from __future__ import annotations

from typing import Any

import pytest

from taipy_exec.model.event import (
    Begun,
    Deferred,
    Finished,
    HandedBack,
    Lost,
    Started,
    Starting,
)
from taipy_exec.model.job import Failure
from taipy_exec.protocol.messages import (
    Claim,
    JobBegun,
    JobEnded,
    JobProcess,
    LeaseRenewal,
    Returned,
)
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.protocol.schema import Report
from taipy_exec.runners.in_flight import InFlightJobs

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
JOB, SUBMISSION = f"JOB_train_{UUID}", f"SUBMISSION_{UUID}"
LEASE = 15.0
ORDER = JobOrder(
    job=JOB, task="train", attempt=1, submission=SUBMISSION, instance=f"SCENARIO_s_{UUID}"
)


class Table:
    """One job, handed out at time 0."""

    def __init__(self, *, adopted_from: str | None = None) -> None:
        self.told: list[str] = []
        self.handed = InFlightJobs(
            LEASE, 3, 3, lambda: 1000.0, lambda _, how: self.told.append(how)
        )
        if adopted_from is None:
            self.handed.put(ORDER, 0.0)
        else:
            self.handed.adopt(ORDER, adopted_from, 0.0)

    def begun(self, run: str, *, now: float = 0.0, attempt: int = 1) -> bool:
        return self.handed.counts(JobBegun(JOB, attempt, "", run, f"host:{run}", "ab"), now)

    def claim(self, run: str, *, begun: bool, now: float = 0.0) -> bool:
        return self.handed.counts(Claim(JOB, 1, "", run, f"host:{run}", "ab", begun), now)

    def ended(self, run: str, failure: Failure | None = None, *, now: float = 0.0) -> None:
        report = JobReport(job=JOB, attempt=1, finished_at=1.0, duration=2.0, failure=failure)
        ended = JobEnded(JOB, 1, "", run, f"host:{run}", "ab", Report.of(report))
        self.handed.ended(ended, now)

    def process(self, run: str, *, ready: bool, attempt: int = 1) -> None:
        self.handed.process(JobProcess(job=JOB, attempt=attempt, run=run, ready=ready))

    def lease_renewals(self, *runs: str, attempt: int = 1, now: float = 0.0) -> list[Any]:
        jobs = [(JOB, attempt, run) for run in runs]
        return self.handed.held(LeaseRenewal(worker="host:1", worker_id="ab", jobs=jobs), now)

    def returned(self, why: str, run: str = "", *, worker: str = "w", now: float = 0.0) -> None:
        self.handed.returned(Returned(JOB, 1, "", run, worker, why, "why"), now)

    def kinds(self) -> list[type[Any]]:
        return [type(event) for event in self.handed.take_events()]


@pytest.fixture
def table() -> Table:
    return Table()


def test_the_first_run_counts_and_a_second_does_not(table: Table) -> None:
    assert table.begun("a")
    assert not table.begun("b")
    assert table.begun("a")
    assert table.kinds() == [Started]
    assert not table.begun("a", attempt=2)


def test_the_process_of_the_run_that_counts_is_noted(table: Table) -> None:
    table.begun("a")
    table.process("a", ready=False)
    table.process("b", ready=True)
    table.process("a", ready=True, attempt=2)
    assert table.kinds() == [Started, Starting]
    table.process("a", ready=True)
    assert table.kinds() == [Begun]
    table.ended("a")
    table.process("a", ready=True)
    assert table.kinds() == [JobReport]


def test_a_process_of_a_job_that_began_under_a_former_coordinator_is_noted() -> None:
    table = Table(adopted_from="host:1")
    table.process("a", ready=True)
    assert table.kinds() == [Begun]


def test_the_end_of_another_run_changes_nothing(table: Table) -> None:
    table.begun("a")
    table.ended("b")
    assert table.kinds() == [Started]
    table.ended("a")
    assert table.kinds() == [JobReport]
    assert table.handed.get(JOB) is None
    table.ended("a")
    assert table.kinds() == []


def test_an_end_without_a_beginning_tells_both(table: Table) -> None:
    table.ended("a")
    assert table.kinds() == [Started, JobReport]


def test_a_dead_process_is_a_lost_attempt_and_a_raised_error_is_not(table: Table) -> None:
    table.begun("a")
    table.ended("a", Failure(kind="process_died", message="killed by SIGKILL"))
    assert table.kinds() == [Started, Lost]
    assert table.told == ["attempt 1 was lost: killed by SIGKILL"]
    assert table.handed.get(JOB) is not None
    other = Table()
    other.ended("a", Failure(kind="raised", message="no"))
    assert other.kinds() == [Started, JobReport]


def test_what_is_told_of_a_lost_attempt_begins_nothing(table: Table) -> None:
    """Its order may still be the newest: the coordinator has not answered the loss yet."""
    table.ended("a", Failure(kind="process_died", message="killed"))
    assert table.kinds() == [Started, Lost]
    assert not table.begun("a")
    assert not table.begun("b")
    assert len(table.lease_renewals("a")) == 1
    table.returned("worker_lost")
    table.handed.foretold(JobBegun(JOB, 1, "", "a", "host:a", "ab"), 0.0)
    table.handed.send_again(ORDER, 0.0)
    assert table.handed.take_again(1.0) == []
    assert table.kinds() == []
    table.handed.put(ORDER._replace(attempt=2), 1.0)
    assert not table.begun("a")
    assert table.begun("c", attempt=2)
    assert table.kinds() == [Started]


def test_a_process_that_was_told_to_stop_is_not_lost(table: Table) -> None:
    table.begun("a")
    found = table.handed.get(JOB)
    assert found is not None
    found.stopping = True
    table.ended("a", Failure(kind="process_died", message="SIGTERM"))
    assert table.kinds() == [Started, JobReport]


def test_who_asks_to_begin_what_runs_elsewhere_raises_a_suspicion(table: Table) -> None:
    table.begun("a")
    assert not table.claim("b", begun=False, now=1.0)
    table.handed.give_up(5.5, 0.0)
    assert table.kinds() == [Started]
    table.handed.give_up(6.5, 0.0)
    assert table.kinds() == [Lost]


def test_a_sign_of_life_ends_a_suspicion(table: Table) -> None:
    table.begun("a")
    table.returned("worker_lost", now=1.0)
    table.lease_renewals("a", now=4.0)
    table.handed.give_up(10.0, 0.0)
    assert table.kinds() == [Started]


def test_nothing_heard_for_the_lease_is_a_loss(table: Table) -> None:
    table.begun("a")
    table.lease_renewals("a", now=10.0)
    table.handed.give_up(24.0, 0.0)
    assert table.kinds() == [Started]
    table.handed.give_up(25.5, 0.0)
    assert table.kinds() == [Lost]
    assert "no report came from host:a for 15 s" in table.told[0]


def test_time_in_which_we_could_not_hear_does_not_count(table: Table) -> None:
    table.begun("a")
    table.returned("worker_lost")
    table.handed.deaf(100.0)
    table.handed.give_up(104.0, 0.0)
    assert table.kinds() == [Started]


def test_the_last_attempt_that_is_lost_is_the_end(table: Table) -> None:
    for attempt in (1, 2, 3):
        table.handed.put(ORDER._replace(attempt=attempt), 0.0)
        table.begun("a", attempt=attempt)
        table.handed.give_up(100.0, 0.0)
    lost = [event for event in table.handed.take_events() if isinstance(event, Lost)]
    assert [event.attempt for event in lost] == [1, 2, 3]
    assert lost[-1].story.count("no report came") == 3
    assert table.handed.get(JOB) is None


def test_an_order_that_came_back_before_it_began_is_sent_again_as_it_was(table: Table) -> None:
    table.returned("worker_lost")
    assert table.handed.take_again(0.0) == [ORDER]
    assert table.handed.take_again(0.0) == []
    assert table.kinds() == []


def test_an_order_is_never_sent_twice_at_once(table: Table) -> None:
    table.handed.send_again(ORDER, 5.0)
    table.returned("worker_lost", now=1.0)
    assert table.handed.take_again(5.0) == [ORDER]
    table.handed.send_again(ORDER, 6.0)
    table.handed.put(ORDER, 6.0)
    assert table.handed.take_again(7.0) == []


def test_an_order_that_comes_back_again_and_again_counts_as_lost(table: Table) -> None:
    for _ in range(2):
        table.returned("worker_lost")
        assert table.handed.take_again(0.0) == [ORDER]
        assert table.kinds() == []
    table.returned("worker_lost")
    assert table.handed.take_again(0.0) == []
    assert table.kinds() == [Started, Lost]
    assert table.told[-1] == "attempt 1 was lost: 3 workers that had its order were lost"


def test_an_order_that_somebody_began_meanwhile_is_not_sent_again(table: Table) -> None:
    table.returned("worker_lost")
    table.begun("a")
    assert table.handed.take_again(0.0) == []


def test_a_handed_back_run_counts_no_attempt(table: Table) -> None:
    table.begun("a")
    table.returned("handed_back", run="a")
    assert table.kinds() == [Started, HandedBack]
    assert table.begun("b")
    table.returned("handed_back", run="a")
    assert table.kinds() == [Started]


def test_what_is_held_but_does_not_count_is_refused(table: Table) -> None:
    table.begun("a")
    assert [claim_reply.allowed for claim_reply in table.lease_renewals("b", "a")] == [False]
    assert [claim_reply.run for claim_reply in table.lease_renewals("a", attempt=7)] == ["a"]
    table.ended("a")
    assert [claim_reply.run for claim_reply in table.lease_renewals("a")] == ["a"]
    assert table.lease_renewals("") == []


def test_a_start_that_was_foretold_counts_where_its_worker_dies_at_once(table: Table) -> None:
    begun = JobBegun(JOB, 1, "", "a", "host:a", "ab")
    table.handed.foretold(begun, 1.0)
    assert table.kinds() == []
    table.returned("worker_lost", now=2.0)
    assert table.kinds() == [Started]
    table.handed.give_up(20.0, 0.0)
    assert table.kinds() == [Lost]
    table.handed.put(ORDER._replace(attempt=2), 20.0)
    assert table.handed.foretold(begun, 21.0) is None
    assert table.begun("b", attempt=2)


def test_a_start_that_was_foretold_and_handed_back_does_not_count(table: Table) -> None:
    table.handed.foretold(JobBegun(JOB, 1, "", "a", "host:a", "ab"), 1.0)
    table.begun("a")
    table.returned("handed_back", run="a")
    table.returned("worker_lost")
    assert table.kinds() == [Started, HandedBack]


def test_a_taken_over_jobs_run_is_learned_from_its_worker() -> None:
    table = Table(adopted_from="host:a")
    assert table.lease_renewals("a", now=1.0) == []
    assert table.kinds() == [Started]
    assert not table.begun("b")


def test_a_taken_over_job_of_which_nobody_tells_is_lost() -> None:
    table = Table(adopted_from="host:a")
    table.handed.give_up(LEASE + 1, 0.0)
    assert table.kinds() == [Lost]


def test_a_worker_that_was_allowed_by_a_coordinator_that_died_may_begin_still() -> None:
    table = Table(adopted_from="host:a")
    assert table.claim("a", begun=False, now=1.0)
    table.handed.give_up(LEASE, 0.0)
    assert table.kinds() == [Started]
    other = Table(adopted_from="host:a")
    assert not other.claim("b", begun=False, now=1.0)
    other.handed.give_up(LEASE, 0.0)
    assert other.kinds() == [Lost]


def test_a_taken_over_job_that_its_worker_hands_back_counts_no_attempt() -> None:
    table = Table(adopted_from="host:a")
    table.returned("handed_back", run="a")
    assert table.kinds() == [HandedBack]
    table.handed.put(ORDER, 1.0)
    assert table.begun("b")


def test_nobody_is_lost_for_as_long_as_a_report_takes(table: Table) -> None:
    table.begun("a")
    table.handed.give_up(LEASE + 8, 9.0)
    assert table.kinds() == [Started]
    table.handed.give_up(LEASE + 10, 9.0)
    assert table.kinds() == [Lost]
    other = Table()
    other.begun("a")
    other.returned("worker_lost", now=1.0)
    other.handed.give_up(14.0, 9.0)
    assert other.kinds() == [Started]


@pytest.mark.parametrize("workers", [["v", "v"], list("abcde")])
def test_an_order_that_nobody_may_run_is_failed(table: Table, workers: list[str]) -> None:
    for number, worker in enumerate(workers, 1):
        assert table.kinds() == []
        table.returned("config_mismatch", worker=worker, now=float(number))
        if number < len(workers):
            assert table.handed.take_again(number + 0.1) == []
            assert table.handed.take_again(number + 0.6) == [ORDER]
    _, end = table.handed.take_events()
    assert isinstance(end, Finished)
    assert end.failure is not None
    assert end.failure.kind == "config_mismatch"


def test_an_order_that_vanishes_each_time_is_failed_after_its_resends(table: Table) -> None:
    now = 0.0
    for _ in range(3):
        now += LEASE + 1
        assert table.handed.silent(now) == [JOB]
        table.handed.missing([JOB], now)
        assert table.handed.take_again(now) == [ORDER]
        assert table.handed.silent(now) == []
    table.handed.missing([JOB], now)
    assert table.kinds() == [Started, Finished]


def test_an_order_that_a_worker_holds_is_not_missing(table: Table) -> None:
    table.lease_renewals("", now=10.0)
    assert table.handed.silent(20.0) == []
    table.begun("a", now=20.0)
    assert table.handed.silent(100.0) == []


def test_after_an_outage_of_ours_nobody_is_late(table: Table) -> None:
    table.begun("a")
    table.handed.connected(100.0)
    table.handed.give_up(110.0, 0.0)
    assert table.kinds() == [Started]


# -- paused submissions ---------------------------------------------------------------------


def test_an_order_that_was_put_off_is_nobodys_until_the_coordinator_gives_it_again(
    table: Table,
) -> None:
    table.handed.pause(SUBMISSION, paused=True, now=1.0)
    table.returned("paused")
    table.returned("paused")
    assert table.kinds() == [Deferred]
    assert not table.begun("late")
    table.returned("worker_lost")
    table.handed.pause(SUBMISSION, paused=False, now=2.0)
    assert table.handed.take_again(100.0) == []
    assert table.handed.silent(100.0) == []
    table.handed.put(ORDER, 100.0)
    assert table.begun("a")


def test_an_order_that_comes_back_after_the_pause_is_sent_again(table: Table) -> None:
    table.handed.pause(SUBMISSION, paused=True, now=1.0)
    table.handed.pause(SUBMISSION, paused=False, now=2.0)
    table.returned("paused", now=2.0)
    assert table.kinds() == []
    assert table.handed.take_again(2.1) == []
    assert table.handed.take_again(2.3) == [ORDER]


def test_a_copy_of_an_order_that_is_put_off_changes_nothing_once_the_job_has_begun(
    table: Table,
) -> None:
    table.begun("a")
    table.handed.pause(SUBMISSION, paused=True, now=1.0)
    table.returned("paused")
    assert table.kinds() == [Started]
    assert table.handed.is_run(JOB, 1, "a")


def test_orders_of_a_paused_submission_are_not_missing(table: Table) -> None:
    table.handed.pause(SUBMISSION, paused=True, now=1.0)
    assert table.handed.silent(100.0) == []
    table.handed.pause(SUBMISSION, paused=False, now=100.0)
    assert table.handed.silent(100.0 + LEASE) == []
    assert table.handed.silent(101.0 + LEASE) == [JOB]
