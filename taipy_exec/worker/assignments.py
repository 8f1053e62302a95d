"""The orders that a worker holds: each of them from its receipt to its acknowledgement."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from taipy_exec.broker.events import Delivered
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.event_log import EventLog
from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.model.event import Starting
from taipy_exec.model.status import Reason
from taipy_exec.protocol.level import USAGE_AND_PROCESS
from taipy_exec.protocol.messages import (
    ClaimReply,
    JobBegun,
    JobEnded,
    JobOutput,
    Order,
    Returned,
)
from taipy_exec.protocol.order import JobReport
from taipy_exec.worker.assignment import Assignment, Output
from taipy_exec.worker.code_check import CodeCheck
from taipy_exec.worker.leases import Leases
from taipy_exec.worker.orders import ControlLog
from taipy_exec.worker.report_messages import answered_late, begun, claim, ended, process, returned
from taipy_exec.worker.reporter import Reporter, Told
from taipy_exec.worker.transfers import Transfers

journal = EventLog("worker")

# An order that is not younger than the connection by this time (seconds), by the clocks of two
# machines, may have been given to another worker before.
_SKEW = 1.0
_ASK_SECONDS = 5.0
# After this time the system has sent an early notice, or the network has a problem.
_SENT_SECONDS = 0.01
_NOT_TAKEN = "RabbitMQ did not take the reports to its submission"


class Assignments:
    """Begins orders in free slots, lets their jobs write, reports their ends.

    An order is acknowledged only after the broker has the report about it. `observe` gets every
    job that begins (the report is None) or ends here.
    """

    def __init__(
        self,
        app: AppConfig,
        cluster: ClusterConfig,
        *,
        id: str,
        name: str,
        pool: SlotPool,
        acknowledge: Callable[..., None],
        reports: Reporter,
        transfers: Transfers,
        code: CodeCheck,
        bury: Callable[[Delivered, str], None],
        refuse: Callable[[Order, Delivered, str], None],
        observe: Callable[[Assignment, JobReport | None], None],
        wait_sent: Callable[[float], None],
    ) -> None:
        self.held: dict[tuple[str, int], Assignment] = {}
        self.waiting: deque[Assignment] = deque()
        self.control = ControlLog()
        self.leases = Leases(cluster.trusted_lease)
        self.done = 0
        self.failed = 0
        self.canceled = 0
        self.busy_at = time.monotonic()
        self._app = app
        self._cluster = cluster
        self._id = id
        self._name = name
        self._pool = pool
        self._acknowledge = acknowledge
        self._reports = reports
        self._transfers = transfers
        self._code = code
        self._bury = bury
        self._refuse = refuse
        self._observe = observe
        self._wait_sent = wait_sent
        self._told_in_advance = False
        # A slow network may delay an answer: with less patience, an order would circulate for ever.
        self._patience = max(_ASK_SECONDS, cluster.lease * 2 / 3)
        self._connected_at = float("inf")
        self._routed: set[str] = set()
        self._runs = 0

    def current(self) -> Sequence[Assignment]:
        """The running jobs."""
        return [h for h in self.held.values() if h.begun and not h.ended]

    @property
    def is_done(self) -> bool:
        """Whether nothing is held but the ends of jobs that cannot be reported."""
        return all(
            held.ended and self._reports.is_stuck(held.order.submission)
            for held in self.held.values()
        )

    # -- the connection -------------------------------------------------------------------

    def connected(self) -> None:
        """Handle a new connection."""
        self._connected_at = time.time()
        for held in self.held.values():
            # The answer may have been lost with this worker's old queue.
            if held.asked is not None and held.begun is None:
                self._ask(held)
            held.asked = None if held.begun else held.asked

    def stood_still(self) -> None:
        """Handle a time without any step, in which a coordinator may have sent orders again."""
        self._connected_at = max(self._connected_at, time.time())

    def disconnected(self) -> None:
        """Drop orders that have not begun: others get them. Running jobs go on; ends come later."""
        self.leases.break_off()
        self._routed.clear()
        for held in self.waiting:
            journal.info("order-dropped", held.order, why="the connection is gone")
            self.held.pop((held.order.job, held.order.attempt), None)
        self.waiting.clear()
        for held in self.held.values():
            held.delivery = None

    # -- taking and giving back -----------------------------------------------------------

    def take(self, order: Order, delivery: Delivered) -> None:
        """Hold an order that may run here."""
        held = Assignment(order=order, delivery=delivery)
        self.held[order.job, order.attempt] = held
        self.waiting.append(held)

    def take_again(self, order: Order, delivery: Delivered) -> bool:
        """Whether this order is held already: the broker delivered it once more."""
        mine = self.held.get((order.job, order.attempt))
        if mine is None:
            return False
        if mine.delivery is None:
            mine.delivery = delivery
        else:
            self._acknowledge(delivery)
        return True

    def give_up_waiting(self) -> None:
        """Put orders that have not begun back at the end of the queue, for any worker."""
        while self.waiting:
            self._give_back(self.waiting.popleft())

    def give_back_unbegun(self) -> None:
        """Give back all orders except those of running jobs."""
        self.give_up_waiting()
        for held in [h for h in self.held.values() if h.begun is None]:
            self._give_back(held)

    def hand_back_running(self) -> None:
        """Stop the running jobs; each order goes back when its job has ended."""
        for held in self.current():
            held.handing_back = "its worker leaves"
            self._pool.stop_slot(held.worker, self._app.job.grace)

    def _give_back(self, held: Assignment) -> None:
        """Let any other worker run an order that has not begun.

        It goes back to the end of the queue. But if the coordinator knows this run, it goes back to
        the coordinator: otherwise the next run would look like a second run of a lost order.
        """
        self._let_go(held)
        journal.info("order-given-back", held.order, run=held.run)
        if held.run:
            self._hand_back(held, "it was not begun", about=held.delivery)
            return
        if held.delivery is not None:
            self._transfers.requeue(held.delivery, held.order.submission)

    def _give_up(self, held: Assignment) -> None:
        """Return an order whose submission gets no reports.

        That may last for ever, so the order must not keep other orders from this worker:
        it is acknowledged now, and goes back to its coordinator when the broker takes the report.
        """
        if held in self.waiting:
            self.waiting.remove(held)
        self._let_go(held)
        self.return_unreported(held.order, held.delivery, run=held.run)

    def return_unreported(self, order: Order, delivery: Delivered | None, *, run: str = "") -> None:
        """Return an order whose submission's reports are stuck, and acknowledge it at once."""
        journal.info("reports-stuck", order, run=run)
        why = Reason.HANDED_BACK if run else Reason.WORKER_LOST
        statement = returned(order, self._name, why, _NOT_TAKEN, run=run)
        self._reports.tell(order.submission, statement)
        if delivery is not None:
            self._acknowledge(delivery)

    def _drop(self, held: Assignment) -> None:
        """Drop an order that is no longer needed."""
        self._let_go(held)
        if held.delivery is not None:
            self._acknowledge(held.delivery)

    def _defer(self, held: Assignment) -> None:
        """Return an order of a paused submission to its coordinator until it is resumed."""
        self._let_go(held)
        if held.delivery is not None:
            why = "its submission is paused"
            journal.info("order-returned", held.order, why=Reason.PAUSED, detail=why)
            statement = returned(held.order, self._name, Reason.PAUSED, why)
            self._reports.tell(held.order.submission, statement, about=held.delivery)

    def _send_elsewhere(self, held: Assignment, why: str) -> None:
        """Return an order that must not run here."""
        self._let_go(held)
        if held.delivery is not None:
            self._refuse(held.order, held.delivery, why)

    def _let_go(self, held: Assignment) -> None:
        """Release the order and the slot that was reserved for it."""
        self.held.pop((held.order.job, held.order.attempt), None)
        if held.begun is None and held.worker:
            self._pool.release(held.worker)

    def _hand_back(
        self, held: Assignment, why: str, *, about: Delivered | Assignment | None
    ) -> None:
        """Return a run that is not begun, or not finished: another worker may run the attempt."""
        order = held.order
        journal.info("order-returned", order, run=held.run, why=Reason.HANDED_BACK, detail=why)
        statement = returned(order, self._name, Reason.HANDED_BACK, why, run=held.run)
        self._reports.tell(order.submission, statement, about=about)

    # -- running --------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin as many orders as there are free slots."""
        ready = list(self._take_ready())
        # First report, then start: as little as possible should run without a report.
        self._reports.send()
        if self._told_in_advance:
            self._told_in_advance = False
            self._wait_sent(_SENT_SECONDS)
        for held in ready:
            self._start(held)

    def _take_ready(self) -> Iterator[Assignment]:
        """The orders that free slots can begin now; others need an answer or a report first."""
        while self.waiting and self._pool.free() > 0:
            held = self.waiting.popleft()
            if self.control.is_void(held.order):
                journal.info(
                    "order-dropped", held.order, why="canceled, or of a former coordinator"
                )
                self._drop(held)
                continue
            if self.control.is_paused(held.order):
                self._defer(held)
                continue
            held.warning = self._code.difference(held.order)
            if held.warning and self._code.refuses(held.order):
                self._send_elsewhere(held, held.warning)
                continue
            worker = self._pool.reserve()
            if worker is None:
                self.waiting.appendleft(held)
                return
            self._runs += 1
            held.worker = worker
            held.run = f"{self._id[:12]}.{self._runs}"
            if self._cluster.secret is not None or held.order.at < self._connected_at + _SKEW:
                # Another worker may have had it before: a broker that was killed does not always
                # mark that. And a replayed message has a valid signature.
                self._ask(held)
                continue
            order, statement = held.order, begun(held, self._id)
            is_known = order.submission in self._routed
            # While orders wait here, the connection is busy: no time for extra messages.
            if is_known and not self.waiting:
                is_early = self._reports.tell_start(order.submission, order.epoch, statement, held)
                self._told_in_advance |= is_early
            else:
                self._reports.tell(order.submission, statement, about=held)
            # The first order of its submission waits: does a coordinator still want its report?
            if is_known:
                yield held

    def _ask(self, held: Assignment) -> None:
        held.asked = time.monotonic()
        journal.debug("claim-asked", held.order, run=held.run, worker=held.worker)
        self._reports.tell(held.order.submission, claim(held, self._id), about=held)

    def _start(self, held: Assignment) -> None:
        now = time.monotonic()
        # A worker without jobs sends nothing; the receipt of the order proves the connection.
        order, run = held.order, held.run
        self.leases.confirmed(order.submission, held.received)
        held.begun = self.busy_at = now
        self.leases.counts(held)
        journal.debug("run-begun", order, run=run, worker=held.worker)

        def send(data: bytes) -> None:
            text = data.decode("latin-1")
            self._reports.tell(order.submission, JobOutput(order.job, order.attempt, run, text))

        output = held.output = Output(send)
        log = JobLog(lambda: output, self._app.job.log_limit)
        if held.warning:
            log.write(f"taipy-exec: {held.warning}\n".encode())
        until = self.leases.until(order.submission)
        self._pool.start(order.as_job_order(), held.worker, log, until)
        self._observe(held, None)

    def answer_slots(self, now: float, *, connected: bool) -> None:
        """Let jobs write their outputs while it is certain that their run still counts."""
        for worker in list(self._pool.asking):
            held = self._running(worker)
            if held is None or held.outdated:
                self._pool.answer(worker, None)
            elif self.leases.still_counts(held):
                self._pool.answer(worker, self.leases.until(held.order.submission))
            elif self._reports.is_alone_stuck(held.order.submission):
                # It would keep its slot for ever.
                held.handing_back = _NOT_TAKEN
                self._pool.answer(worker, None)
            elif connected and (held.asked is None or now - held.asked > _ASK_SECONDS):
                journal.info("lease-expired", held.order, run=held.run, worker=held.worker)
                self._ask(held)

    def _asking(self) -> Iterator[Assignment]:
        return filter(None, map(self._running, self._pool.asking))

    def _running(self, worker: str) -> Assignment | None:
        """The run in this slot; an outdated attempt of the same job may run in another."""
        return next((held for held in self.current() if held.worker == worker), None)

    def note_starts(self) -> None:
        """Note and report which jobs wait for a new process, and which processes are ready."""
        for start in self._pool.take_starts():
            held = self.held.get((start.job, start.attempt))
            if held is None:
                continue
            held.waits_for_process = isinstance(start, Starting)
            held.ready = None if held.waits_for_process else time.monotonic()
            if not held.outdated and self.control.level(held.order) >= USAGE_AND_PROCESS:
                statement = process(held, ready=held.ready is not None)
                self._reports.tell(held.order.submission, statement)

    def stop(self, job: str, attempt: int, grace: float) -> None:
        """Stop a job that runs here and was canceled."""
        held = self.held.get((job, attempt))
        if held is not None and held.begun is not None and not held.ended:
            held.stopping = True
            journal.info("run-stopped", held.order, run=held.run, worker=held.worker, grace=grace)
            self._pool.stop_slot(held.worker, grace)

    def on_report(self, report: JobReport) -> None:
        """Handle the end of a job on this worker."""
        held = self.held.get((report.job, report.attempt))
        if held is None:
            return
        self.busy_at = time.monotonic()
        held.ended = True
        kind = report.failure.kind if report.failure else None
        journal.debug("run-ended", held.order, run=held.run, worker=held.worker, failure=kind)
        self._observe(held, report)
        if held.output is not None:
            held.output.close()
            held.output = None
        if held.outdated:
            self._drop(held)
            return
        if held.handing_back:
            self._hand_back(held, held.handing_back, about=held)
            return
        if report.failure is None:
            self.done += 1
        elif held.stopping:
            self.canceled += 1
        else:
            self.failed += 1
        statement = ended(held, self._id, report, self.control.level(held.order))
        self._reports.tell(held.order.submission, statement, about=held)

    # -- answers ---------------------------------------------------------------------------

    def on_claim_reply(self, claim_reply: ClaimReply) -> None:
        """Handle the coordinator's answer to a question."""
        held = self.held.get((claim_reply.job, claim_reply.attempt))
        if held is None or held.run != claim_reply.run:
            if claim_reply.allowed:
                self._reports.tell(claim_reply.answer_to, answered_late(claim_reply, self._name))
            return
        held.asked = None
        if claim_reply.allowed:
            journal.debug("claim-allowed", held.order, run=held.run, worker=held.worker)
            self.leases.counts(held)
            if held.begun is None:
                self._start(held)
            self._pool.answer(held.worker, self.leases.until(held.order.submission))
            return
        journal.info("claim-refused", held.order, run=held.run, worker=held.worker)
        if held.begun is None:
            self._drop(held)
        else:
            self._outdate(held)

    def _outdate(self, held: Assignment) -> None:
        """Stop a run that does not count any more; it must not write anything."""
        held.outdated = True
        journal.info("run-revoked", held.order, run=held.run, worker=held.worker)
        if held.ended:
            return
        if held.worker in self._pool.asking:
            self._pool.answer(held.worker, None)
        else:
            self._pool.stop_slot(held.worker, self._app.job.grace)

    def on_told(self, told: Told) -> Delivered | None:
        """The broker has a report. If it was about a delivery that is not held: that delivery."""
        (self._routed.add if told.routed else self._routed.discard)(told.submission)
        if isinstance(told.about, Assignment):
            self._on_told_about(told.about, told)
            return None
        return told.about if isinstance(told.about, Delivered) else None

    def _on_told_about(self, held: Assignment, told: Told) -> None:
        if self.held.get((held.order.job, held.order.attempt)) is not held:
            return
        what, is_read = told.kind.__name__, told.routed
        journal.debug("report-confirmed", held.order, run=held.run, report=what, routed=is_read)
        if told.kind in (JobEnded, Returned):
            self._drop(held)
        elif not told.routed:
            self._on_nobody_waits(held)
        elif told.kind is JobBegun and held.begun is None:
            self._start(held)

    def _on_nobody_waits(self, held: Assignment) -> None:
        journal.info("no-coordinator", held.order, run=held.run)
        if held.begun is not None:
            self._outdate(held)
            return
        if self.control.is_void(held.order):
            # It was canceled after its claim was sent.
            self._drop(held)
            return
        self._let_go(held)
        if held.delivery is not None:
            reason = "it is outdated: no coordinator waits for its report"
            self._bury(held.delivery, reason)

    def tend(self, now: float) -> None:
        """Do the periodic work for all held orders."""
        self.leases.forget_others({h.order.submission for h in self.held.values()})
        if any(self._reports.is_stuck(h.order.submission) for h in self._asking()):
            # Other workers have slots. And the confirmation shows whether the broker is slow.
            self.give_up_waiting()
        for held in list(self.held.values()):
            stuck = self._reports.is_stuck(held.order.submission)
            if held.begun is None and stuck:
                self._give_up(held)
                continue
            if held.begun is None and held.asked and now - held.asked > self._patience:
                # No answer comes: other orders get the slot.
                journal.info("claim-unanswered", held.order, run=held.run, waited=now - held.asked)
                self._give_back(held)
            if held.output is not None:
                held.output.flush_old(now)
            is_long = held.begun and now - held.begun > self._cluster.ack_after
            if held.delivery and (is_long or stuck):
                # Early enough: the broker would think that the worker is dead. The lease goes on.
                # And an order whose end cannot be reported must not keep other orders away.
                journal.debug("order-acknowledged", held.order, run=held.run)
                self._acknowledge(held.delivery)
                held.delivery = None
