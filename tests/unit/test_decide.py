"""The state machine, event by event: plain calls of `decide` and `JobTable.apply`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from taipy_exec.errors import ImpossibleTransition
from taipy_exec.model.decide import decide
from taipy_exec.model.event import (
    Admitted,
    CancelRequested,
    Change,
    Decision,
    Event,
    Finished,
    HandedBack,
    Lost,
    Started,
    Stop,
    UpToDate,
    Written,
)
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import (
    ALLOWED,
    FINAL,
    Reason,
    Status,
    SubmissionStatus,
    submission_status,
)

RAISED = Failure(kind=Reason.RAISED, type="ValueError", message="no", traceback="Traceback")
KILLED = Failure(kind=Reason.PROCESS_DIED, message="ended by SIGTERM")

Tasks = dict[str, tuple[str, str]]  # task -> its inputs and outputs, separated by blanks

CHAIN: Tasks = {"a": ("", "x"), "b": ("x", "y"), "c": ("y", "z")}
FAN_OUT: Tasks = {"a": ("", "x"), "b": ("x", "p"), "c": ("x", "q"), "d": ("x", "r")}
JOIN: Tasks = {"a": ("", "x"), "b": ("", "y"), "join": ("x y", "z"), "after": ("z", "w")}
# `a` fails: its branch `b`, `c` falls; the branch `s`, `t` stands on its own.
BRANCHES: Tasks = {**CHAIN, "s": ("", "m"), "t": ("m", "n")}


class Scene:
    """A board with a clock, and jobs that are called by the names of their tasks."""

    def __init__(self) -> None:
        self.job_table = JobTable()
        self.now = 0.0

    def submit(
        self,
        tasks: Tasks,
        name: str = "",
        *,
        unwritten: Iterable[str] = (),
        fail_fast: bool = False,
        statuses: dict[str, Status] | None = None,
    ) -> Decision:
        """Admit a submission; its jobs are called `name` + task."""
        graph = build_graph(
            [TaskSpec(id=t, inputs=_words(i), outputs=_words(o)) for t, (i, o) in tasks.items()]
        )
        submission = f"S{name}"
        jobs = [
            JobRecord(
                id=name + task.id,
                task=task.id,
                submission=submission,
                position=position,
                inputs=task.inputs,
                outputs=task.outputs,
                status=(statuses or {}).get(task.id, Status.SUBMITTED),
                submitted_at=0.0,
            )
            for position, task in enumerate(graph.tasks)
        ]
        record = SubmissionRecord(
            id=submission, scenario="s", instance="i", name="i", fail_fast=fail_fast
        )
        predecessors = {
            name + task: [name + p for p in found] for task, found in graph.predecessors.items()
        }
        self.job_table.admit(record, jobs, predecessors, frozenset(unwritten))
        return self.do(Admitted(submission=submission, at=self.tick()))

    def tick(self) -> float:
        self.now += 1
        return self.now

    def do(self, event: Event) -> Decision:
        decision = decide(self.job_table, event)
        self.job_table.apply(decision.changes, decision.stops)
        return decision

    def start(self, *jobs: str) -> None:
        for job in jobs:
            self.do(Started(job=job, worker="w", at=self.tick()))

    def finish(
        self, job: str, failure: Failure | None = None, attempt: int | None = None
    ) -> Decision:
        attempt = self.job_table.jobs[job].attempt if attempt is None else attempt
        return self.do(Finished(job=job, attempt=attempt, at=self.tick(), failure=failure))

    def run(self, *jobs: str, failure: Failure | None = None) -> Decision:
        """Start and finish jobs one after the other; the last one's decision."""
        for job in jobs:
            self.start(job)
            decision = self.finish(job, failure)
        return decision

    def cancel(self, *jobs: str, stop_running: bool = True) -> Decision:
        return self.do(
            CancelRequested(
                jobs=jobs, reason=Reason.CANCELED, at=self.tick(), stop_running=stop_running
            )
        )

    def lose(self, job: str, max_attempts: int = 3) -> Decision:
        attempt = self.job_table.jobs[job].attempt
        return self.do(Lost(job=job, attempt=attempt, at=self.tick(), max_attempts=max_attempts))

    def hand_back(self, job: str) -> Decision:
        attempt = self.job_table.jobs[job].attempt
        return self.do(HandedBack(job=job, attempt=attempt, at=self.tick()))

    def write(self, *nodes: str) -> Decision:
        """A user writes data nodes, as the coordinator handles it."""
        decision = self.do(Written(nodes=frozenset(nodes), at=self.tick()))
        self.job_table.mark_written(nodes)
        return decision

    def statuses(self, *jobs: str) -> str:
        wanted = jobs or tuple(self.job_table.jobs)
        return " ".join(f"{job}:{self.job_table.jobs[job].status.name}" for job in wanted)

    def job(self, id: str) -> JobRecord:
        return self.job_table.jobs[id]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def after(changes: Sequence[Change]) -> dict[str, Status]:
    return {change.job: change.after for change in changes}


