"""Takes jobs back from a cluster that no process coordinates any more."""

from __future__ import annotations

from collections.abc import Sequence

from taipy_exec.broker.events import Message
from taipy_exec.broker.link import Link
from taipy_exec.broker.names import Names
from taipy_exec.broker.topology import base_steps
from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import cluster_config
from taipy_exec.errors import BrokerError
from taipy_exec.event_log import EventLog
from taipy_exec.model.job import JobRecord, short_id
from taipy_exec.model.status import Status
from taipy_exec.protocol.messages import Codec, Revoked, StopJob, Wire

journal = EventLog("queue")

# RabbitMQ takes 5 s to delete a queue that has no leader.
_DELETING = 15.0


def revoke(app: AppConfig, submission: str, jobs: Sequence[JobRecord], *, ended: bool) -> None:
    """Make sure that no worker takes or continues these jobs, which no process coordinates.

    With `ended` the whole submission ends, and its reports queue is deleted. Raises BrokerError if
    the broker does not confirm this.
    """
    journal.info("orders-revoked", submission=submission, jobs=len(jobs), coordinated=False)
    cluster = cluster_config(app)
    names = Names(cluster.application)
    codec = Codec(cluster.application, cluster.secret)
    wires: list[Wire] = [Revoked(submission=submission, jobs=[job.id for job in jobs])]
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
                f"RabbitMQ does not confirm: {short_id(submission)} could not be withdrawn",
                "try again when it is back; nothing was changed",
            )
        if ended:
            link.unsubscribe(names.reports(submission), delete=True)
    finally:
        link.close(_DELETING)
