"""cluster: jobs wait in RabbitMQ, and workers on any machine run them."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

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
from taipy_exec.broker.topology import base_steps, reports_subscription
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import SUSPICION, cluster_config
from taipy_exec.errors import BrokerError
from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.execution.messages import (
    Asks,
    BadMessage,
    Codec,
    Holding,
    JobBegun,
    JobEnded,
    JobOutput,
    Order,
    Returned,
    StopJob,
    TakenOver,
    Verdict,
    Wire,
    Withdrawn,
)
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.execution.wake import WakePipe
from taipy_exec.model.event import Event, Finished, HandedBack, Lost, Started
from taipy_exec.model.job import Failure, JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.runners.registry import RunnerContext

log = logging.getLogger("taipy_exec")

# How long a successor listens to what the former coordinator did not hear, before it sends again.
_SETTLE = 0.5
_TELL_EVERY = 60.0
_MEASURE_SECONDS = 5.0
_WATCH_SECONDS = 0.5
_REFUSALS = 5
_RESENDS = 3


@dataclass(slots=True, kw_only=True)
class _Out:
    """A job that was given to the queue. `run` is the start that counts, empty before it.

    `adopted`: it had begun under a former coordinator, and we do not know its run yet.
    """

    order: JobOrder
    run: str = ""
    worker: str = ""
    heard: float = 0.0
    suspect: float | None = None
    stopping: bool = False
    adopted: bool = False
    resent: int = 0
    lost: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    log: JobLog | None = None

    @property
    def is_begun(self) -> bool:
        """Whether a worker has begun it."""
        return self.adopted or bool(self.run)


class ClusterRunner:
    """Gives orders to the jobs queue and turns the workers' reports into events."""

    def __init__(self, context: RunnerContext) -> None:
        self.queue = self
        self._context = context
        self._max_attempts = context.app.job.max_attempts
        self._cluster = cluster_config(context.app)
        self._names = Names(self._cluster.application)
        self._codec = Codec(self._cluster.application, self._cluster.secret)
        self._out: dict[str, _Out] = {}
        self._events: list[JobReport | Event] = []
        self._processed: list[Delivered] = []
        self._delayed: list[tuple[float, JobOrder]] = []
        self._settled_at: dict[str, float] = {}
        self._watched_at = time.monotonic()
        self._told_at = float("-inf")
        self._measure_at = 0.0
        self._wake = WakePipe()
        self.wake = self._wake.set
        self._link = Link(
            self._cluster,
            base_steps(self._names, self._cluster.delivery_limit),
            wake=self._wake.set,
            name="taipy-exec submit",
        )
        try:
            self._link.wait_connected(self._cluster.connect_timeout)
        except BrokerError:
            self.close()
            raise

    # -- what the coordinator asks for ----------------------------------------------------

    def free(self) -> int:
        return 0

    def reserve(self) -> str | None:
        return None

    def start(self, order: JobOrder, worker: str) -> None:
        """The queue is where jobs start."""
        self.enqueue([order])

    def interrupt(self) -> None:
        """No job runs in this thread."""

    def attend(self, submission: str, running: Sequence[JobOrder], *, resumed: bool) -> None:
        now = time.monotonic()
        for order in running:
            self._out[order.job] = _Out(order=order, heard=now, adopted=True)
        if resumed:
            self._say_surely(TakenOver(submission=submission, epoch=self._context.epoch))
            self._settled_at[submission] = now + _SETTLE
        self._link.subscribe(reports_subscription(self._names, submission))
        # Not one order before: a worker whose report finds no queue takes the order for outdated.
        queue = self._names.reports(submission)
        if not self._link.wait_subscribed(queue, self._cluster.connect_timeout):
            raise BrokerError(
                f"RabbitMQ did not make the queue {queue} in time",
                f"{submission} is kept: taipy-exec resume carries on when RabbitMQ is back",
            )

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        messages = []
        for order in orders:
            out = self._out.get(order.job)
            if out is None:
                out = self._out[order.job] = _Out(order=order)
            out.order, out.run, out.suspect, out.heard = order, "", None, time.monotonic()
            out.adopted = False
            at = self._settled_at.get(order.submission, 0.0)
            if at > time.monotonic():
                self._delayed.append((at, order))
            else:
                messages.append(self._order_message(order))
        self._link.publish(*messages)

    def withdraw(self, submission: str, jobs: Sequence[str]) -> None:
        self._say_surely(Withdrawn(submission=submission, jobs=list(jobs)))
        for job in jobs:
            self._forget(job)

    def stop(self, job: str, grace: float) -> None:
        out = self._out.get(job)
        if out is not None:
            out.stopping = True
            stop = StopJob(job=job, attempt=out.order.attempt, grace=grace)
            self._link.publish(self._message("control", stop))

    def dismiss(self, submission: str) -> None:
        self._link.unsubscribe(self._names.reports(submission), delete=True)
        self._settled_at.pop(submission, None)
        for job in [j for j, out in self._out.items() if out.order.submission == submission]:
            self._forget(job)

    def close(self, grace: float = 0.0) -> None:
        """Leave. Jobs go on at the workers; what they report waits for who comes next."""
        self._link.close()
        for job in list(self._out):
            self._forget(job)
        self._wake.close()

    # -- what happens ---------------------------------------------------------------------

    def poll(self, timeout: float | None) -> Sequence[JobReport | Event]:
        # What the last call returned is stored by now.
        self._link.ack(*self._processed)
        self._processed.clear()
        if timeout != 0:
            select.select([self._wake], [], [], timeout)
        self._wake.clear()
        for happened in self._link.take():
            self._on_link(happened)
        self._send_delayed()
        self._watch()
        events, self._events = self._events, []
        return events

    def _on_link(self, happened: LinkEvent) -> None:
        if isinstance(happened, Delivered):
            self._on_delivery(happened)
        elif isinstance(happened, Connected):
            now = time.monotonic()
            for out in self._out.values():
                out.heard = max(out.heard, now)
            if self._told_at > float("-inf"):
                log.warning("connected to RabbitMQ again")
                self._told_at = float("-inf")
        elif isinstance(happened, Disconnected):
            self._tell(f"no connection to RabbitMQ; jobs that run go on ({happened.reason})")
        elif isinstance(happened, Settled):
            self._on_answered(happened.message.about, heard=happened.routed)
        elif isinstance(happened, Depth):
            self._on_depth(happened)
        elif isinstance(happened, Blocked) and happened.reason:
            self._tell(f"RabbitMQ takes no messages now ({happened.reason}); jobs wait")

    def _tell(self, text: str) -> None:
        """Once a minute at most."""
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            log.warning(text)

    def _on_delivery(self, delivery: Delivered) -> None:
        self._processed.append(delivery)
        try:
            message = self._codec.load(delivery.body, delivery.headers)
            self._on_report(message)
        except (BadMessage, ValueError) as error:
            self._tell(f"a worker's report was put to the dead letters: {error}")
            dead = Message(
                self._names.exchange,
                "dead",
                delivery.body,
                headers={"taipy-exec-reason": f"in the reports: {error}"},
            )
            self._link.publish(dead)

    def _on_report(self, message: Wire) -> None:
        if isinstance(message, Holding):
            self._on_holding(message)
        elif isinstance(message, JobOutput):
            self._on_output(message)
        elif isinstance(message, Returned):
            self._on_returned(message)
        elif isinstance(message, JobBegun):
            if not self._counts(message):
                self._answer(message, message.worker_id, allowed=False)
        elif isinstance(message, Asks):
            self._answer(message, message.worker_id, allowed=self._counts(message))
        elif isinstance(message, JobEnded):
            if self._counts(message):
                self._on_ended(message)
        else:
            raise BadMessage(f"a {type(message).__name__} is not a report")

    def _counts(self, message: JobBegun | JobEnded | Asks) -> bool:
        """Whether this run is the one that counts; the first of its attempt becomes it."""
        out = self._out.get(message.job)
        if out is None or out.order.attempt != message.attempt:
            return False
        begins = isinstance(message, Asks) and not message.begun
        if begins and out.is_begun and out.run != message.run:
            self._suspect(out)
            return False
        if not out.run:
            out.run, out.worker = message.run, message.worker
            at = time.time()
            self._events.append(Started(job=message.job, worker=message.worker, at=at))
        out.adopted = False
        if out.run != message.run:
            return False
        out.heard, out.suspect = time.monotonic(), None
        return True

    def _on_holding(self, message: Holding) -> None:
        now = time.monotonic()
        for job, attempt, run in message.jobs:
            out = self._out.get(job)
            if out is None or out.order.attempt != attempt or (out.run and run != out.run):
                if run:
                    refusal = Verdict(
                        job=job, attempt=attempt, run=run, allowed=False, answer_to=""
                    )
                    self._link.publish(self._to_worker(message.worker_id, refusal))
            elif run and not out.run:
                self._counts(JobBegun(job, attempt, "", run, message.worker, message.worker_id))
            elif run or not out.is_begun:
                out.heard, out.suspect = now, None

    def _on_output(self, message: JobOutput) -> None:
        out = self._out.get(message.job)
        if out is not None and out.order.attempt == message.attempt and out.run == message.run:
            self._log_of(out).write(message.text.encode("latin-1"))

    def _on_ended(self, message: JobEnded) -> None:
        out = self._out[message.job]
        report = message.as_report()._replace(finished_at=time.time())
        kind = report.failure.kind if report.failure else None
        if kind in (Reason.PROCESS_DIED, Reason.OUTDATED) and not out.stopping:
            assert report.failure is not None
            self._lose(out, report.failure.message)
        else:
            self._forget(message.job)
            self._events.append(report)

    def _on_returned(self, message: Returned) -> None:
        out = self._out.get(message.job)
        if out is None or out.order.attempt != message.attempt:
            return
        if message.why == Reason.CONFIG_MISMATCH:
            self._on_refused(out, message)
        elif message.run:
            if message.run == out.run:
                out.run = ""
                at = time.time()
                self._events.append(HandedBack(job=message.job, attempt=message.attempt, at=at))
        elif out.is_begun:
            self._suspect(out)
        else:
            self._link.publish(self._order_message(out.order))

    def _suspect(self, out: _Out) -> None:
        """The broker gave it to another worker: the one that began it is lost, or comes back."""
        if out.suspect is None:
            out.suspect = time.monotonic()

    def _on_refused(self, out: _Out, message: Returned) -> None:
        again = message.worker in out.refused
        out.refused.append(message.worker)
        if not again and len(out.refused) < _REFUSALS:
            self._delayed.append((time.monotonic() + _SETTLE, out.order))
            return
        self._fail_unstarted(out, message.worker, Reason.CONFIG_MISMATCH, message.detail)

    # -- losses ---------------------------------------------------------------------------

    def _watch(self) -> None:
        """Give up on runs of which nothing was heard for too long while we could hear."""
        now = time.monotonic()
        gap = now - self._watched_at
        if gap < _WATCH_SECONDS:
            return
        self._watched_at = now
        if not self._link.is_connected or gap > 2.0:
            for out in self._out.values():
                out.heard += gap
                if out.suspect is not None:
                    out.suspect += gap
            return
        lease = self._cluster.lease
        for out in list(self._out.values()):
            if out.suspect is not None and now - out.suspect > SUSPICION:
                self._lose(out, f"{out.worker or 'its worker'} lost its connection or died")
            elif out.is_begun and now - out.heard > lease:
                self._lose(out, f"nothing was heard of {out.worker} for {lease:g} s")
        if now >= self._measure_at and any(self._is_silent(out, now) for out in self._out.values()):
            self._measure_at = now + _MEASURE_SECONDS
            self._link.measure(self._names.jobs)

    def _is_silent(self, out: _Out, now: float) -> bool:
        """Whether an order was sent long ago, and no worker says that it has it."""
        return not out.is_begun and now - out.heard > self._cluster.lease

    def _on_depth(self, depth: Depth) -> None:
        """An order that neither the queue nor a worker has is lost: the queue was purged, say."""
        if depth.ready:
            return
        now = time.monotonic()
        silent = [out for out in self._out.values() if self._is_silent(out, now)]
        if silent:
            log.warning("%d jobs were missing in the queue and are sent again", len(silent))
        for out in silent:
            out.heard = now
            out.resent += 1
            if out.resent > _RESENDS:
                self._fail_unstarted(
                    out,
                    "",
                    Reason.WORKER_LOST,
                    f"it was sent {out.resent} times, and neither the queue nor a worker has it: "
                    "taipy-exec queue dead list may tell why",
                )
            else:
                self._link.publish(self._order_message(out.order))

    def _fail_unstarted(self, out: _Out, worker: str, reason: Reason, message: str) -> None:
        now = time.time()
        order = out.order
        self._forget(order.job)
        self._events += [
            Started(job=order.job, worker=worker or "none:0", at=now),
            Finished(
                job=order.job,
                attempt=order.attempt,
                at=now,
                failure=Failure(kind=reason, message=message),
            ),
        ]

    def _lose(self, out: _Out, how: str) -> None:
        order = out.order
        out.lost.append(f"attempt {order.attempt} on {out.worker}: {how}")
        story = f"taipy-exec: attempt {order.attempt} was lost: {how}\n"
        self._log_of(out).write(story.encode())
        out.run, out.suspect, out.adopted = "", None, False
        self._events.append(
            Lost(
                job=order.job,
                attempt=order.attempt,
                at=time.time(),
                max_attempts=self._max_attempts,
                story="; ".join(out.lost),
            )
        )
        if order.attempt >= self._max_attempts or out.stopping:
            self._forget(order.job)

    # -- sending --------------------------------------------------------------------------

    def _send_delayed(self) -> None:
        now = time.monotonic()
        due = [order for at, order in self._delayed if at <= now]
        if due:
            self._delayed = [(at, order) for at, order in self._delayed if at > now]
            for order in due:
                out = self._out.get(order.job)
                if out is not None and out.order == order and not out.is_begun:
                    self._link.publish(self._order_message(order))

    def _order_message(self, order: JobOrder) -> Message:
        wire = Order(
            **order._asdict(),
            digest=self._context.app.digest,
            epoch=self._context.epoch,
            at=time.time(),
        )
        message = self._message("jobs", wire)
        message.id = f"{order.job}/{order.attempt}"
        message.reply_to = self._names.reports(order.submission)
        return message

    def _answer(self, message: JobBegun | Asks, worker_id: str, *, allowed: bool) -> None:
        verdict = Verdict(
            job=message.job,
            attempt=message.attempt,
            run=message.run,
            allowed=allowed,
            answer_to=self._out[message.job].order.submission if allowed else "",
        )
        answer = self._to_worker(worker_id, verdict)
        if allowed and isinstance(message, Asks) and not message.begun:
            answer.notify, answer.about = True, message
        self._link.publish(answer)

    def _on_answered(self, asked: Asks, *, heard: bool) -> None:
        """A worker that is gone asked whether it may begin: somebody else may."""
        out = self._out.get(asked.job)
        if not heard and out is not None and out.run == asked.run:
            out.run = ""
            at = time.time()
            self._events.append(HandedBack(job=asked.job, attempt=asked.attempt, at=at))

    def _to_worker(self, worker_id: str, wire: Wire) -> Message:
        return self._message(self._names.worker(worker_id), wire)

    def _message(self, key: str, wire: Wire) -> Message:
        body, headers = self._codec.dump(wire)
        return Message(self._names.exchange, key, body, headers=dict(headers))

    def _say_surely(self, wire: Wire) -> None:
        """Publish on the control stream and wait until it is kept there."""
        message = self._message("control", wire)
        self._link.publish(message)
        if not self._link.wait_settled([message], self._cluster.connect_timeout):
            raise BrokerError(
                "RabbitMQ does not confirm: what is queued could not be withdrawn",
                "try again when it is back; nothing was changed",
            )

    def _log_of(self, out: _Out) -> JobLog:
        if out.log is None:
            order = out.order
            limit = self._context.app.job.log_limit
            out.log = JobLog(lambda: appending(self._context.log_path(order)), limit)
        return out.log

    def _forget(self, job: str) -> None:
        out = self._out.pop(job, None)
        if out is not None and out.log is not None:
            out.log.close()


