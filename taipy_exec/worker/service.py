"""The worker service: takes orders, runs them in slots, reports, and acknowledges last."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from taipy_exec.broker.events import (
    Blocked,
    Connected,
    Delivered,
    Depth,
    Disconnected,
    LinkEvent,
    Message,
    Settled,
    Unanswered,
)
from taipy_exec.broker.explanation import unanswered
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
from taipy_exec.event_log import EventLog
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.status import Reason
from taipy_exec.protocol.messages import (
    BadMessage,
    Call,
    ClaimReply,
    Codec,
    Heartbeat,
    Mark,
    Order,
    Paused,
    Revoked,
    StopJob,
    Takeover,
    Wire,
)
from taipy_exec.protocol.order import JobReport
from taipy_exec.worker.assignment import Assignment
from taipy_exec.worker.assignments import Assignments
from taipy_exec.worker.code_check import CodeCheck
from taipy_exec.worker.control_reading import ControlReading
from taipy_exec.worker.orders import tasks_by_scenario, why_not_ours
from taipy_exec.worker.prefetch import PrefetchControl, WorkerLimits
from taipy_exec.worker.report_messages import lease_renewals, other_configuration, returned
from taipy_exec.worker.reporter import Reporter
from taipy_exec.worker.transfers import Transfers

journal = EventLog("worker")

_HEARTBEAT_SECONDS = 5.0
_MISMATCH_SECONDS = 1.0
_LONGEST_WAIT = 0.5
_TEND_SECONDS = 0.1
# A longer time (seconds) between two steps: this process was frozen, or its machine slept.
_STOOD_STILL = 2.0
# How long a worker that leaves waits for the confirmation of its last reports.
_LEAVE_SECONDS = 5.0


class WorkerService:
    """One worker. One thread calls all methods except `leave`.

    `tell` gets a sentence about every event that its user should know; `observe` gets every job
    that begins (the report is None) or ends here. With `measures`, it measures the queue's depth.
    """

    def __init__(
        self,
        app: AppConfig,
        cluster: ClusterConfig,
        limits: WorkerLimits,
        tell: Callable[[str], None] = lambda text: None,
        observe: Callable[[Assignment, JobReport | None], None] = lambda held, report: None,
        *,
        measures: bool = False,
        make_link: Callable[..., Link] = Link,
        make_pool: Callable[..., SlotPool] = SlotPool,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.name = worker_name()
        self.app = app
        self.limits = limits
        self.broker_version = ""
        self.connection = "connecting"
        self.reconnects = 0
        self.queue_depth: int | None = None
        self.pool = make_pool(app, app.root, limits.least, asks=True)
        self._cluster = cluster
        journal.info(
            "worker-started",
            worker=self.name,
            worker_id=self.id,
            application=cluster.application,
            configuration=app.digest,
            slots=limits.least,
        )
        self._tell = tell
        self._names = Names(cluster.application)
        self._codec = Codec(cluster.application, cluster.secret)
        served = [app] if app.also is None else [app, app.also]
        self._tasks = {one.digest: tasks_by_scenario(one) for one in served}
        self._control = ControlReading(cluster.patience)
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._leaving = 0
        self._announced_leaving = 0
        self._leave_by = float("inf")
        self._started_at = time.monotonic()
        self._prefetch_control = PrefetchControl(limits, cluster.prefetch, measures=measures)
        self._prefetch = 0
        self._stepped_at = self._started_at
        self._heartbeat_at = 0.0
        self._hold_at = 0.0
        self._tend_at = 0.0
        self._link = make_link(
            cluster,
            base_steps(self._names, cluster.delivery_limit),
            [worker_subscription(self._names, self.id), control_subscription(self._names)],
            wake=self.pool.wake,
            name=f"taipy-exec worker {self.name}",
        )
        self._reports = Reporter(
            self._link.publish, self._names, self._codec, cluster.reports_patience
        )
        self._transfers = Transfers(self._link.publish, self._names)
        self.orders = Assignments(
            app,
            cluster,
            id=self.id,
            name=self.name,
            pool=self.pool,
            acknowledge=self._link.ack,
            reports=self._reports,
            transfers=self._transfers,
            code=CodeCheck(served, self.name, self.pool.renew, tell),
            bury=self._bury,
            refuse=self._refuse,
            observe=observe,
            wait_sent=self._link.wait_sent,
        )
        self._take_orders()

    # -- from any thread ------------------------------------------------------------------

    def leave(self) -> None:
        """Take no more orders; finish running jobs. Second call: hand them back. Signal-safe."""
        self._leaving += 1
        self.pool.wake()

    # -- the loop -------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether the worker must leave, runs nothing, and its reports are confirmed or late."""
        if self._leaving == 0 or not self.orders.is_done:
            return False
        is_told = self._transfers.under_way == 0 and self._reports.is_done
        return is_told or not self._link.is_connected or time.monotonic() > self._leave_by

    def step(self, timeout: float = _LONGEST_WAIT) -> None:
        """Wait for events, at most `timeout` seconds, and handle all of them."""
        reports = self.pool.poll(min(timeout, self._next_due()))
        self.orders.note_starts()
        now = time.monotonic()
        if now - self._stepped_at > _STOOD_STILL:
            journal.info("worker-stood-still", worker=self.name, seconds=now - self._stepped_at)
            self.orders.stood_still()
        self._stepped_at = now
        self.orders.leases.look(now)
        for happened in self._link.take():
            self._on_link(happened)
        for report in reports:
            self._on_report(report)
        if self._leaving > self._announced_leaving:
            self._begin_leaving()
        if self._leaving and self.orders.is_done:
            self._leave_by = min(self._leave_by, now + _LEAVE_SECONDS)
        if self._control.is_done and not self._leaving:
            self.orders.begin()
        self.orders.answer_slots(now, connected=self._link.is_connected)
        self._look_after(now)
        self.orders.note_starts()
        self._reports.send()

    def _next_due(self) -> float:
        if not self.orders.held and not self._later:
            return _LONGEST_WAIT
        due = min(self._tend_at, self._hold_at, self._reports.due)
        return max(due - time.monotonic(), 0.0)

    def close(self, grace: float = 0.0) -> None:
        """Announce the end and stop every process; the broker hands back what still runs."""
        self._reports.send_all()
        self._link.publish(self._heartbeat("gone"))
        self._link.close()
        self.pool.close(grace)
        journal.info(
            "worker-ended", worker=self.name, done=self.orders.done, failed=self.orders.failed
        )

    # -- events of the broker -------------------------------------------------------------

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
            (self._reports.not_taken if happened.reason else self._reports.taken)()
            self._tell(
                f"RabbitMQ takes no messages now ({happened.reason})"
                if happened.reason
                else "RabbitMQ takes messages again"
            )
        elif isinstance(happened, Unanswered):
            self._tell(unanswered(happened.queue))
        elif isinstance(happened, Depth):
            self.queue_depth = happened.ready
            self._prefetch_control.note_depth(happened.ready)

    def _on_connected(self, happened: Connected) -> None:
        self.connection = "connected"
        self.reconnects += bool(self.broker_version)
        self.broker_version = happened.version
        self._tell(f"connected to RabbitMQ {happened.version}")
        mark = self._message("control", Mark(worker_id=self.id))
        self._link.publish(self._control.connected(mark, time.monotonic()))
        self._hold_at = self._heartbeat_at = 0.0
        self._reports.taken()
        self.orders.connected()

    def _on_disconnected(self, happened: Disconnected) -> None:
        self.connection = happened.reason
        self._control.disconnected()
        self._reports.not_taken()
        self.orders.disconnected()
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
        offset = delivery.headers.get("x-stream-offset", 0)
        self._control.read(delivery.message_id, time.monotonic())
        if offset <= self.orders.control.offset:
            return
        self.orders.control.offset = offset
        if isinstance(message, Revoked | Paused | Takeover):
            journal.debug("control-read", message, kind=type(message).__name__)
            self.orders.control.note(message)
        elif isinstance(message, StopJob) and self._control.is_done:
            self.orders.stop(message.job, message.attempt, message.grace)

    def _on_own(self, message: Wire) -> None:
        if isinstance(message, Call):
            self._heartbeat_at = 0.0
        elif isinstance(message, ClaimReply):
            self.orders.on_claim_reply(message)

    # -- orders ---------------------------------------------------------------------------

    def _on_order(self, order: Order, delivery: Delivered) -> None:
        journal.debug("order-received", order, redelivered=delivery.redelivered)
        if self.orders.control.is_void(order):
            journal.info("order-dropped", order, why="canceled, or of a former coordinator")
            self._link.ack(delivery)
            return
        if self.orders.take_again(order, delivery):
            return
        if self._reports.is_stuck(order.submission):
            self.orders.return_unreported(order, delivery)
            return
        if order.digest not in self._tasks:
            self._refuse(order, delivery, other_configuration(self.app, self.name, order))
            return
        why = why_not_ours(self._tasks[order.digest], order)
        if why is not None:
            self._bury(delivery, why)
        elif delivery.redelivered:
            detail = "given to another worker before"
            self._return(order, Reason.WORKER_LOST, detail, about=delivery)
        elif self.orders.control.is_paused(order):
            self._return(order, Reason.PAUSED, "its submission is paused", about=delivery)
        else:
            self.orders.take(order, delivery)

    def _refuse(self, order: Order, delivery: Delivered, detail: str) -> None:
        """Send the order back after a delay, during which other workers take orders."""
        journal.info("order-refused", order, worker=self.name, detail=detail)

        def send() -> None:
            self._tell(detail)
            self._return(order, Reason.CONFIG_MISMATCH, detail, about=delivery)

        self._later.append((time.monotonic() + _MISMATCH_SECONDS, send))

    def _return(self, order: Order, why: Reason, detail: str, *, about: Delivered) -> None:
        """Send the order back to the coordinator instead of running it."""
        journal.info("order-returned", order, worker=self.name, why=why, detail=detail)
        statement = returned(order, self.name, why, detail)
        self._reports.tell(order.submission, statement, about=about)

    def _bury(self, delivery: Delivered, reason: str) -> None:
        """Move a message to the dead letters, with the reason."""
        journal.info(
            "message-dead-lettered", queue=delivery.queue, id=delivery.message_id, why=reason
        )
        self._tell(f"a message was moved to the dead letters: {reason}")
        self._transfers.bury(delivery, reason, self.name)

    def _on_report(self, report: JobReport) -> None:
        self._prefetch_control.note_duration(report.duration)
        self.orders.on_report(report)
        most = self.limits.max_jobs
        ended = self.orders.done + self.orders.failed + self.orders.canceled
        if most is not None and ended >= most:
            self._leaving = max(self._leaving, 1)

    # -- confirmations --------------------------------------------------------------------

    def _message(self, key: str, wire: Wire) -> Message:
        body, headers = self._codec.dump(wire)
        return Message(self._names.exchange, key, body, headers=dict(headers))

    def _on_settled(self, message: Message, *, routed: bool) -> None:
        if isinstance(message.about, Delivered):
            self._transfers.confirmed()
            self._reports.confirmed_elsewhere(message.sent_at)
            self._link.ack(message.about)
            return
        self.orders.leases.confirmed(message.about[0], message.sent_at)
        reported = map(self.orders.on_told, self._reports.confirmed(message, routed=routed))
        self._link.ack(*filter(None, list(reported)))

    # -- periodic work ----------------------------------------------------------------------

    def _look_after(self, now: float) -> None:
        if now >= self._tend_at:
            self._tend_at = now + _TEND_SECONDS
            self._tend(now)
        if now >= self._hold_at:
            self._hold_at = now + self._cluster.sign_of_life
            self._say_holding()
        if now >= self._heartbeat_at and self._link.is_connected:
            self._heartbeat_at = now + _HEARTBEAT_SECONDS
            self._link.publish(self._heartbeat("leaving" if self._leaving else "ready"))
        idle = self.limits.idle_timeout
        if idle is not None and not self.orders.held and now - self.orders.busy_at > idle:
            self._leaving = max(self._leaving, 1)

    def _tend(self, now: float) -> None:
        for at, action in [item for item in self._later if item[0] <= now]:
            self._later.remove((at, action))
            action()
        if self._control.is_late(now):
            self._link.leave_node("its copy of the control stream lags")
        self.orders.tend(now)
        if not self._leaving:
            self._adapt(now)

    def _adapt(self, now: float) -> None:
        """Fetch more orders in advance while jobs are short; use more slots for a long queue."""
        if self.orders.waiting:
            waited = now - self.orders.waiting[0].received
            running = (now - h.begun for h in self.orders.held.values() if h.begun)
            if self._prefetch_control.gives_back(waited, max(running, default=0.0)):
                self.orders.give_up_waiting()
        if self._link.is_connected and self._prefetch_control.wants_depth(now):
            self._link.measure(self._names.jobs)
            self.pool.size = self._prefetch_control.slots(len(self.pool.running))
        self._take_orders()

    def _take_orders(self) -> None:
        wanted = self._prefetch_control.wanted(self.pool.size)
        if wanted != self._prefetch:
            self._prefetch = wanted
            self._link.subscribe(jobs_subscription(self._names, wanted))

    def _say_holding(self) -> None:
        for submission, wire in lease_renewals(
            self.orders.held.values(), self.name, self.id
        ).items():
            if self._reports.is_stuck(submission):
                continue
            journal.debug(
                "lease-renewed", submission=submission, worker=self.name, jobs=len(wire.jobs)
            )
            self._reports.tell(submission, wire)

    def _heartbeat(self, state: str) -> Message:
        now = time.monotonic()
        running = [
            (h.order.job, h.order.task, round(now - h.begun, 3))
            for h in self.orders.current()
            if h.begun
        ]
        heartbeat = Heartbeat(
            worker=self.name,
            worker_id=self.id,
            digest=self.app.digest,
            state=state,
            slots=self.pool.size,
            running=running,
            done=self.orders.done,
            failed=self.orders.failed,
            uptime=round(now - self._started_at, 3),
            also=self.app.also.digest if self.app.also else "",
        )
        body, headers = self._codec.dump(heartbeat)
        return Message(self._names.heartbeats, "", body, headers=dict(headers), lasting=False)

    # -- leaving --------------------------------------------------------------------------

    def _begin_leaving(self) -> None:
        self._announced_leaving = self._leaving
        journal.info("worker-leaving", worker=self.name, hands_back=self._leaving > 1)
        self._leave_by = float("inf")
        self._link.unsubscribe(self._names.jobs)
        self.orders.give_back_unbegun()
        running = self.orders.current()
        names = ", ".join(sorted(h.order.task for h in running)) or "nothing"
        if self._leaving == 1 and not running:
            self._tell("shutting down")
        elif self._leaving == 1:
            self._tell(f"shutting down after {names}; Ctrl-C or SIGTERM again hands it back")
        else:
            self._tell(f"handing back {names}; Ctrl-C or SIGTERM again exits now")
            self.orders.hand_back_running()
