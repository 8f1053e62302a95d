"""Questions to the broker: the workers of an application, and the depth of its queue."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taipy_exec.config.application import AppConfig, JobConfig
from taipy_exec.config.application_path import ENVIRONMENT_FILE, ApplicationPath, state_folder
from taipy_exec.config.cluster import ClusterConfig, cluster_config
from taipy_exec.config.compile import compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.toml_file import read_toml
from taipy_exec.errors import BrokerError, ConfigurationError
from taipy_exec.views.json_objects import heartbeat_fields
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.location import Location
    from taipy_exec.protocol.messages import Heartbeat

_PATIENCE = 2.0
_REFRESH_SECONDS = 2.0
# No worker takes jobs: workers that are about to stop may still answer, and do so at once.
_SHORT_CALL = 0.3


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The answers of the broker and the workers. `queue` is None if there was no answer."""

    queue: dict[str, Any] | None = None
    heartbeats: Sequence[Heartbeat] = ()

    @property
    def workers(self) -> list[dict[str, object]]:
        """The workers as JSON."""
        return [heartbeat_fields(heartbeat) for heartbeat in self.heartbeats]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an application's workers meet; `digest` is empty without its configuration here."""

    cluster: ClusterConfig
    digest: str = ""


def place_of(location: Location, application: str | None, broker_url: str | None) -> Place:
    """The application's name and broker from its configuration, or by `application` alone.

    Raises ConfigurationError if there is neither.
    """
    from taipy_exec.operations.application import read_application

    if application is not None:
        return Place(cluster=_cluster_named(application, broker_url))
    try:
        app = read_application(location, mode="cluster", prefers_program=True).config
    except ConfigurationError as error:
        raise ConfigurationError(
            error.message, f"{error.hint or 'give another path'}; or name it with --application"
        ) from None
    return Place(cluster=cluster_config(app, broker_url), digest=app.digest)


def _place_for_status(
    location: Location, application: str | None, broker_url: str | None, *, asked: bool
) -> Place | None:
    """Where to look in addition to the local state: None if the application needs no broker.

    Nothing of the application is imported. `asked`: the user gave an address on the command line.
    Raises ConfigurationError for a wrong address.
    """
    if application is not None:
        return Place(cluster=_cluster_named(application, broker_url))
    mode = os.environ.get("TAIPY_EXEC_MODE")
    try:
        found = location.found
        files = _files(found)
        if not asked and mode != "cluster" and not any(map(_may_say_cluster, files)):
            return None
        app = _written(found, files)
    except (ConfigurationError, OSError):
        return None
    if (mode or app.job.mode) != "cluster" and not asked:
        return None
    return Place(cluster=cluster_config(app, broker_url), digest=app.digest)


def _files(found: ApplicationPath) -> list[Path]:
    files = [found.toml] if found.toml else []
    if os.environ.get(ENVIRONMENT_FILE):
        files.append(Path(os.environ[ENVIRONMENT_FILE]))
    return files


def _may_say_cluster(path: Path) -> bool:
    """Whether the mode could be cluster there; to read and compile a long file takes a while."""
    text = path.read_bytes()
    return any(word in text for word in (b"cluster", b"ENV[", b"\\u", b"\\U", b"\\x"))


def _written(found: ApplicationPath, files: Sequence[Path]) -> AppConfig:
    """The settings in the application's files; none for a Python file."""
    config = compile_layers(
        [layer_from_toml(read_toml(path)) for path in files],
        root=found.root,
        state_dir=found.state_folder(),
        source=found.toml,
        main_file=found.main,
    ).config
    return config if found.toml else replace(config, digest="")


def _cluster_named(application: str, broker_url: str | None) -> ClusterConfig:
    here = Path.cwd()
    job = JobConfig(properties={"application": application})
    return cluster_config(AppConfig(root=here, state_dir=state_folder(here), job=job), broker_url)