@pytest.fixture
def scene() -> Scene:
    return Scene()


# -- first statuses -----------------------------------------------------------------------


def test_a_job_without_predecessors_is_pending_and_one_behind_it_blocked(scene: Scene) -> None:
    decision = scene.submit(CHAIN)
    assert after(decision.changes) == {
        "a": Status.PENDING,
        "b": Status.BLOCKED,
        "c": Status.BLOCKED,
    }
    assert scene.statuses() == "a:PENDING b:BLOCKED c:BLOCKED"
    assert scene.job("b").blocked_at == 1.0
    assert scene.job("a").pending_at == 1.0


def test_the_first_changes_come_in_the_order_of_the_jobs(scene: Scene) -> None:
    decision = scene.submit(FAN_OUT)
    assert [change.job for change in decision.changes] == ["a", "b", "c", "d"]


def test_a_job_with_an_unwritten_input_is_blocked_with_that_reason(scene: Scene) -> None:
    scene.submit({"a": ("x", "y")}, unwritten=["x"])
    assert scene.job("a").status is Status.BLOCKED
    assert scene.job("a").reason == Reason.INPUT_NOT_WRITTEN


def test_an_unwritten_node_that_the_submission_writes_itself_blocks_nothing(scene: Scene) -> None:
    scene.submit(CHAIN, unwritten=["x", "y", "z"])
    scene.run("a", "b", "c")
    assert scene.statuses() == "a:COMPLETED b:COMPLETED c:COMPLETED"


def test_an_empty_submission_decides_nothing_and_stays_submitted(scene: Scene) -> None:
    assert scene.submit({}) == Decision()
    assert scene.job_table.submissions["S"].status is SubmissionStatus.SUBMITTED
    assert scene.job_table.submissions["S"].unfinished == 0


def test_decide_leaves_the_board_as_it_is(scene: Scene) -> None:
    scene.submit(CHAIN)
    decide(scene.job_table, Started(job="a", worker="w", at=2.0))
    assert scene.statuses() == "a:PENDING b:BLOCKED c:BLOCKED"


# -- going on -----------------------------------------------------------------------------


def test_three_blocked_followers_all_become_pending_at_once(scene: Scene) -> None:
    scene.submit(FAN_OUT)
    decision = scene.run("a")
    assert after(decision.changes) == {
        "a": Status.COMPLETED,
        "b": Status.PENDING,
        "c": Status.PENDING,
        "d": Status.PENDING,
    }


def test_a_thousand_blocked_followers_all_become_pending_at_once(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), **{f"f{n}": ("x", f"y{n}") for n in range(1000)}})
    assert len(scene.run("a").changes) == 1001


def test_a_join_waits_for_all_its_predecessors(scene: Scene) -> None:
    scene.submit(JOIN)
    scene.run("a")
    assert scene.job("join").status is Status.BLOCKED
    scene.run("b")
    assert scene.job("join").status is Status.PENDING


def test_a_skipped_job_lets_its_followers_go_on(scene: Scene) -> None:
    scene.submit(CHAIN)
    decision = scene.do(UpToDate(job="a", at=5.0))
    assert after(decision.changes) == {"a": Status.SKIPPED, "b": Status.PENDING}
    assert scene.job("a").reason == Reason.UP_TO_DATE
    assert scene.job("a").finished_at == 5.0
    assert scene.job("a").started_at is None


def test_the_end_of_a_job_is_recorded_with_its_duration_and_peak_memory(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    assert (scene.job("a").worker, scene.job("a").started_at) == ("w", 2.0)
    scene.do(Finished(job="a", attempt=1, at=9.0, duration=6.5, peak_memory=77, cpu_seconds=3.5))
    job = scene.job("a")
    assert (job.finished_at, job.duration, job.peak_memory) == (9.0, 6.5, 77)
    assert job.cpu_seconds == 3.5
    assert job.failure is None


def test_a_diamond_runs_to_its_end(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), "b": ("x", "l"), "c": ("x", "r"), "d": ("l r", "z")})
    scene.run("a")
    scene.start("b", "c")
    scene.finish("b")
    assert scene.job("d").status is Status.BLOCKED
    scene.finish("c")
    scene.run("d")
    assert scene.job_table.submissions["S"].status is SubmissionStatus.COMPLETED
    assert scene.job_table.submissions["S"].unfinished == 0


# -- failure ------------------------------------------------------------------------------


