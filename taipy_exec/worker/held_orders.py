"""The orders that a worker holds: what becomes of each from its receipt to its acknowledgement."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from taipy_exec.broker.events import Delivered
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.messages import (
    JobBegun,
    JobEnded,
    JobOutput,
    Order,
    Returned,
    Verdict,
)
from taipy_exec.execution.order import JobReport
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.model.event import Starting
from taipy_exec.model.status import Reason
from taipy_exec.worker.certainty import Certainty
from taipy_exec.worker.code_check import CodeCheck
from taipy_exec.worker.held import Held, Output
from taipy_exec.worker.moves import Moves
from taipy_exec.worker.orders import ControlLog
from taipy_exec.worker.reporter import Reporter, Told
from taipy_exec.worker.statements import answered_late, asks, begun, ended, returned

# An order that is not younger than the connection by so much, by two machines' clocks, may have
# been given to somebody before.
_SKEW = 1.0
_ASK_SECONDS = 5.0
# What is told in advance is with the system by then, or the network is in trouble.
_SENT_SECONDS = 0.01


class HeldOrders:
    """Begins them in free slots, lets their jobs write, reports their ends.

    Nothing is acknowledged before the broker has what was told about it. `observe` gets every job
    that begins (the report is None) or ends here.
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
        moves: Moves,
        code: CodeCheck,
        bury: Callable[[Delivered, str], None],
        refuse: Callable[[Order, Delivered, str], None],
        observe: Callable[[Held, JobReport | None], None],
        wait_sent: Callable[[float], None],
    ) -> None:
        self.held: dict[tuple[str, int], Held] = {}
        self.waiting: deque[Held] = deque()
        self.control = ControlLog()
        self.certainty = Certainty(cluster.certainty)
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
        self._moves = moves
        self._code = code
        self._bury = bury
        self._refuse = refuse
        self._observe = observe
        self._wait_sent = wait_sent
        self._told_in_advance = False
        # An answer over a slow network may take long; too short, and the order goes round for ever.
        self._patience = max(_ASK_SECONDS, cluster.lease * 2 / 3)
        self._connected_at = float("inf")
        self._routed: set[str] = set()
        self._runs = 0

    def current(self) -> Sequence[Held]:
        """What runs now."""
        return [h for h in self.held.values() if h.begun and not h.ended]

    # -- the connection -------------------------------------------------------------------

    def connected(self) -> None:
        """There is a connection again."""
        self._connected_at = time.time()
        for held in self.held.values():
            # The answer may have been lost with our queue.
            if held.asked is not None and held.begun is None:
                self._ask(held)
            held.asked = None if held.begun else held.asked

    def disconnected(self) -> None:
        """What was not begun goes to others; what runs goes on, and its end is told later."""
        self.certainty.break_off()
        self._routed.clear()
        for held in self.waiting:
            self.held.pop((held.order.job, held.order.attempt), None)
        self.waiting.clear()
        for held in self.held.values():
            held.delivery = None

    # -- taking and giving back -----------------------------------------------------------

    def take(self, order: Order, delivery: Delivered) -> None:
        """Hold an order that may be run here."""
        held = Held(order=order, delivery=delivery)
        self.held[order.job, order.attempt] = held
        self.waiting.append(held)

    def take_again(self, order: Order, delivery: Delivered) -> bool:
        """Whether this is an order that is held already: the broker gave it to us once more."""
        mine = self.held.get((order.job, order.attempt))
        if mine is None:
            return False
        if mine.delivery is None:
            mine.delivery = delivery
        else:
            self._acknowledge(delivery)
        return True

    def give_up_waiting(self) -> None:
        """Put orders that were not begun back at the end of the queue, for any worker."""
        while self.waiting:
            self._give_back(self.waiting.popleft())

    def give_back_unbegun(self) -> None:
        """Keep only what runs."""
        self.give_up_waiting()
        for held in [h for h in self.held.values() if h.begun is None]:
            self._give_back(held)

    def hand_back_running(self) -> None:
        """Stop what runs; when it has ended its order goes back."""
        for held in self.current():
            held.handing_back = True
            self._pool.stop(held.order.job, self._app.job.grace)

    def _give_back(self, held: Held) -> None:
        """Have an order that was not begun run by any other worker.

        It goes back to the end of the queue; but to the coordinator, where that was told of the
        run: it would take the next one's for a second run of what is lost here.
        """
        self._let_go(held)
        if held.run:
            self._hand_back(held, "it was not begun", about=held.delivery)
            return
        if held.delivery is not None:
            self._moves.requeue(held.delivery, held.order.submission)

    def _drop(self, held: Held) -> None:
        """The order is of no use any more."""
        self._let_go(held)
        if held.delivery is not None:
            self._acknowledge(held.delivery)

    def _put_off(self, held: Held) -> None:
        """The order's submission is paused: its coordinator keeps it until it goes on."""
        self._let_go(held)
        if held.delivery is not None:
            statement = returned(held.order, self._name, Reason.PAUSED, "its submission is paused")
            self._reports.tell(held.order.submission, statement, about=held.delivery)

    def _send_elsewhere(self, held: Held, why: str) -> None:
        """It is not to be run here."""
        self._let_go(held)
        if held.delivery is not None:
            self._refuse(held.order, held.delivery, why)

    def _let_go(self, held: Held) -> None:
        """Hold it no more, nor the slot that was kept for it."""
        self.held.pop((held.order.job, held.order.attempt), None)
        if held.begun is None and held.worker:
            self._pool.release(held.worker)

    def _hand_back(self, held: Held, why: str, *, about: Delivered | Held | None) -> None:
        """This run is not begun, or not run on: another worker may take the attempt."""
        order = held.order
        statement = returned(order, self._name, Reason.HANDED_BACK, why, run=held.run)
        self._reports.tell(order.submission, statement, about=about)

    # -- running --------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin what free slots can take."""
        ready = list(self._take_ready())
        # Told first, then begun: as little as can be shall run of which nobody knows.
        self._reports.send()
        if self._told_in_advance:
            self._told_in_advance = False
            self._wait_sent(_SENT_SECONDS)
        for held in ready:
            self._start(held)

    def _take_ready(self) -> Iterator[Held]:
        """The orders that free slots can begin now; of others it is asked first, or told."""
        while self.waiting and self._pool.free() > 0:
            held = self.waiting.popleft()
            if self.control.is_void(held.order):
                self._drop(held)
                continue
            if self.control.is_paused(held.order):
                self._put_off(held)
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
                # It may have been given to somebody before: a broker that was killed does not
                # always mark that. And a replayed message is signed rightly.
                self._ask(held)
                continue
            order, statement = held.order, begun(held, self._id)
            is_known = order.submission in self._routed
            # While orders wait here, the way to the broker is busy: no time for more messages.
            if is_known and not self.waiting:
                told = self._reports.tell_start(order.submission, order.epoch, statement, held)
                self._told_in_advance |= told
            else:
                self._reports.tell(order.submission, statement, about=held)
            # The first of its submission waits: is there still anybody who wants to know?
            if is_known:
                yield held

    def _ask(self, held: Held) -> None:
        held.asked = time.monotonic()
        self._reports.tell(held.order.submission, asks(held, self._id), about=held)

    def _start(self, held: Held) -> None:
        now = time.monotonic()
        # While nothing runs nothing is said; that the order came shows that we were connected.
        self.certainty.confirmed(held.received)
        held.begun = self.busy_at = now
        self.certainty.counts(held)
        order, run = held.order, held.run

        def send(data: bytes) -> None:
            text = data.decode("latin-1")
            self._reports.tell(order.submission, JobOutput(order.job, order.attempt, run, text))

        output = held.output = Output(send)
        log = JobLog(lambda: output, self._app.job.log_limit)
        if held.warning:
            log.write(f"taipy-exec: {held.warning}\n".encode())
        self._pool.start(order.as_job_order(), held.worker, log, self.certainty.until)
        self._observe(held, None)

    def answer_slots(self, now: float, *, connected: bool) -> None:
        """Let jobs write their outputs while it is certain that their run still counts."""
        for job in list(self._pool.asking):
            held = self._running(job)
            if held is None or held.outdated:
                self._pool.answer(job, None)
            elif self.certainty.still_counts(held):
                self._pool.answer(job, self.certainty.until)
            elif connected and (held.asked is None or now - held.asked > _ASK_SECONDS):
                self._ask(held)

    def _running(self, job: str) -> Held | None:
        return next((h for (id, _), h in self.held.items() if id == job and h.begun), None)

    def note_starts(self) -> None:
        """Note which jobs wait for a new process, and whose one is ready."""
        for start in self._pool.take_starts():
            held = self.held.get((start.job, start.attempt))
            if held is not None:
                held.waits_for_process = isinstance(start, Starting)
                held.ready = None if held.waits_for_process else time.monotonic()

    def stop(self, job: str, attempt: int, grace: float) -> None:
        """Somebody canceled a job that runs here."""
        held = self.held.get((job, attempt))
        if held is not None and held.begun is not None:
            held.stopping = True
            self._pool.stop(job, grace)

    def on_report(self, report: JobReport) -> None:
        """A job has ended here."""
        held = self.held.get((report.job, report.attempt))
        if held is None:
            return
        self.busy_at = time.monotonic()
        held.ended = True
        self._observe(held, report)
        if held.output is not None:
            held.output.close()
            held.output = None
        if held.outdated:
            self._drop(held)
            return
        if held.handing_back:
            self._hand_back(held, "its worker leaves", about=held)
            return
        if report.failure is None:
            self.done += 1
        elif held.stopping:
            self.canceled += 1
        else:
            self.failed += 1
        self._reports.tell(held.order.submission, ended(held, self._id, report), about=held)

    # -- what others say -------------------------------------------------------------------

    def on_verdict(self, verdict: Verdict) -> None:
        """The coordinator's answer to what was asked."""
        held = self.held.get((verdict.job, verdict.attempt))
        if held is None or held.run != verdict.run:
            if verdict.allowed:
                self._reports.tell(verdict.answer_to, answered_late(verdict, self._name))
            return
        held.asked = None
        if verdict.allowed:
            self.certainty.counts(held)
            if held.begun is None:
                self._start(held)
            self._pool.answer(verdict.job, self.certainty.until)
        elif held.begun is None:
            self._drop(held)
        else:
            self._outdate(held)

    def _outdate(self, held: Held) -> None:
        """This run does not count any more: it is to end, and to write nothing."""
        held.outdated = True
        if held.order.job in self._pool.asking:
            self._pool.answer(held.order.job, None)
        else:
            self._pool.stop(held.order.job, self._app.job.grace)

    def on_told(self, told: Told) -> Delivered | None:
        """The broker has a report. If it was about a delivery that is not held: that delivery."""
        (self._routed.add if told.routed else self._routed.discard)(told.submission)
        if isinstance(told.about, Held):
            self._on_told_about(told.about, told)
            return None
        return told.about if isinstance(told.about, Delivered) else None

    def _on_told_about(self, held: Held, told: Told) -> None:
        if self.held.get((held.order.job, held.order.attempt)) is not held:
            return
        if told.kind in (JobEnded, Returned):
            self._drop(held)
        elif not told.routed:
            self._on_nobody_waits(held)
        elif told.kind is JobBegun and held.begun is None:
            self._start(held)

    def _on_nobody_waits(self, held: Held) -> None:
        if held.begun is not None:
            self._outdate(held)
            return
        self._let_go(held)
        if held.delivery is not None:
            reason = "it is outdated: nobody waits for its report"
            self._bury(held.delivery, reason)

    def tend(self, now: float) -> None:
        """What is to be done with what is held from time to time."""
        for held in list(self.held.values()):
            if held.begun is None and held.asked and now - held.asked > self._patience:
                # Nobody answers: others get their turn on the slot.
                self._give_back(held)
            if held.output is not None:
                held.output.flush_old(now)
            if held.begun and held.delivery and now - held.begun > self._cluster.ack_after:
                # Before the broker takes a long job for a dead worker. The lease goes on.
                self._acknowledge(held.delivery)
                held.delivery = None
