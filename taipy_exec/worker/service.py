"""The worker service: takes orders, runs them in slots, reports, and acknowledges last."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from taipy_exec.broker.events import (
    Blocked,
    Connected,
    Delivered,
    Depth,
    Disconnected,
    LinkEvent,
    Message,
    Settled,
)
from taipy_exec.broker.link import Link
from taipy_exec.broker.names import Names
from taipy_exec.broker.topology import (
    base_steps,
    control_subscription,
    jobs_subscription,
    worker_subscription,
)
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.messages import (
    BadMessage,
    Beat,
    Call,
    Codec,
    JobBegun,
    JobEnded,
    JobOutput,
    Mark,
    Order,
    Returned,
    StopJob,
    TakenOver,
    Verdict,
    Wire,
    Withdrawn,
)
from taipy_exec.execution.order import JobReport
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.status import Reason
from taipy_exec.worker.certainty import Certainty
from taipy_exec.worker.held import Held, Output
from taipy_exec.worker.intake import Intake, WorkerLimits
from taipy_exec.worker.moves import Moves
from taipy_exec.worker.orders import ControlLog, tasks_by_scenario, why_not_ours
from taipy_exec.worker.reporter import Reporter, Told
from taipy_exec.worker.statements import answered_late, asks, begun, ended, holding, returned

_BEAT_SECONDS = 5.0
_MISMATCH_SECONDS = 1.0
_LONGEST_WAIT = 0.5
_TEND_SECONDS = 0.1
_SKEW = 1.0
_ASK_SECONDS = 5.0
# How long a worker that leaves waits for the broker's word on what it told last.
_LEAVE_SECONDS = 5.0


class WorkerService:
    """One worker. All methods but `leave` are called by one thread.

    `tell` gets a sentence when something happens that its user should know, `observe` every job
    that begins (the report is None) or ends here.
    """

    def __init__(
        self,
        app: AppConfig,
        cluster: ClusterConfig,
        limits: WorkerLimits,
        tell: Callable[[str], None] = lambda text: None,
        observe: Callable[[Held, JobReport | None], None] = lambda held, report: None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.name = worker_name()
        self.app = app
        self.limits = limits
        self.done = 0
        self.failed = 0
        self.broker_version = ""
        self.connection = "connecting"
        self.pool = SlotPool(app, app.root, limits.least, asks=True)
        self.held: dict[tuple[str, int], Held] = {}
        self._cluster = cluster
        self._tell = tell
        self._observe = observe
        self._names = Names(cluster.application)
        self._codec = Codec(cluster.application, cluster.secret)
        self._control = ControlLog()
        self._tasks = tasks_by_scenario(app)
        self._caught_up = False
        self._waiting: deque[Held] = deque()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._leaving = 0
        self._told_leaving = 0
        self._leave_by = float("inf")
        self._started_at = time.monotonic()
        self._busy_at = self._started_at
        self._certainty = Certainty(cluster.certainty)
        self._connected_at = float("inf")
        self._runs = 0
        self._routed: set[str] = set()
        self._intake = Intake(limits, cluster.prefetch)
        self._prefetch = 0
        self._beat_at = 0.0
        self._hold_at = 0.0
        self._tend_at = 0.0
        self._link = Link(
            cluster,
            base_steps(self._names, cluster.delivery_limit),
            [worker_subscription(self._names, self.id), control_subscription(self._names)],
            wake=self.pool.wake,
            name=f"taipy-exec worker {self.name}",
        )
        self._reports = Reporter(self._link.publish, self._names, self._codec)
        self._moves = Moves(self._link.publish, self._names)
        self._take_orders()

    # -- from any thread ------------------------------------------------------------------

    def leave(self) -> None:
        """Take no more orders; finish what runs. Twice: hand it back. For signal handlers too."""
        self._leaving += 1
        self.pool.wake()

    # -- the loop -------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether the worker was told to leave, holds nothing any more, and has told so."""
        if self._leaving == 0 or self.held:
            return False
        is_told = self._moves.under_way == 0 and self._reports.is_done
        return is_told or not self._link.is_connected or time.monotonic() > self._leave_by

    def step(self, timeout: float = _LONGEST_WAIT) -> None:
        """Wait for something to happen, at most `timeout` seconds, and deal with all of it."""
        reports = self.pool.poll(min(timeout, self._next_due()))
        now = time.monotonic()
        self._certainty.look(now)
        for happened in self._link.take():
            self._on_link(happened)
        for report in reports:
            self._on_report(report)
        if self._leaving > self._told_leaving:
            self._begin_leaving()
        if self._leaving and not self.held:
            self._leave_by = min(self._leave_by, now + _LEAVE_SECONDS)
        self._begin_waiting()
        self._answer_slots(now)
        self._look_after(now)
        self._reports.send()

    def _next_due(self) -> float:
        if not self.held and not self._later:
            return _LONGEST_WAIT
        return max(min(self._tend_at, self._hold_at) - time.monotonic(), 0.0)

    def close(self, grace: float = 0.0) -> None:
        """Say goodbye and end every process; what still runs is handed back by the broker."""
        self._reports.send_all()
        self._link.publish(self._beat("gone"))
        self._link.close()
        self.pool.close(grace)

    # -- what comes from the broker -------------------------------------------------------

    def _on_link(self, happened: LinkEvent) -> None:
        if isinstance(happened, Delivered):
            self._on_delivery(happened)
        elif isinstance(happened, Settled):
            self._on_settled(happened.message, routed=happened.routed)
        elif isinstance(happened, Connected):
            self._on_connected(happened)
        elif isinstance(happened, Disconnected):
            self._on_disconnected(happened)
        elif isinstance(happened, Blocked):
            self.connection = f"blocked: {happened.reason}" if happened.reason else "connected"
            self._tell(
                f"RabbitMQ takes no messages now ({happened.reason})"
                if happened.reason
                else "RabbitMQ takes messages again"
            )
        elif isinstance(happened, Depth):
            self._intake.note_depth(happened.ready)

    def _on_connected(self, happened: Connected) -> None:
        self.connection = "connected"
        self.broker_version = happened.version
        self._tell(f"connected to RabbitMQ {happened.version}")
        self._connected_at = time.time()
        self._publish("control", Mark(worker_id=self.id))
        self._hold_at = self._beat_at = 0.0
        for held in self.held.values():
            # The answer may have been lost with our queue.
            if held.asked is not None and held.begun is None:
                self._ask(held)
            held.asked = None if held.begun else held.asked

    def _on_disconnected(self, happened: Disconnected) -> None:
        self.connection = happened.reason
        self._caught_up = False
        self._certainty.break_off()
        self._routed.clear()
        # What was not begun goes to others; what runs goes on, and its end is told later.
        for held in list(self._waiting):
            self.held.pop((held.order.job, held.order.attempt), None)
        self._waiting.clear()
        for held in self.held.values():
            held.delivery = None
        self._tell(happened.reason)

    def _on_delivery(self, delivery: Delivered) -> None:
        try:
            message = self._codec.load(delivery.body, delivery.headers)
            if delivery.queue == self._names.jobs:
                if not isinstance(message, Order):
                    raise BadMessage("it is not an order")
                self._on_order(message, delivery)
                return
            if delivery.queue == self._names.control:
                self._on_control(message, delivery)
            else:
                self._on_own(message)
            self._link.ack(delivery)
        except BadMessage as error:
            if delivery.queue == self._names.jobs:
                self._bury(delivery, str(error))
            else:
                self._link.ack(delivery)

    def _on_control(self, message: Wire, delivery: Delivered) -> None:
        offset = int(delivery.headers.get("x-stream-offset", 0))
        if isinstance(message, Mark) and message.worker_id == self.id:
            self._caught_up = True
        if offset <= self._control.offset:
            return
        self._control.offset = offset
        if isinstance(message, Withdrawn | TakenOver):
            self._control.note(message)
        elif isinstance(message, StopJob) and self._caught_up:
            held = self.held.get((message.job, message.attempt))
            if held is not None and held.begun is not None:
                self.pool.stop(message.job, message.grace)

    def _on_own(self, message: Wire) -> None:
        if isinstance(message, Call):
            self._beat_at = 0.0
        elif isinstance(message, Verdict):
            self._on_verdict(message)

    def _on_verdict(self, verdict: Verdict) -> None:
        held = self.held.get((verdict.job, verdict.attempt))
        if held is None or held.run != verdict.run:
            if verdict.allowed:
                self._reports.tell(verdict.answer_to, answered_late(verdict, self.name))
            return
        held.asked = None
        if verdict.allowed:
            self._certainty.counts(held)
            if held.begun is None:
                self._start(held)
            self.pool.answer(verdict.job, self._certainty.until)
        elif held.begun is None:
            self._drop(held)
        else:
            self._outdate(held)

    def _outdate(self, held: Held) -> None:
        """This run does not count any more: it is to end, and to write nothing."""
        held.outdated = True
        if held.order.job in self.pool.asking:
            self.pool.answer(held.order.job, None)
        else:
            self.pool.stop(held.order.job, self.app.job.grace)

    # -- orders ---------------------------------------------------------------------------

    def _on_order(self, order: Order, delivery: Delivered) -> None:
        if self._control.is_void(order):
            self._link.ack(delivery)
            return
        mine = self.held.get((order.job, order.attempt))
        if mine is not None:
            # The broker gave it to us again after the connection broke. It runs, or is about to.
            if mine.delivery is None:
                mine.delivery = delivery
            else:
                self._link.ack(delivery)
            return
        if order.digest != self.app.digest:
            self._later.append(
                (time.monotonic() + _MISMATCH_SECONDS, lambda: self._refuse(order, delivery))
            )
            return
        why = why_not_ours(self._tasks, order)
        if why is not None:
            self._bury(delivery, why)
        elif delivery.redelivered:
            detail = "given to another worker before"
            self._return(order, Reason.WORKER_LOST, detail, about=delivery)
        else:
            held = Held(order=order, delivery=delivery)
            self.held[order.job, order.attempt] = held
            self._waiting.append(held)

    def _refuse(self, order: Order, delivery: Delivered) -> None:
        detail = (
            f"worker {self.name} has another configuration ({self.app.digest}) than the submitter "
            f"({order.digest}): bring {self.app.source or self.app.root} there up to date"
        )
        self._tell(detail)
        self._return(order, Reason.CONFIG_MISMATCH, detail, about=delivery)

    def _return(
        self,
        order: Order,
        why: Reason,
        detail: str,
        *,
        run: str = "",
        about: Delivered | Held | None,
    ) -> None:
        """Send the order back to the coordinator instead of running it, or running it on."""
        statement = returned(order, self.name, why, detail, run=run)
        self._reports.tell(order.submission, statement, about=about)

    def _bury(self, delivery: Delivered, reason: str) -> None:
        """To the dead letters with the reason."""
        self._tell(f"a message was put to the dead letters: {reason}")
        self._moves.bury(delivery, reason, self.name)

    def _give_up_waiting(self) -> None:
        """Put orders that were not begun back at the end of the queue, for any worker."""
        while self._waiting:
            self._give_back(self._waiting.popleft())

    def _give_back(self, held: Held) -> None:
        """Have an order that was not begun run by any other worker.

        It goes back to the end of the queue; but to the coordinator, where that was told of the
        run: it would take the next one's for a second run of what is lost here.
        """
        self._let_go(held)
        if held.run:
            detail = "it was not begun"
            self._return(held.order, Reason.HANDED_BACK, detail, run=held.run, about=held.delivery)
            return
        if held.delivery is not None:
            self._moves.requeue(held.delivery, held.order.submission)

    def _drop(self, held: Held) -> None:
        """The order is of no use any more."""
        self._let_go(held)
        if held.delivery is not None:
            self._link.ack(held.delivery)

    def _let_go(self, held: Held) -> None:
        """Hold it no more, nor the slot that was kept for it."""
        self.held.pop((held.order.job, held.order.attempt), None)
        if held.begun is None and held.worker:
            self.pool.release(held.worker)

    # -- running --------------------------------------------------------------------------

    def _begin_waiting(self) -> None:
        ready = list(self._take_ready())
        # Told first, then begun: as little as can be shall run of which nobody knows.
        self._reports.send()
        for held in ready:
            self._start(held)

    def _take_ready(self) -> Iterator[Held]:
        """The orders that free slots can begin now; of others it is asked first, or told."""
        while self._waiting and self._caught_up and not self._leaving and self.pool.free() > 0:
            held = self._waiting.popleft()
            if self._control.is_void(held.order):
                self._drop(held)
                continue
            worker = self.pool.reserve()
            if worker is None:
                self._waiting.appendleft(held)
                return
            self._runs += 1
            held.worker = worker
            held.run = f"{self.id[:12]}.{self._runs}"
            if self._cluster.secret is not None or held.order.at < self._connected_at + _SKEW:
                # It may have been given to somebody before: a broker that was killed does not
                # always mark that. And a replayed message is signed rightly.
                self._ask(held)
            elif held.order.submission in self._routed:
                self._say_begun(held)
                yield held
            else:
                # The first of its submission: is there still anybody who waits for it?
                self._say_begun(held)

    def _say_begun(self, held: Held) -> None:
        self._reports.tell(held.order.submission, begun(held, self.id), about=held)

    def _ask(self, held: Held) -> None:
        held.asked = time.monotonic()
        self._reports.tell(held.order.submission, asks(held, self.id), about=held)

    def _start(self, held: Held) -> None:
        now = time.monotonic()
        # While nothing runs nothing is said; that the order came shows that we were connected.
        self._certainty.confirmed(held.received)
        held.begun = self._busy_at = now
        self._certainty.counts(held)
        order, run = held.order, held.run

        def send(data: bytes) -> None:
            text = data.decode("latin-1")
            self._reports.tell(order.submission, JobOutput(order.job, order.attempt, run, text))

        output = held.output = Output(send)
        log = JobLog(lambda: output, self.app.job.log_limit)
        self.pool.start(order.as_job_order(), held.worker, log, self._certainty.until)
        self._observe(held, None)

    def _answer_slots(self, now: float) -> None:
        """Let jobs write their outputs while it is certain that their run still counts."""
        for job in list(self.pool.asking):
            held = self._running(job)
            if held is None or held.outdated:
                self.pool.answer(job, None)
            elif self._certainty.still_counts(held):
                self.pool.answer(job, self._certainty.until)
            elif self._link.is_connected and (
                held.asked is None or now - held.asked > _ASK_SECONDS
            ):
                self._ask(held)

    def _running(self, job: str) -> Held | None:
        return next((h for (id, _), h in self.held.items() if id == job and h.begun), None)

    def _on_report(self, report: JobReport) -> None:
        held = self.held.get((report.job, report.attempt))
        if held is None:
            return
        self._busy_at = time.monotonic()
        held.ended = True
        self._observe(held, report)
        if held.output is not None:
            held.output.close()
            held.output = None
        self._intake.note_duration(report.duration)
        if held.outdated:
            self._drop(held)
            return
        if held.handing_back:
            detail = "its worker leaves"
            self._return(held.order, Reason.HANDED_BACK, detail, run=held.run, about=held)
            return
        if report.failure is None:
            self.done += 1
        else:
            self.failed += 1
        self._reports.tell(held.order.submission, ended(held, self.id, report), about=held)
        if self.limits.max_jobs is not None and self.done + self.failed >= self.limits.max_jobs:
            self._leaving = max(self._leaving, 1)

    # -- what was confirmed ---------------------------------------------------------------

    def _publish(self, key: str, wire: Wire) -> None:
        body, headers = self._codec.dump(wire)
        self._link.publish(Message(self._names.exchange, key, body, headers=dict(headers)))

    def _on_settled(self, message: Message, *, routed: bool) -> None:
        self._certainty.confirmed(message.sent_at)
        if isinstance(message.about, Delivered):
            self._moves.confirmed()
            self._link.ack(message.about)
            return
        done = []
        for told in self._reports.confirmed(message, routed=routed):
            (self._routed.add if routed else self._routed.discard)(told.submission)
            if isinstance(told.about, Delivered):
                done.append(told.about)
            elif isinstance(told.about, Held):
                self._on_told(told.about, told)
        self._link.ack(*done)

    def _on_told(self, held: Held, told: Told) -> None:
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
            self._bury(held.delivery, "it is outdated: nobody waits for its report")

    # -- what is to be done from time to time -----------------------------------------------

    def _look_after(self, now: float) -> None:
        if now >= self._tend_at:
            self._tend_at = now + _TEND_SECONDS
            self._tend(now)
        if now >= self._hold_at:
            self._hold_at = now + self._cluster.sign_of_life
            self._say_holding()
        if now >= self._beat_at and self._link.is_connected:
            self._beat_at = now + _BEAT_SECONDS
            self._link.publish(self._beat("leaving" if self._leaving else "ready"))
        idle = self.limits.idle_timeout
        if idle is not None and not self.held and now - self._busy_at > idle:
            self._leaving = max(self._leaving, 1)

    def _tend(self, now: float) -> None:
        for at, action in [item for item in self._later if item[0] <= now]:
            self._later.remove((at, action))
            action()
        for held in list(self.held.values()):
            if held.begun is None and held.asked and now - held.asked > _ASK_SECONDS:
                # Nobody answers: others get their turn on the slot.
                self._give_back(held)
            if held.output is not None:
                held.output.flush_old(now)
            if held.begun and held.delivery and now - held.begun > self._cluster.ack_after:
                # Before the broker takes a long job for a dead worker. The lease goes on.
                self._link.ack(held.delivery)
                held.delivery = None
        if not self._leaving:
            self._adapt(now)

    def _adapt(self, now: float) -> None:
        """Take more orders ahead while jobs are short, and more slots while the queue is long."""
        if self._waiting:
            waited = now - self._waiting[0].received
            longest = max((now - h.begun for h in self.held.values() if h.begun), default=0.0)
            if self._intake.gives_back(waited, longest):
                self._give_up_waiting()
        if self._link.is_connected and self._intake.wants_depth(now):
            self._link.measure(self._names.jobs)
            self.pool.size = self._intake.slots(len(self.pool.running))
        self._take_orders()

    def _take_orders(self) -> None:
        wanted = self._intake.wanted(self.pool.size)
        if wanted != self._prefetch:
            self._prefetch = wanted
            self._link.subscribe(jobs_subscription(self._names, wanted))

    def _say_holding(self) -> None:
        for submission, wire in holding(self.held.values(), self.name, self.id).items():
            self._reports.tell(submission, wire)

    def _beat(self, state: str) -> Message:
        now = time.monotonic()
        running = [
            [h.order.job, h.order.task, round(now - h.begun, 3)]
            for h in self.held.values()
            if h.begun and not h.ended
        ]
        beat = Beat(
            worker=self.name,
            worker_id=self.id,
            digest=self.app.digest,
            state=state,
            slots=self.pool.size,
            running=running,
            done=self.done,
            failed=self.failed,
            uptime=round(now - self._started_at, 3),
        )
        body, headers = self._codec.dump(beat)
        return Message(self._names.beats, "", body, headers=dict(headers), lasting=False)

    # -- leaving --------------------------------------------------------------------------

    def _begin_leaving(self) -> None:
        self._told_leaving = self._leaving
        self._leave_by = float("inf")
        self._link.unsubscribe(self._names.jobs)
        self._give_up_waiting()
        for held in [h for h in self.held.values() if h.begun is None]:
            self._give_back(held)
        running = list(self.current())
        names = ", ".join(sorted(h.order.task for h in running)) or "nothing"
        if self._leaving == 1:
            self._tell(f"leaving after {names}; once more to hand it back")
        else:
            self._tell(f"handing back {names}; once more to exit now")
            for held in running:
                held.handing_back = True
                self.pool.stop(held.order.job, self.app.job.grace)

    def current(self) -> Sequence[Held]:
        """What runs now."""
        return [h for h in self.held.values() if h.begun and not h.ended]
