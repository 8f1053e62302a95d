"""The checks of `doctor` in cluster mode: the broker, the rights there, the workers, the data."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taipy_exec.config.application import AppConfig
from taipy_exec.config.cluster import ClusterConfig, cluster_config
from taipy_exec.config.cluster_checks import ONLY_HERE
from taipy_exec.errors import BrokerError, ConfigurationError
from taipy_exec.operations.cluster import Place, call_workers, serves
from taipy_exec.operations.doctor.diagnosis import Finding, Level
from taipy_exec.operations.doctor.transport import check_transport
from taipy_exec.views.words import several

if TYPE_CHECKING:
    from taipy_exec.protocol.messages import Heartbeat

_LEAST_VERSION = (3, 10)
# The defaults of RabbitMQ since 3.8.17, and how often it checks; no client can ask for them.
_CONSUMER_TIMEOUT = 1800.0
_BROKER_LOOKS_EVERY = 60.0
# The broker reports its time in whole seconds.
_CLOCK_SECONDS = 3.0
_DATA_FOLDER = "data folder"
_ALL_HERE = "all workers that answered run"


def check_cluster(
    app: AppConfig | None, place: Place | None, broker_url: str | None
) -> list[Finding]:
    """Check everything that cluster mode needs, for an application or only for a name."""
    if place is None:
        assert app is not None
        try:
            place = Place(cluster=cluster_config(app, broker_url), digest=app.digest)
        except ConfigurationError as error:
            return [_problem("broker", error)]
    cluster = place.cluster
    findings = [check_transport(address, cluster) for address in cluster.addresses]
    told, heartbeats = _check_broker(place)
    findings += [*told, _long_jobs(cluster)]
    if app is not None:
        findings += [_in_memory(app), _data_folder(app, heartbeats)]
    return findings


def _problem(name: str, error: BrokerError | ConfigurationError) -> Finding:
    return Finding(
        name=name,
        message=error.message,
        level=Level.PROBLEM,
        fix=error.hint,
        is_broker=isinstance(error, BrokerError),
    )


def _check_broker(place: Place) -> tuple[list[Finding], list[Heartbeat]]:
    from taipy_exec.broker.inspection import Inspection

    try:
        inspection = Inspection(place.cluster)
    except BrokerError as error:
        return [_unreachable(error)], []
    with inspection:
        findings = [_version(inspection.version)]
        try:
            inspection.declare()
        except BrokerError as error:
            return [*findings, _refused(place.cluster, error)], []
        findings += [_rights(place.cluster), _policies(place.cluster)]
        ahead = inspection.clock_ahead()
        if ahead is not None:
            findings.append(_clock(ahead))
        try:
            heartbeats = call_workers(inspection, place.cluster)
        except BrokerError as error:
            return [*findings, _problem("workers", error)], []
    return [*findings, _workers(place, heartbeats)], heartbeats


def _unreachable(error: BrokerError) -> Finding:
    fix = "start RabbitMQ there, or give its address with --broker-url or broker_url in [JOB]"
    if "refuses user" in error.message:
        fix = "check the user name (rabbitmqctl list_users) and the password in the address"
    elif "refuses" in error.message:
        fix = "check the virtual host and the rights: rabbitmqctl list_permissions -p VHOST"
    elif "no secure connection" in error.message:
        fix = "see TLS above"
    return Finding(
        name="broker", message=error.message, level=Level.PROBLEM, fix=fix, is_broker=True
    )


def _version(version: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers >= _LEAST_VERSION:
        return Finding(name="broker", message=f"RabbitMQ {version} answers")
    return Finding(
        name="broker",
        message=f"RabbitMQ {version} answers, but is older than 3.10 and was not tested",
        level=Level.WARNING,
        fix="upgrade RabbitMQ to 3.10 or newer",
    )


def _least_rights(cluster: ClusterConfig) -> str:
    """The command for the least rights, for the user and virtual host of the first address."""
    address = cluster.addresses[0]
    words = ["rabbitmqctl", "set_permissions", "-p", address.vhost, address.username]
    return " ".join([*map(shlex.quote, words), *[r"'^taipy-exec\.'"] * 3])


def _rights(cluster: ClusterConfig) -> Finding:
    return Finding(
        name="rights",
        message="exchanges and queues can be declared, quorum queues and streams too",
        fix=f"the least rights that are needed: {_least_rights(cluster)}",
    )


def _policies(cluster: ClusterConfig) -> Finding:
    return Finding(
        name="policies",
        message="cannot be seen from here; a policy that lets messages of these queues expire, or "
        "that limits their number, would lose jobs",
        fix=f"check them: rabbitmqctl list_policies -p {shlex.quote(cluster.addresses[0].vhost)}",
    )


def _clock(ahead: float) -> Finding:
    if abs(ahead) < _CLOCK_SECONDS:
        return Finding(name="clock", message="it agrees with the broker's")
    way = "behind" if ahead > 0 else "ahead of"
    return Finding(
        name="clock",
        message=f"it is {abs(ahead):.0f} s {way} the broker's: times of jobs on other machines do "
        "not fit those of files here",
        level=Level.WARNING,
        fix="timedatectl set-ntp true, here and on the broker",
    )


def _refused(cluster: ClusterConfig, error: BrokerError) -> Finding:
    """A failed declaration: because of rights, of earlier settings, or of a disabled feature."""
    if "ACCESS_REFUSED" in error.message:
        fix = f"give the rights: {_least_rights(cluster)}"
    elif "x-queue-type" in error.message or "feature" in error.message:
        fix = "enable quorum queues and streams: rabbitmqctl enable_feature_flag all"
    elif "PRECONDITION_FAILED" in error.message:
        fix = (
            "the queue exists with other settings: use those, or delete it once it is empty with "
            "rabbitmqctl delete_queue NAME"
        )
    else:
        fix = error.hint or "read the log of RabbitMQ"
    return Finding(
        name="rights", message=error.message, level=Level.PROBLEM, fix=fix, is_broker=True
    )


def _workers(place: Place, heartbeats: Sequence[Heartbeat]) -> Finding:
    application = place.cluster.application
    if not heartbeats:
        return Finding(
            name="workers",
            message=f"no worker takes jobs of application {application}: they would wait",
            level=Level.WARNING,
            fix="start one: taipy-exec run-worker -a APP",
        )
    slots = sum(heartbeat.slots for heartbeat in heartbeats)
    number = several(len(heartbeats), "worker")
    text = f"{number} with {several(slots, 'slot')} for application {application}"
    others = [heartbeat.worker for heartbeat in heartbeats if not serves(heartbeat, place.digest)]
    if not others:
        return Finding(name="workers", message=text)
    return Finding(
        name="workers",
        message=f"{text}; with another configuration than here: {', '.join(others)}",
        level=Level.WARNING,
        fix="update the application there, and restart these workers",
    )


def without_doubts_settled(findings: Sequence[Finding]) -> list[Finding]:
    """The findings without warnings about data on this host only, if all workers run on it."""
    settled = any(
        one.name == _DATA_FOLDER and one.level is Level.OK and _ALL_HERE in one.message
        for one in findings
    )
    return [
        one
        for one in findings
        if not (settled and one.level is Level.WARNING and ONLY_HERE in one.message)
    ]


def _long_jobs(cluster: ClusterConfig) -> Finding:
    if cluster.ack_after + _BROKER_LOOKS_EVERY > _CONSUMER_TIMEOUT:
        return Finding(
            name="long jobs",
            message=f"are acknowledged only after {cluster.ack_after:g} s; RabbitMQ takes them "
            f"from their worker after its consumer_timeout ({_CONSUMER_TIMEOUT:g} s by default)",
            level=Level.WARNING,
            fix="broker_ack_after = 20 under [JOB], or a longer consumer_timeout in rabbitmq.conf",
        )
    return Finding(
        name="long jobs",
        message=f"are acknowledged early, after {cluster.ack_after:g} s, on every version of "
        f"RabbitMQ; a worker without a heartbeat for {cluster.lease:g} s then counts as lost",
    )


def _in_memory(app: AppConfig) -> Finding:
    nodes = [
        name
        for name, node in app.data_nodes.items()
        if node.storage_type == "in_memory" and name != "default"
    ]
    if not nodes:
        return Finding(name="in-memory data nodes", message="none")
    return Finding(
        name="in-memory data nodes",
        message=f"{', '.join(nodes)}: a worker cannot see what is in another process",
        level=Level.PROBLEM,
        fix='use storage_type = "pickle"',
    )


def _data_folder(app: AppConfig, heartbeats: Sequence[Heartbeat]) -> Finding:
    """Whether the workers can see the data; other machines cannot be checked from here."""
    from taipy_exec.store.location import remote_filesystem

    folder = app.storage_folder.resolve()
    here = socket.gethostname()
    hosts = sorted({heartbeat.worker.partition(":")[0] for heartbeat in heartbeats} - {here})
    kind = remote_filesystem(folder)
    if kind is not None:
        return Finding(name=_DATA_FOLDER, message=f"{folder} is shared ({kind})")
    if not hosts:
        where = _ALL_HERE if heartbeats else "fine as long as all workers run"
        return Finding(name=_DATA_FOLDER, message=f"{folder}: {where} on this machine")
    return Finding(
        name=_DATA_FOLDER,
        message=f"{folder} is on a local disk, and there are workers on {', '.join(hosts)}",
        level=Level.WARNING,
        fix="put it on a disk that all machines share, under the same path in the application",
    )
