"""cluster: jobs wait in RabbitMQ, and workers on any machine run them."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable, Mapping, Sequence

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
from taipy_exec.broker.topology import base_steps, coordinator_subscription, reports_subscription
from taipy_exec.config.cluster import cluster_config
from taipy_exec.config.modes import IN_A_QUEUE
from taipy_exec.errors import BrokerError
from taipy_exec.event_log import EventLog
from taipy_exec.execution.own_code import OwnCode
from taipy_exec.execution.wake import WakePipe
from taipy_exec.model.event import Event
from taipy_exec.model.job import short_id
from taipy_exec.ports import RunnerContext
from taipy_exec.protocol.level import announcing
from taipy_exec.protocol.messages import (
    BadMessage,
    Claim,
    ClaimReply,
    Codec,
    JobBegun,
    JobEnded,
    JobOutput,
    JobProcess,
    LeaseRenewal,
    Mark,
    Order,
    Paused,
    Returned,
    Revoked,
    StopJob,
    Takeover,
    Wire,
)
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.runners.in_flight import InFlightJobs
from taipy_exec.runners.job_logs import JobLogs
from taipy_exec.runners.report_time import ReportTime
from taipy_exec.runners.revocation import revoke

log = logging.getLogger("taipy_exec")
journal = EventLog("queue")

# How long a successor waits for jobs that begin exactly while it takes over, after it has read all
# reports that the former coordinator did not.
_SETTLE = 0.5
_TELL_EVERY = 60.0
# How long it may take to delete a queue and to make it again.
_REPLACING = 20.0
_MEASURE_SECONDS = 5.0
# How long all jobs may wait before the runner looks for a worker.
_ALL_WAIT_SECONDS = 3.0
_WATCH_SECONDS = 0.5
# A longer gap means that this thread could not read messages either.
_LONG_GAP = 2.0


class ClusterRunner:
    """Puts orders into the jobs queue and turns the workers' reports into events."""

    capabilities = IN_A_QUEUE
    revoke_jobs = staticmethod(revoke)

    def __init__(self, context: RunnerContext, make_link: Callable[..., Link] = Link) -> None:
        self.queue = self
        self._context = context
        self._epoch = announcing(context.epoch)
        self._cluster = cluster_config(context.app)
        self._names = Names(self._cluster.application)
        self._codec = Codec(self._cluster.application, self._cluster.secret)
        self._logs = JobLogs(context.log_path, context.app.job.log_limit)
        self._in_flight = InFlightJobs(
            self._cluster.lease,
            context.app.job.max_attempts,
            self._cluster.delivery_limit,
            time.time,
            self._logs.note,
        )
        self._code = OwnCode(context.app)
        self._processed: list[Delivered] = []
        # Orders that wait until it is known what happened to them under a former coordinator.
        self._unsettled: dict[str, list[JobOrder]] = {}
        self._watched_at = time.monotonic()
        self._told_at = float("-inf")
        self._measure_at = 0.0
        self._waits_since = self._watched_at
        self._report_time = ReportTime()
        self._wake = WakePipe()
        self.wake = self._wake.set
        self._link = make_link(
            self._cluster,
            base_steps(self._names, self._cluster.delivery_limit),
            [coordinator_subscription(self._names, self._epoch)],
            wake=self._wake.set,
            name="taipy-exec submit",
        )
        try:
            patience = self._cluster.connect_timeout
            self._link.wait_connected(
                patience, lambda reason: log.warning("trying for %g s: %s", patience, reason)
            )
        except BrokerError:
            self.close()
            raise

    # -- requests of the coordinator ------------------------------------------------------

    def free(self) -> int:
        return 0

    def reserve(self) -> str | None:
        return None

    def start(self, order: JobOrder, worker: str) -> None:
        """Put the order into the queue, from which a worker starts it."""
        self.enqueue([order])

    def interrupt(self) -> None:
        """No job runs in this thread."""

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None:
        for order, worker in running.items():
            journal.info("run-adopted", order, worker=worker)
            self._in_flight.adopt(order, worker or "", time.monotonic())
        if resumed:
            journal.info("submission-taken-over", submission=submission)
            self._say_surely(Takeover(submission=submission, epoch=self._epoch))
        self._link.subscribe(reports_subscription(self._names, submission))
        # No order before this: if a worker finds no queue for its report, it drops the order.
        queue = self._names.reports(submission)
        # A queue without a leader is replaced first.
        patience = max(self._cluster.connect_timeout, self._cluster.queue_patience + _REPLACING)
        if not self._link.wait_subscribed(queue, patience):
            # The reports are for the coordinator that resumes the submission, not for this one.
            self._link.unsubscribe(queue, delete=False)
            raise BrokerError(
                f"RabbitMQ did not make the queue {queue} in time",
                f"{short_id(submission)} is kept: taipy-exec resume continues it when RabbitMQ is "
                "back",
            )
        if resumed:
            self._unsettled[submission] = []
            self._link.publish(self._mark(submission))

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        now = time.monotonic()
        messages = []
        for order in orders:
            self._in_flight.put(order, now)
            waiting = self._unsettled.get(order.submission)
            if waiting is None:
                messages.append(self._order_message(order))
            else:
                waiting.append(order)
        self._link.publish(*messages)

    def revoke(self, submission: str, jobs: Sequence[str]) -> None:
        journal.info("orders-revoked", submission=submission, jobs=len(jobs))
        self._say_surely(Revoked(submission=submission, jobs=list(jobs)))
        for job in jobs:
            self._forget(job)

    def pause(self, submission: str, *, paused: bool) -> None:
        self._in_flight.pause(submission, paused=paused, now=time.monotonic())
        self._link.publish(self._message("control", Paused(submission, paused)))

    def stop(self, job: str, grace: float) -> None:
        out = self._in_flight.get(job)
        if out is not None:
            out.stopping = True
            journal.info("stop-sent", out.order, worker=out.worker, grace=grace)
            stop = StopJob(job=job, attempt=out.order.attempt, grace=grace)
            self._link.publish(self._message("control", stop))

    @property
    def connection(self) -> tuple[bool, int]:
        return self._link.is_connected, self._link.reconnects

    @property
    def has_dismissed_all(self) -> bool:
        return self._link.has_deleted_all

    def dismiss(self, submission: str) -> None:
        self._link.unsubscribe(self._names.reports(submission), delete=True)
        self._unsettled.pop(submission, None)
        self._in_flight.pause(submission, paused=False, now=time.monotonic())
        for job in self._in_flight.of(submission):
            self._forget(job)

    def close(self, grace: float = 0.0) -> None:
        """Disconnect. Jobs go on at the workers; their reports wait for the next coordinator."""
        self._link.close()
        self._logs.close()
        self._wake.close()

    # -- events ---------------------------------------------------------------------------

    def poll(self, timeout: float | None) -> Sequence[JobReport | Event]:
        # The coordinator has stored the result of the last call by now.
        self._link.ack(*self._processed)
        self._processed.clear()
        if timeout != 0:
            select.select([self._wake], [], [], timeout)
        self._wake.clear()
        for happened in self._link.take():
            self._on_link(happened)
        self._watch()
        self._link.publish(*map(self._order_message, self._in_flight.take_again(time.monotonic())))
        return self._events()

    def _events(self) -> Sequence[JobReport | Event]:
        """The events of the jobs; the logs of jobs that have ended are closed."""
        events = self._in_flight.take_events()
        for event in events if self._logs else ():
            job = getattr(event, "job", "")
            if job and self._in_flight.get(job) is None:
                self._logs.end(job)
        return events

    def _on_link(self, happened: LinkEvent) -> None:
        if isinstance(happened, Delivered):
            self._on_delivery(happened)
        elif isinstance(happened, Connected):
            self._in_flight.connected(time.monotonic())
            if self._told_at > float("-inf"):
                log.warning("connected to RabbitMQ again")
                self._told_at = float("-inf")
        elif isinstance(happened, Disconnected):
            self._report_time.broken_off()
            self._tell(f"no connection to RabbitMQ; jobs that run go on ({happened.reason})")
        elif isinstance(happened, Settled):
            if isinstance(happened.message.about, Claim):
                self._on_answered(happened.message.about, heard=happened.routed)
            else:
                self._report_time.confirmed(time.monotonic())
        elif isinstance(happened, Depth):
            self._on_depth(happened)
        elif isinstance(happened, Blocked) and happened.reason:
            self._tell(f"RabbitMQ takes no messages now ({happened.reason}); jobs wait")

    def _tell(self, text: str) -> None:
        """Log a warning, at most once a minute."""
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            log.warning(text)

    def _on_delivery(self, delivery: Delivered) -> None:
        in_advance = delivery.queue == self._names.coordinator(self._epoch)
        if not in_advance:
            self._processed.append(delivery)
        try:
            messages = self._codec.load_all(delivery.body, delivery.headers)
        except BadMessage as error:
            # The reports repeat every early notice.
            if not in_advance:
                self._bury(delivery, error)
            return
        if in_advance:
            for message in messages:
                if isinstance(message, JobBegun):
                    self._in_flight.foretold(message, time.monotonic())
            return
        for message in messages:
            try:
                if isinstance(message, Mark):
                    self._on_mark(message, delivery.queue)
                else:
                    self._on_report(message)
            except BadMessage as error:
                self._bury(delivery, error)

    def _on_mark(self, mark: Mark, queue: str) -> None:
        """All reports before the mark are read: jobs that had not begun may be sent again."""
        if mark.worker_id != self._epoch:
            return
        for submission in [s for s in self._unsettled if self._names.reports(s) == queue]:
            at = time.monotonic() + _SETTLE
            for order in self._unsettled.pop(submission):
                self._in_flight.send_again(order, at)

    def _bury(self, delivery: Delivered, error: Exception) -> None:
        """Put a report into the dead letters, with the reason."""
        journal.info("report-dead-lettered", queue=delivery.queue, why=error)
        self._tell(f"a worker's report was moved to the dead letters: {error}")
        headers = {"taipy-exec-reason": f"in the reports: {error}"}
        self._link.publish(Message(self._names.exchange, "dead", delivery.body, headers=headers))

    def _on_report(self, message: Wire) -> None:
        now = time.monotonic()
        if isinstance(message, LeaseRenewal):
            journal.debug("lease-renewed", worker=message.worker, jobs=len(message.jobs))
            for refusal in self._in_flight.held(message, now):
                self._link.publish(self._to_worker(message.worker_id, refusal))
        elif isinstance(message, JobOutput):
            out = self._in_flight.is_run(message.job, message.attempt, message.run)
            if out is not None:
                self._logs.write(out.order, message.text.encode("latin-1", "replace"))
        elif isinstance(message, Returned):
            self._in_flight.returned(message, now)
        elif isinstance(message, JobBegun):
            if not self._in_flight.counts(message, now):
                self._answer(message, allowed=False)
        elif isinstance(message, Claim):
            self._answer(message, allowed=self._in_flight.counts(message, now))
        elif isinstance(message, JobProcess):
            self._in_flight.process(message)
        elif isinstance(message, JobEnded):
            self._in_flight.ended(message, now)
        else:
            raise BadMessage(f"a {type(message).__name__} is not a report")

    # -- losses ---------------------------------------------------------------------------

    def _watch(self) -> None:
        """Give up runs without any report for too long while this process could read reports."""
        now = time.monotonic()
        gap = now - self._watched_at
        if gap < _WATCH_SECONDS:
            return
        self._watched_at = now
        if gap > _LONG_GAP:
            journal.info("coordinator-stalled", seconds=gap)
        if not self._link.is_connected or gap > _LONG_GAP:
            self._in_flight.deaf(gap)
            return
        if self._report_time.is_due(now):
            marks = [self._mark(s, measures=True) for s in self._in_flight.submissions_begun()]
            self._report_time.sent(len(marks), now)
            self._link.publish(*marks)
        self._in_flight.give_up(now, self._report_time.now(now))
        if not self._in_flight.only_waits():
            self._waits_since = now
        all_wait = now - self._waits_since > _ALL_WAIT_SECONDS
        if now >= self._measure_at and (all_wait or self._in_flight.silent(now)):
            self._measure_at = now + _MEASURE_SECONDS
            self._link.measure(self._names.jobs)

    def _on_depth(self, depth: Depth) -> None:
        """Send again orders that neither the queue nor a worker has, as after a purge."""
        journal.debug("queue-measured", orders=depth.ready, consumers=depth.consumers)
        if not depth.consumers and self._in_flight.only_waits():
            journal.info("no-worker", application=self._names.application, orders=depth.ready)
            self._tell(
                f"no worker takes jobs of application {self._names.application}, and they wait: "
                "start one with taipy-exec run-worker --application-path "
                f"{self._context.app.source or self._context.app.root}"
            )
        now = time.monotonic()
        silent = self._in_flight.silent(now)
        if silent and not depth.ready:
            log.warning("%d jobs were missing in the queue and are sent again", len(silent))
            for job in silent:
                journal.info("order-missing", job=job)
            self._in_flight.missing(silent, now)

    # -- sending --------------------------------------------------------------------------

    def _order_message(self, order: JobOrder) -> Message:
        self._code.look()
        code = self._code.of(order.task)
        wire = Order(
            **order._asdict(),
            digest=self._context.app.digest,
            epoch=self._epoch,
            at=time.time(),
            code=code.digest,
            files=code.listing,
        )
        message = self._message("jobs", wire)
        message.id = f"{order.job}/{order.attempt}"
        message.reply_to = self._names.reports(order.submission)
        journal.debug("order-sent", order, code=code.digest)
        return message

    def _answer(self, message: JobBegun | Claim, *, allowed: bool) -> None:
        out = self._in_flight.get(message.job)
        if allowed:
            journal.debug("claim-allowed", message)
        else:
            journal.info("claim-refused", message, counts=out.worker if out is not None else None)
        claim_reply = ClaimReply(
            job=message.job,
            attempt=message.attempt,
            run=message.run,
            allowed=allowed,
            answer_to=out.order.submission if out is not None and allowed else "",
        )
        answer = self._to_worker(message.worker_id, claim_reply)
        if allowed and isinstance(message, Claim) and not message.begun:
            answer.notify, answer.about = True, message
        self._link.publish(answer)

    def _on_answered(self, asked: Claim, *, heard: bool) -> None:
        """A worker that is gone asked whether it may begin: another worker may begin instead."""
        if not heard:
            journal.info("claim-unheard", asked)
            self._in_flight.handed_back(asked.job, asked.attempt, asked.run)

    def _mark(self, submission: str, *, measures: bool = False) -> Message:
        """A message to this process itself that goes through the queue of the reports."""
        mark = Mark(worker_id=self._epoch)
        message = self._message(self._names.reports(submission), mark)
        message.lasting, message.notify = not measures, measures
        return message

    def _to_worker(self, worker_id: str, wire: Wire) -> Message:
        return self._message(self._names.worker(worker_id), wire)

    def _message(self, key: str, wire: Wire) -> Message:
        body, headers = self._codec.dump(wire)
        return Message(self._names.exchange, key, body, headers=dict(headers))

    def _say_surely(self, wire: Wire) -> None:
        """Publish on the control stream and wait until the broker has stored it."""
        message = self._message("control", wire)
        self._link.publish(message)
        if not self._link.wait_settled([message], self._cluster.connect_timeout):
            raise BrokerError(
                "RabbitMQ does not confirm: the queued jobs could not be withdrawn",
                "try again when it is back; nothing was changed",
            )

    def _forget(self, job: str) -> None:
        self._in_flight.forget(job)
        self._logs.end(job)
