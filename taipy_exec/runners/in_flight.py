"""The jobs that were put into the queue, and the conclusions from the workers' reports.

Facts in, events and orders out: no connection, no file. Times are by the monotonic clock, in
seconds, except the times of events, which are by the caller's `clock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from taipy_exec.config.cluster import SUSPICION
from taipy_exec.event_log import EventLog
from taipy_exec.model.event import (
    Begun,
    Deferred,
    Event,
    Finished,
    HandedBack,
    Lost,
    Started,
    Starting,
)
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.messages import (
    Claim,
    ClaimReply,
    JobBegun,
    JobEnded,
    JobProcess,
    LeaseRenewal,
    Returned,
)
from taipy_exec.protocol.order import JobOrder, JobReport

journal = EventLog("queue")

# How long an order that one worker refused waits before another worker may take it.
_REFUSED_SECONDS = 0.5
_REFUSALS = 5
# How long an order waits after a worker put it off that has not read that its submission resumed.
_PUT_OFF_SECONDS = 0.2
# The worker's name if the worker is unknown.
_NOBODY = "none:0"
_RESENDS = 3


@dataclass(slots=True, kw_only=True)
class InFlight:
    """A job that was put into the queue. `run` is the start that counts, empty before it.

    `adopted`: it had begun under a former coordinator, and its run is not known yet. `heard` is
    the time of the latest message about it. `suspect` is the time since which its worker is
    believed to be lost. `foretold` is an early notice of a start whose report has not arrived yet.
    """

    order: JobOrder
    over: int = 0
    run: str = ""
    worker: str = ""
    heard: float = 0.0
    suspect: float | None = None
    stopping: bool = False
    adopted: bool = False
    resent: int = 0
    returned: int = 0
    foretold: JobBegun | None = None
    lost: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def is_begun(self) -> bool:
        """Whether a worker has begun it."""
        return self.adopted or bool(self.run)

    def is_at(self, attempt: int) -> bool:
        """Whether this is the attempt that counts."""
        return self.order.attempt == attempt > self.over


class InFlightJobs:
    """Every job from its order to its end.

    Events for the coordinator and orders to send again are kept here until the caller takes
    them. `most_returns` is how often an order may come back without a start before that counts as
    an attempt; `tell` gets a sentence about each loss.
    """

    def __init__(
        self,
        lease: float,
        max_attempts: int,
        most_returns: int,
        clock: Callable[[], float],
        tell: Callable[[JobOrder, str], None],
    ) -> None:
        self._events: list[JobReport | Event] = []
        # At most one per job: two copies of an order could run at the same time.
        self._again: dict[str, tuple[float, JobOrder]] = {}
        self._jobs: dict[str, InFlight] = {}
        self._paused: set[str] = set()
        self._lease = lease
        self._max_attempts = max_attempts
        self._most_returns = most_returns
        self._clock = clock
        self._tell = tell

    def get(self, job: str) -> InFlight | None:
        """The job, if it has an order and has not ended."""
        return self._jobs.get(job)

    def of(self, submission: str) -> list[str]:
        """The jobs of a submission."""
        return [job for job, out in self._jobs.items() if out.order.submission == submission]

    def forget(self, job: str) -> None:
        """Drop a job that has ended or is no longer wanted."""
        self._jobs.pop(job, None)
        self._again.pop(job, None)

    # -- orders ---------------------------------------------------------------------------

    def put(self, order: JobOrder, now: float) -> None:
        """Note an order that is sent now; it replaces an order that waits to be sent again."""
        self._again.pop(order.job, None)
        out = self._jobs.setdefault(order.job, InFlight(order=order))
        out.order, out.run, out.suspect, out.heard = order, "", None, now
        out.adopted, out.foretold = False, None

    def send_again(self, order: JobOrder, at: float) -> None:
        """Send this order at this time, if it is still wanted then."""
        self._again[order.job] = (at, order)

    def adopt(self, order: JobOrder, worker: str, now: float) -> None:
        """Add a job that this worker began, or was allowed to begin, for a former coordinator."""
        self._jobs[order.job] = InFlight(order=order, worker=worker, heard=now, adopted=True)

    def is_wanted(self, order: JobOrder) -> bool:
        """Whether a worker should still begin this order."""
        out = self._jobs.get(order.job)
        if out is None or out.order != order:
            return False
        return out.is_at(order.attempt) and not out.is_begun

    # -- reports --------------------------------------------------------------------------

    def counts(self, message: JobBegun | JobEnded | Claim, now: float) -> bool:
        """Whether this run is the one that counts; the first run of an attempt does."""
        out = self._jobs.get(message.job)
        if out is None or not out.is_at(message.attempt):
            return False
        begins = isinstance(message, Claim) and not message.begun
        is_adopted = out.adopted and out.worker == message.worker
        if begins and out.is_begun and out.run != message.run and not is_adopted:
            _suspect(out, now)
            return False
        if not out.run:
            out.run, out.worker = message.run, message.worker
            journal.debug("run-begun", out.order, run=out.run, worker=out.worker)
            self._events.append(self._started(out))
        out.adopted = False
        if out.run != message.run:
            return False
        out.heard, out.suspect = now, None
        return True

    def _started(self, out: InFlight) -> Started:
        job, attempt = out.order.job, out.order.attempt
        return Started(job=job, worker=out.worker, at=self._clock(), attempt=attempt)

    def process(self, message: JobProcess) -> None:
        """Note that the process of a run is being started, or is ready."""
        out = self._jobs.get(message.job)
        if out is None or not out.is_at(message.attempt):
            return
        if out.adopted or out.run == message.run:
            kind = Begun if message.ready else Starting
            self._events.append(kind(message.job, message.attempt, self._clock()))

    def foretold(self, message: JobBegun, now: float) -> None:
        """Note that a worker begins a job now. It counts if the worker dies before its report."""
        out = self._jobs.get(message.job)
        if out is not None and out.is_at(message.attempt) and not out.is_begun:
            out.foretold, out.heard = message, now

    def is_run(self, job: str, attempt: int, run: str) -> InFlight | None:
        """The job, if this run is the one that counts."""
        out = self._jobs.get(job)
        matches = out is not None and (out.order.attempt, out.run) == (attempt, run)
        return out if matches else None

    def held(self, message: LeaseRenewal, now: float) -> list[ClaimReply]:
        """Note which runs a worker has; return refusals of those that it must give up."""
        refused = []
        for job, attempt, run in message.jobs:
            out = self._jobs.get(job)
            if out is None or not out.is_at(attempt) or (out.run and run != out.run):
                if run:
                    journal.info(
                        "run-revoked", worker=message.worker, job=job, attempt=attempt, run=run
                    )
                    refused.append(
                        ClaimReply(job=job, attempt=attempt, run=run, allowed=False, answer_to="")
                    )
            elif run and not out.run:
                begun = JobBegun(job, attempt, "", run, message.worker, message.worker_id)
                self.counts(begun, now)
            elif run or not out.is_begun:
                out.heard, out.suspect = now, None
        return refused

    def ended(self, message: JobEnded, now: float) -> InFlight | None:
        """Handle the end of a run. Returns the job if it has ended, None if it runs again."""
        if not self.counts(message, now):
            return None
        out = self._jobs[message.job]
        report = message.report.as_job_report()._replace(finished_at=self._clock())
        kind = report.failure.kind if report.failure else None
        journal.debug("run-ended", out.order, run=out.run, worker=out.worker, failure=kind)
        if kind in (Reason.PROCESS_DIED, Reason.OUTDATED) and not out.stopping:
            assert report.failure is not None
            self._lose(out, report.failure.message)
            return None
        self.forget(message.job)
        self._events.append(report)
        return out

    def returned(self, message: Returned, now: float) -> None:
        """Handle an order that a worker did not run, or whose run it stopped."""
        out = self._jobs.get(message.job)
        if out is None or not out.is_at(message.attempt):
            return
        journal.info(
            "order-returned",
            out.order,
            worker=message.worker,
            why=message.why,
            detail=message.detail,
        )
        if message.why == Reason.CONFIG_MISMATCH:
            self._refused(out, message, now)
        elif message.why == Reason.PAUSED:
            self._defer(out, now)
        elif message.run:
            self.handed_back(message.job, message.attempt, message.run)
        elif out.is_begun or (out.foretold is not None and self.counts(out.foretold, now)):
            _suspect(out, now)
        else:
            self._came_back(out, now)

    def pause(self, submission: str, *, paused: bool, now: float) -> None:
        """Workers send back the orders of a paused submission; they wait with the coordinator."""
        if paused:
            self._paused.add(submission)
            return
        self._paused.discard(submission)
        for out in self._jobs.values():
            if out.order.submission == submission and not out.is_begun:
                out.heard = now

    def _defer(self, out: InFlight, now: float) -> None:
        order = out.order
        if out.is_begun or out.foretold is not None:
            return
        if order.submission in self._paused:
            self.forget(order.job)
            self._events.append(Deferred(job=order.job, attempt=order.attempt, at=self._clock()))
        else:
            # The worker has not read yet that the submission was resumed.
            self.send_again(order, now + _PUT_OFF_SECONDS)

    def _came_back(self, out: InFlight, now: float) -> None:
        """A worker returned an order without a start: it is gone, or it needs fewer orders.

        Usually the job had not begun. But a job that kills its worker must not run for ever.
        """
        out.returned += 1
        if out.returned < self._most_returns:
            self._tell(out.order, "its order came back: a worker had it and did not start it")
            self.send_again(out.order, now)
        else:
            out.worker = _NOBODY
            self._events.append(self._started(out))
            self._lose(out, f"{self._most_returns} workers that had its order were lost")

    def handed_back(self, job: str, attempt: int, run: str) -> None:
        """This run was stopped, or never began: another worker may begin the same attempt."""
        out = self._jobs.get(job)
        if out is not None and out.is_at(attempt) and (out.adopted or out.run == run):
            out.run, out.adopted, out.foretold = "", False, None
            self._events.append(HandedBack(job=job, attempt=attempt, at=self._clock()))

    def _refused(self, out: InFlight, message: Returned, now: float) -> None:
        again = message.worker in out.refused
        out.refused.append(message.worker)
        if not again and len(out.refused) < _REFUSALS:
            self.send_again(out.order, now + _REFUSED_SECONDS)
        else:
            self._fail_unstarted(out, message.worker, Reason.CONFIG_MISMATCH, message.detail)

    def submissions_begun(self) -> set[str]:
        """The submissions that have a running job."""
        return {out.order.submission for out in self._jobs.values() if out.is_begun}

    def only_waits(self) -> bool:
        """Whether there are jobs, and no worker has begun any."""
        return bool(self._jobs) and not self.submissions_begun()

    # -- losses ---------------------------------------------------------------------------

    def connected(self, now: float) -> None:
        """The connection is back: workers may have sent reports while it was down."""
        for out in self._jobs.values():
            out.heard = max(out.heard, now)

    def deaf(self, seconds: float) -> None:
        """For `seconds` this process could not read reports, so no worker is lost for that time."""
        for out in self._jobs.values():
            out.heard += seconds
            if out.suspect is not None:
                out.suspect += seconds

    def give_up(self, now: float, slack: float) -> None:
        """Give up the runs that sent no report for too long.

        `slack` is how long a report takes now; only a longer silence means something.
        """
        for out in list(self._jobs.values()):
            if out.suspect is not None and now - out.suspect > SUSPICION + slack:
                self._lose(out, f"{out.worker or 'its worker'} lost its connection or died")
            elif out.is_begun and now - out.heard > self._lease + slack:
                journal.info("lease-expired", out.order, worker=out.worker, silent=now - out.heard)
                self._lose(out, f"no report came from {out.worker} for {self._lease:g} s")

    def silent(self, now: float) -> list[str]:
        """Jobs whose order was sent long ago, and that no worker reports to have."""
        return [
            job
            for job, out in self._jobs.items()
            if not out.is_begun
            and now - out.heard > self._lease
            and out.order.submission not in self._paused
        ]

    def missing(self, jobs: Iterable[str], now: float) -> None:
        """Send the orders of these jobs again: neither the queue nor a worker has them."""
        for job in jobs:
            out = self._jobs[job]
            out.heard = now
            out.resent += 1
            if out.resent > _RESENDS:
                self._fail_unstarted(
                    out,
                    "",
                    Reason.WORKER_LOST,
                    f"it was sent {out.resent} times, and neither the queue nor a worker has it: "
                    "taipy-exec queue dead list may show why",
                )
            else:
                self.send_again(out.order, now)

    def _fail_unstarted(self, out: InFlight, worker: str, reason: Reason, message: str) -> None:
        at = self._clock()
        order = out.order
        self.forget(order.job)
        failure = Failure(kind=reason, message=message)
        self._events += [
            Started(job=order.job, worker=worker or _NOBODY, at=at, attempt=order.attempt),
            Finished(job=order.job, attempt=order.attempt, at=at, failure=failure),
        ]

    def _lose(self, out: InFlight, how: str) -> None:
        order = out.order
        out.lost.append(f"attempt {order.attempt} on {out.worker}: {how}")
        journal.info("run-lost", order, run=out.run, worker=out.worker, how=how)
        self._tell(order, f"attempt {order.attempt} was lost: {how}")
        out.over = order.attempt
        out.run, out.suspect, out.adopted, out.returned = "", None, False, 0
        out.foretold = None
        self._events.append(
            Lost(
                job=order.job,
                attempt=order.attempt,
                at=self._clock(),
                max_attempts=self._max_attempts,
                story="; ".join(out.lost),
            )
        )
        if order.attempt >= self._max_attempts or out.stopping:
            self.forget(order.job)

    # -- results ----------------------------------------------------------------------------

    def take_again(self, now: float) -> list[JobOrder]:
        """The orders that are due now and still wanted."""
        due = [order for at, order in self._again.values() if at <= now]
        for order in due:
            del self._again[order.job]
        return [order for order in due if self.is_wanted(order)]

    def take_events(self) -> list[JobReport | Event]:
        """The events that the coordinator does not know yet."""
        events, self._events = self._events, []
        return events


def _suspect(out: InFlight, now: float) -> None:
    """The broker gave the order to another worker: the first worker is lost or reconnecting."""
    if out.suspect is None:
        journal.info("run-suspect", out.order, run=out.run, worker=out.worker)
        out.suspect = now