def call_workers(
    inspection: Inspection, cluster: ClusterConfig, seconds: float = 1.0
) -> list[Heartbeat]:
    """The workers that answer a call, by name. Raises BrokerError."""
    from taipy_exec.protocol.messages import BadMessage, Call, Codec, Heartbeat

    codec = Codec(cluster.application, cluster.secret)
    found: dict[str, Heartbeat] = {}
    for body, headers in inspection.call(*codec.dump(Call()), seconds=seconds):
        try:
            message = codec.load(body, headers)
        except BadMessage:
            continue
        if isinstance(message, Heartbeat):
            found[message.worker_id] = message
    return sorted(
        (b for b in found.values() if b.state != "gone"), key=lambda heartbeat: heartbeat.worker
    )


def look(cluster: ClusterConfig, timeout: float = 5.0) -> Seen:
    """Ask for the queue and the workers. Raises BrokerError."""
    from taipy_exec.broker.inspection import Inspection
    from taipy_exec.broker.names import Names

    names = Names(cluster.application)
    with Inspection(cluster, timeout) as inspection:
        jobs, dead = inspection.waiting(names.jobs), inspection.waiting(names.dead)
        consumers = jobs.consumers if jobs else 0
        heartbeats = call_workers(inspection, cluster, 1.0 if consumers else _SHORT_CALL)
    queue = {
        "name": names.jobs,
        "ready": jobs.ready if jobs else 0,
        "running": sum(len(heartbeat.running) for heartbeat in heartbeats),
        "dead": dead.ready if dead else 0,
        "workers": consumers,
    }
    return Seen(queue=queue, heartbeats=heartbeats)


@dataclass
class Watch:
    """Looks again every few seconds, in its own thread, so that no command waits for a broker."""

    place: Place
    seen: Seen = field(default_factory=Seen)
    trouble: str = ""

    def start(self, *, again: bool) -> Watch:
        """Look once, or from now on; returns when there is an answer, or after a few seconds."""
        ready = threading.Event()
        self.trouble = f"RabbitMQ cannot be reached: it does not answer within {_PATIENCE:g} s"
        threading.Thread(target=self._look, args=(ready, again), daemon=True).start()
        ready.wait(_PATIENCE + 1.5)
        return self

    def _look(self, ready: threading.Event, again: bool) -> None:
        while True:
            try:
                self.seen, self.trouble = look(self.place.cluster, _PATIENCE), ""
            except BrokerError as error:
                self.seen, self.trouble = Seen(), error.message
            ready.set()
            if not again:
                return
            time.sleep(_REFRESH_SECONDS)


def watch_for_status(
    location: Location,
    listener: Listener,
    application: str | None,
    broker_url: str | None,
    *,
    asked: bool,
    again: bool,
) -> Watch | None:
    """The queue and workers of an application in cluster mode; no answer is a warning.

    `asked`: the user gave an address on the command line. `again`: look every few seconds.
    """
    try:
        place = _place_for_status(location, application, broker_url, asked=asked)
    except ConfigurationError as error:
        listener.warn(error.message)
        return None
    if place is None:
        if asked:
            listener.warn("there is no configuration here: name the application with --application")
        return None
    found = Watch(place).start(again=again)
    if found.trouble:
        listener.warn(found.trouble)
    return found


def serves(heartbeat: Heartbeat, digest: str) -> bool:
    """Whether a worker runs jobs of the configuration with this digest (empty: of any)."""
    return digest in ("", heartbeat.digest, heartbeat.also)


def warn_of_no_worker(listener: Listener, app: AppConfig, where: str) -> None:
    """Warn if no worker takes the jobs of an application that was submitted in cluster mode.

    The process that runs the submission reports a broker that does not answer.
    """
    cluster = cluster_config(app)
    try:
        seen = look(cluster, _PATIENCE)
    except BrokerError:
        return
    if not seen.heartbeats and not (seen.queue and seen.queue["workers"]):
        listener.warn(
            f"no worker takes the jobs of application {cluster.application}, so they wait: start "
            f"one with taipy-exec run-worker{where}"
        )


def plain(text: object, most: int = 200) -> str:
    """Text that came from elsewhere, on one line and not too long."""
    return one_line(str(text)[:most])