def test_a_failure_abandons_its_followers_transitively_while_siblings_go_on(scene: Scene) -> None:
    scene.submit(BRANCHES)
    scene.run("a", failure=RAISED)
    assert scene.statuses() == "a:FAILED b:ABANDONED c:ABANDONED s:PENDING t:BLOCKED"
    scene.run("s", "t")
    assert scene.statuses("s", "t") == "s:COMPLETED t:COMPLETED"


def test_a_failure_keeps_its_story_and_tells_the_followers_why(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.run("a", failure=RAISED)
    assert scene.job("a").failure == RAISED
    assert scene.job("a").reason == Reason.RAISED
    assert scene.job("b").reason == Reason.UPSTREAM_FAILED
    assert scene.job("b").failure is None
    assert scene.job("c").finished_at == scene.job("a").finished_at


def test_a_join_with_one_failed_predecessor_is_abandoned_at_once(scene: Scene) -> None:
    scene.submit(JOIN)
    scene.start("a", "b")
    scene.finish("a", RAISED)
    assert scene.statuses() == "a:FAILED b:RUNNING join:ABANDONED after:ABANDONED"
    decision = scene.finish("b")
    assert after(decision.changes) == {"b": Status.COMPLETED}


def test_a_join_whose_predecessors_both_fail_is_abandoned_once(scene: Scene) -> None:
    scene.submit(JOIN)
    scene.start("a", "b")
    scene.finish("a", RAISED)
    assert after(scene.finish("b", RAISED).changes) == {"b": Status.FAILED}


def test_a_failure_deep_in_a_chain_of_ten_thousand_abandons_all_that_follow(scene: Scene) -> None:
    length = 10_000
    scene.submit({f"t{n}": (f"n{n}", f"n{n + 1}") for n in range(length)})
    decision = scene.run("t0", failure=RAISED)
    assert len(decision.changes) == length
    assert scene.job_table.submissions["S"].unfinished == 0


def test_fail_fast_cancels_what_waits_and_lets_finish_what_runs(scene: Scene) -> None:
    scene.submit({**BRANCHES, "u": ("", "v")}, fail_fast=True)
    scene.start("a", "s")
    decision = scene.finish("a", RAISED)
    assert scene.statuses() == ("a:FAILED b:ABANDONED c:ABANDONED s:RUNNING t:CANCELED u:CANCELED")
    assert decision.stops == ()
    assert scene.job("u").reason == Reason.FAIL_FAST
    scene.finish("s")
    assert scene.job("s").status is Status.COMPLETED
    assert scene.job_table.submissions["S"].unfinished == 0


def test_fail_fast_of_one_submission_leaves_the_others_alone(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), "b": ("", "y")}, "1", fail_fast=True)
    scene.submit({"a": ("", "x"), "b": ("", "y")}, "2", fail_fast=True)
    scene.run("1a", failure=RAISED)
    assert scene.statuses() == "1a:FAILED 1b:CANCELED 2a:PENDING 2b:PENDING"


# -- cancel -------------------------------------------------------------------------------


def test_a_canceled_pending_job_abandons_its_followers(scene: Scene) -> None:
    scene.submit(BRANCHES)
    decision = scene.cancel("a")
    assert decision.stops == ()
    assert scene.statuses() == "a:CANCELED b:ABANDONED c:ABANDONED s:PENDING t:BLOCKED"
    assert scene.job("a").reason == Reason.CANCELED
    assert scene.job("c").reason == Reason.UPSTREAM_CANCELED