def withdraw(app: AppConfig, submission: str, jobs: Sequence[JobRecord], *, ended: bool) -> None:
    """See to it that no worker takes or goes on with these jobs, which nobody coordinates.

    With `ended` the submission is given up as a whole, and its reports queue goes too. Raises
    BrokerError where that cannot be made sure of.
    """
    cluster = cluster_config(app)
    names = Names(cluster.application)
    codec = Codec(cluster.application, cluster.secret)
    wires: list[Wire] = [Withdrawn(submission=submission, jobs=[job.id for job in jobs])]
    wires += [
        StopJob(job=job.id, attempt=job.attempt, grace=app.job.grace)
        for job in jobs
        if job.status is Status.RUNNING
    ]
    messages = []
    for wire in wires:
        body, headers = codec.dump(wire)
        messages.append(Message(names.exchange, "control", body, headers=dict(headers)))
    link = Link(cluster, base_steps(names, cluster.delivery_limit), name="taipy-exec cancel")
    try:
        link.wait_connected(cluster.connect_timeout)
        link.publish(*messages)
        if not link.wait_settled(messages, cluster.connect_timeout):
            raise BrokerError(
                f"RabbitMQ does not confirm: {submission} could not be withdrawn",
                "try again when it is back; nothing was changed",
            )
        if ended:
            link.unsubscribe(names.reports(submission), delete=True)
    finally:
        link.close()