def test_a_canceled_blocked_job_leaves_its_predecessors_alone(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.cancel("b")
    assert scene.statuses() == "a:PENDING b:CANCELED c:ABANDONED"
    scene.run("a")
    assert scene.statuses() == "a:COMPLETED b:CANCELED c:ABANDONED"


def test_a_submitted_job_can_be_canceled_before_its_first_status(scene: Scene) -> None:
    record = SubmissionRecord(id="S", scenario="s", instance="i", name="i")
    jobs = [
        JobRecord(id=name, task=name, submission="S", position=n, submitted_at=0.0)
        for n, name in enumerate("ab")
    ]
    scene.job_table.admit(record, jobs, {"b": ["a"]})
    scene.cancel("a")
    assert scene.statuses() == "a:CANCELED b:ABANDONED"
    assert scene.do(Admitted(submission="S", at=3.0)) == Decision()


def test_a_running_job_is_stopped_and_is_canceled_when_it_ends_with_a_failure(
    scene: Scene,
) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    decision = scene.cancel("a")
    assert decision == Decision((), (Stop(job="a", reason=Reason.CANCELED),))
    assert scene.statuses() == "a:RUNNING b:BLOCKED c:BLOCKED"
    scene.finish("a", KILLED)
    assert scene.statuses() == "a:CANCELED b:ABANDONED c:ABANDONED"
    assert scene.job("a").reason == Reason.CANCELED
    assert scene.job("a").failure is None
    assert scene.job("b").reason == Reason.UPSTREAM_CANCELED


def test_a_running_job_that_finishes_in_spite_of_a_cancel_is_completed(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.cancel("a")
    scene.finish("a")
    assert scene.statuses() == "a:COMPLETED b:PENDING c:BLOCKED"
    assert scene.job_table.stopping == {}


def test_a_cancel_that_stops_nothing_running_leaves_the_running_job_alone(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    assert scene.cancel("a", stop_running=False) == Decision()
    scene.finish("a", RAISED)
    assert scene.job("a").status is Status.FAILED


@pytest.mark.parametrize("final", sorted(FINAL, key=lambda status: status.value))
def test_a_cancel_of_an_ended_job_changes_nothing(scene: Scene, final: Status) -> None:
    scene.submit({"a": ("", "x"), "b": ("x", "y")}, statuses={"a": final, "b": Status.CANCELED})
    assert scene.cancel("a") == Decision()


def test_a_cancel_of_an_unknown_job_changes_nothing(scene: Scene) -> None:
    assert scene.cancel("nobody") == Decision()


def test_a_cancel_of_everything_cancels_each_waiting_job_itself(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.cancel("c", "a", "b")
    assert scene.statuses() == "a:CANCELED b:CANCELED c:CANCELED"


def test_jobs_behind_a_canceled_one_go_on(scene: Scene) -> None:
    scene.submit({"a": ("", "x")}, "1")
    scene.submit({"a": ("", "x")}, "2")
    assert after(scene.cancel("1a").changes) == {"1a": Status.CANCELED, "2a": Status.PENDING}


def test_a_job_that_is_lost_after_its_cancel_does_not_run_again(scene: Scene) -> None:
    # FAULTS.md F31: a cancel "on a lost worker" ends in CANCELED or COMPLETED.
    scene.submit(CHAIN)
    scene.start("a")
    scene.cancel("a")
    scene.lose("a")
    assert scene.statuses() == "a:CANCELED b:ABANDONED c:ABANDONED"


def test_a_job_that_is_handed_back_after_its_cancel_does_not_run_again(scene: Scene) -> None:
    # FAULTS.md F31, F10: a user cancels a running job, then the coordinator is told to leave.
    scene.submit(CHAIN)
    scene.start("a")
    scene.cancel("a")
    scene.hand_back("a")
    assert scene.statuses() == "a:CANCELED b:ABANDONED c:ABANDONED"


# -- late reports -------------------------------------------------------------------------


def test_a_late_report_of_an_older_attempt_changes_nothing(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.lose("a")
    assert scene.finish("a", attempt=1) == Decision()
    scene.start("a")
    assert scene.finish("a", attempt=1) == Decision()
    assert scene.finish("a", RAISED, attempt=1) == Decision()
    assert scene.job("a").status is Status.RUNNING
    assert scene.job("a").attempt == 2


def test_a_second_report_of_an_ended_job_changes_nothing(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.run("a")
    assert scene.finish("a", RAISED) == Decision()
    assert scene.lose("a") == Decision()
    assert scene.hand_back("a") == Decision()
    assert scene.job("a").status is Status.COMPLETED


def test_late_losses_and_hand_backs_of_an_older_attempt_change_nothing(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.lose("a")
    scene.start("a")
    assert scene.do(Lost(job="a", attempt=1, at=9.0, max_attempts=1)) == Decision()
    assert scene.do(HandedBack(job="a", attempt=1, at=9.0)) == Decision()


@pytest.mark.parametrize(
    "event",
    [
        Started(job="ghost", worker="w", at=1.0),
        UpToDate(job="ghost", at=1.0),
        Finished(job="ghost", attempt=1, at=1.0),
        Lost(job="ghost", attempt=1, at=1.0, max_attempts=3),
        HandedBack(job="ghost", attempt=1, at=1.0),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_of_a_job_that_is_not_on_the_board_change_nothing(
    scene: Scene, event: Event
) -> None:
    assert scene.do(event) == Decision()


def test_a_job_that_does_not_wait_for_a_worker_is_neither_started_nor_skipped(
    scene: Scene,
) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    for job in ("a", "b"):
        assert scene.do(Started(job=job, worker="other", at=3.0)) == Decision()
        assert scene.do(UpToDate(job=job, at=3.0)) == Decision()
    assert scene.job("a").worker == "w"


# -- lost and handed back -----------------------------------------------------------------


def test_a_lost_job_waits_again_with_its_next_attempt(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    decision = scene.lose("a")
    assert after(decision.changes) == {"a": Status.PENDING}
    job = scene.job("a")
    assert (job.attempt, job.reason, job.worker, job.started_at) == (
        2,
        Reason.WORKER_LOST,
        None,
        None,
    )
    assert scene.job("b").status is Status.BLOCKED


def test_a_job_that_is_lost_at_its_last_attempt_is_quarantined(scene: Scene) -> None:
    scene.submit(CHAIN)
    for attempt in (1, 2, 3):
        scene.start("a")
        assert scene.job("a").attempt == attempt
        scene.lose("a", max_attempts=3)
    job = scene.job("a")
    assert (job.status, job.attempt, job.reason) == (Status.FAILED, 3, Reason.QUARANTINED)
    assert job.failure is not None
    assert job.failure.kind == Reason.QUARANTINED
    assert "in attempt 3, on w, and max_attempts is 3" in job.failure.message
    assert scene.statuses("b", "c") == "b:ABANDONED c:ABANDONED"


def test_with_one_attempt_the_first_loss_is_the_last(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.lose("a", max_attempts=1)
    assert scene.job("a").status is Status.FAILED


def test_a_quarantined_job_stops_a_fail_fast_submission(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), "b": ("", "y")}, fail_fast=True)
    scene.start("a")
    scene.lose("a", max_attempts=1)
    assert scene.statuses() == "a:FAILED b:CANCELED"


def test_a_job_that_is_handed_back_waits_again_with_the_same_attempt(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.hand_back("a")
    job = scene.job("a")
    assert (job.status, job.attempt, job.reason) == (Status.PENDING, 1, Reason.HANDED_BACK)
    assert (job.worker, job.started_at) == (None, None)
    scene.run("a")
    assert scene.statuses() == "a:COMPLETED b:PENDING c:BLOCKED"


# -- data that was never written ----------------------------------------------------------


def test_a_write_by_hand_lets_all_jobs_go_that_waited_for_it(scene: Scene) -> None:
    scene.submit(
        {"a": ("x", "p"), "b": ("x", "q"), "c": ("x", "r"), "d": ("x y", "s")},
        unwritten=["x", "y"],
    )
    decision = scene.write("x")
    assert [change.job for change in decision.changes] == ["a", "b", "c"]
    assert scene.job("d").status is Status.BLOCKED
    assert after(scene.write("y").changes) == {"d": Status.PENDING}


def test_a_write_of_two_nodes_at_once_counts_for_both(scene: Scene) -> None:
    scene.submit({"a": ("x y", "z")}, unwritten=["x", "y"])
    assert after(scene.write("x", "y").changes) == {"a": Status.PENDING}


def test_a_write_that_nobody_waits_for_changes_nothing(scene: Scene) -> None:
    scene.submit(CHAIN)
    assert scene.write("x", "elsewhere") == Decision()


def test_a_job_that_waits_for_data_and_for_a_predecessor_needs_both(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), "b": ("x u", "y")}, unwritten=["u"])
    scene.write("u")
    assert scene.job("b").status is Status.BLOCKED
    scene.run("a")
    assert scene.job("b").status is Status.PENDING


def test_the_predecessor_first_and_then_the_data_is_the_same(scene: Scene) -> None:
    scene.submit({"a": ("", "x"), "b": ("x u", "y")}, unwritten=["u"])
    scene.run("a")
    assert scene.job("b").status is Status.BLOCKED
    scene.write("u")
    assert scene.job("b").status is Status.PENDING


def test_a_job_of_another_submission_writes_what_a_job_waits_for(scene: Scene) -> None:
    scene.submit({"w": ("", "shared")}, "1")
    scene.submit({"r": ("shared", "z")}, "2", unwritten=["shared"])
    assert after(scene.run("1w").changes) == {"1w": Status.COMPLETED, "2r": Status.PENDING}


def test_two_jobs_of_other_submissions_write_what_a_job_waits_for_one_after_the_other(
    scene: Scene,
) -> None:
    scene.submit({"w": ("", "g")}, "1")
    scene.submit({"w": ("", "h")}, "2")
    scene.submit({"r": ("g h", "z")}, "3", unwritten=["g", "h"])
    scene.run("1w")
    assert scene.job("3r").status is Status.BLOCKED
    scene.run("2w")
    assert scene.job("3r").status is Status.PENDING


def test_a_failed_writer_leaves_the_reader_of_another_submission_waiting_for_data(
    scene: Scene,
) -> None:
    scene.submit({"w": ("", "shared")}, "1")
    scene.submit({"r": ("shared", "z")}, "2", unwritten=["shared"])
    scene.run("1w", failure=RAISED)
    assert scene.statuses() == "1w:FAILED 2r:BLOCKED"
    assert scene.job("2r").reason == Reason.INPUT_NOT_WRITTEN
    scene.write("shared")
    assert scene.job("2r").status is Status.PENDING


def test_a_canceled_job_that_waited_for_data_is_not_woken_by_it(scene: Scene) -> None:
    scene.submit({"a": ("x", "y")}, unwritten=["x"])
    scene.cancel("a")
    assert scene.write("x") == Decision()
    assert scene.job("a").status is Status.CANCELED


def test_a_later_writer_is_not_held_up_by_a_reader_that_waits_for_what_it_writes(
    scene: Scene,
) -> None:
    # CONFIG.md 3.2: a BLOCKED job is woken by a completed job of ANY submission. A user submits
    # the task `b` alone, sees it wait for x, and then submits the whole scenario: if the new `a`
    # queued behind the old `b`, both would wait for each other for ever (I1).
    scene.submit({"b": ("x", "y")}, "1", unwritten=["x"])
    scene.submit({"a": ("", "x"), "b": ("x", "y")}, "2", unwritten=["x"])
    assert scene.job("2a").status is Status.PENDING
    assert scene.run("2a").changes
    assert scene.job("1b").status is Status.PENDING


# -- jobs that touch the same data --------------------------------------------------------


def test_two_submissions_of_the_same_data_nodes_are_serialised(scene: Scene) -> None:
    scene.submit(CHAIN, "1")
    scene.submit(CHAIN, "2")
    assert scene.statuses("2a", "2b", "2c") == "2a:BLOCKED 2b:BLOCKED 2c:BLOCKED"
    scene.run("1a")
    assert scene.job("2a").status is Status.BLOCKED  # 1b still reads what 2a will write
    scene.run("1b")
    assert scene.statuses() == (
        "1a:COMPLETED 1b:COMPLETED 1c:PENDING 2a:PENDING 2b:BLOCKED 2c:BLOCKED"
    )
    scene.run("2a")
    assert scene.job("2b").status is Status.BLOCKED  # 1c still reads what 2b will write
    scene.run("1c", "2b", "2c")
    assert scene.job_table.submissions["S2"].status is SubmissionStatus.COMPLETED


def test_a_failure_of_the_first_submission_lets_the_second_one_run(scene: Scene) -> None:
    scene.submit(CHAIN, "1")
    scene.submit(CHAIN, "2")
    scene.run("1a", failure=RAISED)
    assert scene.statuses("1b", "1c", "2a") == "1b:ABANDONED 1c:ABANDONED 2a:PENDING"
    scene.run("2a", "2b", "2c")
    assert scene.statuses("2a", "2b", "2c") == "2a:COMPLETED 2b:COMPLETED 2c:COMPLETED"


def test_submissions_that_only_read_the_same_node_run_side_by_side(scene: Scene) -> None:
    scene.submit({"a": ("g", "x")}, "1")
    scene.submit({"a": ("g", "y")}, "2")
    assert scene.statuses() == "1a:PENDING 2a:PENDING"


def test_a_reader_of_a_second_submission_waits_for_the_writer_of_the_first(scene: Scene) -> None:
    scene.submit({"w": ("", "g")}, "1")
    scene.submit({"r": ("g", "x")}, "2")
    scene.start("1w")
    assert scene.job("2r").status is Status.BLOCKED
    assert after(scene.finish("1w").changes)["2r"] is Status.PENDING


def test_two_writers_of_one_node_in_a_submission_run_one_after_the_other(scene: Scene) -> None:
    scene.submit({"one": ("", "x"), "two": ("", "x"), "three": ("", "x"), "read": ("x", "y")})
    assert scene.statuses() == "one:PENDING two:BLOCKED three:BLOCKED read:BLOCKED"
    assert after(scene.run("one").changes)["two"] is Status.PENDING
    assert scene.statuses("three", "read") == "three:BLOCKED read:BLOCKED"
    scene.run("two")
    scene.run("three")
    assert scene.job("read").status is Status.PENDING


def test_the_failure_of_one_of_two_writers_lets_the_other_run(scene: Scene) -> None:
    scene.submit({"one": ("", "x"), "two": ("", "x"), "read": ("x", "y")})
    scene.run("one", failure=RAISED)
    assert scene.statuses() == "one:FAILED two:PENDING read:ABANDONED"


def test_a_forgotten_submission_holds_up_nobody(scene: Scene) -> None:
    scene.submit(CHAIN, "1")
    scene.submit(CHAIN, "2")
    scene.run("1a", "1b", "1c")
    scene.job_table.forget("S1")
    assert set(scene.job_table.jobs) == {"2a", "2b", "2c"}
    scene.submit(CHAIN, "3")
    scene.run("2a", "2b", "2c", "3a", "3b", "3c")
    assert scene.statuses("3a", "3b", "3c") == "3a:COMPLETED 3b:COMPLETED 3c:COMPLETED"


# -- resumed submissions ------------------------------------------------------------------


def test_a_resumed_submission_goes_on_where_it_stopped(scene: Scene) -> None:
    scene.submit(
        {**CHAIN, "s": ("", "m")},
        statuses={"a": Status.COMPLETED, "b": Status.RUNNING, "c": Status.BLOCKED},
    )
    assert scene.statuses() == "a:COMPLETED b:RUNNING c:BLOCKED s:PENDING"
    scene.lose("b")
    scene.run("b", "c")
    assert scene.statuses("b", "c") == "b:COMPLETED c:COMPLETED"


def test_a_blocked_job_that_is_free_when_it_is_resumed_becomes_pending(scene: Scene) -> None:
    decision = scene.submit(CHAIN, statuses={"a": Status.COMPLETED, "b": Status.BLOCKED})
    assert after(decision.changes) == {"b": Status.PENDING, "c": Status.BLOCKED}


def test_a_resumed_job_whose_data_was_written_meanwhile_becomes_pending(scene: Scene) -> None:
    scene.submit({"a": ("x", "y")}, statuses={"a": Status.BLOCKED})
    assert scene.job("a").status is Status.PENDING


def test_a_resumed_job_that_still_waits_is_not_changed(scene: Scene) -> None:
    decision = scene.submit({"a": ("x", "y")}, statuses={"a": Status.BLOCKED}, unwritten=["x"])
    assert decision == Decision()


# -- what may not be ----------------------------------------------------------------------


def _change(job: JobRecord, before: Status, after: Status) -> Change:
    return Change(job=job.id, before=before, after=after, at=9.0, attempt=job.attempt, worker="w")


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_a_step_that_the_status_does_not_allow_raises_and_changes_nothing(
    scene: Scene, before: Status, after: Status
) -> None:
    scene.submit({"a": ("never", "x")}, unwritten=["never"], statuses={"a": before})
    job = scene.job("a")
    current = job.status
    change = _change(job, current, after)
    if after in ALLOWED.get(current, ()):
        scene.job_table.apply([change])
        assert job.status is after
    else:
        with pytest.raises(ImpossibleTransition, match=rf"job a cannot go from {current.name}"):
            scene.job_table.apply([change])
        assert job.status is current
        assert scene.job_table.submissions["S"].counts[current] == 1


def test_a_change_that_expects_another_status_is_refused(scene: Scene) -> None:
    scene.submit(CHAIN)
    with pytest.raises(ImpossibleTransition, match="expected RUNNING, attempt 1"):
        scene.job_table.apply([_change(scene.job("a"), Status.RUNNING, Status.COMPLETED)])
    assert scene.job("a").status is Status.PENDING


def test_the_allowed_steps_are_those_of_taipy_and_the_way_back_of_a_lost_job() -> None:
    taipy = {
        Status.SUBMITTED: {"BLOCKED", "PENDING", "CANCELED", "ABANDONED"},
        Status.BLOCKED: {"PENDING", "CANCELED", "ABANDONED"},
        Status.PENDING: {"RUNNING", "SKIPPED", "CANCELED"},
        Status.RUNNING: {"COMPLETED", "FAILED", "CANCELED", "PENDING"},
    }
    assert {k: {s.name for s in v} for k, v in ALLOWED.items()} == taipy


def test_exactly_five_statuses_are_final() -> None:
    final = {status.name for status in Status if status.is_final}
    assert final == {"CANCELED", "FAILED", "COMPLETED", "SKIPPED", "ABANDONED"}


def test_the_statuses_have_the_values_of_taipy() -> None:
    assert [(s.name, s.value) for s in Status] == [
        ("SUBMITTED", 1),
        ("BLOCKED", 2),
        ("PENDING", 3),
        ("RUNNING", 4),
        ("CANCELED", 5),
        ("FAILED", 6),
        ("COMPLETED", 7),
        ("SKIPPED", 8),
        ("ABANDONED", 9),
    ]
    assert [(s.name, s.value) for s in SubmissionStatus] == [
        ("SUBMITTED", 0),
        ("UNDEFINED", 1),
        ("BLOCKED", 2),
        ("PENDING", 3),
        ("RUNNING", 4),
        ("CANCELED", 5),
        ("FAILED", 6),
        ("COMPLETED", 7),
    ]


# -- submission status --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ("", "SUBMITTED"),
        ("SUBMITTED SUBMITTED", "SUBMITTED"),
        ("FAILED RUNNING PENDING", "FAILED"),
        ("FAILED CANCELED", "FAILED"),
        ("FAILED ABANDONED COMPLETED", "FAILED"),
        ("CANCELED ABANDONED RUNNING", "CANCELED"),
        ("CANCELED COMPLETED", "CANCELED"),
        ("ABANDONED RUNNING", "UNDEFINED"),
        ("ABANDONED COMPLETED", "UNDEFINED"),
        ("RUNNING PENDING BLOCKED", "RUNNING"),
        ("RUNNING COMPLETED", "RUNNING"),
        ("PENDING BLOCKED COMPLETED", "PENDING"),
        ("BLOCKED COMPLETED", "BLOCKED"),
        ("BLOCKED", "BLOCKED"),
        ("COMPLETED COMPLETED", "COMPLETED"),
        ("COMPLETED SKIPPED", "COMPLETED"),
        ("SKIPPED SKIPPED", "COMPLETED"),
    ],
)
def test_the_status_of_a_submission_follows_the_rules_of_taipy(jobs: str, expected: str) -> None:
    counts: dict[Status, int] = {}
    for name in jobs.split():
        counts[Status[name]] = counts.get(Status[name], 0) + 1
    assert submission_status(counts) is SubmissionStatus[expected]


def test_counts_of_zero_weigh_nothing() -> None:
    counts = {Status.FAILED: 0, Status.RUNNING: 0, Status.COMPLETED: 2}
    assert submission_status(counts) is SubmissionStatus.COMPLETED


def test_a_submission_tells_its_status_and_what_is_left_at_every_step(scene: Scene) -> None:
    scene.submit(CHAIN)
    record = scene.job_table.submissions["S"]
    assert (record.status, record.unfinished) == (SubmissionStatus.PENDING, 3)
    scene.start("a")
    assert record.status is SubmissionStatus.RUNNING
    scene.finish("a")
    assert (record.status, record.unfinished) == (SubmissionStatus.PENDING, 2)
    scene.run("b", failure=RAISED)
    assert (record.status, record.unfinished) == (SubmissionStatus.FAILED, 0)


# -- history ------------------------------------------------------------------------------


def _history(scene: Scene, job: str) -> str:
    return " ".join(status.name for status in scene.job(job).history)


def test_the_history_of_a_job_names_every_status_in_order(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.run("a")
    scene.start("b")
    assert _history(scene, "a") == "SUBMITTED PENDING RUNNING COMPLETED"
    assert _history(scene, "b") == "SUBMITTED BLOCKED PENDING RUNNING"
    assert _history(scene, "c") == "SUBMITTED BLOCKED"


@pytest.mark.parametrize(
    ("end", "job", "expected"),
    [
        (lambda s: s.run("a", failure=RAISED), "a", "SUBMITTED PENDING RUNNING FAILED"),
        (lambda s: s.run("a", failure=RAISED), "c", "SUBMITTED BLOCKED ABANDONED"),
        (lambda s: s.cancel("a"), "a", "SUBMITTED PENDING CANCELED"),
        (lambda s: s.cancel("b"), "b", "SUBMITTED BLOCKED CANCELED"),
        (lambda s: s.do(UpToDate(job="a", at=2.0)), "a", "SUBMITTED PENDING SKIPPED"),
    ],
    ids=["failed", "abandoned", "canceled-pending", "canceled-blocked", "skipped"],
)
def test_the_history_of_a_job_ends_with_its_final_status(scene, end, job, expected) -> None:
    scene.submit(CHAIN)
    end(scene)
    assert _history(scene, job) == expected


def test_a_lost_job_is_not_in_its_history_as_running_until_it_runs_again(scene: Scene) -> None:
    scene.submit(CHAIN)
    scene.start("a")
    scene.lose("a")
    assert _history(scene, "a") == "SUBMITTED PENDING"
    scene.run("a")
    assert _history(scene, "a") == "SUBMITTED PENDING RUNNING COMPLETED"


def test_a_failure_is_given_as_the_error_object_of_the_json_contract() -> None:
    assert RAISED.as_json() == {
        "kind": "raised",
        "type": "ValueError",
        "message": "no",
        "traceback": "Traceback",
    }


def test_a_start_of_an_older_attempt_begins_nothing() -> None:
    scene = Scene()
    scene.submit(CHAIN)
    scene.do(Started(job="a", worker="w", at=1.0, attempt=1))
    scene.do(Lost(job="a", attempt=1, at=2.0, max_attempts=3))

    assert decide(scene.job_table, Started(job="a", worker="w", at=3.0, attempt=1)) == Decision()
    assert decide(scene.job_table, Started(job="a", worker="w", at=3.0, attempt=2)).changes
